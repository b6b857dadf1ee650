//! Decides whether a verdict is heeded: what failed does not grow, what is undecided waits.
//! It never judges by itself.

use super::Invariant;
use crate::world::{Seen, World, flag, hash_of, list, place, text, wanted_hash};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use switchback::sandbox::Verb;

/// The Rollout and the hash of a ReplicaSet that has just grown.
fn grown<'w>(world: &'w World, seen: &Seen<'w>) -> Option<(&'w Value, String)> {
    let Seen::Store { verb, kind: "ReplicaSet", object, before } = seen else { return None };
    let replicas = |v: &Value| v.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(1);
    if *verb == Verb::Deleted || replicas(object) <= before.map_or(0, replicas) {
        return None;
    }
    Some((world.owner(object)?, hash_of(object).to_owned()))
}

/// The Rollout and the hash of a run that has just come to `phases`.
fn ended(world: &World, seen: &Seen<'_>, phases: &[&str]) -> Option<(String, String)> {
    let Seen::Store { kind: "AnalysisRun", object, before, .. } = seen else { return None };
    let phase = text(object, "/status/phase");
    if !phases.contains(&phase) || before.is_some_and(|b| text(b, "/status/phase") == phase) {
        return None;
    }
    Some((place(world.owner(object)?), hash_of(object).to_owned()))
}

/// 6: once an analysis of a revision has failed, the revision does not grow until it is tried again.
#[derive(Default)]
pub struct NothingGrowsAfterFailure {
    failed: BTreeSet<(String, String)>,
}

impl Invariant for NothingGrowsAfterFailure {
    fn name(&self) -> &'static str {
        "6 nothing grows after a failed analysis"
    }

    fn check(&mut self, world: &World, seen: &Seen<'_>) -> Result<(), String> {
        self.failed.extend(ended(world, seen, &["Failed", "Error"]));
        if let Seen::Store { kind: "Rollout", object, before, .. } = seen
            && !self.failed.is_empty()
        {
            let hash = wanted_hash(object);
            let anew = before.is_none_or(|b| wanted_hash(b) != hash);
            let again = before.is_some_and(|b| flag(b, "/status/abort")) && !flag(object, "/status/abort");
            if anew || again {
                self.failed.remove(&(place(object), hash));
            }
        }
        let Some((rollout, hash)) = grown(world, seen) else { return Ok(()) };
        let name = place(rollout);
        if self.failed.contains(&(name.clone(), hash.clone())) && text(rollout, "/status/stableRS") != hash {
            return Err(format!("revision {hash} of {name} grows although its analysis failed"));
        }
        Ok(())
    }
}

/// 6: an undecided analysis pauses the Rollout; nothing grows until somebody lets it pass.
#[derive(Default)]
pub struct UndecidedPauses {
    open: BTreeMap<String, (String, bool)>,
}

impl Invariant for UndecidedPauses {
    fn name(&self) -> &'static str {
        "6 an undecided analysis pauses"
    }

    fn check(&mut self, world: &World, seen: &Seen<'_>) -> Result<(), String> {
        if let Some((rollout, hash)) = ended(world, seen, &["Inconclusive"]) {
            self.open.insert(rollout, (hash, false));
        }
        if let Seen::Store { kind: "Rollout", object, .. } = seen
            && let Some((hash, seen_paused)) = self.open.get_mut(&place(object))
        {
            let reasons = list(object, "/status/pauseConditions");
            let paused = reasons.iter().any(|c| text(c, "/reason") == "InconclusiveAnalysisRun");
            let let_pass = *seen_paused && !paused;
            *seen_paused |= paused;
            if let_pass || wanted_hash(object) != *hash {
                self.open.remove(&place(object));
            }
        }
        let Some((rollout, hash)) = grown(world, seen) else { return Ok(()) };
        if self.open.get(&place(rollout)).is_some_and(|(open, _)| *open == hash) {
            return Err(format!("revision {hash} grows although its analysis is undecided"));
        }
        Ok(())
    }
}
