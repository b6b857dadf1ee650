//! Decides how blue-green proceeds: preview, pause, switch, and what becomes of the old pods.
//! It never decides whether an analysis is good.

use crate::api::phase::PauseReason;
use crate::logic::rollout::analyses::{due, reconcile::reconcile};
use crate::logic::rollout::builder::Builder;
use crate::logic::rollout::injected::metadata;
use crate::logic::rollout::view::ReplicaSet;
use crate::logic::rollout::window::{fast_rollback, is_within_window};
use crate::logic::rollout::{fail_fast, pause, restart, revision, services, status};

/// Names of the two Services; the preview one may be missing.
fn service_names(builder: &Builder<'_>) -> (String, Option<String>) {
    let strategy = builder.blue_green();
    let active = strategy.map(|b| b.active_service.clone()).unwrap_or_default();
    (active, strategy.and_then(|b| b.preview_service.clone()).filter(|n| !n.is_empty()))
}

/// Hash that the Service `name` selects; empty when it selects none.
fn selected(builder: &Builder<'_>, name: &str) -> String {
    builder.services().get(name).and_then(|s| s.hash.clone()).unwrap_or_default()
}

/// One pass over a blue-green Rollout (source: rollout/bluegreen.go, `rolloutBlueGreen`).
pub(crate) fn pass(builder: &mut Builder<'_>) {
    let (active, preview) = service_names(builder);
    let new_hash = builder.new_replica_set().map(|s| s.hash.clone()).unwrap_or_default();
    if let Some(preview) = preview.as_deref().filter(|_| !builder.is_halted()) {
        services::switch(builder, preview, &new_hash);
    }
    if builder.template_changed() {
        return write(builder, &active, preview.as_deref());
    }
    restart::evict(builder);
    scale_all(builder);
    revision::trim_history(builder);
    wait_before_switch(builder, &active);
    switch_active(builder, &active);
    if let Some(cause) = fail_fast::cause(builder) {
        builder.intent.abort(cause);
    }
    reconcile(builder);
    metadata::give(builder);
    write(builder, &active, preview.as_deref());
}

/// Scales stable, new and old ReplicaSets (source: rollout/bluegreen.go, `reconcileBlueGreenReplicaSets`).
pub(crate) fn scale_all(builder: &mut Builder<'_>) {
    builder.clear_deadlines();
    let replicas = builder.spec().replicas();
    if let Some(stable) = builder.stable_index() {
        builder.scale(stable, replicas);
    }
    if let Some(new) = builder.new_index().filter(|n| Some(*n) != builder.stable_index()) {
        scale_new(builder, new);
    }
    scale_down_old(builder);
}

/// Pods of the new revision: all, or the preview's number until the switch is near
/// (source: utils/replicaset/replicaset.go, `NewRSNewReplicas`).
fn preview_count(builder: &Builder<'_>, new: &ReplicaSet) -> i32 {
    let replicas = builder.spec().replicas();
    let Some(preview) = builder.blue_green().and_then(|b| b.preview_replica_count) else { return replicas };
    let active = &builder.old().blue_green.active_selector;
    let active = builder.replica_sets().iter().find(|s| !active.is_empty() && s.hash == *active);
    if active.is_none_or(|a| a.meta.name == new.meta.name) || builder.old().promote_full {
        return replicas;
    }
    let paused = builder.spec().paused || !builder.old().pause_conditions.is_empty();
    let passed = builder.old().blue_green.scale_up_preview_check_point;
    if new.hash == builder.old().current_pod_hash && passed && !paused { replicas } else { preview }
}

/// Scales the new ReplicaSet, or lets it stay for a while after an abort (source: rollout/replicaset.go,
/// `reconcileNewReplicaSet`).
fn scale_new(builder: &mut Builder<'_>, new: usize) {
    let Some(replica_set) = builder.replica_set(new) else { return };
    let mut count = preview_count(builder, replica_set);
    if builder.delays_scale_down_on_abort() {
        let (present, deadline) = (replica_set.replicas, replica_set.deadline());
        match deadline {
            // It keeps its pods, but not the size of the Rollout that it is annotated with: another one there would be a
            // scaling that never ends.
            Some(at) if at > builder.now() => {
                count = present;
                builder.wake_at(at);
            }
            Some(_) => count = 0,
            // Its time begins when the stable pods could carry everything; until then it stays as it is.
            None => {
                count = present;
                let replicas = builder.spec().replicas();
                let stable_is_whole = builder.stable_replica_set().is_some_and(|s| s.available >= replicas);
                if let Some(delay) = builder.abort_delay().filter(|_| stable_is_whole) {
                    let at = builder.time().plus_seconds(delay);
                    builder.set_deadline(new, Some(at));
                    builder.wake_at(at);
                }
            }
        }
    }
    builder.scale(new, count);
}

