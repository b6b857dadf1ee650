//! Decides what delivery and controllers tell each other: [`Facts`] go in, a [`DeliveryReport`] comes out, both plain data.
//! It never knows where either comes from or goes to, so that one delivery can feed several clusters.

use crate::api::key::Key;
use crate::engine::delivery::error::DeliverError;
use crate::logic::revert::PendingRevert;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What the cluster knows of the Rollouts of a repository.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    /// Rollout by Rollout.
    pub(crate) rollouts: BTreeMap<Key, RolloutFacts>,
}

/// What the cluster knows of one Rollout.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct RolloutFacts {
    /// The pod template it has.
    pub(crate) template: Arc<Value>,
    /// The key under which equal templates are equal.
    pub(crate) template_key: String,
    /// Whether that template is promoted and all is well with it.
    pub(crate) is_healthy: bool,
    /// The names of its ReplicaSets, each of a revision that is kept.
    pub(crate) revisions: BTreeSet<String>,
    /// What it is annotated with of why it is held.
    pub(crate) held: Option<String>,
    /// What goes back.
    pub(crate) pending: Option<PendingRevert>,
}

/// What reconciling a repository once has come to.
#[derive(Debug)]
pub(crate) struct DeliveryReport {
    /// The commit that the cluster holds now, 40 hexadecimal digits and empty before the first one; or why it stays
    /// where it was.
    pub(crate) result: Result<String, DeliverError>,
    /// What else there is to know of it.
    pub(crate) more: More,
}

/// What there is to know of a reconcile however it ended.
#[derive(Debug, Default)]
pub(crate) struct More {
    /// Rollouts just applied, as they are now, for whoever must not take older news of them for true. Some may have
    /// been applied although the whole was not.
    pub(crate) rollouts: Vec<Value>,
    /// Whether a revert commit waits until it may be pushed, so that it is worth trying again although nothing moves.
    pub(crate) push_waits: bool,
    /// Whether some Rollout is held until a person acts.
    pub(crate) is_held: bool,
    /// When there is something to do although nothing has changed.
    pub(crate) wake: Option<Timestamp>,
}
