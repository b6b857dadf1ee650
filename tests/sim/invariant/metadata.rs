//! Decides whether pods say what their role asks for and nothing else, and whether that made no revision more.
//! It never asks how they came to say it.

use super::Invariant;
use crate::world::{Seen, World, hash_of, list, place, text, wanted_hash};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use switchback::sandbox::Verb;

const GIVEN: &str = "rollout.argoproj.io/ephemeral-metadata";

/// 21: at rest the pods of a revision and its template say what they would say without a role, and what the role asks for;
/// no template has two ReplicaSets; and nobody is told that a Rollout is healthy before its pods say it.
#[derive(Default)]
pub struct RolesAreWorn {
    /// The templates of ReplicaSets as their Rollouts had them when they were made, by uid.
    own: BTreeMap<String, Value>,
}

fn entries<'v>(object: &'v Value, path: &str) -> Option<&'v Map<String, Value>> {
    object.pointer(path).and_then(Value::as_object)
}

/// What the strategy of `rollout` asks for in the role of `set`.
fn role(rollout: &Value, set: &Value) -> Value {
    let (new, stable) = (wanted_hash(rollout), text(rollout, "/status/stableRS"));
    let strategy = |path: &str| rollout.pointer(&format!("/spec/strategy/{path}")).cloned();
    let either = |canary: &str, blue_green: &str| strategy(canary).or_else(|| strategy(blue_green));
    let found = match hash_of(set) {
        hash if hash == stable => either("canary/stableMetadata", "blueGreen/activeMetadata"),
        hash if hash == new => either("canary/canaryMetadata", "blueGreen/previewMetadata"),
        _ => None,
    };
    found.unwrap_or(Value::Null)
}

/// What `object`, whose metadata is at `path`, says otherwise than `own` with what is `given`.
fn otherwise(object: &Value, path: &str, own: &Value, given: &Value, hash: &str) -> Option<String> {
    for list in ["labels", "annotations"] {
        let mut wanted = entries(own, &format!("/metadata/{list}")).cloned().unwrap_or_default();
        wanted.extend(entries(given, &format!("/{list}")).cloned().unwrap_or_default());
        if list == "labels" {
            wanted.insert("rollouts-pod-template-hash".to_owned(), json!(hash));
        }
        let there = entries(object, &format!("{path}/{list}")).cloned().unwrap_or_default();
        if there != wanted {
            return Some(format!("{} has the {list} {there:?}, not {wanted:?}", place(object)));
        }
    }
    None
}

/// Whether `set` notes that its pods may lack something yet.
fn is_open(set: &Value) -> bool {
    entries(set, "/metadata/annotations")
        .is_some_and(|all| all.keys().any(|key| key.ends_with("/stale-metadata")))
}

impl Invariant for RolesAreWorn {
    fn name(&self) -> &'static str {
        "21 pods say what their role asks for"
    }

    fn check(&mut self, world: &World, seen: &Seen<'_>) -> Result<(), String> {
        if let Seen::Store { verb: Verb::Added, kind: "ReplicaSet", object: set, .. } = seen
            && let Some(rollout) = world.owner(set).filter(|r| wanted_hash(r) == hash_of(set))
        {
            let own = &rollout["spec"]["template"];
            let uid = text(set, "/metadata/uid");
            let others = world.sets(rollout).into_iter().filter(|s| text(s, "/metadata/uid") != uid);
            let twin = others.into_iter().find(|s| self.own.get(text(s, "/metadata/uid")) == Some(own));
            self.own.insert(uid.to_owned(), own.clone());
            return twin.map_or(Ok(()), |twin| Err(format!("{} is {} once more", place(set), place(twin))));
        }
        if let Seen::Store { kind: "Rollout", object: rollout, before: Some(before), .. } = seen
            && text(before, "/status/phase") != "Healthy"
            && text(rollout, "/status/phase") == "Healthy"
            && !list(rollout, "/status/conditions").iter().any(|c| text(c, "/type") == "WriteDenied")
        {
            let early = world.sets(rollout).into_iter().find(|s| is_open(s) && !world.pods(s).is_empty());
            return early
                .map_or(Ok(()), |set| Err(format!("healthy before the pods of {} say it", place(set))));
        }
        if !matches!(seen, Seen::Over) {
            return Ok(());
        }
        for (rollout, set) in
            world.all("Rollout").flat_map(|r| world.sets(r).into_iter().map(move |s| (r, s)))
        {
            let Some(own) = self.own.get(text(set, "/metadata/uid")) else { continue };
            let (given, hash) = (role(rollout, set), hash_of(set));
            let of_set = otherwise(set, "/spec/template/metadata", own, &given, hash);
            let pods = world.pods(set);
            let mut of_pods = pods.iter().filter_map(|pod| otherwise(pod, "/metadata", own, &given, hash));
            if let Some(why) = of_set.or_else(|| of_pods.next()) {
                return Err(why);
            }
            let noted = set["metadata"]["annotations"].get(GIVEN).and_then(Value::as_str);
            let noted: Option<Value> = noted.map(|text| serde_json::from_str(text).unwrap());
            if noted.unwrap_or_default() != given || is_open(set) {
                return Err(format!("{} notes {}", place(set), set["metadata"]["annotations"]));
            }
        }
        Ok(())
    }
}
