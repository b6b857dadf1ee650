//! The stories: what people do, and what must come of it.
//! None of them knows what goes wrong meanwhile.

pub mod blue_green;
pub mod canary;
mod going_back;
mod people;
pub mod versioned;
