//! How a failed revision goes back in Git: when it is due, which commits, and in which words.
//! Nothing here speaks to Git; `world::git` does.
//!
//! - [`pending`]: whether a Rollout asks Git for a revert, and why
//! - [`due`]: which of these reverts the branch still needs, and which undos it has followed already
//! - [`reached`]: how far the failed revision had come
//! - [`select`]: which commits go back
//! - [`message`]: the words of the revert commit
pub(crate) mod due;
pub mod message;
pub mod pending;
pub(crate) mod reached;
pub mod select;

pub use pending::{PendingRevert, RevertReason};
