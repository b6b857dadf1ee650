//! What touches the outside: Git against repositories of the `git` program, and the way from a repository to the
//! embedded cluster. It never talks to a cluster that is not its own.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used)] // a test may stop where it stands

mod analysis;
mod delivery;
mod git;
