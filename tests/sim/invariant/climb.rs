//! Decides whether a canary climbs as its steps say: in order, not ahead of itself, waiting where it must.
//! It never decides by what the engine believes, only by what stands in the store.

use super::Invariant;
use crate::world::{Seen, World, desired, flag, hash_of, list, number, place, text, time};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::collections::BTreeMap;
use switchback::sandbox::Verb;

fn steps(rollout: &Value) -> &[Value] {
    list(rollout, "/spec/strategy/canary/steps")
}

fn replicas(set: &Value) -> i64 {
    set.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(1)
}

/// The weight that holds at step `index`.
fn weight_at(steps: &[Value], index: usize) -> i64 {
    if index >= steps.len() {
        return 100;
    }
    steps[..=index].iter().rev().find_map(|s| s.get("setWeight").and_then(Value::as_i64)).unwrap_or(0)
}

/// Whether the store shows that step `index` of the revision `hash` has done what it is for.
fn is_finished(world: &World, rollout: &Value, hash: &str, index: usize) -> bool {
    let step = &steps(rollout)[index];
    if step.get("setWeight").is_some() {
        let least = weight_at(steps(rollout), index) * desired(rollout) / 100;
        let set = world.set_with(rollout, hash);
        return set.is_some_and(|s| world.ready(s) >= least.max(i64::from(least > 0)));
    }
    if let Some(pause) = step.get("pause") {
        let seconds = pause.get("duration").and_then(duration);
        let began = list(rollout, "/status/pauseConditions").iter().find_map(|c| time(c, "/startTime"));
        let over = |(at, s): (Timestamp, i64)| at + SignedDuration::from_secs(s) <= world.now;
        let ended_by_user = flag(rollout, "/status/controllerPause") && began.is_none();
        return ended_by_user || began.zip(seconds).is_some_and(over);
    }
    let runs = world.runs(rollout, hash, Some("Step"));
    let of_step = |r: &&Value| text(r, "/metadata/labels/step-index") == index.to_string();
    runs.iter().any(|r| of_step(r) && text(r, "/status/phase") == "Successful")
}

fn duration(value: &Value) -> Option<i64> {
    let seconds = |t: &str| match (t.strip_suffix('s'), t.strip_suffix('m')) {
        (Some(s), _) => s.parse().ok(),
        (_, Some(m)) => m.parse::<i64>().ok().map(|m| m * 60),
        _ => t.parse().ok(),
    };
    value.as_i64().or_else(|| value.as_str().and_then(seconds))
}

/// 4: the new revision grows only to what the step allows that is the first one not finished.
pub struct StepsInOrder;

impl Invariant for StepsInOrder {
    fn name(&self) -> &'static str {
        "4 no step before the one before is finished"
    }

    fn check(&mut self, world: &World, seen: &Seen<'_>) -> Result<(), String> {
        let Seen::Store { verb, kind: "ReplicaSet", object, before } = seen else { return Ok(()) };
        if *verb == Verb::Deleted || replicas(object) <= before.map_or(0, replicas) {
            return Ok(());
        }
        let Some(rollout) = world.owner(object) else { return Ok(()) };
        let hash = hash_of(object);
        let stable = text(rollout, "/status/stableRS");
        let all = steps(rollout);
        if stable.is_empty() || stable == hash || all.is_empty() || flag(rollout, "/status/promoteFull") {
            return Ok(());
        }
        let began = text(rollout, "/status/currentPodHash") == hash && !flag(rollout, "/status/abort");
        let mut index = if began { number(rollout, "/status/currentStepIndex") as usize } else { 0 };
        while index < all.len() && is_finished(world, rollout, hash, index) {
            index += 1;
        }
        let most = (weight_at(all, index) * desired(rollout) + 99) / 100;
        if replicas(object) > most {
            let name = place(object);
            return Err(format!("{name} grows to {} although step {index} allows {most}", replicas(object)));
        }
        Ok(())
    }
}

/// 5: within one revision and one list of steps the index never falls, but to 0 by an abort.
pub struct StepNeverFalls;

