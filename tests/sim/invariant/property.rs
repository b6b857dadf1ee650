//! Decides whether everybody's things are left to them: owners, foreign fields, what is not in our inventory.
//! It never decides what is ours by name, only by the marks in the store.

use super::Invariant;
use crate::world::{Seen, World, desired, hash_of, list, place, text};
use serde_json::Value;
use std::collections::BTreeSet;
use switchback::sandbox::Verb;

/// 8: every ReplicaSet and AnalysisRun with our hash has its Rollout, and the history stays within its limit. What somebody
/// left behind who deleted a Rollout has none until the Rollout is made again; an analysis never has.
#[derive(Default)]
pub struct NoOrphans {
    left: BTreeSet<String>,
}

fn is_nobodys(object: &Value) -> bool {
    list(object, "/metadata/ownerReferences").is_empty()
}

/// Whether this change takes the object from a Rollout that is deleted without what it owns.
fn is_left(world: &World, object: &Value, before: Option<&Value>) -> bool {
    let owner = before.filter(|_| is_nobodys(object)).and_then(|before| world.owner(before));
    owner.is_some_and(|o| list(o, "/metadata/finalizers").iter().any(|f| f == "orphan"))
}

fn is_of_a_rollout(object: &Value) -> bool {
    text(object, "/metadata/ownerReferences/0/kind") == "Rollout"
}

impl Invariant for NoOrphans {
    fn name(&self) -> &'static str {
        "8 no orphans, a bounded history"
    }

    fn check(&mut self, world: &World, seen: &Seen<'_>) -> Result<(), String> {
        if let Seen::Store { verb, kind: kind @ ("ReplicaSet" | "AnalysisRun"), object, before } = seen
            && *verb != Verb::Deleted
            && !hash_of(object).is_empty()
        {
            if is_left(world, object, *before) {
                self.left.insert(text(object, "/metadata/uid").to_owned());
            }
            let going = object.pointer("/metadata/deletionTimestamp").is_some();
            let is_ours = if is_nobodys(object) {
                !self.left.contains(text(object, "/metadata/uid"))
            } else {
                is_of_a_rollout(object)
            };
            if !going && is_ours && world.owner(object).is_none() {
                return Err(format!("{kind} {} has no Rollout", place(object)));
            }
        }
        if !matches!(seen, Seen::Over) {
            return Ok(());
        }
        if let Some(set) = world.all("ReplicaSet").find(|s| is_nobodys(s) && !hash_of(s).is_empty()) {
            return Err(format!("{} is nobody's at the end", place(set)));
        }
        for object in world.all("ReplicaSet").chain(world.all("AnalysisRun")).filter(|o| is_of_a_rollout(o)) {
            if world.owner(object).is_none() {
                return Err(format!("{} outlives its Rollout", place(object)));
            }
        }
        for rollout in world.all("Rollout") {
            let used = [text(rollout, "/status/stableRS"), text(rollout, "/status/currentPodHash")];
            let sets = world.sets(rollout);
            let old: Vec<&&Value> = sets.iter().filter(|s| !used.contains(&hash_of(s))).collect();
            let limit = rollout.pointer("/spec/revisionHistoryLimit").and_then(Value::as_u64).unwrap_or(10);
            if old.len() as u64 > limit {
                return Err(format!("{} keeps {} old revisions, not {limit}", place(rollout), old.len()));
            }
            let pods: usize = sets.iter().map(|s| world.pods(s).len()).sum();
            if pods as i64 != desired(rollout) {
                return Err(format!("{} has {pods} pods at rest", place(rollout)));
            }
        }
        Ok(())
    }
}

/// 12: what others have put into our objects stays there.
pub struct ForeignFieldsStay;

impl Invariant for ForeignFieldsStay {
    fn name(&self) -> &'static str {
        "12 foreign fields stay"
    }

    fn check(&mut self, world: &World, seen: &Seen<'_>) -> Result<(), String> {
        if !matches!(seen, Seen::Store { .. }) {
            return Ok(());
        }
        for (kind, at, pointer, value) in &world.foreign {
            let object = world.objects.get(kind).and_then(|o| o.get(at));
            if object.and_then(|o| o.pointer(pointer)) != Some(value) {
                return Err(format!("{pointer} of {kind} {at} is gone or changed"));
            }
        }
        Ok(())
    }
}

/// 13: the engine deletes only what its inventory marks as its own, and what its Rollouts own.
pub struct OnlyOursIsDeleted;

impl Invariant for OnlyOursIsDeleted {
    fn name(&self) -> &'static str {
        "13 only ours is deleted"
    }

    fn check(&mut self, world: &World, seen: &Seen<'_>) -> Result<(), String> {
        let Seen::Deletes { plural, namespace, name } = seen else { return Ok(()) };
        let kind = world.objects.keys().find(|k| format!("{}s", k.to_lowercase()) == *plural);
        let object = kind.map_or(&Value::Null, |k| world.get(k, namespace, name));
        let marked = text(object, "/metadata/annotations/switchback.dev~1source") == world.source;
        let inventory = text(object, "/type") == "switchback.dev/inventory";
        let owned = is_of_a_rollout(object) && world.owner(object).is_some();
        if object.is_null() || marked || owned || inventory {
            return Ok(());
        }
        Err(format!("{plural} {namespace}/{name} is not ours"))
    }
}
