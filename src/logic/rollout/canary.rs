//! Decides how a canary climbs: which step is next, how the pods follow, when it is done.
//! It never decides how many pods a weight means; `replicas` does.

use crate::api::event::EventReason;
use crate::api::phase::PauseReason;
use crate::api::status::RolloutStatus;
use crate::api::step::Step;
use crate::base::digest;
use crate::logic::rollout::analyses::{due, reconcile::reconcile};
use crate::logic::rollout::builder::Builder;
use crate::logic::rollout::injected::metadata;
use crate::logic::rollout::view::ReplicaSet;
use crate::logic::rollout::window::{fast_rollback, is_within_window};
use crate::logic::rollout::{fail_fast, pause, replicas, restart, revision, services, status};

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
pub(crate) fn has_changed(builder: &Builder<'_>) -> bool {
    let steps = builder.canary().map(|c| step_hash(&c.steps)).unwrap_or_default();
    builder.old().current_step_hash != steps || builder.template_changed()
}

/// One pass over a canary (source: rollout/canary.go, `rolloutCanary`).
pub(crate) fn pass(builder: &mut Builder<'_>) {
    if has_changed(builder) {
        return begin(builder);
    }
    if restart::evict(builder) {
        return;
    }
    metadata::give(builder);
    revision::trim_history(builder);
    if let Some(cause) = fail_fast::cause(builder) {
        builder.intent.abort(cause);
    }
    services::canary(builder);
    if reconcile(builder) {
        return write(builder);
    }
    if scale_all(builder) {
        return write(builder);
    }
    pause::canary_pause(builder);
    write(builder);
}

/// Takes up the new revision or the new steps and starts from the first; a return to the stable revision, or to
/// one that still runs within the rollback window, skips them (source: rollout/canary.go, `syncRolloutStatusCanary`).
fn begin(builder: &mut Builder<'_>) {
    let Some(canary) = builder.canary() else { return };
    let mut new = status::base(builder);
    new.current_step_hash = step_hash(&canary.steps);
    status::reset(builder, &mut new);
    let count = canary.step_count();
    if count > 0
        && let Some(replica_set) = builder.new_replica_set()
    {
        let to_stable = replica_set.hash == builder.old().stable_rs;
        let active = replica_set.replicas > 0 || replica_set.current > 0;
        if to_stable {
            builder.event(EventReason::SkipSteps, "Rollback to stable ReplicaSets".to_owned());
            new.current_step_index = Some(count);
        } else if is_within_window(builder) && active {
            builder.event(
                EventReason::SkipSteps,
                "Rollback to active ReplicaSets within RollbackWindow".to_owned(),
            );
            new.current_step_index = Some(count);
        }
    }
    status::persist(builder, new);
}

/// Scales stable, new and old ReplicaSets, in this order; answers whether one of them was scaled, so that the step
/// must wait for it (source: rollout/canary.go, `reconcileCanaryReplicaSets`).
pub(crate) fn scale_all(builder: &mut Builder<'_>) -> bool {
    if builder.is_halted() {
        return false;
    }
    builder.clear_deadlines();
    let (new_count, stable_count) = wanted(builder);
    if let Some(stable) = builder.stable_index().filter(|s| Some(*s) != builder.new_index())
        && builder.scale(stable, stable_count)
    {
        return true;
    }
    if let Some(new) = builder.new_index()
        && builder.scale(new, new_count)
    {
        return true;
    }
    scale_down_old(builder)
}

/// Pods of the new and of the stable ReplicaSet.
fn wanted(builder: &Builder<'_>) -> (i32, i32) {
    replicas::basic_canary(
        builder.spec(),
        builder.old(),
        builder.new_replica_set(),
        builder.stable_replica_set(),
        &builder.others(),
    )
}

