//! Decides whether there are enough ready pods, and never too many.
//! It never decides which revision they are of.

use super::Invariant;
use crate::world::{STRUCK, Seen, World, desired, hash_of, place, share, text};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use switchback::sandbox::Verb;

/// 1: ready pods never fall below what is desired minus what may be unavailable, once there were so many.
#[derive(Default)]
pub struct Availability {
    reached: BTreeMap<String, i64>,
}

/// Ready pods that serve: all of a canary's, those behind the active Service of a blue-green Rollout.
fn serving(world: &World, rollout: &Value) -> i64 {
    let sets = world.sets(rollout);
    let Some(active) = rollout.pointer("/spec/strategy/blueGreen/activeService").and_then(Value::as_str)
    else {
        return sets.iter().map(|s| world.ready(s)).sum();
    };
    let hash = world.selected(text(rollout, "/metadata/namespace"), active);
    sets.iter().filter(|s| hash_of(s) == hash).map(|s| world.ready(s)).sum()
}

fn surge(rollout: &Value) -> (i64, i64) {
    let canary = rollout.pointer("/spec/strategy/canary");
    let n = desired(rollout);
    let up = share(canary.and_then(|c| c.get("maxSurge")), (n * 25 + 99) / 100, n, true);
    let down = share(canary.and_then(|c| c.get("maxUnavailable")), n * 25 / 100, n, false);
    (up, if up == 0 && down == 0 { 1 } else { down.min(n) })
}

/// Whether something befell the pod that the engine did not do.
pub fn is_struck(object: &Value) -> bool {
    object.pointer("/metadata/annotations").is_some_and(|notes| notes.get(STRUCK).is_some())
}

impl Invariant for Availability {
    fn name(&self) -> &'static str {
        "1 enough pods are ready"
    }

    fn check(&mut self, world: &World, seen: &Seen<'_>) -> Result<(), String> {
        if !matches!(seen, Seen::Store { kind: "Pod" | "Rollout" | "Service", .. }) {
            return Ok(());
        }
        let stays = |r: &&Value| r.pointer("/metadata/deletionTimestamp").is_none();
        for rollout in world.all("Rollout").filter(stays) {
            let is_canary = rollout.pointer("/spec/strategy/canary").is_some();
            let least = desired(rollout) - if is_canary { surge(rollout).1 } else { 0 };
            let ready = serving(world, rollout);
            let reached = self.reached.entry(text(rollout, "/metadata/uid").to_owned()).or_insert(0);
            if matches!(seen, Seen::Store { object, .. } if is_struck(object)) {
                *reached = ready.min(*reached); // that was nobody's decision
            }
            if ready >= least {
                *reached = least;
            } else if ready < (*reached).min(least) {
                return Err(format!("{} has {ready} pods ready, not {least}", place(rollout)));
            }
        }
        Ok(())
    }
}

/// 2: what grows never grows beyond what is desired and the surge; what a user took back just now counts still.
#[derive(Default)]
pub struct Surge {
    wanted: BTreeMap<String, Vec<(Timestamp, i64)>>,
    /// Rollouts that lost pods to something else: their ReplicaSets make others, which nobody decided just now.
    struck: BTreeSet<String>,
}

impl Surge {
    fn note(&mut self, world: &World) {
        for rollout in world.all("Rollout") {
            let noted = self.wanted.entry(place(rollout)).or_default();
            if noted.last().map(|(_, n)| *n) != Some(desired(rollout)) {
                noted.push((world.now, desired(rollout)));
            }
        }
    }

    /// The most that was desired within the last second.
    fn recent(&self, world: &World, rollout: &Value) -> i64 {
        let noted = self.wanted.get(&place(rollout)).map(Vec::as_slice).unwrap_or_default();
        let since = world.now - SignedDuration::from_secs(1);
        let fresh =
            noted.iter().enumerate().filter(|(i, _)| noted.get(i + 1).is_none_or(|(t, _)| *t >= since));
        fresh.map(|(_, (_, n))| *n).max().unwrap_or(0)
    }
}

impl Invariant for Surge {
    fn name(&self) -> &'static str {
        "2 never more pods than the surge allows"
    }

    fn check(&mut self, world: &World, seen: &Seen<'_>) -> Result<(), String> {
        self.note(world);
        let Seen::Store { verb, kind, object, before } = seen else { return Ok(()) };
        let replicas = |v: &Value| v.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(1);
        let grows = match *kind {
            "ReplicaSet" => *verb != Verb::Deleted && replicas(object) > before.map_or(0, replicas),
            "Pod" => *verb == Verb::Added,
            _ => false,
        };
        let set = if *kind == "Pod" {
            let owner = text(object, "/metadata/ownerReferences/0/uid");
            world.all("ReplicaSet").find(|s| text(s, "/metadata/uid") == owner)
        } else {
            Some(*object)
        };
        let Some(rollout) = set.and_then(|s| world.owner(s)) else { return Ok(()) };
        if *kind == "Pod" && is_struck(object) {
            self.struck.insert(place(rollout));
        }
        if !grows || *kind == "Pod" && self.struck.contains(&place(rollout)) {
            return Ok(());
        }
        let n = self.recent(world, rollout);
        let of = |s: &Value| if *kind == "Pod" { world.pods(s).len() as i64 } else { replicas(s) };
        let (count, most) = if rollout.pointer("/spec/strategy/canary").is_some() {
            let sets = world.sets(rollout);
            let first = text(rollout, "/status/stableRS").is_empty() && sets.len() == 1;
            let room = if first { 0 } else { surge(rollout).0 };
            (sets.into_iter().map(of).sum::<i64>(), n + room)
        } else {
            (set.map_or(0, of), n)
        };
        if count > most {
            return Err(format!("{} has {count} ({kind}), {most} are the most", place(rollout)));
        }
        Ok(())
    }
}
