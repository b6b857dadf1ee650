//! The stories: what people do, and what must come of it.
//! None of them knows what goes wrong meanwhile.

mod begins;
pub mod blue_green;
pub mod canary;
mod denied;
pub mod drift;
mod going_back;
pub mod held;
mod lean;
pub mod memory;
pub mod merges;
pub mod metadata;
pub mod moved;
mod operators;
mod people;
pub mod pieces;
mod turmoil;
pub mod versioned;
mod ways_back;
