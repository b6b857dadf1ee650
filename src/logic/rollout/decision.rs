//! Decides what a decision consists of: writes, a status, a time to reconcile again, events.
//! It never performs any of them.

use crate::api::event::Event;
use crate::api::write::Write;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;

/// What is to be done about one Rollout now.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Decision {
    /// Writes, to be made in this order; the first that fails ends them and everything after.
    pub writes: Vec<Write>,
    /// Merge patch of the status, to be written after the writes; absent when nothing changes.
    pub status: Option<Value>,
    /// How long the write of the status is debounced: it differs only in counts, or speaks of something that was
    /// perhaps applied together with the Rollout and is not seen yet. Nothing else is then written.
    pub debounce: Option<Duration>,
    /// When to reconcile again although nothing has changed.
    pub wake: Option<Timestamp>,
    /// Events to emit once all writes are made.
    pub events: Vec<Event>,
    /// What is missing for a decision; the rest is then empty and the caller asks again with it.
    pub needs: Option<Need>,
}

/// What is missing for a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Need {
    /// The pods of the Rollout, read from the cluster now.
    Pods,
    /// That the cluster, asked now, has this very Rollout and does not delete it.
    Rollout,
}