/// Scales down the older ReplicaSets: first what never became available, then as many pods as are spare, newest first
/// (source: rollout/canary.go, `scaleDownOldReplicaSetsForCanary`).
fn scale_down_old(builder: &mut Builder<'_>) -> bool {
    let mut active: Vec<usize> = builder.other_indices();
    active.retain(|i| builder.replica_set(*i).is_some_and(|s| s.replicas > 0));
    if active.is_empty() {
        return false;
    }
    let created = |w: &Builder<'_>, i: usize| w.replica_set(i).map(|s| (s.created(), s.meta.name.clone()));
    active.sort_by_key(|i| created(builder, *i));
    let mut scaled = false;
    for index in &active {
        let Some(replica_set) = builder.replica_set(*index) else { continue };
        if replica_set.replicas > replica_set.available {
            let healthy = replica_set.available;
            scaled |= builder.scale(*index, healthy);
        }
    }
    let posts = replicas::fenceposts_of(builder.spec());
    // What may go: the available pods beyond the least number, counted over all revisions, whoever has them.
    let mut spare = builder.available_of_all() - (builder.spec().replicas() - posts.unavailable);
    active.sort_by_key(|i| std::cmp::Reverse(builder.replica_set(*i).map(ReplicaSet::revision)));
    for index in active {
        let Some(present) = builder.replica_set(index).map(|s| s.replicas).filter(|n| *n > 0) else {
            continue;
        };
        if spare <= 0 {
            break;
        }
        let fewer = (present - spare).max(0);
        scaled |= builder.scale(index, fewer);
        spare -= present - fewer;
    }
    scaled
}

/// Whether the current step has done what it is for (source: rollout/canary.go, `completedCurrentCanaryStep`).
fn step_is_done(builder: &Builder<'_>, step: &Step) -> bool {
    if builder.spec().paused || !builder.may_advance("") {
        return false;
    }
    match step {
        Step::Pause(wait) => pause::canary_pause_is_over(builder, wait),
        Step::SetWeight(_) | Step::SetCanaryScale(_) => replicas::at_desired_counts(
            builder.spec(),
            builder.old(),
            builder.new_replica_set(),
            builder.stable_replica_set(),
            &builder.others(),
        ),
        Step::Analysis(_) => due::step_succeeded(builder),
        Step::Experiment(_)
        | Step::SetHeaderRoute(_)
        | Step::SetMirrorRoute(_)
        | Step::Plugin(_)
        | Step::Invalid(_) => false, // refused before a pass begins
    }
}

/// Why the current revision is to be the stable one now, if it is
/// (source: rollout/sync.go, `shouldFullPromote`).
fn promotion(builder: &Builder<'_>) -> Option<String> {
    let replicas = builder.spec().replicas();
    if builder.stable_index().is_none() {
        return Some("Initial deploy".to_owned());
    }
    if builder.is_aborted() || !builder.may_advance("") {
        return None;
    }
    let new = builder.new_replica_set()?;
    if new.available < replicas && !replicas::threshold_met(builder.spec(), Some(new), replicas) {
        return None;
    }
    if builder.old().promote_full {
        return Some("Full promotion requested".to_owned());
    }
    if builder.is_fast_rollback() {
        return Some(fast_rollback(builder).to_owned());
    }
    let count = builder.canary()?.step_count();
    let all_done = count == 0 || builder.old().current_step_index == Some(count);
    all_done.then(|| format!("Completed all {count} canary steps"))
}

/// Writes the status a pass over a canary ends with, moving to the next step when the current one is done
/// (source: rollout/canary.go, `syncRolloutStatusCanary`).
fn write(builder: &mut Builder<'_>) {
    let Some(canary) = builder.canary() else { return };
    let mut new: RolloutStatus = status::base(builder);
    new.current_step_hash = step_hash(&canary.steps);
    let count = canary.step_count();
    let mut index = (count > 0).then(|| builder.old().current_step_index.unwrap_or(0));
    if builder.old().promote_full || is_within_window(builder) {
        builder.intent.clear();
        index = index.map(|_| count);
    }
    if let Some(why) = promotion(builder) {
        status::promote(builder, &mut new, &why);
        return status::persist(builder, new);
    }
    if builder.is_aborted() {
        let back = if new.stable_rs == new.current_pod_hash { count } else { 0 };
        new.current_step_index = index.map(|_| back);
        return status::persist(builder, new);
    }
    let present = index.and_then(|i| canary.steps.get(usize::try_from(i).ok()?));
    if let (Some(step), Some(i)) = (present, index)
        && step_is_done(builder, step)
    {
        index = Some(i + 1);
        new.canary.current_step_analysis_run_status = None;
        let message = format!("Rollout step {}/{count} completed ({})", i + 1, step.describe());
        builder.event(EventReason::RolloutStepCompleted, message);
        builder.intent.end_pause(PauseReason::CanaryPauseStep);
    }
    new.current_step_index = index;
    status::persist(builder, new);
}
