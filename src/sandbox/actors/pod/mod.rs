//! Pods: their assignment to the node and their life as their status tells it.
//! Nothing here runs a container; what a pod would do is read from its spec and its annotations.
//! The annotations that steer a pod are listed in the parent module.

mod life;
mod schedule;
mod script;
mod status;

pub(super) use life::{Life, note, run};
pub(super) use schedule::schedule;
