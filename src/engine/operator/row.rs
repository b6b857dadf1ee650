//! Decides what is kept of a Delivery that is an object: its spec, its status, and what was made of it.
//! It never decides what is made of it.

use crate::api::delivery::{Delivery, DeliveryConditionType, DeliveryReason, DeliverySpec, DeliveryStatus};
use crate::api::key::target_of;
use crate::api::meta::Meta;
use crate::api::names;
use crate::api::object_name::ObjectName;
use crate::base::json::list;
use crate::engine::delivery::{Dissolved, SyncError};
use crate::logic::delivery::account::Account;
use crate::logic::delivery::order::Gate;
use crate::logic::delivery::spec::Wanted;
use crate::world::cluster::ClusterError;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use tokio::task::AbortHandle;

/// What is known of a Delivery.
pub(crate) struct Row {
    /// Its uid.
    pub(crate) uid: String,
    /// The generation of its spec.
    pub(crate) generation: i64,
    /// What it asks for; or why it cannot be read.
    pub(crate) spec: Result<DeliverySpec, String>,
    /// The request to reconcile that it carries.
    pub(crate) requested: String,
    /// Whether somebody has asked for it to be deleted.
    pub(crate) is_going: bool,
    /// When that was.
    pub(crate) deleted_at: Option<Timestamp>,
    /// Whether it carries our finalizer.
    pub(crate) is_guarded: bool,
    /// Whether that is being written: to carry it, or not to.
    pub(crate) guarding: Option<bool>,
    /// How far its end has come.
    pub(crate) parting: Option<Parting>,
    /// What its status is to be.
    pub(crate) status: DeliveryStatus,
    /// What its status is in the cluster.
    pub(crate) stored: DeliveryStatus,
    /// Whether that is being written.
    pub(crate) is_writing: bool,
    /// What is to be said of it.
    pub(crate) account: Option<Account>,
    /// What was begun of it.
    pub(crate) begun: Option<Begun>,
    /// The generation for which all that it depends on was ready once.
    pub(crate) admitted: Option<i64>,
}

/// How far the end of a Delivery has come that somebody has deleted.
pub(crate) enum Parting {
    /// A reconcile may be under way still.
    Ending,
    /// What it has applied is being deleted.
    Dissolving(AbortHandle),
    /// It may go.
    LetGo,
}

/// What was begun of a Delivery.
pub(crate) struct Begun {
    /// What it was asked for.
    pub(crate) wanted: Wanted,
    /// Which of several orders it was.
    pub(crate) edition: u64,
    /// The credentials it has.
    pub(crate) credentials: u64,
    /// The request that it answers.
    pub(crate) answers: String,
    /// What its new commits wait for.
    pub(crate) gate: Gate,
    /// Hears when a repository of this machine moves.
    pub(crate) ears: Option<AbortHandle>,
}

/// What a try to delete what a Delivery of this name and uid has applied came to.
pub(crate) type Parted = (ObjectName, String, Result<Dissolved, SyncError>);
/// What a try to put our finalizer on a Delivery, or to take it off, came to.
pub(crate) type Guarded = (ObjectName, String, bool, Result<(), ClusterError>);

impl Row {
    /// The name of a Delivery and what is known of it, when it is new to us.
    #[must_use]
    pub(crate) fn of(object: &Value) -> (ObjectName, Self) {
        let target = target_of(object);
        let name = ObjectName::new(target.namespace, target.name);
        let meta = object.get("metadata").and_then(|m| Meta::deserialize(m).ok()).unwrap_or_default();
        let status = object.get("status").and_then(|s| DeliveryStatus::deserialize(s).ok());
        let status = status.unwrap_or_default();
        let row = Self {
            requested: meta.annotation(names::REQUESTED).unwrap_or_default().to_owned(),
            is_going: meta.deletion_timestamp.is_some(),
            deleted_at: meta.deletion_timestamp.map(|time| time.at()),
            is_guarded: list(object, "/metadata/finalizers").iter().any(|f| f == names::DELETES),
            guarding: None,
            parting: None,
            admitted: admitted(&status),
            generation: meta.generation,
            uid: meta.uid,
            spec: Delivery::deserialize(object).map(|d| d.spec).map_err(|e| e.to_string()),
            stored: status.clone(),
            status,
            is_writing: false,
            account: None,
            begun: None,
        };
        (name, row)
    }

    /// Takes in what the cluster says of the same object. Its status is ours to say, so what comes of it is no news.
    pub(crate) fn take_in(&mut self, newer: Self) {
        let Self { generation, spec, requested, is_going, deleted_at, is_guarded, .. } = newer;
        (self.generation, self.spec, self.requested) = (generation, spec, requested);
        (self.is_going, self.deleted_at, self.is_guarded) = (is_going, deleted_at, is_guarded);
    }
}

/// The generation for which all that it depends on was ready once, as far as what was written down of it tells: it was
/// applied, and does not wait.
fn admitted(status: &DeliveryStatus) -> Option<i64> {
    let ready = status.condition(&DeliveryConditionType::Ready)?;
    let waits = matches!(
        ready.reason,
        DeliveryReason::DependencyNotReady | DeliveryReason::DependencyCycle | DeliveryReason::InvalidSpec
    );
    (!waits && !status.last_applied_commit.is_empty()).then_some(status.observed_generation)
}
