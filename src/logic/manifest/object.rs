//! Decides what a manifest is once it is read: an object with a key and a place.
//! It never decides whether it is applied.

use crate::api::key::Key;
use crate::api::kinds::Kind;
use crate::api::write::Target;
use crate::base::yaml::Place;
use serde_json::Value;
use std::collections::BTreeMap;

/// One object that Git wants.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Manifest {
    /// Identity.
    pub(crate) key: Key,
    /// Where it is written in a cluster.
    pub(crate) target: Target,
    /// How its kind is served.
    pub(crate) kind: Kind,
    /// The object, without what only a cluster writes.
    pub(crate) value: Value,
    /// The file it stands in.
    pub(crate) path: String,
    /// Where in the file its document begins.
    pub(crate) place: Place,
}

/// All objects that Git wants, each once.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Manifests {
    /// By identity.
    pub(crate) objects: BTreeMap<Key, Manifest>,
}

impl Manifests {
    /// The manifest of `key`.
    #[must_use]
    pub(crate) fn get(&self, key: &Key) -> Option<&Manifest> {
        self.objects.get(key)
    }

    /// The pod template a Rollout wants, its own or that of the workload it refers to.
    #[must_use]
    pub(crate) fn pod_template(&self, rollout: &Key) -> Option<&Value> {
        pod_template(rollout, |key| self.get(key).map(|m| &m.value))
    }
}

/// The workload that a Rollout refers to, if it does.
#[must_use]
pub(crate) fn workload_of(rollout: &Key, value: &Value) -> Option<Key> {
    let reference = value.pointer("/spec/workloadRef").filter(|r| r.is_object())?;
    let text = |k: &str| reference.get(k).and_then(Value::as_str).unwrap_or_default();
    Some(Key::of(&Target::new(text("apiVersion"), text("kind"), &rollout.namespace, text("name"))))
}

/// The pod template of a Rollout among the objects that `get` finds, its own or that of the workload it refers to.
#[must_use]
pub(crate) fn pod_template<'v>(rollout: &Key, get: impl Fn(&Key) -> Option<&'v Value>) -> Option<&'v Value> {
    let value = get(rollout)?;
    if let Some(template) = value.pointer("/spec/template").filter(|t| !t.is_null()) {
        return Some(template);
    }
    let workload = get(&workload_of(rollout, value)?)?;
    workload.pointer("/spec/template").or_else(|| workload.get("template"))
}

/// Takes away what only a cluster writes, so that it is never compared nor sent.
pub(crate) fn strip(value: &mut Value) {
    let Some(map) = value.as_object_mut() else { return };
    map.remove("status");
    if let Some(meta) = map.get_mut("metadata").and_then(Value::as_object_mut) {
        for word in [
            "managedFields",
            "resourceVersion",
            "uid",
            "generation",
            "selfLink",
            "creationTimestamp",
            "deletionTimestamp",
        ] {
            meta.remove(word);
        }
        meta.retain(|_, v| !v.is_null());
    }
}
