//! Decides the status that every strategy begins with and ends with, and the patch that writes it.
//! It never decides a step or a switch.

use crate::api::condition::{ConditionReason, ConditionType};
use crate::api::event::EventReason;
use crate::api::names;
use crate::api::phase::RolloutPhase;
use crate::api::status::RolloutStatus;
use crate::logic::rollout::builder::Builder;
use crate::logic::rollout::{conditions, injected, pause, phase};
use serde_json::{Map, Value};

/// The part of the status that follows from the facts under every strategy. What is not named here is gone
/// unless the pass sets it again: a pause, an analysis, a promotion asked for
/// (source: rollout/sync.go, `calculateBaseStatus`).
#[must_use]
pub(crate) fn base(builder: &Builder<'_>) -> RolloutStatus {
    let old = builder.old();
    let current =
        builder.new_replica_set().map_or_else(|| builder.view().pod_hash.clone(), |s| s.hash.clone());
    let mut status = RolloutStatus {
        replicas: builder.replica_sets().iter().map(|s| s.current).sum(),
        updated_replicas: builder.new_replica_set().map_or(0, |s| s.current),
        ready_replicas: builder.replica_sets().iter().map(|s| s.ready).sum(),
        available_replicas: builder.available_of_all(),
        collision_count: old.collision_count,
        conditions: builder.status.conditions.clone(),
        restarted_at: builder.status.restarted_at,
        canary: builder.canary().map(|_| builder.status.canary.clone()).unwrap_or_default(),
        blue_green: builder.blue_green().map(|_| builder.status.blue_green.clone()).unwrap_or_default(),
        stable_rs: old.stable_rs.clone(),
        promote_full: old.promote_full && current != old.stable_rs,
        current_pod_hash: current,
        ..RolloutStatus::default()
    };
    status.hpa_replicas = status.replicas;
    status.selector = builder.view().selector.to_string();
    conditions::remove(&mut status, &ConditionType::InvalidSpec);
    status
}

/// Takes back everything that belonged to the revision or the steps before
/// (source: rollout/sync.go, `resetRolloutStatus`).
pub(crate) fn reset(builder: &mut Builder<'_>, status: &mut RolloutStatus) {
    builder.intent.clear();
    status.restarted_at = builder.spec().restart_at;
    status.promote_full = false;
    status.blue_green.pre_promotion_analysis_run_status = None;
    status.blue_green.post_promotion_analysis_run_status = None;
    status.blue_green.scale_up_preview_check_point = false;
    status.canary = Default::default();
    status.current_step_index = builder.canary().filter(|c| !c.steps.is_empty()).map(|_| 0);
}

/// Makes the current revision the stable one (source: rollout/sync.go, `promoteStable`).
pub(crate) fn promote(builder: &mut Builder<'_>, status: &mut RolloutStatus, why: &str) {
    builder.intent.clear();
    status.promote_full = false;
    status.blue_green.scale_up_preview_check_point = false;
    if let Some(canary) = builder.canary() {
        status.current_step_index = Some(canary.step_count()).filter(|n| *n > 0);
    }
    if status.stable_rs != status.current_pod_hash {
        status.stable_rs.clone_from(&status.current_pod_hash);
        let message = format!(
            "Rollout completed update to revision {} ({}): {why}",
            builder.revision(),
            status.current_pod_hash
        );
        builder.event(EventReason::RolloutCompleted, message);
    }
}

/// Ends the pass: conditions, pauses, generation and phase, in the order in which they depend on each other
/// (source: rollout/sync.go, `persistRolloutStatus`).
pub(crate) fn persist(builder: &mut Builder<'_>, mut status: RolloutStatus) {
    conditions::write_into(builder, &mut status);
    finish(builder, status);
}

/// Ends a pass that leaves the conditions as they are.
pub(crate) fn finish(builder: &mut Builder<'_>, mut status: RolloutStatus) {
    pause::write_into(builder, &mut status);
    status.workload_observed_generation = match &builder.view().workload {
        Some(workload) => workload.generation.to_string(),
        None => String::new(),
    };
    observe(builder, &mut status);
    let (was, is) = (!builder.old().pause_conditions.is_empty(), !status.pause_conditions.is_empty());
    if let Some(first) = status.pause_conditions.first().filter(|_| is && !was) {
        let message = format!("Rollout is paused ({})", first.reason);
        builder.event(EventReason::RolloutPaused, message);
    } else if was && !is && status.aborted_at.is_none() {
        builder.event(EventReason::RolloutResumed, "Rollout is resumed".to_owned());
    }
    builder.status = status;
}

