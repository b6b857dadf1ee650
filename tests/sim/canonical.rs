//! Decides what an end state is, without what depends on time and chance: two runs that end alike are equal here.
//! It never looks at how a run got there.

use crate::rig::Sim;
use crate::world::{hash_of, list, text};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use switchback::api::inventory::{Inventory, of_secret};

/// Fields that time and chance decide.
const CHANCE: &[&str] = &[
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "managedFields",
    "generation",
    "lastUpdateTime",
    "lastTransitionTime",
    "startTime",
    "startedAt",
    "finishedAt",
    "completedAt",
    "abortedAt",
    "observedGeneration",
    "clusterIP",
    "clusterIPs",
    "revision-history",
];

fn strip(value: &mut Value, commits: &BTreeMap<String, String>) {
    match value {
        Value::Object(map) => {
            map.retain(|k, _| !CHANCE.iter().any(|c| k == c || k.ends_with("/revision-history")));
            map.values_mut().for_each(|v| strip(v, commits));
        }
        Value::Array(all) => all.iter_mut().for_each(|v| strip(v, commits)),
        Value::String(text) => {
            if let Some(name) = commits.get(text) {
                name.clone_into(text);
            }
        }
        _ => {}
    }
}

/// The end state of a run.
pub fn end_state(sim: &Sim) -> Value {
    let log = sim.repo.log();
    let names: BTreeMap<String, String> =
        log.iter().rev().enumerate().map(|(i, c)| (c.id.to_string(), format!("commit {i}"))).collect();
    let named = |text: &str| names.iter().fold(text.to_owned(), |t, (id, name)| t.replace(id, name));
    let git: Vec<Value> = log
        .iter()
        .map(|c| json!({"author": c.author, "message": named(&c.message), "files": text_of(sim, &c.id)}))
        .collect();
    let mut objects = BTreeMap::new();
    sim.witness.look(|w| {
        for kind in ["Rollout", "ReplicaSet", "Service", "ConfigMap", "AnalysisTemplate", "Secret"] {
            for object in w.all(kind).filter(|o| text(o, "/type") != "switchback.dev/inventory") {
                let mut object = object.clone();
                strip(&mut object, &names);
                sort_conditions(&mut object);
                objects.insert(format!("{kind} {}", crate::world::place(&object)), object);
            }
        }
        let pods: Vec<String> = w.all("Pod").map(|p| hash_of(p).to_owned()).collect();
        objects.insert("pods".to_owned(), json!(pods));
        for secret in w.all("Secret").filter(|o| text(o, "/type") == "switchback.dev/inventory") {
            let mut inventory = Inventory::unpack(&of_secret(secret).unwrap().0).unwrap();
            inventory.number = 0; // how often something was applied, after a crash once more
            let mut value = serde_json::to_value(inventory).unwrap();
            value["seal"] = Value::Null; // each run draws its own, and digests by it
            hide_digests(&mut value);
            strip(&mut value, &names);
            objects.insert(format!("inventory {}", text(secret, "/metadata/name")), value);
        }
    });
    json!({"git": git, "cluster": objects})
}

/// Puts one word in the place of every digest of a value of a Secret.
fn hide_digests(value: &mut Value) {
    match value {
        Value::String(text) if text.starts_with("hmac-sha256:") => *value = json!("a digest"),
        Value::Array(items) => items.iter_mut().for_each(hide_digests),
        Value::Object(map) => map.values_mut().for_each(hide_digests),
        _ => {}
    }
}

/// Conditions stand in the order in which they changed last, which the pace decides.
fn sort_conditions(object: &mut Value) {
    let mut sorted = list(object, "/status/conditions").to_vec();
    sorted.sort_by_key(|c| text(c, "/type").to_owned());
    if let Some(conditions) = object.pointer_mut("/status/conditions") {
        *conditions = json!(sorted);
    }
}

fn text_of(sim: &Sim, commit: &str) -> BTreeMap<String, String> {
    let files = sim.repo.files_of(commit);
    files.into_iter().map(|(p, c)| (p, String::from_utf8(c.to_vec()).unwrap())).collect()
}

/// What differs between two end states, for people.
pub fn difference(a: &Value, b: &Value) -> String {
    let (a, b) = (format!("{a:#}"), format!("{b:#}"));
    let diff = similar::TextDiff::from_lines(&a, &b);
    diff.unified_diff().context_radius(3).to_string()
}
