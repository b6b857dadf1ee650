//! Decides what an invariant may look at: the objects as they are after each store revision, and the time.
//! It never changes anything and never asks the cluster.

use crate::repo::Files;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use switchback::api::names;
use switchback::api::podhash;
use switchback::sandbox::{Change, Verb};
use switchback::world::git::Commit;

/// The objects of the cluster, by kind and place, and what people have put into them.
pub struct World {
    pub now: Timestamp,
    pub objects: BTreeMap<String, BTreeMap<String, Arc<Value>>>,
    /// Fields that belong to others: kind, place, pointer and what stands there.
    pub foreign: Vec<(String, String, String, Value)>,
    /// The name of our delivery.
    pub source: String,
}

/// Something that happened.
pub enum Seen<'a> {
    /// A store revision.
    Store { verb: Verb, kind: &'a str, object: &'a Value, before: Option<&'a Value> },
    /// The engine asks to delete an object.
    Deletes { plural: &'a str, namespace: &'a str, name: &'a str },
    /// The branch has moved.
    Pushed { by_us: bool, commit: &'a Commit, files: &'a Files },
    /// The story is over and everything is at rest.
    Over,
}

/// The text at `path`; empty where there is none.
pub fn text<'v>(value: &'v Value, path: &str) -> &'v str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// Pods that something befell which is nobody's decision have this annotation.
pub const STRUCK: &str = "test.switchback.dev/struck";

/// The number at `path`; 0 where there is none.
pub fn number(value: &Value, path: &str) -> i64 {
    value.pointer(path).and_then(Value::as_i64).unwrap_or(0)
}

/// Whether `true` stands at `path`.
pub fn flag(value: &Value, path: &str) -> bool {
    value.pointer(path).and_then(Value::as_bool).unwrap_or(false)
}

/// The list at `path`; empty where there is none.
pub fn list<'v>(value: &'v Value, path: &str) -> &'v [Value] {
    value.pointer(path).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// `namespace/name`.
pub fn place(object: &Value) -> String {
    format!("{}/{}", text(object, "/metadata/namespace"), text(object, "/metadata/name"))
}

/// The time at `path`.
pub fn time(value: &Value, path: &str) -> Option<Timestamp> {
    text(value, path).parse().ok()
}

/// The hash label of an object.
pub fn hash_of(object: &Value) -> &str {
    let labels = object.pointer("/metadata/labels");
    labels.and_then(|l| l.get(names::POD_HASH)).and_then(Value::as_str).unwrap_or_default()
}

/// The hash of a Rollout's template.
pub fn wanted_hash(rollout: &Value) -> String {
    let collisions = rollout.pointer("/status/collisionCount").and_then(Value::as_i64);
    let template = rollout.pointer("/spec/template").unwrap_or(&Value::Null);
    podhash::hash(template, collisions.and_then(|n| i32::try_from(n).ok())).unwrap_or_default()
}

/// Pods a Rollout wants.
pub fn desired(rollout: &Value) -> i64 {
    rollout.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(1)
}

/// A number or a percentage of `whole`; `up` says how it is rounded.
pub fn share(value: Option<&Value>, default: i64, whole: i64, up: bool) -> i64 {
    let percent = value.and_then(Value::as_str).and_then(|t| t.trim_end_matches('%').parse::<i64>().ok());
    match (value.and_then(Value::as_i64), percent) {
        (Some(n), _) => n,
        (None, Some(p)) => (p * whole + if up { 99 } else { 0 }) / 100,
        _ => default,
    }
}

fn is_owned_by(object: &Value, uid: &str) -> bool {
    list(object, "/metadata/ownerReferences").iter().any(|o| text(o, "/uid") == uid)
}

impl World {
    pub fn new(now: Timestamp, source: String) -> Self {
        Self { now, objects: BTreeMap::new(), foreign: Vec::new(), source }
    }

    /// Takes in a change.
    pub fn take(&mut self, change: &Change) {
        let of_kind = self.objects.entry(change.kind.kind.clone()).or_default();
        let key = place(&change.object);
        match change.verb {
            Verb::Deleted => drop(of_kind.remove(&key)),
            Verb::Added | Verb::Modified => drop(of_kind.insert(key, Arc::clone(&change.object))),
        }
    }

    /// All objects of a kind.
    pub fn all(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.objects.get(kind).into_iter().flatten().map(|(_, v)| &**v)
    }

    /// One object; null when there is none.
    pub fn get(&self, kind: &str, namespace: &str, name: &str) -> &Value {
        let found = self.objects.get(kind).and_then(|o| o.get(&format!("{namespace}/{name}")));
        found.map_or(&Value::Null, |v| &**v)
    }

    /// The ReplicaSets of a Rollout.
    pub fn sets(&self, rollout: &Value) -> Vec<&Value> {
        let uid = text(rollout, "/metadata/uid");
        self.all("ReplicaSet").filter(|s| !uid.is_empty() && is_owned_by(s, uid)).collect()
    }

    /// The Rollout that owns `object`, if it is there.
    pub fn owner(&self, object: &Value) -> Option<&Value> {
        self.all("Rollout").find(|r| is_owned_by(object, text(r, "/metadata/uid")))
    }

    /// The pods of a ReplicaSet that are not on their way out.
    pub fn pods(&self, set: &Value) -> Vec<&Value> {
        let uid = text(set, "/metadata/uid");
        let stays = |p: &&Value| is_owned_by(p, uid) && p.pointer("/metadata/deletionTimestamp").is_none();
        self.all("Pod").filter(stays).collect()
    }

    /// How many of the pods of a ReplicaSet are ready.
    pub fn ready(&self, set: &Value) -> i64 {
        self.pods(set).into_iter().filter(|p| is_ready(p)).count() as i64
    }

    /// The ReplicaSet of `rollout` with `hash`.
    pub fn set_with(&self, rollout: &Value, hash: &str) -> Option<&Value> {
        self.sets(rollout).into_iter().find(|s| !hash.is_empty() && hash_of(s) == hash)
    }

    /// The AnalysisRuns of `rollout` for `hash`, of a type if one is named.
    pub fn runs(&self, rollout: &Value, hash: &str, kind: Option<&str>) -> Vec<&Value> {
        let uid = text(rollout, "/metadata/uid");
        let label = |r: &Value| text(r, "/metadata/labels/rollout-type").to_owned();
        self.all("AnalysisRun")
            .filter(|r| is_owned_by(r, uid) && hash_of(r) == hash && kind.is_none_or(|k| label(r) == k))
            .collect()
    }

    /// The hash that a Service selects.
    pub fn selected(&self, namespace: &str, service: &str) -> String {
        let service = self.get("Service", namespace, service);
        let selector = service.pointer("/spec/selector").and_then(|s| s.get(names::POD_HASH));
        selector.and_then(Value::as_str).unwrap_or_default().to_owned()
    }
}

/// Whether a pod is ready.
pub fn is_ready(pod: &Value) -> bool {
    list(pod, "/status/conditions")
        .iter()
        .any(|c| text(c, "/type") == "Ready" && text(c, "/status") == "True")
}