/// Says that this generation was reconciled, and the phase that the status amounts to.
pub(crate) fn observe(builder: &mut Builder<'_>, status: &mut RolloutStatus) {
    conditions::write_held(builder, status);
    conditions::write_denied(builder, status);
    status.observed_generation = builder.view().rollout.metadata.generation.to_string();
    let (mut phase, mut message) = phase::calculate(builder.spec(), status);
    // Argo Rollouts labels pods before it writes the status: whoever waits for health finds them labelled.
    if phase == RolloutPhase::Healthy
        && status.condition(&ConditionType::WriteDenied).is_none()
        && let Some(set) = injected::metadata::unlabelled(builder)
    {
        (phase, message) =
            (RolloutPhase::Progressing, format!("the pods of {} are being labelled", set.meta.name));
    }
    status.phase = Some(phase);
    status.message = message;
}

/// The annotation that shows clients which generation of the workload the Rollout has taken over.
pub(crate) fn annotate_workload(builder: &mut Builder<'_>) {
    let Some(workload) = &builder.view().workload else { return };
    let generation = workload.generation.to_string();
    if builder.view().rollout.metadata.annotation(names::WORKLOAD_GENERATION) != Some(&generation) {
        builder.annotate(names::WORKLOAD_GENERATION, generation);
    }
}

/// The merge patch from one status to the other; none when they are equal. Lists are replaced whole.
#[must_use]
pub(crate) fn patch(from: &RolloutStatus, to: &RolloutStatus) -> Option<Value> {
    if from == to {
        return None; // as in most decisions
    }
    let (Ok(from), Ok(to)) = (serde_json::to_value(from), serde_json::to_value(to)) else { return None };
    let patch = crate::merge::json::diff(&from, &to);
    patch.as_object().is_some_and(|m| !m.is_empty()).then(|| {
        let mut body = Map::new();
        body.insert("status".to_owned(), patch);
        Value::Object(body)
    })
}

/// Whether two statuses differ only in numbers of pods.
#[must_use]
pub(crate) fn differ_only_in_counts(from: &RolloutStatus, to: &RolloutStatus) -> bool {
    let mut leveled = to.clone();
    leveled.replicas = from.replicas;
    leveled.updated_replicas = from.updated_replicas;
    leveled.ready_replicas = from.ready_replicas;
    leveled.available_replicas = from.available_replicas;
    leveled.hpa_replicas = from.hpa_replicas;
    let touched = |s: &RolloutStatus| {
        let mut s = s.clone();
        s.message.clear();
        for c in &mut s.conditions {
            let progress =
                c.r#type == ConditionType::Progressing && c.reason == ConditionReason::ReplicaSetUpdated;
            if progress {
                c.last_update_time = crate::api::time::Time::of(jiff::Timestamp::UNIX_EPOCH);
            }
        }
        s.conditions.sort_by(|a, b| a.r#type.cmp(&b.r#type));
        s
    };
    touched(from) == touched(&leveled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logic::rollout::view::View;
    use serde_json::json;

    #[test]
    fn nothing_is_left_of_the_other_strategy() {
        let run = json!({"name": "r", "status": "Successful"});
        let status = json!({"blueGreen": {"activeSelector": "a", "prePromotionAnalysisRunStatus": run},
            "canary": {"currentStepAnalysisRunStatus": run}});
        for (strategy, gone, stays) in [
            ("canary", "/blueGreen/activeSelector", "/canary"),
            ("blueGreen", "/canary/currentStepAnalysisRunStatus", "/blueGreen"),
        ] {
            let rollout = json!({"spec": {"strategy": {(strategy): {}}}, "status": status});
            let view = View { rollout: serde_json::from_value(rollout).unwrap(), ..View::default() };
            let base = serde_json::to_value(base(&Builder::new(&view, jiff::Timestamp::UNIX_EPOCH))).unwrap();
            assert_eq!(
                (base.pointer(gone), base.pointer(stays)),
                (None, status.pointer(stays)),
                "{strategy}"
            );
        }
    }
}
