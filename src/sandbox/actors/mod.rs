//! The controllers, the scheduler and the kubelet of the sandbox, pure and synchronous.
//! Nothing here has a clock, a thread or a connection; the server tells what changed and does what is asked.
//!
//! | part | faithful | not |
//! |---|---|---|
//! | Deployment | rolling, recreation, pause, revisions, shares, deadlines | the hash's own bytes |
//! | ReplicaSet | pods made, given up, adopted, released; status; `minReadySeconds` | slow start |
//! | StatefulSet | order, claims, partitions, revisions | `maxUnavailable`, claim retention |
//! | DaemonSet | one pod on the one node, updates, revisions | taints, affinity, surge |
//! | Services' endpoints | both kinds, readiness, named ports, 100 a slice | topology hints, IPv6 |
//! | disruption budgets | numbers allowed | arbitrary scalable owners |
//! | claims | bound at once | volumes |
//! | Job | completions, parallelism, back-off, deadline, suspension, indexes, TTL | policies |
//! | pods | phases, conditions, gates, hooks, crashes, Jobs' ends | probes run, resources, affinity |
//! | collector | background, foreground, orphan; absent owners; any kind | |
//! | namespaces | furniture, emptying | conditions while emptying |
//! | CronJobs, HorizontalPodAutoscalers, Ingresses, load balancers | accepted | nothing happens |
//!
//! Annotations that steer a pod, read anew at every change of it:
//!
//! | annotation | effect |
//! |---|---|
//! | `sandbox.switchback.dev/ready: "false"` | the containers run and are not ready, until the annotation goes |
//! | `sandbox.switchback.dev/ready-after: 5s` | ready this long after the assignment, whatever the probes say |
//! | `sandbox.switchback.dev/outcome: crash`, `bad-image` or `run` | in place of what image and command tell |
//!
//! What image and command tell: an image with `does-not-exist` or `nonexistent` is never pulled; one with `argo-error`
//! or `:error`, and the command `/bad-command`, crash at once; `sleep N; exit C` crashes after N seconds; the pods of a
//! Job end after `sleep N` with the code of `exit C`, unless they sleep for ever.
//!
//! ```text
//! change -> rows + wiring -> tasks -> one turn each -> errands -> the server -> change
//! ```

mod budget;
mod claim;
mod crew;
mod daemonset;
mod deployment;
mod endpoints;
mod events;
mod garbage;
mod history;
mod job;
mod names;
mod namespace;
mod node;
mod object;
mod pod;
mod replicaset;
mod rows;
mod statefulset;
mod task;
mod template;
mod turn;
mod victims;
mod wiring;

#[cfg(test)]
mod tests;

pub use crew::Actors;
pub use task::{Action, Controller, Errand, Key, Options, Seen, Task};

/// The name of the one node.
pub const NODE: &str = "sandbox";
/// The node's address.
const HOST: &str = "172.18.0.2";