/// Scales down the older ReplicaSets that no Service leads to, each after its delay, at most
/// `scaleDownDelayRevisionLimit` of them waiting (source: rollout/bluegreen.go, `scaleDownOldReplicaSetsForBlueGreen`).
fn scale_down_old(builder: &mut Builder<'_>) {
    let Some(strategy) = builder.blue_green() else { return };
    if builder.pause(&PauseReason::InconclusiveAnalysisRun).is_some() {
        return;
    }
    let waits_for_analysis = strategy.post_promotion_analysis.is_some()
        && strategy.scale_down_delay_seconds.is_none()
        && due::post_promotion_is_open(builder);
    if waits_for_analysis {
        return;
    }
    let limit = strategy.scale_down_delay_revision_limit.unwrap_or(i32::MAX);
    let delay = i64::from(strategy.scale_down_delay_seconds.unwrap_or(30));
    let replicas = builder.spec().replicas();
    let mut old: Vec<usize> = builder.other_indices();
    old.retain(|i| {
        builder.replica_set(*i).is_some_and(|s| s.replicas > 0 && !services::leads_to(builder, s))
    });
    old.sort_by_key(|i| std::cmp::Reverse(builder.replica_set(*i).map(ReplicaSet::revision)));
    let mut kept = 0; // ReplicaSets, newest first, that count against the limit
    for index in old {
        let Some(replica_set) = builder.replica_set(index) else { continue };
        let present = replica_set.replicas;
        let mut count = 0;
        if !replica_set.has_deadline() {
            // Its delay begins now, if the limit leaves room and there is a delay at all; else it goes at once.
            if kept < limit {
                kept += 1;
                count = present;
                if delay > 0 {
                    let at = builder.time().plus_seconds(delay);
                    builder.set_deadline(index, Some(at));
                    builder.wake_at(at);
                } else {
                    count = 0;
                }
            }
        } else {
            // Within its delay and the limit it stays, grown back to full size: a quick way back must carry everything.
            kept += 1;
            if kept <= limit
                && let Some(at) = replica_set.deadline().filter(|at| *at > builder.now())
            {
                builder.wake_at(at);
                count = replicas;
            }
        }
        if count != present {
            builder.scale(index, count);
        }
    }
}

/// Whether the new ReplicaSet has as many available pods as the switch (or the preview) asks for
/// (source: utils/replicaset/bluegreen.go, `ReadyForPause`).
fn is_ready_to_wait(builder: &Builder<'_>) -> bool {
    let Some(new) = builder.new_replica_set() else { return false };
    let wanted = builder
        .blue_green()
        .and_then(|b| b.preview_replica_count)
        .filter(|_| !builder.old().blue_green.scale_up_preview_check_point && !builder.old().promote_full);
    match wanted {
        Some(preview) => new.replicas >= preview && new.available >= preview,
        None => new.is_saturated(builder.spec().replicas()),
    }
}

/// Whether the switch needs no wait: it leads back to what was good, a user wants it so, or nothing is active
/// (source: rollout/bluegreen.go, `isBlueGreenFastTracked`).
fn is_fast(builder: &Builder<'_>, active: &str) -> bool {
    let Some(new) = builder.new_replica_set() else { return false };
    let selected = selected(builder, active);
    builder.is_fast_rollback() || builder.old().promote_full || selected.is_empty() || selected == new.hash
}

/// Begins or ends the wait before the switch (source: rollout/bluegreen.go, `reconcileBlueGreenPause`).
fn wait_before_switch(builder: &mut Builder<'_>, active: &str) {
    let Some(strategy) = builder.blue_green() else { return };
    if builder.is_aborted()
        || !is_ready_to_wait(builder)
        || builder.is_halted()
        || !builder.may_advance(active)
    {
        return;
    }
    let needed = !strategy.promotes_itself() || strategy.auto_promotion_seconds() > 0;
    let passed = builder.old().blue_green.scale_up_preview_check_point;
    if is_fast(builder, active) || passed || !needed {
        builder.intent.end_pause(PauseReason::BlueGreenPause);
        return;
    }
    if !due::pre_promotion_passed(builder) {
        return;
    }
    if builder.pause(&PauseReason::BlueGreenPause).is_some() {
        if pause::blue_green_pause_is_over(builder) {
            builder.intent.end_pause(PauseReason::BlueGreenPause);
        } else if let Some(at) = pause::end_of_blue_green_pause(builder) {
            builder.wake_at(at);
        }
    } else if !builder.old().controller_pause {
        builder.intent.begin_pause(PauseReason::BlueGreenPause);
        let seconds = i64::from(strategy.auto_promotion_seconds());
        if seconds > 0 {
            let at = builder.time().plus_seconds(seconds);
            builder.wake_at(at);
        }
    }
}

