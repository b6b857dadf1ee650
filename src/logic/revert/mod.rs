//! How a failed revision goes back in Git: when it is due, which commits, and in which words.
//! Nothing here speaks to Git; `world::git` does.
//!
//! - [`pending`]: whether a Rollout asks Git for a revert, and why
//! - [`policy`]: the reasons for which Git goes back at all
//! - [`template`]: whether the template in the cluster is the one that Git asks for
//! - [`due`]: which of these reverts the branch needs now, which wait, and which fences are over
//! - [`reached`]: how far the failed revision had come
//! - [`good`]: the commit that a Rollout goes back to
//! - [`range`]: which commits may go back one by one, and which merges as one
//! - [`touched`]: which objects a commit changed, and whether that makes or judges revisions
//! - [`select`]: which commits go back, and how much of each
//! - [`parts`]: what files would be without what a commit did to some objects
//! - [`doubled`](mod@doubled): whether something is there twice after that
//! - [`in_place`](mod@in_place): how a commit is undone where its objects stand now
//! - [`message`]: the words of the revert commit
pub mod doubled;
pub(crate) mod due;
pub(crate) mod good;
pub mod in_place;
pub mod message;
pub(crate) mod parts;
pub mod pending;
pub mod policy;
pub mod range;
pub(crate) mod reached;
pub mod select;
pub(crate) mod template;
pub(crate) mod touched;

pub use pending::{PendingRevert, RevertReason, Safety};
pub use policy::{NoReason, RollbackOn};
