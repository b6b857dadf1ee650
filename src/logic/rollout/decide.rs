//! Decides what is to be done about one Rollout now: the front door of the climb.
//! It never performs anything; production, simulation, plan and demo call this same function.

use crate::api::condition::{Condition, ConditionReason, ConditionStatus, ConditionType};
use crate::api::phase::RolloutPhase;
use crate::logic::rollout::builder::{Builder, Op};
use crate::logic::rollout::conditions::{self, make};
use crate::logic::rollout::decision::Decision;
use crate::logic::rollout::injected::metadata;
use crate::logic::rollout::revision::{self, Presence};
use crate::logic::rollout::view::{ReplicaSet, View};
use crate::logic::rollout::{
    bluegreen, canary, claim, handover, presence, refused, status, validate, writes,
};
use jiff::Timestamp;
use std::time::Duration;

/// Passes of one decision at most; each pass builds on what the one before has written into the status.
const MOST_PASSES: usize = 12;
/// How long the write of a status that differs only in counts is debounced.
const DEBOUNCE: Duration = Duration::from_millis(400);
/// The same while a revision comes up: pods come one after the other, and the step that they belong to is written anyway.
const DEBOUNCE_IN_PROGRESS: Duration = Duration::from_secs(10);
/// Seconds until an invalid Rollout is reconciled again although nothing we watch has changed.
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
    if let Some(decision) = claim::decide(view) {
        return decision;
    }
    let mut builder = Builder::new(view, now);
    presence::tell_new(&mut builder);
    if let Some(obstacle) = validate::obstacle(&builder) {
        refuse(&mut builder, &obstacle.text);
        let mut decision = finish(builder);
        if obstacle.is_missing && decision.status.is_some() && !view.debounce_passed {
            decision.debounce = decision.debounce.or(Some(DEBOUNCE));
        }
        return decision;
    }
    for _ in 0..MOST_PASSES {
        let ops = builder.ops().len();
        pass(&mut builder);
        if builder.needs().is_some() {
            return Decision { needs: builder.needs(), ..Decision::default() };
        }
        let creates_only =
            builder.ops().iter().all(|op| matches!(op, Op::WriteReplicaSet(i) if is_fresh(&builder, *i)));
        if (builder.ops().len() > ops && !creates_only) || builder.status == *builder.old() {
            break;
        }
        builder.begin_pass();
    }
    handover::scale(&mut builder);
    metadata::label_pods(&mut builder);
    if builder.needs().is_some() {
        return Decision { needs: builder.needs(), ..Decision::default() };
    }
    finish(builder)
}

/// Says in the status as it stands that this generation was reconciled.
fn observe(builder: &mut Builder<'_>) {
    let mut status = std::mem::take(&mut builder.status);
    status::observe(builder, &mut status);
    builder.status = status;
}

fn is_fresh(builder: &Builder<'_>, index: usize) -> bool {
    builder.replica_set(index).is_some_and(|s| s.is_new && s.replicas == 0)
}

/// One pass, in the order in which Argo Rollouts reconciles: paused conditions, revision, scaling, strategy
/// (source: rollout/context.go, `reconcile`).
fn pass(builder: &mut Builder<'_>) {
    status::annotate_workload(builder);
    if builder.spec().replicas.is_none() {
        builder.write_replicas();
    }
    let observed =
        builder.old().observed_generation == builder.view().rollout.metadata.generation.to_string();
    if observed && conditions::check_paused(builder) {
        return observe(builder);
    }
    match revision::ensure(builder) {
        Presence::There => {}
        Presence::Made => return,
        Presence::Refused => return refused::pass(builder),
    }
    // What comes with a new template starts at its first step: upstream follows the size by the step of the revision before.
    if is_scaling(builder) && !(builder.canary().is_some() && canary::has_changed(builder)) {
        return only_scale(builder);
    }
    if builder.blue_green().is_some() { bluegreen::pass(builder) } else { canary::pass(builder) }
}

