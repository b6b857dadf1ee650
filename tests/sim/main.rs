//! The whole engine over an embedded cluster and a repository in memory, in a time of its own: the same seed gives the
//! same run. Stories are told once without trouble, and then again with trouble at every single write.
//!
//! ```text
//! story     what people do and what must come of it     rig       the engine, the cluster and the repository
//! trial     stories, many times, with trouble           trouble   what goes wrong, as data
//! repo      Git in memory            merge, weather     witness   everything that happened, hashed and checked
//! webhook   what the engine is denied                   wire      what one engine of two says to the cluster
//! world     what invariants look at                     invariant what must hold after every revision
//! ```

#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used)] // a test may stop where it stands
#![allow(clippy::cast_possible_wrap, clippy::cast_sign_loss, clippy::cast_possible_truncation)] // of small numbers

/// As the program has it: much of what a run costs is asking for memory and giving it back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod canonical;
mod invariant;
mod merge;
mod repo;
mod rig;
mod shop;
mod story;
mod trial;
mod trouble;
mod weather;
mod webhook;
mod wire;
mod witness;
mod world;
