//! Deployments: one ReplicaSet for every template, and the way from the old one to the new one.
//! Nothing here touches a pod; the ReplicaSets do.

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
