//! What would change: from what Git says and what the cluster holds to a list of changes, as data.
//! Nothing here makes a change.

pub mod change;
pub mod fields;
pub mod order;
pub mod show;

pub use change::{Action, Change, Context, Plan};