impl Invariant for StepNeverFalls {
    fn name(&self) -> &'static str {
        "5 the step never falls"
    }

    fn check(&mut self, _: &World, seen: &Seen<'_>) -> Result<(), String> {
        let Seen::Store { kind: "Rollout", object, before: Some(before), .. } = seen else { return Ok(()) };
        let same = |p: &str| text(object, p) == text(before, p);
        if !same("/status/currentPodHash")
            || !same("/status/currentStepHash")
            || flag(object, "/status/abort")
        {
            return Ok(());
        }
        let index = |v: &Value| number(v, "/status/currentStepIndex");
        if index(object) < index(before) {
            return Err(format!("{} fell from {} to {}", place(object), index(before), index(object)));
        }
        Ok(())
    }
}

/// 9: a pause with a duration lasts so long, whatever happens to the engine meanwhile.
#[derive(Default)]
pub struct PausesLast {
    since: BTreeMap<String, (String, i64, String)>,
}

impl PausesLast {
    /// A step that pauses is not passed unless the store has shown the pause.
    fn check_skipped(&self, object: &Value, before: Option<&Value>) -> Result<(), String> {
        let Some(before) = before else { return Ok(()) };
        let same = |p: &str| text(object, p) == text(before, p);
        let free = flag(object, "/status/promoteFull") || flag(before, "/status/promoteFull");
        let stable = text(object, "/status/stableRS") == text(object, "/status/currentPodHash");
        if !same("/status/currentPodHash") || !same("/status/currentStepHash") || free || stable {
            return Ok(());
        }
        let index = |v: &Value| number(v, "/status/currentStepIndex");
        for at in index(before)..index(object) {
            let step = usize::try_from(at).ok().and_then(|i| steps(object).get(i));
            let pauses = step.is_some_and(|s| s.pointer("/pause/duration").is_some());
            if pauses && self.since.get(&place(object)).is_none_or(|(_, seen, ..)| *seen != at) {
                return Err(format!("{} has not paused at step {at}", place(object)));
            }
        }
        Ok(())
    }
}

impl Invariant for PausesLast {
    fn name(&self) -> &'static str {
        "9 a pause lasts as long as it says"
    }

    fn check(&mut self, world: &World, seen: &Seen<'_>) -> Result<(), String> {
        let Seen::Store { kind: "Rollout", object, before, .. } = seen else { return Ok(()) };
        self.check_skipped(object, *before)?;
        let (hash, index) =
            (text(object, "/status/currentPodHash").to_owned(), number(object, "/status/currentStepIndex"));
        let start = list(object, "/status/pauseConditions")
            .iter()
            .find(|c| text(c, "/reason") == "CanaryPauseStep")
            .map(|c| text(c, "/startTime").to_owned());
        let key = place(object);
        if let Some((of, at, began)) = self.since.get(&key).cloned() {
            let was_let_pass = before.is_some_and(|b| flag(b, "/status/promoteFull"));
            let is_stopped = flag(object, "/status/abort") || flag(object, "/status/promoteFull");
            let same = of == hash && !is_stopped && !was_let_pass;
            let step = usize::try_from(at).ok().and_then(|i| steps(object).get(i));
            let length = step.and_then(|s| s.pointer("/pause/duration")).and_then(duration);
            if same
                && index > at
                && let Some(length) = length
            {
                // from the start that the status notes: in whole seconds, and before the answer of its write
                let start = began.parse::<Timestamp>().unwrap();
                if world.now.duration_since(start) < SignedDuration::from_secs(length) {
                    return Err(format!("{key}: step {at} paused since {start}, not for {length} s"));
                }
            }
            if same && index == at && start.as_ref().is_some_and(|s| *s != began) {
                return Err(format!("{key}: the pause of step {at} began anew"));
            }
            if !same || index != at || start.is_none() {
                self.since.remove(&key);
            }
        }
        if let Some(start) = start {
            self.since.entry(key).or_insert((hash, index, start));
        }
        Ok(())
    }
}
