//! How a failed revision goes back in Git: when it is due, which commits, and in which words.
//! Nothing here speaks to Git; `world::git` does.

pub mod message;
pub mod owed;
pub mod select;

pub use owed::{Owed, Reason};
