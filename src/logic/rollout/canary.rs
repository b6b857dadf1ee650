//! Decides how a canary climbs: which step is next, how the pods follow, when it is done.
//! It never decides how many pods a weight means; `replicas` does.

use crate::api::event::EventReason;
use crate::api::phase::PauseReason;
use crate::api::status::RolloutStatus;
use crate::api::step::Step;
use crate::base::digest;
use crate::logic::rollout::analyses::{due, reconcile::reconcile};
use crate::logic::rollout::view::Set;
use crate::logic::rollout::window::is_within_window;
use crate::logic::rollout::work::Work;
use crate::logic::rollout::{pause, replicas, restart, revision, services, status};

/// Hash of the steps, as clients and the controller before know it
/// (source: utils/conditions/conditions.go, `ComputeStepHash`).
#[must_use]
pub fn step_hash(steps: &[Step]) -> String {
    let json = if steps.is_empty() { "null".to_owned() } else { go_json(steps) };
    digest::safe_encode(&digest::fnv1a32(json.as_bytes()).to_string())
}

/// The steps as Go writes them: the order of the fields is that of the types, and three characters are escaped.
fn go_json(steps: &[Step]) -> String {
    let plain = serde_json::to_string(steps).unwrap_or_default();
    plain.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

/// Whether the template or the steps are others than those the status speaks of
/// (source: utils/replicaset/replicaset.go, `PodTemplateOrStepsChanged`).
fn has_changed(work: &Work<'_>) -> bool {
    let steps = work.canary().map(|c| step_hash(&c.steps)).unwrap_or_default();
    work.old.current_step_hash != steps || work.template_changed()
}

/// One pass over a canary (source: rollout/canary.go, `rolloutCanary`).
pub fn pass(work: &mut Work<'_>) {
    if has_changed(work) {
        return begin(work);
    }
    if restart::evict(work) {
        return;
    }
    revision::trim_history(work);
    services::canary(work);
    if reconcile(work) {
        return write(work);
    }
    if scale_all(work) {
        return write(work);
    }
    pause::canary_pause(work);
    write(work);
}

/// Notes the new revision or the new steps and starts from the first; a return to the stable revision, or to
/// one that still runs within the rollback window, skips them (source: rollout/canary.go, `syncRolloutStatusCanary`).
fn begin(work: &mut Work<'_>) {
    let Some(canary) = work.canary() else { return };
    let mut new = status::base(work);
    new.current_step_hash = step_hash(&canary.steps);
    status::reset(work, &mut new);
    let count = canary.step_count();
    if count > 0
        && let Some(set) = work.new_set()
    {
        let to_stable = set.hash == work.old.stable_rs;
        let active = set.replicas > 0 || set.current > 0;
        if to_stable {
            work.tell(EventReason::SkipSteps, "Rollback to stable ReplicaSets".to_owned());
            new.current_step_index = Some(count);
        } else if is_within_window(work) && active {
            work.tell(
                EventReason::SkipSteps,
                "Rollback to active ReplicaSets within RollbackWindow".to_owned(),
            );
            new.current_step_index = Some(count);
        }
    }
    status::persist(work, new);
}

/// Scales stable, new and old sets, in this order; answers whether one of them was scaled, so that the step
/// must wait for it (source: rollout/canary.go, `reconcileCanaryReplicaSets`).
pub fn scale_all(work: &mut Work<'_>) -> bool {
    if work.is_halted() {
        return false;
    }
    work.clear_deadlines();
    let (new_count, stable_count) = wanted(work);
    if let Some(stable) = work.stable.filter(|s| Some(*s) != work.new)
        && work.scale(stable, stable_count)
    {
        return true;
    }
    if let Some(new) = work.new
        && work.scale(new, new_count)
    {
        return true;
    }
    scale_down_old(work)
}

/// Pods of the new and of the stable set.
fn wanted(work: &Work<'_>) -> (i32, i32) {
    replicas::basic_canary(work.spec(), &work.old, work.new_set(), work.stable_set(), &work.others())
}

/// Scales down the older sets: first what never became available, then as many pods as are spare, newest first
/// (source: rollout/canary.go, `scaleDownOldReplicaSetsForCanary`).
fn scale_down_old(work: &mut Work<'_>) -> bool {
    let mut active: Vec<usize> = work.other_indices();
    active.retain(|i| work.sets.get(*i).is_some_and(|s| s.replicas > 0));
    if active.is_empty() {
        return false;
    }
    let created = |w: &Work<'_>, i: usize| w.sets.get(i).map(|s| (s.created(), s.meta.name.clone()));
    active.sort_by_key(|i| created(work, *i));
    let mut scaled = false;
    for index in &active {
        let Some(set) = work.sets.get(*index) else { continue };
        if set.replicas > set.available {
            let healthy = set.available;
            scaled |= work.scale(*index, healthy);
        }
    }
    let posts = replicas::fenceposts_of(work.spec());
    // What may go: the available pods beyond the least number, counted over all revisions, whoever has them.
    let mut spare = work.available_of_all() - (work.spec().replicas() - posts.unavailable);
    active.sort_by_key(|i| std::cmp::Reverse(work.sets.get(*i).map(Set::revision)));
    for index in active {
        let Some(present) = work.sets.get(index).map(|s| s.replicas).filter(|n| *n > 0) else { continue };
        if spare <= 0 {
            break;
        }
        let fewer = (present - spare).max(0);
        scaled |= work.scale(index, fewer);
        spare -= present - fewer;
    }
    scaled
}

/// Whether the current step has done what it is for (source: rollout/canary.go, `completedCurrentCanaryStep`).
fn step_is_done(work: &Work<'_>, step: &Step) -> bool {
    if work.spec().paused {
        return false;
    }
    match step {
        Step::Pause(wait) => pause::canary_pause_is_over(work, wait),
        Step::SetWeight(_) | Step::SetCanaryScale(_) => replicas::at_desired_counts(
            work.spec(),
            &work.old,
            work.new_set(),
            work.stable_set(),
            &work.others(),
        ),
        Step::Analysis(_) => due::step_succeeded(work),
        Step::Experiment(_)
        | Step::SetHeaderRoute(_)
        | Step::SetMirrorRoute(_)
        | Step::Plugin(_)
        | Step::Invalid(_) => false, // refused before a pass begins
    }
}

/// Why the current revision is to be the stable one now, if it is
/// (source: rollout/sync.go, `shouldFullPromote`).
fn promotion(work: &Work<'_>) -> Option<String> {
    let replicas = work.spec().replicas();
    if work.stable.is_none() {
        return Some("Initial deploy".to_owned());
    }
    if work.is_aborted() {
        return None;
    }
    let new = work.new_set()?;
    if new.available < replicas && !replicas::threshold_met(work.spec(), Some(new), replicas) {
        return None;
    }
    if work.old.promote_full {
        return Some("Full promotion requested".to_owned());
    }
    if is_within_window(work) {
        return Some("Rollback within window".to_owned());
    }
    let count = work.canary()?.step_count();
    let all_done = count == 0 || work.old.current_step_index == Some(count);
    all_done.then(|| format!("Completed all {count} canary steps"))
}

/// Writes the status a pass over a canary ends with, moving to the next step when the current one is done
/// (source: rollout/canary.go, `syncRolloutStatusCanary`).
fn write(work: &mut Work<'_>) {
    let Some(canary) = work.canary() else { return };
    let mut new: RolloutStatus = status::base(work);
    new.current_step_hash = step_hash(&canary.steps);
    let count = canary.step_count();
    let mut index = (count > 0).then(|| work.old.current_step_index.unwrap_or(0));
    if work.old.promote_full || is_within_window(work) {
        work.intent.clear_pauses = true;
        work.intent.clear_abort = true;
        index = index.map(|_| count);
    }
    if let Some(why) = promotion(work) {
        status::promote(work, &mut new, &why);
        return status::persist(work, new);
    }
    if work.is_aborted() {
        let back = if new.stable_rs == new.current_pod_hash { count } else { 0 };
        new.current_step_index = index.map(|_| back);
        return status::persist(work, new);
    }
    let present = index.and_then(|i| canary.steps.get(usize::try_from(i).ok()?));
    if let (Some(step), Some(i)) = (present, index)
        && step_is_done(work, step)
    {
        index = Some(i + 1);
        new.canary.current_step_analysis_run_status = None;
        let message = format!("Rollout step {}/{count} completed ({})", i + 1, step.describe());
        work.tell(EventReason::RolloutStepCompleted, message);
        work.intent.remove_pause.push(PauseReason::CanaryPauseStep);
    }
    new.current_step_index = index;
    status::persist(work, new);
}
