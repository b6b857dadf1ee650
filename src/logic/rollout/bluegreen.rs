//! Decides how blue-green proceeds: preview, pause, switch, and what becomes of the old pods.
//! It never decides whether an analysis is good.

use crate::api::phase::PauseReason;
use crate::logic::rollout::analyses::{due, reconcile::reconcile};
use crate::logic::rollout::view::Set;
use crate::logic::rollout::window::is_within_window;
use crate::logic::rollout::work::Work;
use crate::logic::rollout::{pause, restart, revision, services, status};

/// Names of the two Services; the preview one may be missing.
fn service_names(work: &Work<'_>) -> (String, Option<String>) {
    let strategy = work.blue_green();
    let active = strategy.map(|b| b.active_service.clone()).unwrap_or_default();
    (active, strategy.and_then(|b| b.preview_service.clone()).filter(|n| !n.is_empty()))
}

/// Hash that the Service `name` selects; empty when it selects none.
fn selected(work: &Work<'_>, name: &str) -> String {
    work.services.get(name).and_then(|s| s.hash.clone()).unwrap_or_default()
}

/// One pass over a blue-green Rollout (source: rollout/bluegreen.go, `rolloutBlueGreen`).
pub fn pass(work: &mut Work<'_>) {
    let (active, preview) = service_names(work);
    let new_hash = work.new_set().map(|s| s.hash.clone()).unwrap_or_default();
    if let Some(preview) = preview.as_deref().filter(|_| !work.is_halted()) {
        services::switch(work, preview, &new_hash);
    }
    if work.template_changed() {
        return write(work, &active, preview.as_deref());
    }
    restart::evict(work);
    scale_all(work);
    revision::trim_history(work);
    wait_before_switch(work, &active);
    switch_active(work, &active);
    reconcile(work);
    write(work, &active, preview.as_deref());
}

/// Scales stable, new and old sets (source: rollout/bluegreen.go, `reconcileBlueGreenReplicaSets`).
pub fn scale_all(work: &mut Work<'_>) {
    work.clear_deadlines();
    let replicas = work.spec().replicas();
    if let Some(stable) = work.stable {
        work.scale(stable, replicas);
    }
    if let Some(new) = work.new.filter(|n| Some(*n) != work.stable) {
        scale_new(work, new);
    }
    scale_down_old(work);
}

/// Pods of the new revision: all, or the preview's number until the switch is near
/// (source: utils/replicaset/replicaset.go, `NewRSNewReplicas`).
fn preview_count(work: &Work<'_>, new: &Set) -> i32 {
    let replicas = work.spec().replicas();
    let Some(preview) = work.blue_green().and_then(|b| b.preview_replica_count) else { return replicas };
    let active = &work.old.blue_green.active_selector;
    let active = work.sets.iter().find(|s| !active.is_empty() && s.hash == *active);
    if active.is_none_or(|a| a.meta.name == new.meta.name) || work.old.promote_full {
        return replicas;
    }
    let paused = work.spec().paused || !work.old.pause_conditions.is_empty();
    let passed = work.old.blue_green.scale_up_preview_check_point;
    if new.hash == work.old.current_pod_hash && passed && !paused { replicas } else { preview }
}

/// Scales the new set, or lets it stay for a while after an abort (source: rollout/replicaset.go,
/// `reconcileNewReplicaSet`).
fn scale_new(work: &mut Work<'_>, new: usize) {
    let Some(set) = work.sets.get(new) else { return };
    let mut count = preview_count(work, set);
    if work.delays_scale_down_on_abort() {
        match set.deadline() {
            Some(at) if at > work.now => return work.look_again(at),
            Some(_) => count = 0,
            // Its time begins when the stable pods could carry everything; until then it stays as it is.
            None => {
                let stable_is_whole =
                    work.stable_set().is_some_and(|s| s.available == work.spec().replicas());
                if let Some(delay) = work.abort_delay().filter(|_| stable_is_whole) {
                    let at = work.time().plus_seconds(delay);
                    work.set_deadline(new, Some(at));
                    work.look_again(at);
                }
                return;
            }
        }
    }
    work.scale(new, count);
}

