//! Decides whether a blue-green switch leads users only to pods that are ready and were passed.
//! It never decides when to switch.

use super::{Invariant, pods};
use crate::world::{Seen, World, desired, hash_of, place, text};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Blue-green Rollouts with the hash that their active Service selects; without those that select none yet.
fn actives(world: &World) -> Vec<(&Value, String)> {
    let rollouts = world.all("Rollout");
    rollouts
        .filter_map(|r| {
            let service = r.pointer("/spec/strategy/blueGreen/activeService")?.as_str()?;
            let hash = world.selected(text(r, "/metadata/namespace"), service);
            (!hash.is_empty()).then_some((r, hash))
        })
        .collect()
}

/// 7: the active Service never names a revision without ready pods, and a switch waits for all of them.
#[derive(Default)]
pub struct ActiveIsReady {
    active: BTreeMap<String, String>,
    /// Rollouts that lost pods to something else, until they have all of them again.
    struck: BTreeSet<String>,
}

impl Invariant for ActiveIsReady {
    fn name(&self) -> &'static str {
        "7 what is active is ready"
    }

    fn check(&mut self, world: &World, seen: &Seen<'_>) -> Result<(), String> {
        let strikes = matches!(seen, Seen::Store { kind: "Pod", object, .. } if pods::is_struck(object));
        for (rollout, hash) in actives(world) {
            let ready = world.set_with(rollout, &hash).map_or(0, |s| world.ready(s));
            if strikes {
                self.struck.insert(place(rollout));
            } else if ready >= desired(rollout) {
                self.struck.remove(&place(rollout));
            }
            let before = self.active.insert(place(rollout), hash.clone());
            let back = text(rollout, "/status/stableRS") == hash;
            let switched = before.as_ref() != Some(&hash) && !back;
            let least = if switched { desired(rollout) } else { 1 };
            if ready < least && !self.struck.contains(&place(rollout)) {
                return Err(format!("{}: {hash} is active with {ready} of {least} ready", place(rollout)));
            }
        }
        Ok(())
    }
}

/// 7: where an analysis comes before the switch, only a revision that has passed it becomes active, and none that
/// has failed one does.
#[derive(Default)]
pub struct SwitchAfterAnalysis {
    active: BTreeMap<String, String>,
    stable: BTreeSet<(String, String)>,
}

impl Invariant for SwitchAfterAnalysis {
    fn name(&self) -> &'static str {
        "7 what is active was passed"
    }

    fn check(&mut self, world: &World, _: &Seen<'_>) -> Result<(), String> {
        for (rollout, hash) in actives(world) {
            let name = place(rollout);
            let stable = text(rollout, "/status/stableRS");
            if !stable.is_empty() {
                self.stable.insert((name.clone(), stable.to_owned()));
            }
            let before = self.active.insert(name.clone(), hash.clone());
            let known = self.stable.contains(&(name.clone(), hash.clone()));
            if before.as_ref() == Some(&hash) || stable.is_empty() || known {
                continue;
            }
            let asked = rollout.pointer("/spec/strategy/blueGreen/prePromotionAnalysis").is_some();
            let runs = world.runs(rollout, &hash, Some("PrePromotion"));
            let latest = runs.iter().max_by_key(|r| text(r, "/metadata/creationTimestamp").to_owned());
            let phase = latest.map(|r| text(r, "/status/phase")).unwrap_or("never begun");
            if asked && phase != "Successful" {
                return Err(format!("{name}: {hash} became active, its analysis is {phase}"));
            }
        }
        Ok(())
    }
}

/// 7: after a switch the pods that were active before stay for the delay.
#[derive(Default)]
pub struct OldStaysForItsDelay {
    active: BTreeMap<String, String>,
    left: BTreeMap<(String, String), (Timestamp, i64)>,
}

impl Invariant for OldStaysForItsDelay {
    fn name(&self) -> &'static str {
        "7 the old pods stay for their delay"
    }

    fn check(&mut self, world: &World, seen: &Seen<'_>) -> Result<(), String> {
        for (rollout, hash) in actives(world) {
            let before = self.active.insert(place(rollout), hash.clone());
            self.left.remove(&(place(rollout), hash.clone()));
            if let Some(before) = before.filter(|b| *b != hash) {
                let failed = text(rollout, "/status/stableRS") != before;
                let field = if failed { "abortScaleDownDelaySeconds" } else { "scaleDownDelaySeconds" };
                let delay = rollout.pointer("/spec/strategy/blueGreen").and_then(|b| b.get(field));
                let delay = delay.and_then(Value::as_i64).unwrap_or(30);
                self.left.insert((place(rollout), before), (world.now, delay));
            }
        }
        let Seen::Store { kind: "ReplicaSet", object, before: Some(before), .. } = seen else {
            return Ok(());
        };
        let replicas = |v: &Value| v.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(1);
        let Some(rollout) = world.owner(object) else { return Ok(()) };
        let key = (place(rollout), hash_of(object).to_owned());
        let Some((since, delay)) = self.left.get(&key) else { return Ok(()) };
        // who makes the Rollout smaller makes those that stay smaller, too
        if replicas(object) >= replicas(before).min(desired(rollout)) {
            return Ok(());
        }
        // deadlines in the store have whole seconds
        if world.now.duration_since(*since) < SignedDuration::from_secs(delay - 1) {
            return Err(format!("{} was scaled down, it was active until {since}", place(object)));
        }
        self.left.remove(&key);
        Ok(())
    }
}
