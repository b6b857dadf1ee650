//! Decides the conditions of a Rollout: Progressing, Healthy, Paused, Available, Completed, ReplicaFailure, and ours.
//! It never decides the phase, which is read from them.

use crate::api::condition::ConditionStatus::{False, True, Unknown};
use crate::api::condition::ConditionType::{
    self, Available, Completed, Healthy, Held, Paused, Progressing, ReplicaFailure, WriteDenied,
};
use crate::api::condition::{Condition, ConditionReason, ConditionStatus};
use crate::api::event::EventReason;
use crate::api::names;
use crate::api::rollout::RolloutSpec;
use crate::api::status::RolloutStatus;
use crate::api::step::Step;
use crate::api::time::Time;
use crate::logic::rollout::abort::{AbortCause, Stuck};
use crate::logic::rollout::builder::Builder;
use crate::logic::rollout::view::{Aim, Denied};
use jiff::Timestamp;

/// Puts `new` in place of the condition of its type. A condition of equal status and reason stays as it is;
/// a changed one moves to the end. Answers whether something changed
/// (source: utils/conditions/conditions.go, `SetRolloutCondition`).
pub(crate) fn set(status: &mut RolloutStatus, mut new: Condition) -> bool {
    if let Some(present) = status.condition(&new.r#type) {
        if present.status == new.status && present.reason == new.reason {
            return false;
        }
        if present.status == new.status {
            new.last_transition_time = present.last_transition_time;
        }
    }
    remove(status, &new.r#type.clone());
    status.conditions.push(new);
    true
}

/// Takes the condition about `what` away (source: utils/conditions/conditions.go, `RemoveRolloutCondition`).
pub(crate) fn remove(status: &mut RolloutStatus, what: &ConditionType) {
    status.conditions.retain(|c| c.r#type != *what);
}

/// A condition that begins at `at` (source: utils/conditions/conditions.go, `NewRolloutCondition`).
#[must_use]
pub fn make(
    what: ConditionType,
    status: ConditionStatus,
    reason: ConditionReason,
    message: String,
    at: Time,
) -> Condition {
    Condition { r#type: what, status, last_update_time: at, last_transition_time: at, reason, message }
}

/// Whether `new` shows progress over `old` (source: utils/conditions/conditions.go, `RolloutProgressing`).
#[must_use]
pub fn shows_progress(spec: &RolloutSpec, old: &RolloutStatus, new: &RolloutStatus) -> bool {
    let strategy = if spec.strategy.blue_green.is_some() {
        old.blue_green.active_selector != new.blue_green.active_selector
            || old.blue_green.preview_selector != new.blue_green.preview_selector
    } else {
        let step = matches!((old.current_step_index, new.current_step_index), (Some(a), Some(b)) if a != b);
        old.stable_rs != new.stable_rs || step || old.current_step_hash != new.current_step_hash
    };
    new.updated_replicas != old.updated_replicas
        || new.replicas - new.updated_replicas < old.replicas - old.updated_replicas
        || new.ready_replicas > old.ready_replicas
        || new.available_replicas > old.available_replicas
        || strategy
}

/// Whether the current revision is the one promoted last
/// (source: utils/conditions/conditions.go, `RolloutCompleted`).
#[must_use]
pub(crate) fn is_completed(status: &RolloutStatus) -> bool {
    !status.stable_rs.is_empty() && status.stable_rs == status.current_pod_hash
}

/// Whether everything is as the spec wants it. `old` says whether this generation was reconciled before
/// (source: utils/conditions/conditions.go, `RolloutHealthy`).
#[must_use]
pub(crate) fn is_healthy(
    spec: &RolloutSpec,
    generation: i64,
    old: &RolloutStatus,
    new: &RolloutStatus,
) -> bool {
    let replicas = spec.replicas();
    let strategy = if let Some(blue_green) = &spec.strategy.blue_green {
        let selectors = &new.blue_green;
        let preview = blue_green.preview_service.as_deref().is_none_or(str::is_empty)
            || selectors.preview_selector == new.current_pod_hash;
        preview && selectors.active_selector == new.current_pod_hash
    } else {
        let steps = spec.strategy.canary.as_ref().map_or(0, crate::api::strategy::Canary::step_count);
        let done = steps == 0 || new.current_step_index.is_none_or(|i| i == steps);
        done && is_completed(new) && new.replicas == replicas
    };
    new.updated_replicas == replicas
        && new.available_replicas == replicas
        && old.observed_generation == generation.to_string()
        && strategy
}

/// When the progress deadline is missed, if it can be: not while paused, aborted or already missed.
#[must_use]
pub(crate) fn deadline(spec: &RolloutSpec, status: &RolloutStatus) -> Option<Timestamp> {
    let progressing = status.condition(&Progressing)?;
    let waits =
        matches!(progressing.reason, ConditionReason::RolloutAborted | ConditionReason::RolloutPaused);
    (!waits).then(|| progressing.last_update_time.plus_seconds(i64::from(spec.progress_deadline_seconds())))
}

/// The condition that says that the progress deadline was missed, if it does.
fn missed(status: &RolloutStatus) -> Option<&Condition> {
    status.condition(&Progressing).filter(|c| c.reason == ConditionReason::ProgressDeadlineExceeded)
}

/// Whether the progress deadline is missed (source: utils/conditions/conditions.go, `RolloutTimedOut`).
#[must_use]
pub fn is_timed_out(spec: &RolloutSpec, status: &RolloutStatus, now: Timestamp) -> bool {
    missed(status).is_some() || deadline(spec, status).is_some_and(|at| at < now)
}

/// Whether the Rollout is at a point where waiting is no lack of progress.
#[must_use]
pub(crate) fn may_wait(builder: &Builder<'_>) -> bool {
    let index = builder.old().current_step_index.unwrap_or(0);
    let step = builder.canary().and_then(|c| c.steps.get(usize::try_from(index).ok()?));
    let waits_at_step = step
        .is_some_and(|s| matches!(s, Step::Experiment(_)) || s.analysis().is_some() || s.pause().is_some());
    let paused = builder.old().condition(&Paused).is_some_and(Condition::is_true);
    waits_at_step || paused || builder.others().iter().any(|s| s.has_deadline())
}

/// Writes the conditions that follow from the facts into `status`
/// (source: rollout/sync.go, `calculateRolloutConditions`).
pub(crate) fn write_into(builder: &mut Builder<'_>, status: &mut RolloutStatus) {
    let spec = builder.spec();
    let generation = builder.view().rollout.metadata.generation;
    let at = builder.time();
    let paused = !builder.old().pause_conditions.is_empty() || spec.paused;
    let healthy = is_healthy(spec, generation, builder.old(), status);
    let mut became_unhealthy = false;
    if healthy && !paused {
        set(
            status,
            make(Healthy, True, ConditionReason::RolloutHealthy, "Rollout is healthy".to_owned(), at),
        );
    } else if builder.old().condition(&Healthy).is_some() {
        let message = "Rollout is not healthy".to_owned();
        became_unhealthy = set(status, make(Healthy, False, ConditionReason::RolloutHealthy, message, at));
    }
    if builder.is_aborted() {
        write_abort(builder, status);
    } else if healthy {
        let name = builder.new_replica_set().map_or("", |s| s.meta.name.as_str());
        let message = format!("ReplicaSet \"{name}\" has successfully progressed.");
        set(status, make(Progressing, True, ConditionReason::NewReplicaSetAvailable, message, at));
    } else if shows_progress(spec, builder.old(), status) || became_unhealthy {
        write_progress(builder, status, became_unhealthy);
    } else if !may_wait(builder) && is_timed_out(spec, status, builder.now()) {
        write_timeout(builder, status);
    }
    write_availability(builder, status);
    write_completion(builder, status);
}

/// The same while the cluster refuses to make the ReplicaSet of the current template, with what it says of it. Only the
/// first refusal of a template begins the time of the deadline, which then runs like any other
/// (source: rollout/sync.go, `createDesiredReplicaSet`).
pub(crate) fn write_refused(
    builder: &mut Builder<'_>,
    status: &mut RolloutStatus,
    is_first: bool,
    message: String,
) {
    if builder.old().condition(&Healthy).is_some() {
        let message = "Rollout is not healthy".to_owned();
        set(status, make(Healthy, False, ConditionReason::RolloutHealthy, message, builder.time()));
    }
    let reason = builder.old().condition(&Progressing).filter(|_| !is_first).map(|c| &c.reason);
    let is_told = matches!(
        reason,
        Some(
            ConditionReason::ReplicaSetCreateError
                | ConditionReason::ProgressDeadlineExceeded
                | ConditionReason::RolloutPaused
        )
    );
    if !is_first && builder.is_aborted() {
        write_abort(builder, status);
    } else if !is_told {
        remove(status, &Progressing);
        let reason = ConditionReason::ReplicaSetCreateError;
        set(status, make(Progressing, False, reason, message.clone(), builder.time()));
        builder.warn(EventReason::ReplicaSetCreateError, message.clone());
    } else if is_timed_out(builder.spec(), status, builder.now()) {
        write_timeout(builder, status);
    }
    write_availability(builder, status);
    write_completion(builder, status);
    // Told beside the progress, so that a missed deadline and an abort do not take it away.
    let known = builder.old().condition(&ReplicaFailure).filter(|_| !is_first).cloned();
    let failure = make(ReplicaFailure, True, ConditionReason::ReplicaSetCreateError, message, builder.time());
    set(status, known.filter(|k| k.reason == failure.reason).unwrap_or(failure));
}

fn write_abort(builder: &mut Builder<'_>, status: &mut RolloutStatus) {
    let missed = || missed(status).map(|c| AbortCause::read(&c.message));
    let cause = builder
        .intent
        .abort_cause()
        .cloned()
        .or_else(missed)
        .unwrap_or(AbortCause::User { said: String::new() });
    let message = cause.message(builder.revision());
    if set(status, make(Progressing, False, ConditionReason::RolloutAborted, message.clone(), builder.time()))
    {
        builder.warn(EventReason::RolloutAborted, message);
    }
}

fn write_progress(builder: &Builder<'_>, status: &mut RolloutStatus, became_unhealthy: bool) {
    let (reason, message) = if became_unhealthy && status.stable_rs == status.current_pod_hash {
        (ConditionReason::ReplicaSetNotAvailable, "Rollout does not have minimum availability".to_owned())
    } else {
        let message = match builder.new_replica_set() {
            Some(replica_set) => format!("ReplicaSet \"{}\" is progressing.", replica_set.meta.name),
            None => format!("Rollout \"{}\" is progressing.", builder.view().rollout.metadata.name),
        };
        (ConditionReason::ReplicaSetUpdated, message)
    };
    let mut new = make(Progressing, True, reason, message, builder.time());
    if let Some(present) = builder.old().condition(&Progressing).filter(|c| c.is_true()) {
        new.last_transition_time = present.last_transition_time;
    }
    remove(status, &Progressing); // progress counts from now, even if the words stay the same
    status.conditions.push(new);
}

fn write_timeout(builder: &mut Builder<'_>, status: &mut RolloutStatus) {
    let stuck = match builder.new_replica_set() {
        Some(replica_set) => Stuck::ReplicaSet(replica_set.meta.name.clone()),
        None => Stuck::Rollout(builder.view().rollout.metadata.name.clone()),
    };
    let message = stuck.message();
    set(
        status,
        make(Progressing, False, ConditionReason::ProgressDeadlineExceeded, message.clone(), builder.time()),
    );
    // What was promoted once is no update any more, so that there is none to abort
    // (source: rollout/sync.go, `evaluateProgressDeadlineAbort`).
    if builder.spec().progress_deadline_abort && !is_completed(status) {
        builder.intent.abort(AbortCause::Deadline(stuck));
        builder.warn(EventReason::RolloutAborted, message);
    }
}

fn write_availability(builder: &Builder<'_>, status: &mut RolloutStatus) {
    let replicas = builder.spec().replicas();
    let available = if builder.blue_green().is_some() {
        let active = &status.blue_green.active_selector;
        builder
            .replica_sets()
            .iter()
            .any(|s| !active.is_empty() && s.hash == *active && s.is_saturated(replicas))
    } else {
        builder.available_of_all() >= replicas
    };
    let (state, message) = if available {
        (True, "Rollout has minimum availability")
    } else {
        (False, "Rollout does not have minimum availability")
    };
    set(status, make(Available, state, ConditionReason::AvailableReason, message.to_owned(), builder.time()));
}

fn write_completion(builder: &mut Builder<'_>, status: &mut RolloutStatus) {
    let failure = builder
        .new_replica_set()
        .and_then(|s| s.failure.clone())
        .or_else(|| builder.replica_sets().iter().find_map(|s| s.failure.clone()))
        .or_else(|| denied_update(builder));
    match failure {
        Some(failure) => {
            let (is_denied, message) =
                (failure.reason == ConditionReason::ReplicaSetUpdateError, failure.message.clone());
            if set(status, failure) && is_denied {
                builder.warn(EventReason::ReplicaSetUpdateError, message);
            }
        }
        None => remove(status, &ReplicaFailure),
    }
    let is_done = is_completed(status);
    let (reason, state) = (ConditionReason::RolloutCompleted, if is_done { True } else { False });
    let message = reason.to_string();
    if set(status, make(Completed, state, reason, message, builder.time())) && !is_done {
        let message = format!(
            "Rollout not completed, started update to revision {} ({})",
            builder.revision(),
            status.current_pod_hash
        );
        builder.event(EventReason::RolloutNotCompleted, message);
    }
}

/// That the cluster denies a write to a ReplicaSet. It stays said of an update that was aborted, as it may be why.
fn denied_update(builder: &Builder<'_>) -> Option<Condition> {
    let reason = ConditionReason::ReplicaSetUpdateError;
    let known = builder.old().condition(&ReplicaFailure).filter(|c| c.reason == reason);
    match builder.view().denied.iter().find(|d| d.waits && d.kind == "ReplicaSet") {
        Some(denied) => Some(make(ReplicaFailure, True, reason, denied.message(), builder.time())),
        None => known.filter(|_| builder.is_aborted() && !builder.template_changed()).cloned(),
    }
}

/// Says that the cluster denies a write to another object; that is a condition of ours, and stays said in the same way.
pub(crate) fn write_denied(builder: &mut Builder<'_>, status: &mut RolloutStatus) {
    let is_other = |d: &&Denied| d.waits && d.kind != "ReplicaSet" && d.aim != Aim::Status;
    let Some(message) = builder.view().denied.iter().find(is_other).map(Denied::message) else {
        if !builder.is_aborted() || builder.template_changed() {
            remove(status, &WriteDenied);
        }
        return;
    };
    if status.condition(&WriteDenied).is_none_or(|c| c.message != message) {
        remove(status, &WriteDenied);
        let reason = ConditionReason::ReconciliationError;
        set(status, make(WriteDenied, True, reason, message.clone(), builder.time()));
        builder.warn(EventReason::ReconciliationError, message);
    }
}

/// Says that the delivery of the Rollout holds it, as the annotation does; that is a condition of ours.
pub(crate) fn write_held(builder: &Builder<'_>, status: &mut RolloutStatus) {
    let Some(why) = builder.view().rollout.metadata.annotation(names::HELD) else {
        return remove(status, &Held);
    };
    if status.condition(&Held).is_none_or(|c| c.message != why) {
        remove(status, &Held);
        let reason = ConditionReason::HeldByDelivery;
        set(status, make(Held, True, reason, why.to_owned(), builder.time()));
    }
}

/// Writes what follows from pauses and aborts alone, before anything else is decided; answers whether
/// something changed (source: rollout/sync.go, `checkPausedConditions`).
pub(crate) fn check_paused(builder: &mut Builder<'_>) -> bool {
    let at = builder.time();
    let says =
        |reason: ConditionReason| builder.old().condition(&Progressing).is_some_and(|c| c.reason == reason);
    let paused = !builder.old().pause_conditions.is_empty() || builder.spec().paused;
    let aborted = says(ConditionReason::RolloutAborted);
    let said_paused = builder.old().condition(&Paused).is_some_and(Condition::is_true);
    let mut new = Vec::new();
    let unknown =
        |reason: ConditionReason, message: &str| make(Progressing, Unknown, reason, message.to_owned(), at);
    if paused != says(ConditionReason::RolloutPaused) && !aborted && !is_completed(builder.old()) {
        new.push(if paused {
            unknown(ConditionReason::RolloutPaused, "Rollout is paused")
        } else {
            unknown(ConditionReason::RolloutResumed, "Rollout is resumed")
        });
    }
    if !builder.old().abort && aborted {
        new.push(unknown(ConditionReason::RolloutRetry, "Retrying Rollout after abort"));
    }
    if paused != said_paused && !aborted {
        let state = if paused { True } else { False };
        new.push(make(Paused, state, ConditionReason::RolloutPaused, "Rollout is paused".to_owned(), at));
    }
    let mut changed = false;
    for condition in new {
        changed |= set(&mut builder.status, condition);
    }
    changed
}
