//! Decides how a Deployment sees one of its ReplicaSets.
//! It never decides how large it should be.

use crate::actors::object::{annotation, deleting, moment, name, put};
use crate::base::json::{count, number};
use jiff::Timestamp;
use serde_json::{Value, json};

pub(super) const REVISION: &str = "deployment.kubernetes.io/revision";
pub(super) const HISTORY: &str = "deployment.kubernetes.io/revision-history";
pub(super) const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
pub(super) const MOST: &str = "deployment.kubernetes.io/max-replicas";
pub(super) const HASH: &str = "pod-template-hash";

/// A ReplicaSet, with the changes that this turn makes.
#[derive(Clone, Debug)]
pub(super) struct Set {
    pub object: Value,
    pub changed: bool,
    /// What users are told once the change is written.
    pub told: Vec<String>,
}

impl Set {
    pub(super) fn new(object: Value) -> Self {
        Self { object, changed: false, told: Vec::new() }
    }

    pub(super) fn name(&self) -> &str {
        name(&self.object)
    }

    /// `spec.replicas`.
    pub(super) fn wanted(&self) -> i64 {
        number(&self.object, "/spec/replicas").unwrap_or(1)
    }

    pub(super) fn existing(&self) -> i64 {
        count(&self.object, "/status/replicas")
    }

    pub(super) fn ready(&self) -> i64 {
        count(&self.object, "/status/readyReplicas")
    }

    pub(super) fn available(&self) -> i64 {
        count(&self.object, "/status/availableReplicas")
    }

    pub(super) fn revision(&self) -> i64 {
        self.number(REVISION).unwrap_or(0)
    }

    pub(super) fn created(&self) -> Option<Timestamp> {
        moment(&self.object, "/metadata/creationTimestamp")
    }

    /// A number that an annotation tells.
    pub(super) fn number(&self, which: &str) -> Option<i64> {
        annotation(&self.object, which)?.parse().ok()
    }

    /// Empty, settled and not needed any more.
    pub(super) fn may_go(&self) -> bool {
        let seen = count(&self.object, "/status/observedGeneration");
        self.wanted() == 0
            && self.existing() == 0
            && count(&self.object, "/metadata/generation") <= seen
            && !deleting(&self.object)
    }

    pub(super) fn annotate(&mut self, which: &str, value: &str) {
        if annotation(&self.object, which) != Some(value) {
            put(&mut self.object, &["metadata", "annotations", which], json!(value));
            self.changed = true;
        }
    }

    /// Whether it is made from this template, the hash label aside.
    pub(super) fn is_of(&self, template: &Value) -> bool {
        self.object.pointer("/spec/template").is_some_and(|own| bare(own) == bare(template))
    }

    /// The failure that its status tells of.
    pub(super) fn failure(&self) -> Option<&Value> {
        crate::actors::object::condition(&self.object, "ReplicaFailure")
    }
}

/// A template without the hash label, and without maps that hold nothing: a server keeps `labels: {}` in one
/// place and drops it in another.
pub(super) fn bare(template: &Value) -> Value {
    let mut bare = template.clone();
    if let Some(Value::Object(labels)) = bare.pointer_mut("/metadata/labels") {
        labels.remove(HASH);
    }
    if let Some(Value::Object(meta)) = bare.get_mut("metadata") {
        meta.retain(|_, v| !v.is_null() && v.as_object().is_none_or(|m| !m.is_empty()));
    }
    bare
}
