//! Decides the conditions of a Rollout: Progressing, Healthy, Paused, Available, Completed, ReplicaFailure.
//! It never decides the phase, which is read from them.

use crate::api::rollout::RolloutSpec;
use crate::api::status::{Condition, RolloutStatus};
use crate::api::time::Time;
use crate::logic::rollout::phase::condition;
use crate::logic::rollout::work::Work;
use jiff::Timestamp;

/// Puts `new` in place of the condition of its type. A condition of equal status and reason stays as it is;
/// a changed one moves to the end. Answers whether something changed.
pub fn set(status: &mut RolloutStatus, mut new: Condition) -> bool {
    if let Some(present) = condition(status, &new.r#type) {
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

/// Takes the condition of type `kind` away.
pub fn remove(status: &mut RolloutStatus, kind: &str) {
    status.conditions.retain(|c| c.r#type != kind);
}

/// A condition that begins at `at`.
#[must_use]
pub fn make(kind: &str, state: &str, reason: &str, message: String, at: Time) -> Condition {
    Condition {
        r#type: kind.to_owned(),
        status: state.to_owned(),
        last_update_time: at,
        last_transition_time: at,
        reason: reason.to_owned(),
        message,
    }
}

/// Whether `new` shows progress over `old`.
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

/// Whether the current revision is the one promoted last.
#[must_use]
pub fn is_completed(status: &RolloutStatus) -> bool {
    !status.stable_rs.is_empty() && status.stable_rs == status.current_pod_hash
}

/// Whether everything is as the spec wants it. `old` tells whether this generation was looked at before.
#[must_use]
pub fn is_healthy(spec: &RolloutSpec, generation: i64, old: &RolloutStatus, new: &RolloutStatus) -> bool {
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
pub fn deadline(spec: &RolloutSpec, status: &RolloutStatus) -> Option<Timestamp> {
    let progressing = condition(status, "Progressing")?;
    let waits = matches!(progressing.reason.as_str(), "RolloutAborted" | "RolloutPaused");
    (!waits).then(|| progressing.last_update_time.plus_seconds(i64::from(spec.progress_deadline_seconds())))
}

/// Whether the progress deadline is missed.
#[must_use]
pub fn is_timed_out(spec: &RolloutSpec, status: &RolloutStatus, now: Timestamp) -> bool {
    let missed_before =
        condition(status, "Progressing").is_some_and(|c| c.reason == "ProgressDeadlineExceeded");
    missed_before || deadline(spec, status).is_some_and(|at| at < now)
}

/// Whether the Rollout is at a point where waiting is no lack of progress.
#[must_use]
pub fn may_wait(work: &Work<'_>) -> bool {
    let index = work.old.current_step_index.unwrap_or(0);
    let step = work.canary().and_then(|c| c.steps.get(usize::try_from(index).ok()?));
    let waits_at_step =
        step.is_some_and(|s| s.experiment.is_some() || s.analysis.is_some() || s.pause.is_some());
    let paused = condition(&work.old, "Paused").is_some_and(|c| c.status == "True");
    waits_at_step || paused || work.others().iter().any(|s| s.has_deadline())
}

/// Writes the conditions that follow from the facts into `status`.
pub fn write_into(work: &mut Work<'_>, status: &mut RolloutStatus) {
    let spec = work.spec();
    let generation = work.view.rollout.metadata.generation;
    let at = work.time();
    let paused = !work.old.pause_conditions.is_empty() || spec.paused;
    let healthy = is_healthy(spec, generation, &work.old, status);
    let mut became_unhealthy = false;
    if healthy && !paused {
        set(status, make("Healthy", "True", "RolloutHealthy", "Rollout is healthy".to_owned(), at));
    } else if condition(&work.old, "Healthy").is_some() {
        let message = "Rollout is not healthy".to_owned();
        became_unhealthy = set(status, make("Healthy", "False", "RolloutHealthy", message, at));
    }
    if work.is_aborted() {
        write_abort(work, status);
    } else if healthy {
        let name = work.new_set().map_or("", |s| s.meta.name.as_str());
        let message = format!("ReplicaSet \"{name}\" has successfully progressed.");
        set(status, make("Progressing", "True", "NewReplicaSetAvailable", message, at));
    } else if shows_progress(spec, &work.old, status) || became_unhealthy {
        write_progress(work, status, became_unhealthy);
    } else if !may_wait(work) && is_timed_out(spec, status, work.now) {
        write_timeout(work, status);
    }
    write_availability(work, status);
    write_completion(work, status);
}

fn write_abort(work: &mut Work<'_>, status: &mut RolloutStatus) {
    let mut message = format!("Rollout aborted update to revision {}", work.revision());
    let missed = condition(status, "Progressing").filter(|c| c.reason == "ProgressDeadlineExceeded");
    let reason = work.intent.abort.clone().or(missed.map(|c| c.message.clone()));
    if let Some(reason) = reason.filter(|r| !r.is_empty()) {
        message = format!("{message}: {reason}");
    }
    if set(status, make("Progressing", "False", "RolloutAborted", message.clone(), work.time())) {
        work.warn("RolloutAborted", message);
    }
}

fn write_progress(work: &Work<'_>, status: &mut RolloutStatus, became_unhealthy: bool) {
    let (reason, message) = if became_unhealthy && status.stable_rs == status.current_pod_hash {
        ("ReplicaSetNotAvailable", "Rollout does not have minimum availability".to_owned())
    } else {
        let message = match work.new_set() {
            Some(set) => format!("ReplicaSet \"{}\" is progressing.", set.meta.name),
            None => format!("Rollout \"{}\" is progressing.", work.view.rollout.metadata.name),
        };
        ("ReplicaSetUpdated", message)
    };
    let mut new = make("Progressing", "True", reason, message, work.time());
    if let Some(present) = condition(&work.old, "Progressing").filter(|c| c.status == "True") {
        new.last_transition_time = present.last_transition_time;
    }
    remove(status, "Progressing"); // progress counts from now, even if the words stay the same
    status.conditions.push(new);
}

fn write_timeout(work: &mut Work<'_>, status: &mut RolloutStatus) {
    let message = match work.new_set() {
        Some(set) => format!("ReplicaSet \"{}\" has timed out progressing.", set.meta.name),
        None => format!("Rollout \"{}\" has timed out progressing.", work.view.rollout.metadata.name),
    };
    set(status, make("Progressing", "False", "ProgressDeadlineExceeded", message.clone(), work.time()));
    if work.spec().progress_deadline_abort {
        work.intent.abort = Some(message.clone());
        work.warn("RolloutAborted", message);
    }
}

fn write_availability(work: &Work<'_>, status: &mut RolloutStatus) {
    let replicas = work.spec().replicas();
    let available = if work.blue_green().is_some() {
        let active = &status.blue_green.active_selector;
        work.sets.iter().any(|s| !active.is_empty() && s.hash == *active && s.is_saturated(replicas))
    } else {
        work.available_of_all() >= replicas
    };
    let (state, message) = if available {
        ("True", "Rollout has minimum availability")
    } else {
        ("False", "Rollout does not have minimum availability")
    };
    set(status, make("Available", state, "AvailableReason", message.to_owned(), work.time()));
}

fn write_completion(work: &mut Work<'_>, status: &mut RolloutStatus) {
    let failure = work
        .new_set()
        .and_then(|s| s.failure.clone())
        .or_else(|| work.sets.iter().find_map(|s| s.failure.clone()));
    match failure {
        Some(failure) => {
            set(status, failure);
        }
        None => remove(status, "ReplicaFailure"),
    }
    let state = if is_completed(status) { "True" } else { "False" };
    let word = "RolloutCompleted".to_owned();
    if set(status, make("Completed", state, "RolloutCompleted", word, work.time())) && state == "False" {
        let message = format!(
            "Rollout not completed, started update to revision {} ({})",
            work.revision(),
            status.current_pod_hash
        );
        work.tell("RolloutNotCompleted", message);
    }
}

/// Writes what follows from pauses and aborts alone, before anything else is looked at; answers whether
/// something changed.
pub fn check_paused(work: &mut Work<'_>) -> bool {
    let at = work.time();
    let progressing = condition(&work.old, "Progressing").map(|c| c.reason.clone());
    let says = |reason: &str| progressing.as_deref() == Some(reason);
    let paused = !work.old.pause_conditions.is_empty() || work.spec().paused;
    let aborted = says("RolloutAborted");
    let said_paused = condition(&work.old, "Paused").is_some_and(|c| c.status == "True");
    let mut new = Vec::new();
    let unknown =
        |reason: &str, message: &str| make("Progressing", "Unknown", reason, message.to_owned(), at);
    if paused != says("RolloutPaused") && !aborted && !is_completed(&work.old) {
        new.push(if paused {
            unknown("RolloutPaused", "Rollout is paused")
        } else {
            unknown("RolloutResumed", "Rollout is resumed")
        });
    }
    if !work.old.abort && aborted {
        new.push(unknown("RolloutRetry", "Retrying Rollout after abort"));
    }
    if paused != said_paused && !aborted {
        let state = if paused { "True" } else { "False" };
        new.push(make("Paused", state, "RolloutPaused", "Rollout is paused".to_owned(), at));
    }
    let mut changed = false;
    for condition in new {
        changed |= set(&mut work.status, condition);
    }
    changed
}
