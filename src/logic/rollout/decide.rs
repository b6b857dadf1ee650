//! Decides what is to be done about one Rollout now: the front door of the climb.
//! It never performs anything; production, simulation, plan and demo call this same function.

use crate::api::condition::{ConditionReason, ConditionStatus, ConditionType};
use crate::api::event::EventReason;
use crate::logic::rollout::conditions::{self, make};
use crate::logic::rollout::decision::Decision;
use crate::logic::rollout::view::{Set, View};
use crate::logic::rollout::work::{Op, Work};
use crate::logic::rollout::{bluegreen, canary, handover, revision, status, validate, writes};
use jiff::Timestamp;
use std::time::Duration;

/// Passes of one decision at most; each pass builds on what the one before has written into the status.
const MOST_PASSES: usize = 12;
/// How long a status that differs only in counts waits for more.
const PATIENCE: Duration = Duration::from_millis(400);
/// The same while the first revision comes up, whose pods may become ready one after the other.
const PATIENCE_AT_FIRST: Duration = Duration::from_secs(10);
/// Seconds until an invalid Rollout is looked at again although nothing we watch has changed.
const INVALID_RETRY: i64 = 20;

/// Decides about the Rollout of `view` at `now`.
///
/// One decision makes as many passes as change only the status or create the new ReplicaSet, so that one write
/// carries what would otherwise take several; a pass that scales, switches or measures ends it.
#[must_use]
pub fn decide(view: &View, now: Timestamp) -> Decision {
    if view.rollout.metadata.deletion_timestamp.is_some() {
        return Decision::default();
    }
    let mut work = Work::new(view, now);
    if let Some(obstacle) = validate::obstacle(&work) {
        refuse(&mut work, &obstacle.text);
        let mut decision = finish(work);
        if obstacle.is_missing && decision.status.is_some() && !view.flush {
            decision.patience = decision.patience.or(Some(PATIENCE));
        }
        return decision;
    }
    for _ in 0..MOST_PASSES {
        let ops = work.ops.len();
        pass(&mut work);
        if work.needs.is_some() {
            return Decision { needs: work.needs, ..Decision::default() };
        }
        let creates_only = work.ops.iter().all(|op| matches!(op, Op::Set(i) if is_fresh(&work, *i)));
        if (work.ops.len() > ops && !creates_only) || work.status == work.old {
            break;
        }
        work.begin_pass();
    }
    handover::scale(&mut work);
    finish(work)
}

/// Notes in the status as it stands that this generation was looked at.
fn observe(work: &mut Work<'_>) {
    let mut status = std::mem::take(&mut work.status);
    status::observe(work, &mut status);
    work.status = status;
}

fn is_fresh(work: &Work<'_>, index: usize) -> bool {
    work.sets.get(index).is_some_and(|s| s.is_new && s.replicas == 0)
}

/// One pass, in the order in which Argo Rollouts reconciles: paused conditions, revision, scaling, strategy.
fn pass(work: &mut Work<'_>) {
    status::note_workload(work);
    if work.spec().replicas.is_none() {
        work.writes_replicas = true;
    }
    let observed = work.old.observed_generation == work.view.rollout.metadata.generation.to_string();
    if observed && conditions::check_paused(work) {
        return observe(work);
    }
    if revision::ensure(work) {
        return;
    }
    if is_scaling(work) {
        return only_scale(work);
    }
    if work.blue_green().is_some() { bluegreen::pass(work) } else { canary::pass(work) }
}

/// Whether the user has changed the size since the sets were last scaled
/// (source: rollout/sync.go, `isScalingEvent`).
fn is_scaling(work: &Work<'_>) -> bool {
    let wanted = work.spec().replicas();
    let resized = |s: &Set| s.replicas > 0 && s.desired_annotation().is_some_and(|n| n != wanted);
    work.new_set().is_some_and(resized) || work.stable_set().is_some_and(resized)
}

/// Follows a new size without moving in the steps (source: rollout/sync.go, `syncReplicasOnly`).
fn only_scale(work: &mut Work<'_>) {
    let mut hpa: i32 = work.sets.iter().map(|s| s.current).sum();
    let mut available = work.available_of_all();
    if work.blue_green().is_some() {
        bluegreen::scale_all(work);
        let active = &work.old.blue_green.active_selector;
        if let Some(set) = work.sets.iter().find(|s| !active.is_empty() && s.hash == *active) {
            (hpa, available) = (set.current, set.available);
        }
    } else {
        canary::scale_all(work);
    }
    let mut new = std::mem::take(&mut work.status);
    new.hpa_replicas = hpa;
    new.available_replicas = available;
    status::finish(work, new);
}

/// Says why the Rollout cannot be acted on and leaves everything else as it is.
fn refuse(work: &mut Work<'_>, why: &str) {
    let message = format!("The Rollout \"{}\" is invalid: {why}", work.view.rollout.metadata.name);
    let what = ConditionType::InvalidSpec;
    if work.status.condition(&what).is_none_or(|c| c.message != message) {
        let (state, reason) = (ConditionStatus::True, ConditionReason::InvalidSpec);
        conditions::remove(&mut work.status, &what);
        let invalid = make(what, state, reason, message.clone(), work.time());
        conditions::set(&mut work.status, invalid);
        work.warn(EventReason::InvalidSpec, message);
    }
    observe(work);
    let again = work.time().plus_seconds(INVALID_RETRY);
    work.look_again(again);
}

/// Turns the changes on the desk into writes.
fn finish(mut work: Work<'_>) -> Decision {
    let writes = writes::of(&mut work);
    let old = &work.view.rollout.status;
    let status = status::patch(old, &work.status);
    let counts_only = status.is_some() && writes.is_empty() && work.notes.is_empty();
    let may_wait = counts_only && !work.view.flush && status::differ_only_in_counts(old, &work.status);
    let patience = may_wait.then(|| patience(&work));
    if let Some(at) = conditions::deadline(work.spec(), &work.status)
        && !conditions::is_completed(&work.status)
        && !conditions::may_wait(&work)
        && at >= work.now
    {
        let after = at.checked_add(jiff::SignedDuration::from_secs(1)).unwrap_or(at);
        work.look_again(after);
    }
    let first = old.stable_rs.is_empty();
    let events = std::mem::take(&mut work.notes);
    Decision {
        writes,
        status,
        patience,
        wake: work.wake,
        events: events
            .into_iter()
            .filter(|n| !first || n.warning || n.reason == EventReason::RolloutCompleted.as_str())
            .collect(),
        needs: None,
    }
}

/// How long counts alone may wait. Before a Rollout was ever healthy nothing but the progress deadline depends on them.
fn patience(work: &Work<'_>) -> Duration {
    if work.old.condition(&ConditionType::Healthy).is_some() {
        return PATIENCE;
    }
    let deadline = u64::try_from(work.spec().progress_deadline_seconds()).unwrap_or(0);
    (Duration::from_secs(deadline) / 20).clamp(PATIENCE, PATIENCE_AT_FIRST)
}
