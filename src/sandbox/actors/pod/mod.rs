//! Pods: their assignment to the node and their life as their status tells it.
//! Nothing here runs a container; what a pod would do is read from its spec and its annotations.
//!
//! Annotations that steer a pod, read anew at every change:
//!
//! | annotation | effect |
//! |---|---|
//! | `sandbox.switchback.dev/ready: "false"` | the containers run and are not ready, until the annotation goes |
//! | `sandbox.switchback.dev/ready-after: 5s` | ready this long after the assignment, whatever the probes say |
//! | `sandbox.switchback.dev/outcome: crash`, `bad-image` or `run` | in place of what image and command tell |

mod life;
mod schedule;
mod script;
mod status;

pub(super) use life::{Life, note, run};
pub(super) use schedule::schedule;
