//! Decides whether what is told is true and fit to be told: generations, times, secrets.
//! It never reads anything but what stands in the store.

use super::Invariant;
use crate::shop::{SECRET, SECRET_ENCODED};
use crate::world::{Seen, World, list, number, place, text, time};

/// 16: a status never claims to have seen a generation that is not there yet.
pub struct GenerationNotAhead;

impl Invariant for GenerationNotAhead {
    fn name(&self) -> &'static str {
        "16 the observed generation is not ahead"
    }

    fn check(&mut self, _: &World, seen: &Seen<'_>) -> Result<(), String> {
        let Seen::Store { kind: "Rollout", object, before, .. } = seen else { return Ok(()) };
        let observed = |v| text(v, "/status/observedGeneration").parse::<i64>().unwrap_or(0);
        let generation = number(object, "/metadata/generation");
        if observed(object) > generation {
            return Err(format!("{} observed {}, it is at {generation}", place(object), observed(object)));
        }
        match before {
            Some(b) if observed(b) > observed(object) => Err(format!("{} observes less", place(object))),
            _ => Ok(()),
        }
    }
}

/// 17: there is one condition of each type, and its times only move forward. What changes and changes back within one
/// decision shows only by its time.
pub struct TimesMoveForward;

impl Invariant for TimesMoveForward {
    fn name(&self) -> &'static str {
        "17 times of conditions move forward"
    }

    fn check(&mut self, world: &World, seen: &Seen<'_>) -> Result<(), String> {
        let Seen::Store { kind: "Rollout", object, before, .. } = seen else { return Ok(()) };
        let conditions = list(object, "/status/conditions");
        for condition in conditions {
            let kind = text(condition, "/type");
            if conditions.iter().filter(|c| text(c, "/type") == kind).count() > 1 {
                return Err(format!("{} has two conditions {kind}", place(object)));
            }
            let at = time(condition, "/lastTransitionTime");
            if at.is_none_or(|at| at > world.now) {
                return Err(format!("{}: {kind} is from the future", place(object)));
            }
            let old = before.map(|b| list(b, "/status/conditions")).unwrap_or_default();
            let Some(old) = old.iter().find(|c| text(c, "/type") == kind) else { continue };
            let since = time(old, "/lastTransitionTime");
            if at < since || time(condition, "/lastUpdateTime") < time(old, "/lastUpdateTime") {
                return Err(format!("{}: {kind} goes back in time", place(object)));
            }
        }
        Ok(())
    }
}

/// 18: what stands in Secrets stands nowhere else.
pub struct SecretsStaySecret;

impl Invariant for SecretsStaySecret {
    fn name(&self) -> &'static str {
        "18 secrets stay secret"
    }

    fn check(&mut self, _: &World, seen: &Seen<'_>) -> Result<(), String> {
        let told = match seen {
            Seen::Store { kind: "Rollout" | "Event" | "AnalysisRun" | "ReplicaSet", object, .. } => {
                object.to_string()
            }
            Seen::Pushed { by_us: true, commit, .. } => commit.message.clone(),
            _ => return Ok(()),
        };
        if told.contains(SECRET) || told.contains(SECRET_ENCODED) {
            return Err(format!("a secret is told: {told}"));
        }
        Ok(())
    }
}
