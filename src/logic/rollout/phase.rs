//! Decides the phase of a Rollout and its message from spec and status alone.
//! It never changes the conditions it reads.

use crate::api::condition::{ConditionReason, ConditionType};
use crate::api::names;
use crate::api::phase::RolloutPhase;
use crate::api::rollout::{Rollout, RolloutSpec};
use crate::api::run::Phase;
use crate::api::status::RolloutStatus;

/// `phase` and `message` of the status.
pub(crate) type PhaseAndMessage = (RolloutPhase, String);

/// Whether the current revision is the one promoted last (source: utils/rollout/rolloututil.go, `IsFullyPromoted`).
#[must_use]
pub(crate) fn is_fully_promoted(status: &RolloutStatus) -> bool {
    status.stable_rs == status.current_pod_hash
}

/// The phase that spec and status amount to; the first rule that applies wins
/// (source: utils/rollout/rolloututil.go, `CalculateRolloutPhase`).
#[must_use]
pub(crate) fn calculate(spec: &RolloutSpec, status: &RolloutStatus) -> PhaseAndMessage {
    let progressing = |text: &str| (RolloutPhase::Progressing, text.to_owned());
    for c in &status.conditions {
        if c.r#type == ConditionType::InvalidSpec {
            return (RolloutPhase::Degraded, format!("{}: {}", c.r#type, c.message));
        }
        if matches!(c.reason, ConditionReason::RolloutAborted | ConditionReason::ProgressDeadlineExceeded) {
            return (RolloutPhase::Degraded, format!("{}: {}", c.reason, c.message));
        }
    }
    if spec.paused {
        return (RolloutPhase::Paused, "manually paused".to_owned());
    }
    if let Some(pause) = status.pause_conditions.first() {
        return (RolloutPhase::Paused, pause.reason.to_string());
    }
    if spec.restart_at.is_some() && spec.restart_at != status.restarted_at {
        return progressing("rollout is restarting");
    }
    if status.updated_replicas < spec.replicas() {
        return progressing("more replicas need to be updated");
    }
    if status.available_replicas < status.updated_replicas {
        return progressing("updated replicas are still becoming available");
    }
    if let Some(blue_green) = &spec.strategy.blue_green {
        let current = &status.current_pod_hash;
        if status.blue_green.active_selector.is_empty() || status.blue_green.active_selector != *current {
            return progressing("active service cutover pending");
        }
        if status.stable_rs.is_empty() || !is_fully_promoted(status) {
            let run = status.blue_green.post_promotion_analysis_run_status.as_ref();
            let running = run.is_none_or(|r| !r.phase().is_some_and(Phase::is_completed));
            let text = if blue_green.post_promotion_analysis.is_some() && running {
                "waiting for analysis to complete"
            } else {
                "waiting for post-promotion verification to complete"
            };
            return progressing(text);
        }
    } else if let Some(canary) = &spec.strategy.canary {
        if canary.traffic_routing.is_none() && status.replicas > status.updated_replicas {
            return progressing("old replicas are pending termination");
        }
        if status.stable_rs.is_empty() || !is_fully_promoted(status) {
            return progressing("waiting for all steps to complete");
        }
    }
    (RolloutPhase::Healthy, String::new())
}

/// The phase as a client should see it: what the controller has not reconciled yet comes first
/// (source: utils/rollout/rolloututil.go, `GetRolloutPhase`).
#[must_use]
pub fn observed(rollout: &Rollout) -> PhaseAndMessage {
    let (meta, spec, status) = (&rollout.metadata, &rollout.spec, &rollout.status);
    let waiting = |text: &str| (RolloutPhase::Progressing, text.to_owned());
    if status.observed_generation.parse::<i64>().is_ok_and(|seen| seen < meta.generation) {
        return waiting("waiting for rollout spec update to be observed");
    }
    if status.controller_pause && status.pause_conditions.is_empty() {
        return waiting("waiting for rollout to unpause");
    }
    let workload = meta.annotation(names::WORKLOAD_GENERATION).filter(|_| spec.workload_ref.is_some());
    if workload.is_some_and(|generation| generation != status.workload_observed_generation) {
        return waiting("waiting for rollout spec update to be observed for the reference workload");
    }
    let message = status.message.clone();
    match status.phase.clone() {
        None => calculate(spec, status),
        Some(RolloutPhase::Other(_)) => (RolloutPhase::Progressing, message),
        Some(phase) => (phase, message),
    }
}
