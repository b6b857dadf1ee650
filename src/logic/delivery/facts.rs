//! Decides what a delivery is told of the cluster: how the Rollouts of its repository stand, as plain data.
//! It never knows who tells it, so that one delivery can feed several clusters.

use crate::api::key::Key;
use crate::logic::revert::PendingRevert;
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
