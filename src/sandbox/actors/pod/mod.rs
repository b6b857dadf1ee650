//! Pods: their assignment to the node and their life as their status tells it.
//! Nothing here runs a container; what a pod would do is read from its spec and its annotations.
//!
//! - [`schedule`](mod@schedule): which node a pod goes to
//! - [`life`]: the next step and when it is due
//! - [`memory`]: what the kubelet remembers of a pod
//! - [`script`]: what the pod would do; the annotations that steer it
//! - [`status`]: how a step looks in the status

mod life;
pub(super) mod memory;
mod schedule;
mod script;
mod status;

pub(super) use life::run;
pub(super) use memory::note;
pub(super) use schedule::schedule;