/// Scales down the older sets that no Service leads to, each after its delay, at most `scaleDownDelayRevisionLimit`
/// of them waiting (source: rollout/bluegreen.go, `scaleDownOldReplicaSetsForBlueGreen`).
fn scale_down_old(work: &mut Work<'_>) {
    let Some(strategy) = work.blue_green() else { return };
    if work.pause(&PauseReason::InconclusiveAnalysisRun).is_some() {
        return;
    }
    let waits_for_analysis = strategy.post_promotion_analysis.is_some()
        && strategy.scale_down_delay_seconds.is_none()
        && due::post_promotion_is_open(work);
    if waits_for_analysis {
        return;
    }
    let limit = strategy.scale_down_delay_revision_limit.unwrap_or(i32::MAX);
    let delay = i64::from(strategy.scale_down_delay_seconds.unwrap_or(30));
    let replicas = work.spec().replicas();
    let mut old: Vec<usize> = work.other_indices();
    old.retain(|i| work.sets.get(*i).is_some_and(|s| s.replicas > 0 && !services::leads_to(work, s)));
    old.sort_by_key(|i| std::cmp::Reverse(work.sets.get(*i).map(Set::revision)));
    let mut kept = 0; // sets, newest first, that count against the limit
    for index in old {
        let Some(set) = work.sets.get(index) else { continue };
        let present = set.replicas;
        let mut count = 0;
        if !set.has_deadline() {
            // Its delay begins now, if the limit leaves room and there is a delay at all; else it goes at once.
            if kept < limit {
                kept += 1;
                count = present;
                if delay > 0 {
                    let at = work.time().plus_seconds(delay);
                    work.set_deadline(index, Some(at));
                    work.look_again(at);
                } else {
                    count = 0;
                }
            }
        } else {
            // Within its delay and the limit it stays, grown back to full size: a quick way back must carry everything.
            kept += 1;
            if kept <= limit
                && let Some(at) = set.deadline().filter(|at| *at > work.now)
            {
                work.look_again(at);
                count = replicas;
            }
        }
        if count != present {
            work.scale(index, count);
        }
    }
}

/// Whether the new set has as many available pods as the switch (or the preview) asks for
/// (source: utils/replicaset/bluegreen.go, `ReadyForPause`).
fn is_ready_to_wait(work: &Work<'_>) -> bool {
    let Some(new) = work.new_set() else { return false };
    let wanted = work
        .blue_green()
        .and_then(|b| b.preview_replica_count)
        .filter(|_| !work.old.blue_green.scale_up_preview_check_point && !work.old.promote_full);
    match wanted {
        Some(preview) => new.replicas >= preview && new.available >= preview,
        None => new.is_saturated(work.spec().replicas()),
    }
}

/// Whether the switch needs no wait: the pods still run from before, a user wants it so, or nothing is active
/// (source: rollout/bluegreen.go, `isBlueGreenFastTracked`).
fn is_fast(work: &Work<'_>, active: &str) -> bool {
    let Some(new) = work.new_set() else { return false };
    let selected = selected(work, active);
    work.steps_back() || work.old.promote_full || selected.is_empty() || selected == new.hash
}

/// Begins or ends the wait before the switch (source: rollout/bluegreen.go, `reconcileBlueGreenPause`).
fn wait_before_switch(work: &mut Work<'_>, active: &str) {
    let Some(strategy) = work.blue_green() else { return };
    if work.old.abort || !is_ready_to_wait(work) || work.is_halted() {
        return;
    }
    let needed = !strategy.promotes_itself() || strategy.auto_promotion_seconds() > 0;
    let passed = work.old.blue_green.scale_up_preview_check_point;
    if is_fast(work, active) || passed || !needed {
        work.intent.remove_pause.push(PauseReason::BlueGreenPause);
        return;
    }
    if !due::pre_promotion_passed(work) {
        return;
    }
    if work.pause(&PauseReason::BlueGreenPause).is_some() {
        if pause::blue_green_pause_is_over(work) {
            work.intent.remove_pause.push(PauseReason::BlueGreenPause);
        } else if let Some(at) = pause::end_of_blue_green_pause(work) {
            work.look_again(at);
        }
    } else if !work.old.controller_pause {
        work.intent.add_pause.push(PauseReason::BlueGreenPause);
        let seconds = i64::from(strategy.auto_promotion_seconds());
        if seconds > 0 {
            let at = work.time().plus_seconds(seconds);
            work.look_again(at);
        }
    }
}

