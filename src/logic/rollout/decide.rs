//! Decides what is to be done about one Rollout now: the front door of the climb.
//! It never performs anything; production, simulation, plan and demo call this same function.

use crate::api::names;
use crate::api::write::{Patch, Target, Write};
use crate::logic::rollout::conditions::{self, make};
use crate::logic::rollout::decision::Decision;
use crate::logic::rollout::phase::condition;
use crate::logic::rollout::view::{Set, View};
use crate::logic::rollout::work::{Op, Work};
use crate::logic::rollout::{bluegreen, canary, handover, revision, status, validate};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
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
        if obstacle.may_pass && decision.status.is_some() && !view.flush {
            decision.patience = decision.patience.or(Some(PATIENCE));
        }
        return decision;
    }
    for _ in 0..MOST_PASSES {
        let before = work.status.clone();
        let ops = work.ops.len();
        pass(&mut work);
        if work.needs.is_some() {
            return Decision { needs: work.needs, ..Decision::default() };
        }
        let creates_only = work.ops.iter().all(|op| matches!(op, Op::Set(i) if is_fresh(&work, *i)));
        if (work.ops.len() > ops && !creates_only) || work.status == before {
            break;
        }
        work.begin_pass();
    }
    handover::scale(&mut work);
    finish(work)
}

fn is_fresh(work: &Work<'_>, index: usize) -> bool {
    work.sets.get(index).is_some_and(|s| s.is_new && s.replicas == 0)
}

/// One pass, in the order in which Argo Rollouts reconciles: paused conditions, revision, scaling, strategy.
fn pass(work: &mut Work<'_>) {
    status::note_workload(work);
    if work.spec().replicas.is_none() {
        work.annotations.entry(String::new()).or_default(); // marks that `spec.replicas` is to be written
    }
    let observed = work.old.observed_generation == work.view.rollout.metadata.generation.to_string();
    if observed && conditions::check_paused(work) {
        let mut new = work.status.clone();
        status::observe(work, &mut new);
        work.status = new;
        return;
    }
    if revision::ensure(work) {
        return;
    }
    if is_scaling(work) {
        return only_scale(work);
    }
    if work.blue_green().is_some() { bluegreen::pass(work) } else { canary::pass(work) }
}

/// Whether the user has changed the size since the sets were last scaled.
fn is_scaling(work: &Work<'_>) -> bool {
    let wanted = work.spec().replicas();
    let resized = |s: &Set| s.replicas > 0 && s.desired_annotation().is_some_and(|n| n != wanted);
    work.new_set().is_some_and(resized) || work.stable_set().is_some_and(resized)
}

/// Follows a new size without moving in the steps.
fn only_scale(work: &mut Work<'_>) {
    let mut new = work.status.clone();
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
    new.hpa_replicas = hpa;
    new.available_replicas = available;
    status::finish(work, new);
}

/// Says why the Rollout cannot be acted on and leaves everything else as it is.
fn refuse(work: &mut Work<'_>, why: &str) {
    let message = format!("The Rollout \"{}\" is invalid: {why}", work.view.rollout.metadata.name);
    let mut new = work.status.clone();
    let present = condition(&new, "InvalidSpec").map(|c| c.message.clone());
    if present.as_deref() != Some(message.as_str()) {
        conditions::remove(&mut new, "InvalidSpec");
        conditions::set(&mut new, make("InvalidSpec", "True", "InvalidSpec", message.clone(), work.time()));
        work.warn("InvalidSpec", message);
    }
    status::observe(work, &mut new);
    work.status = new;
    let again = work.time().plus_seconds(INVALID_RETRY);
    work.look_again(again);
}

/// Turns the changes on the desk into writes.
fn finish(mut work: Work<'_>) -> Decision {
    let mut writes: Vec<Write> = Vec::new();
    for op in std::mem::take(&mut work.ops) {
        writes.extend(as_write(&work, op));
    }
    writes.extend(own_metadata(&work));
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
            .filter(|n| !first || n.warning || n.reason == "RolloutCompleted")
            .collect(),
        needs: None,
    }
}

/// How long counts alone may wait. Before a Rollout was ever healthy nothing but the progress deadline depends on them.
fn patience(work: &Work<'_>) -> Duration {
    if condition(&work.old, "Healthy").is_some() {
        return PATIENCE;
    }
    let deadline = u64::try_from(work.spec().progress_deadline_seconds()).unwrap_or(0);
    (Duration::from_secs(deadline) / 20).clamp(PATIENCE, PATIENCE_AT_FIRST)
}

