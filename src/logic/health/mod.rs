//! Health: whether a workload in the cluster is as it was asked to be, will be, or has failed.
//! Nothing here waits for it.
//!
//! - [`row`]: what is decided of each kind of workload, and what all of them have in common
//! - [`all`]: every kind of workload
//! - [`deployment`], [`replica_set`], [`stateful_set`], [`daemon_set`]: pods that stay
//! - [`job`]: pods that come to an end
//! - [`rollout`]: what a Rollout waits for, in words

mod all;
mod daemon_set;
mod deployment;
mod job;
mod replica_set;
pub(crate) mod rollout;
mod row;
mod stateful_set;

pub(crate) use all::workload;
pub(crate) use row::Health;
