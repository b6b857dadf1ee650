//! Decides what is kept of a Delivery that is an object: its spec, its status, and what was made of it.
//! It never decides what is made of it.

use crate::api::delivery::{Delivery, DeliverySpec, DeliveryStatus};
use crate::api::key::target_of;
use crate::api::meta::Meta;
use crate::api::names;
use crate::api::object_name::ObjectName;
use crate::logic::delivery::account::Account;
use crate::logic::delivery::spec::Wanted;
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
    /// Hears when a repository of this machine moves.
    pub(crate) ears: Option<AbortHandle>,
}

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
            generation: meta.generation,
            uid: meta.uid,
            spec: Delivery::deserialize(object).map(|d| d.spec).map_err(|e| e.to_string()),
            stored: status.clone(),
            status,
            is_writing: false,
            account: None,
            begun: None,
            admitted: None,
        };
        (name, row)
    }

    /// Takes in what the cluster says of the same object. Its status is ours to say, so what comes of it is no news.
    pub(crate) fn take_in(&mut self, newer: Self) {
        let Self { generation, spec, requested, is_going, .. } = newer;
        (self.generation, self.spec, self.requested, self.is_going) = (generation, spec, requested, is_going);
    }
}
