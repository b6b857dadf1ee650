//! Decides in which words an engine is told how to run, and how it says that it has ended.
//! It never runs one.

use crate::engine::delivery::Source;
use crate::engine::leadership::Election;
use crate::engine::operator::DeliveryObjects;
use std::time::Duration;

/// How an engine runs.
#[derive(Clone, Default)]
pub struct Settings {
    /// Only objects of this instance; without one, only objects of none.
    pub instance: Option<String>,
    /// Only Rollouts and analyses that one of our repositories has brought.
    pub only_delivered: bool,
    /// Only this namespace; all without one.
    pub namespace: Option<String>,
    /// Repositories to bring to the cluster.
    pub sources: Vec<Source>,
    /// Deliveries that are objects of the cluster, too; none of them without.
    pub objects: Option<DeliveryObjects>,
    /// How often remote repositories are asked; never when absent, because something else tells us.
    pub interval: Option<Duration>,
    /// Decides the order of reconciles, to try other orders; first come first served without.
    pub seed: Option<u64>,
    /// How it is decided which of several processes acts; without one this one does.
    pub election: Option<Election>,
    /// Spreads in time what failed at the same moment; another number in each process, the same in a simulation.
    pub jitter: u64,
    /// To end as soon as everything has settled, and after this time at the latest; never by itself without one.
    pub once: Option<Duration>,
}

/// How an engine ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was told to.
    Stopped,
    /// Everything has settled, or the time is over; whether all of it is healthy.
    Settled {
        /// Whether every workload is healthy and every repository applied.
        healthy: bool,
    },
}
