//! What would change: from what Git says and what the cluster holds to a list of changes, as data.
//! Nothing here makes a change.
//!
//! - [`base`]: what counts as applied last where that is not certain
//! - [`change`]: what is to be done to one object, by a three-way merge
//! - [`context`]: what all changes of one commit have in common
//! - [`wanted`]: how an object of Git is to look in the cluster
//! - [`lists`]: which lists are left as the cluster has them
//! - [`size`]: whose say the size of a workload is
//! - [`drift`](mod@drift): whether an object is still what was applied of it
//! - [`in_the_way`]: why an object cannot be made as Git says, and what to do about it
//! - [`prune`]: which objects that Git no longer says are let go rather than pruned
//! - [`undone`]: a Rollout that somebody took back in the cluster keeps its template there
//! - [`waits`]: what of a plan is not pruned yet
//! - [`order`]: which kinds are applied first, and pruned last
//! - [`fields`]: which fields differ, without secrets
//! - [`show`]: a plan as people read it

pub(crate) mod base;
pub(crate) mod change;
pub(crate) mod context;
pub(crate) mod drift;
pub(crate) mod fields;
pub(crate) mod in_the_way;
mod lists;
pub(crate) mod order;
pub(crate) mod prune;
pub(crate) mod show;
pub(crate) mod size;
mod undone;
pub(crate) mod waits;
mod wanted;

pub(crate) use change::{Action, Change, Plan};
pub(crate) use context::PlanContext;
pub use drift::{DriftPolicy, UnknownPolicy};
pub(crate) use in_the_way::InTheWay;
