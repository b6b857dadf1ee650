//! Deployments: one ReplicaSet for every template, and the way from the old one to the new one.
//! Nothing here touches a pod; the ReplicaSets do.
//!
//! - [`sync`](mod@sync): what a Deployment does in one turn
//! - [`amount`]: how many pods too many, how many too few
//! - [`set`]: how it sees a ReplicaSet
//! - [`revision`]: which ReplicaSet is the present one
//! - [`scale`]: the sizes of the sets when its own changes
//! - [`rolling`], [`recreate`]: the next step of either strategy
//! - [`status`], [`conditions`]: what its status says

mod amount;
mod conditions;
mod recreate;
mod revision;
mod rolling;
mod scale;
mod set;
mod status;
mod sync;

pub(super) use amount::resolve;
pub(super) use sync::sync;
