//! Decides how it goes with a Rollout, and in which words it is said what it waits for.
//! It never decides whether a failed one goes back in Git.

use crate::api::names;
use crate::api::phase::{PauseReason, RolloutPhase};
use crate::api::rollout::Rollout;
use crate::api::step::Step;
use crate::logic::health::row::{Health, progressing};
use crate::logic::rollout::phase;
use crate::logic::rollout::view::ReplicaSet;

/// How it goes with `rollout`, which has these ReplicaSets.
#[must_use]
pub(crate) fn health(rollout: &Rollout, sets: &[ReplicaSet]) -> Health {
    let (phase, message) = phase::observed(rollout);
    match phase {
        RolloutPhase::Healthy => counted(rollout, sets),
        RolloutPhase::Degraded => Health::Failed(format!("it is degraded: {message}")),
        RolloutPhase::Paused if waits_for_a_person(rollout) => {
            let (name, namespace) = (&rollout.metadata.name, &rollout.metadata.namespace);
            progressing(format!(
                "it is paused and waits for a person; go on with: switchback promote {name} -n {namespace}"
            ))
        }
        RolloutPhase::Paused => progressing(format!("it is paused: {message}")),
        _ if message.is_empty() => progressing("it is not reconciled yet"),
        _ => progressing(message),
    }
}

/// A Rollout that calls itself healthy is so once its pods are as many as they are to be, and its status says so.
fn counted(rollout: &Rollout, sets: &[ReplicaSet]) -> Health {
    let seen =
        |set: &&ReplicaSet| set.observed_generation < set.meta.generation || set.current != set.replicas;
    if let Some(set) = sets.iter().find(seen) {
        return progressing(format!("{} is still scaled to {} pods", set.meta.name, set.replicas));
    }
    let is_stale = |set: &&ReplicaSet| set.meta.annotation(names::STALE_METADATA).is_some();
    if let Some(set) = sets.iter().find(is_stale) {
        return progressing(format!("the pods of {} are being labelled", set.meta.name));
    }
    let all = sets.iter().map(|set| i64::from(set.current)).sum::<i64>();
    if all != i64::from(rollout.status.replicas) {
        return progressing(format!("its status counts {} pods of {all}", rollout.status.replicas));
    }
    Health::Healthy
}

/// Whether nothing but a person ends its pause.
fn waits_for_a_person(rollout: &Rollout) -> bool {
    let (strategy, status) = (&rollout.spec.strategy, &rollout.status);
    let index = usize::try_from(status.current_step_index.unwrap_or(0)).unwrap_or(0);
    let pause = strategy.canary.as_ref().and_then(|c| c.steps.get(index)).and_then(Step::pause);
    rollout.spec.paused
        || status.pause_conditions.iter().any(|condition| match condition.reason {
            PauseReason::CanaryPauseStep => pause.is_some_and(|p| p.duration.is_none()),
            PauseReason::BlueGreenPause => strategy.blue_green.as_ref().is_some_and(|b| !b.promotes_itself()),
            _ => true,
        })
}
