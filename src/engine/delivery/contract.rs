//! Decides what a delivery tells the controllers: a [`DeliveryReport`], plain data.
//! It never knows where it goes to; what goes in are the [`Facts`](crate::logic::delivery::facts::Facts).

use crate::engine::delivery::error::DeliverError;
use jiff::Timestamp;
use serde_json::Value;

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