/// Whether the user has changed the size since the ReplicaSets were last scaled
/// (source: rollout/sync.go, `isScalingEvent`).
fn is_scaling(builder: &Builder<'_>) -> bool {
    let wanted = builder.spec().replicas();
    let resized = |s: &ReplicaSet| {
        s.replicas > 0
            && s.desired_annotation().is_some_and(|n| n != wanted)
            && !builder.leaves_alone("ReplicaSet", &s.meta.name)
    };
    builder.new_replica_set().is_some_and(resized) || builder.stable_replica_set().is_some_and(resized)
}

/// Follows a new size without moving in the steps (source: rollout/sync.go, `syncReplicasOnly`).
fn only_scale(builder: &mut Builder<'_>) {
    let mut hpa: i32 = builder.replica_sets().iter().map(|s| s.current).sum();
    let mut available = builder.available_of_all();
    if builder.blue_green().is_some() {
        bluegreen::scale_all(builder);
        let active = &builder.old().blue_green.active_selector;
        if let Some(replica_set) =
            builder.replica_sets().iter().find(|s| !active.is_empty() && s.hash == *active)
        {
            (hpa, available) = (replica_set.current, replica_set.available);
        }
    } else {
        canary::scale_all(builder);
    }
    let mut new = std::mem::take(&mut builder.status);
    new.hpa_replicas = hpa;
    new.available_replicas = available;
    status::finish(builder, new);
}

/// Says why the Rollout cannot be acted on and leaves everything else as it is. As in Argo Rollouts the condition alone says
/// so, and no event.
fn refuse(builder: &mut Builder<'_>, why: &str) {
    let message = format!("The Rollout \"{}\" is invalid: {why}", builder.view().rollout.metadata.name);
    let what = ConditionType::InvalidSpec;
    if builder.status.condition(&what).is_none_or(|c| c.message != message) {
        let (state, reason) = (ConditionStatus::True, ConditionReason::InvalidSpec);
        conditions::remove(&mut builder.status, &what);
        let invalid = make(what, state, reason, message, builder.time());
        conditions::set(&mut builder.status, invalid);
    }
    observe(builder);
    let again = builder.time().plus_seconds(INVALID_RETRY);
    builder.wake_at(again);
}

/// Turns what the builder holds into the decision.
fn finish(mut builder: Builder<'_>) -> Decision {
    let writes = writes::of(&mut builder);
    let old = &builder.view().rollout.status;
    let status = status::patch(old, &builder.status);
    let counts_only = status.is_some()
        && !builder.view().debounce_passed
        && status::differ_only_in_counts(old, &builder.status);
    let may_wait = counts_only && writes.is_empty() && builder.events().is_empty();
    let debounce = may_wait.then(|| debounce_of(&builder));
    if let Some(at) = conditions::deadline(builder.spec(), &builder.status)
        && !builder.status.condition(&ConditionType::Healthy).is_some_and(Condition::is_true)
        && !conditions::may_wait(&builder)
        && at >= builder.now()
    {
        let after = at.checked_add(jiff::SignedDuration::from_secs(1)).unwrap_or(at);
        builder.wake_at(after);
    }
    // What was scaled just now brings other counts in a moment; but where that never ends, counts are told now and then.
    let is_followed = counts_only && !writes.is_empty() && made_progress_lately(&builder);
    if is_followed {
        let again = builder.time().plus_seconds(1);
        builder.wake_at(again);
    }
    let status = status.filter(|_| !is_followed);
    let events = builder.take_events();
    Decision { writes, status, debounce, wake: builder.wake(), events, needs: None }
}

/// Whether the status has told of progress less long ago than counts may wait.
fn made_progress_lately(builder: &Builder<'_>) -> bool {
    let told = builder.old().condition(&ConditionType::Progressing).map(|c| c.last_update_time.at());
    told.is_some_and(|at| builder.now().duration_since(at).unsigned_abs() < debounce_of(builder))
}

/// How long counts alone may wait. While a revision comes up nothing but the progress deadline depends on them.
fn debounce_of(builder: &Builder<'_>) -> Duration {
    if builder.old().phase.as_ref().is_some_and(|phase| *phase != RolloutPhase::Progressing) {
        return DEBOUNCE;
    }
    let deadline = u64::try_from(builder.spec().progress_deadline_seconds()).unwrap_or(0);
    (Duration::from_secs(deadline) / 20).clamp(DEBOUNCE, DEBOUNCE_IN_PROGRESS)
}