/// Annotations (and a missing size) of the Rollout itself.
fn own_metadata(work: &Work<'_>) -> Option<Write> {
    if work.annotations.is_empty() {
        return None;
    }
    let mut body = Map::new();
    let annotations: Map<String, Value> =
        work.annotations.iter().filter(|(k, _)| !k.is_empty()).map(|(k, v)| (k.clone(), json!(v))).collect();
    if !annotations.is_empty() {
        body.insert("metadata".to_owned(), json!({"annotations": annotations}));
    }
    if work.spec().replicas.is_none() {
        body.insert("spec".to_owned(), json!({"replicas": 1}));
    }
    Some(patch(
        target(work, "Rollout", names::ARGO, &work.view.rollout.metadata.name),
        Value::Object(body),
        None,
    ))
}

fn target(work: &Work<'_>, kind: &str, api_version: &str, name: &str) -> Target {
    Target::new(api_version, kind, &work.view.rollout.metadata.namespace, name)
}

fn patch(target: Target, body: Value, expect: Option<String>) -> Write {
    Write::Patch { target, subresource: "", patch: Patch::Merge(body), expect }
}

fn as_write(work: &Work<'_>, op: Op) -> Option<Write> {
    let some = |text: &String| Some(text.clone()).filter(|t| !t.is_empty());
    match op {
        Op::Set(index) => {
            let set = work.sets.get(index)?;
            if set.is_new {
                return Some(Write::Create { object: revision::object(work, set) });
            }
            let before = work.view.sets.get(index)?;
            let body = set_patch(before, set)?;
            let target = target(work, "ReplicaSet", "apps/v1", &set.meta.name);
            Some(patch(target, body, some(&set.meta.resource_version)))
        }
        Op::DeleteSet(index) => {
            let meta = &work.sets.get(index)?.meta;
            let target = target(work, "ReplicaSet", "apps/v1", &meta.name);
            let expect = some(&meta.resource_version);
            Some(Write::Delete { target, uid: meta.uid.clone(), expect, foreground: false })
        }
        Op::Service(name) => {
            let service = work.services.get(&name)?;
            let body = json!({
                "metadata": {"annotations": {names::MANAGED_BY: service.managed_by}},
                "spec": {"selector": {names::POD_HASH: service.hash}},
            });
            Some(patch(target(work, "Service", "v1", &name), body, some(&service.resource_version)))
        }
        Op::CreateRun(object) => Some(Write::Create { object }),
        Op::StopRun(index) => {
            let target = target(work, "AnalysisRun", names::ARGO, &work.runs.get(index)?.meta.name);
            Some(patch(target, json!({"spec": {"terminate": true}}), None))
        }
        Op::DeleteRun(index) => {
            let meta = &work.runs.get(index)?.meta;
            let target = target(work, "AnalysisRun", names::ARGO, &meta.name);
            Some(Write::Delete { target, uid: meta.uid.clone(), expect: None, foreground: false })
        }
        Op::ScaleWorkload(replicas) => {
            let workload = work.view.workload.as_ref()?;
            let reference = work.spec().workload_ref.as_ref()?;
            let target = target(work, &reference.kind, &reference.api_version, &reference.name);
            let body = json!({"spec": {"replicas": replicas}});
            Some(patch(target, body, some(&workload.resource_version)))
        }
        Op::Evict(name) => Some(Write::Evict { target: target(work, "Pod", "v1", &name) }),
    }
}

/// The patch from one state of a ReplicaSet to the other; none when they are equal.
fn set_patch(before: &Set, after: &Set) -> Option<Value> {
    let (mut annotations, mut spec) = (Map::new(), Map::new());
    let (old, new) = (&before.meta.annotations, &after.meta.annotations);
    for key in old.keys().filter(|k| !new.contains_key(*k)) {
        annotations.insert(key.clone(), Value::Null);
    }
    for (key, value) in new.iter().filter(|(k, v)| old.get(*k) != Some(v)) {
        annotations.insert(key.clone(), json!(value));
    }
    if before.replicas != after.replicas {
        spec.insert("replicas".to_owned(), json!(after.replicas));
    }
    if before.min_ready_seconds != after.min_ready_seconds {
        spec.insert("minReadySeconds".to_owned(), json!(after.min_ready_seconds));
    }
    let mut body = Map::new();
    if !annotations.is_empty() {
        body.insert("metadata".to_owned(), json!({"annotations": annotations}));
    }
    if !spec.is_empty() {
        body.insert("spec".to_owned(), Value::Object(spec));
    }
    (!body.is_empty()).then_some(Value::Object(body))
}
