//! The controllers, the scheduler and the kubelet of the sandbox, pure and synchronous.
//! Nothing here has a clock, a thread or a connection; the server tells what changed and does what is asked.
//!
//! - [`crew`]: whose turn it is
//! - [`turn`]: what a controller sees and asks for in its turn
//! - [`task`]: tasks, actions, errands
//! - [`rows`], [`wiring`]: what is remembered of an object, which work its change gives rise to
//! - [`deployment`], [`replicaset`], [`statefulset`], [`daemonset`], [`job`], [`pod`]: what runs
//! - [`endpoints`], [`budget`], [`claim`], [`node`]: what is around it
//! - [`garbage`], [`namespace`], [`definition`]: what goes with something else
//! - [`template`], [`history`], [`victims`], [`recorder`], [`events`], [`names`], [`object`]: what they share
//!
//! ```text
//! change -> rows + wiring -> tasks -> one turn each -> errands -> the server -> change
//! ```
mod budget;
mod claim;
mod crew;
mod daemonset;
mod definition;
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
mod recorder;
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

pub(crate) use crew::Actors;
pub use task::Options;
pub(crate) use task::{Action, Errand, Key, Seen};

/// The name of the one node.
pub(crate) const NODE: &str = "sandbox";
/// The node's address.
const HOST: &str = "172.18.0.2";
