//! Everything that can be tested without a cluster, a repository or a clock: the law of the house, upstream's numbers,
//! properties, and stories of pure logic. It never starts anything.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used)] // a test may stop where it stands

mod defaults_golden;
mod expr_golden;
mod expr_laws;
mod house;
mod logic;
mod merge;
mod podhash_golden;
mod validation_golden;
