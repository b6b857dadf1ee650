//! Decides what delivery and controllers tell each other: [`Facts`] go in, a [`DeliveryReport`] comes out, both plain data.
//! It never knows where either comes from or goes to, so that one delivery can feed several clusters.

use crate::api::key::Key;
use crate::engine::delivery::error::DeliverError;
use crate::logic::revert::PendingRevert;
use crate::logic::revert::due::TemplateKeys;
use serde_json::Value;
use std::collections::BTreeMap;

/// What the cluster knows of the Rollouts of a repository.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    /// What goes back, by Rollout.
    pub(crate) pending: BTreeMap<Key, PendingRevert>,
    /// Templates of all its Rollouts that are in the cluster, as keys.
    pub(crate) templates: TemplateKeys,
}

/// What reconciling a repository once has come to.
#[derive(Debug)]
pub(crate) struct DeliveryReport {
    /// The commit that the cluster holds now, 40 hexadecimal digits and empty before the first one; or why it stays
    /// where it was.
    pub(crate) result: Result<String, DeliverError>,
    /// Rollouts just applied, as they are now, for whoever must not take older news of them for true. Some may have
    /// been applied although the whole was not.
    pub(crate) rollouts: Vec<Value>,
    /// Whether a revert commit waits until it may be pushed, so that it is worth trying again although nothing moves.
    pub(crate) push_waits: bool,
}
