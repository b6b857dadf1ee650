//! Thinking: pure functions from what is known to what should be written.
//! Nothing here waits, reads a clock, draws a random number or talks to anyone.

pub mod analysis;
pub(crate) mod manifest;
pub(crate) mod plan;
pub mod revert;
pub mod rollout;
pub mod traffic;