/// Points the active Service at the revision that users are to reach: the new one once nothing is waited for, the
/// stable one after an abort (source: rollout/service.go, `reconcileActiveService`).
fn switch_active(work: &mut Work<'_>, active: &str) {
    if work.is_halted() {
        return;
    }
    let replicas = work.spec().replicas();
    if work.old.abort && !work.old.stable_rs.is_empty() {
        let stable = work.old.stable_rs.clone();
        if work.stable_set().is_some_and(|s| s.available > 0) {
            services::switch(work, active, &stable);
        }
        return;
    }
    let Some(new) = work.new_set().filter(|s| s.is_saturated(replicas)) else { return };
    let new_hash = new.hash.clone();
    let waited = pause::blue_green_pause_is_over(work) && due::pre_promotion_passed(work);
    if is_fast(work, active) || waited {
        services::switch(work, active, &new_hash);
    }
}

/// Why the current revision is to be the stable one now, if it is
/// (source: rollout/sync.go, `shouldFullPromote`).
fn promotion(work: &Work<'_>, active_hash: &str, current: &str) -> Option<String> {
    if work.stable.is_none() || active_hash.is_empty() {
        return (active_hash == current).then(|| "Initial deploy".to_owned());
    }
    if active_hash != current {
        return None;
    }
    if work.old.promote_full {
        return Some("Full promotion requested".to_owned());
    }
    if is_within_window(work) {
        return Some("Rollback within window".to_owned());
    }
    if work.is_aborted() {
        return None;
    }
    if work.blue_green().is_some_and(|b| b.post_promotion_analysis.is_some()) {
        let new = work.new_set()?;
        if work.steps_back() {
            return Some(format!("Rollback to '{}' within scaleDownDelay", new.meta.name));
        }
        if !due::post_promotion_passed(work) {
            return None;
        }
    }
    Some("Completed blue-green update".to_owned())
}

/// Writes the status a pass over a blue-green Rollout ends with
/// (source: rollout/bluegreen.go, `syncRolloutStatusBlueGreen`).
fn write(work: &mut Work<'_>, active: &str, preview: Option<&str>) {
    let mut new = status::base(work);
    if work.template_changed() {
        status::reset(work, &mut new);
    }
    if work.old.promote_full || is_within_window(work) {
        work.intent.clear_pauses = true;
        work.intent.clear_abort = true;
    }
    let active_hash = selected(work, active);
    new.blue_green.preview_selector = preview.map(|p| selected(work, p)).unwrap_or_default();
    new.blue_green.active_selector.clone_from(&active_hash);
    let current = new.current_pod_hash.clone();
    if let Some(why) = promotion(work, &active_hash, &current) {
        status::promote(work, &mut new, &why);
    } else {
        new.blue_green.scale_up_preview_check_point = may_scale_up_preview(work);
    }
    let active_set = work.sets.iter().find(|s| !active_hash.is_empty() && s.hash == active_hash);
    if let Some(set) = active_set {
        new.hpa_replicas = set.current;
        new.selector.clone_from(&set.selector);
        new.available_replicas = set.available;
        new.ready_replicas = set.ready;
    }
    status::persist(work, new);
}

/// Whether the preview may grow to full size: its own pods are available and nothing else is waited for
/// (source: rollout/bluegreen.go, `calculateScaleUpPreviewCheckPoint`).
fn may_scale_up_preview(work: &Work<'_>) -> bool {
    let Some(count) = work.blue_green().and_then(|b| b.preview_replica_count) else { return false };
    let ready = || {
        due::pre_promotion_passed(work)
            && pause::blue_green_pause_is_over(work)
            && work.new_set().is_some_and(|s| s.available == count)
    };
    !work.template_changed() && (work.old.blue_green.scale_up_preview_check_point || ready())
}
