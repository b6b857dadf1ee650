//! The embedded cluster held against what a real API server does: its semantics area by area, and transcripts of real
//! answers. Beside it stands the real control plane in Go (`plane`), which the scenarios of `tests/e2e` run on.

#![allow(clippy::indexing_slicing, clippy::unwrap_used)] // a test may stop where it stands

mod differential;
mod sandbox;
