//! The stories: what people do, and what must come of it.
//! None of them knows what goes wrong meanwhile.

pub mod blue_green;
pub mod canary;
pub mod drift;
mod going_back;
mod operators;
mod people;
pub mod versioned;