/// Points the active Service at the revision that users are to reach: the new one once nothing is waited for, the
/// stable one after an abort (source: rollout/service.go, `reconcileActiveService`).
fn switch_active(builder: &mut Builder<'_>, active: &str) {
    if builder.is_halted() {
        return;
    }
    let replicas = builder.spec().replicas();
    if builder.is_aborted() && !builder.old().stable_rs.is_empty() {
        let stable = builder.old().stable_rs.clone();
        if builder.stable_replica_set().is_some_and(|s| s.available > 0) {
            services::switch(builder, active, &stable);
        }
        return;
    }
    if !builder.may_advance(active) {
        return;
    }
    let Some(new) = builder.new_replica_set().filter(|s| s.is_saturated(replicas)) else { return };
    let new_hash = new.hash.clone();
    let waited = pause::blue_green_pause_is_over(builder) && due::pre_promotion_passed(builder);
    if is_fast(builder, active) || waited {
        services::switch(builder, active, &new_hash);
    }
}

/// Why the current revision is to be the stable one now, if it is
/// (source: rollout/sync.go, `shouldFullPromote`).
fn promotion(builder: &Builder<'_>, active_hash: &str, current: &str) -> Option<String> {
    // The first revision is the stable one before it is active: until then there is no other to go back to.
    if builder.stable_index().is_none() || active_hash.is_empty() {
        return Some("Initial deploy".to_owned());
    }
    if active_hash != current || !builder.may_advance("") {
        return None;
    }
    if builder.old().promote_full {
        return Some("Full promotion requested".to_owned());
    }
    if builder.is_fast_rollback() {
        return Some(fast_rollback(builder).to_owned());
    }
    let measures = builder.blue_green().is_some_and(|b| b.post_promotion_analysis.is_some());
    if builder.is_aborted() || (measures && !due::post_promotion_passed(builder)) {
        return None;
    }
    Some("Completed blue-green update".to_owned())
}

/// Writes the status a pass over a blue-green Rollout ends with
/// (source: rollout/bluegreen.go, `syncRolloutStatusBlueGreen`).
fn write(builder: &mut Builder<'_>, active: &str, preview: Option<&str>) {
    let mut new = status::base(builder);
    if builder.template_changed() {
        status::reset(builder, &mut new);
    }
    if builder.old().promote_full || is_within_window(builder) {
        builder.intent.clear();
    }
    let active_hash = selected(builder, active);
    new.blue_green.preview_selector = preview.map(|p| selected(builder, p)).unwrap_or_default();
    new.blue_green.active_selector.clone_from(&active_hash);
    let current = new.current_pod_hash.clone();
    if let Some(why) = promotion(builder, &active_hash, &current) {
        status::promote(builder, &mut new, &why);
    } else {
        new.blue_green.scale_up_preview_check_point = may_scale_up_preview(builder);
    }
    let active_replica_set =
        builder.replica_sets().iter().find(|s| !active_hash.is_empty() && s.hash == active_hash);
    if let Some(replica_set) = active_replica_set {
        new.hpa_replicas = replica_set.current;
        new.selector.clone_from(&replica_set.selector);
        new.available_replicas = replica_set.available;
        new.ready_replicas = replica_set.ready;
    }
    status::persist(builder, new);
}

/// Whether the preview may grow to full size: its own pods are available and nothing else is waited for
/// (source: rollout/bluegreen.go, `calculateScaleUpPreviewCheckPoint`).
fn may_scale_up_preview(builder: &Builder<'_>) -> bool {
    let Some(count) = builder.blue_green().and_then(|b| b.preview_replica_count) else { return false };
    let ready = || {
        due::pre_promotion_passed(builder)
            && pause::blue_green_pause_is_over(builder)
            && builder.new_replica_set().is_some_and(|s| s.available == count)
    };
    !builder.template_changed() && (builder.old().blue_green.scale_up_preview_check_point || ready())
}
