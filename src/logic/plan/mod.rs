//! What would change: from what Git says and what the cluster holds to a list of changes, as data.
//! Nothing here makes a change.
//!
//! - [`base`]: what counts as applied last where that is not certain
//! - [`change`]: what is to be done to one object, by a three-way merge
//! - [`in_the_way`]: why an object cannot be made as Git says, and what to do about it
//! - [`order`]: which kinds are applied first, and pruned last
//! - [`fields`]: which fields differ, without secrets
//! - [`show`]: a plan as people read it

pub(crate) mod base;
pub(crate) mod change;
pub(crate) mod fields;
pub(crate) mod in_the_way;
pub(crate) mod order;
pub(crate) mod show;

pub(crate) use change::{Action, Change, Plan, PlanContext};
pub(crate) use in_the_way::InTheWay;
