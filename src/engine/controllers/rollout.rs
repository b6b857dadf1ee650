//! Decides how one Rollout is reconciled: decide, write in order, then events. The decision itself is `logic::rollout`.
//! It never writes after a write that failed; what the cluster denies is left out of the next decision.

use crate::api::kinds;
use crate::api::meta::Meta;
use crate::api::names;
use crate::api::object_name::ObjectName;
use crate::api::podhash::same::same_template;
use crate::api::raw_object::RawObject;
use crate::api::time::Time;
use crate::api::write::{Patch, Target, Write};
use crate::base::json::text;
use crate::engine::context::Context;
use crate::engine::controllers::outcome::Outcome;
use crate::engine::controllers::refusals::{Creation, Refusals, Writes};
use crate::engine::index::Index;
use crate::logic::rollout::claim::is_claimed;
use crate::logic::rollout::decide::decide;
use crate::logic::rollout::decision::{Decision, Need};
use crate::logic::rollout::denied::{self, decide_without};
use crate::logic::rollout::injected::template::own_template;
use crate::logic::rollout::view::{Denied, Pod, Refused, View};
use crate::world::cluster::{ClusterError, Mode};
use serde_json::{Value, json};
use tokio::time::Instant;

/// Reconciles the Rollout at `name`; none when it is gone.
pub(super) fn start(
    context: &Context,
    index: &Index,
    refusals: &Refusals,
    name: &ObjectName,
    debounced: bool,
) -> Option<impl Future<Output = Outcome> + Send + 'static + use<>> {
    let mut view = index.view(name, debounced)?;
    let now = Instant::now();
    view.refused =
        refusals.of(name, view.rollout.status.abort, now).filter(|refused| refused.hash == view.pod_hash);
    view.denied = refusals.denied(name, now);
    let (context, name) = (context.clone(), name.clone());
    Some(async move {
        let began = Instant::now();
        let outcome = reconcile(&context, view).await;
        let failed = outcome.error.as_ref().is_some_and(|e| !e.is_conflict());
        context.metrics.reconciled(&name, began.elapsed(), failed);
        outcome
    })
}

async fn reconcile(context: &Context, mut view: View) -> Outcome {
    let now = context.clock.now();
    let mut outcome = Outcome::default();
    let mut decision = decide_without(&mut view, now);
    let mut unread = None;
    while let Some(need) = decision.needs {
        match find(context, &mut view, need).await {
            Ok(true) => {}
            Ok(false) => return Outcome::default(), // of what it is now the watch tells
            Err(error) if need == Need::Pods && unread.is_none() && error.denial().is_some() => {
                view.denied.extend(error.denial().map(Denied::of_reading_pods));
                unread = Some(error);
            }
            Err(error) => return Outcome::failed(error), // nothing can be decided without it
        }
        decision = decide_without(&mut view, now);
    }
    if view.refused.is_some() {
        outcome.creation = Creation::NotTried;
    }
    if decision.debounce.is_some() || view.denied.iter().any(|denied| denied.waits) {
        outcome.writes = Writes::NotTried;
    }
    let mut is_made = perform(context, &view, &decision, &mut outcome).await;
    if let Err((at, error)) = &is_made
        && let Some(refused) = refused(&view, decision.writes.get(*at), error)
    {
        outcome.creation = Creation::Refused(refused.clone());
        view.refused = Some(refused);
        decision = decide(&view, now);
        is_made = perform(context, &view, &decision, &mut outcome).await;
    }
    outcome.wake = decision.wake;
    outcome.debounce = decision.debounce;
    let meta = &view.rollout.metadata;
    let target = Target::new(names::ARGO, "Rollout", &meta.namespace, &meta.name);
    match is_made {
        // What is held back is not told either; the decision that writes it tells it.
        Ok(()) if decision.debounce.is_some() => {}
        Ok(()) => {
            context.events_about(&target, &meta.uid, decision.events);
            if let Some(error) = unread {
                let denied = Denied::of_reading_pods(error.denial().unwrap_or_default());
                outcome.writes = Writes::Denied(denied, Box::new(error));
            }
        }
        Err((at, error)) => match denied(&view, decision.writes.get(at), &error) {
            Some(denied) => {
                let event = denied::told(&view, &denied);
                context.events_about(&target, &meta.uid, event.into_iter().collect());
                outcome.writes = Writes::Denied(denied, Box::new(error));
            }
            None => {
                outcome.error = Some(error);
                outcome.writes = Writes::NotTried;
            }
        },
    }
    outcome
}

/// Puts into `view` what a decision lacks; whether it is still of use.
async fn find(context: &Context, view: &mut View, need: Need) -> Result<bool, ClusterError> {
    match need {
        Need::Pods => view.pods = Some(pods(context, view).await?),
        Need::Rollout => view.is_there = is_there(context, &view.rollout.metadata).await?,
    }
    Ok(view.is_there || need != Need::Rollout)
}

/// Whether the cluster has the very Rollout of `meta` and does not delete it: who adopts for one that is gone leaves pods to
/// nobody.
async fn is_there(context: &Context, meta: &Meta) -> Result<bool, ClusterError> {
    let found =
        context.cluster.get(&Target::new(names::ARGO, "Rollout", &meta.namespace, &meta.name)).await?;
    let found = found.as_ref().and_then(|object| object.get("metadata")).and_then(Meta::of);
    Ok(found.is_some_and(|found| found.uid == meta.uid && found.deletion_timestamp.is_none()))
}

/// The write that the cluster denies as it is (`error`), if the rest can be decided without it; without one it is that of
/// the status.
fn denied(view: &View, write: Option<&Write>, error: &ClusterError) -> Option<Denied> {
    let why = error.denial()?;
    match write {
        Some(write) => Denied::of(view, write, why),
        None => {
            let meta = &view.rollout.metadata;
            Denied::of(view, &status_patch(meta, Value::Null, String::new()), why)
        }
    }
}

/// Makes the writes of a decision, the status last; the error comes with the place of the write that failed.
async fn perform(
    context: &Context,
    view: &View,
    decision: &Decision,
    outcome: &mut Outcome,
) -> Result<(), (usize, ClusterError)> {
    if decision.debounce.is_some() {
        return Ok(());
    }
    let meta = &view.rollout.metadata;
    let mut version = meta.resource_version.clone();
    for (at, write) in decision.writes.iter().enumerate() {
        let answer = match context.cluster.perform_as(write, Mode::Plain).await {
            Err(error) => settle(context, view, write, error).await.map_err(|error| (at, error))?,
            Ok(answer) => answer,
        };
        if write.target().kind == "Rollout"
            && let Some(rollout) = &answer
        {
            version.clone_from(&rollout.metadata.resource_version);
        }
        outcome.add(write, answer);
    }
    let Some(status) = &decision.status else { return Ok(()) };
    let write = status_patch(meta, status.clone(), version);
    let answer = context.cluster.perform_as(&write, Mode::Plain).await;
    outcome.add(&write, answer.map_err(|error| (decision.writes.len(), error))?);
    Ok(())
}

/// The ReplicaSet of the current template, if that is what `write` makes and the cluster refuses it as it is (`error`).
fn refused(view: &View, write: Option<&Write>, error: &ClusterError) -> Option<Refused> {
    let why = error.denial()?;
    let creates = |w: &&Write| matches!(w, Write::Create { .. }) && w.target().kind == "ReplicaSet";
    write.filter(creates).map(|_| Refused { hash: view.pod_hash.clone(), why: why.to_owned() })
}

fn status_patch(meta: &Meta, body: Value, version: String) -> Write {
    Write::Patch {
        target: Target::new(names::ARGO, "Rollout", &meta.namespace, &meta.name),
        subresource: "status",
        patch: Patch::Merge(body),
        expect: Some(version).filter(|v| !v.is_empty()),
    }
}

/// What a refused write means: some refusals are answers.
async fn settle(
    context: &Context,
    view: &View,
    write: &Write,
    error: ClusterError,
) -> Result<Option<RawObject>, ClusterError> {
    match write {
        Write::Evict { .. } if matches!(error, ClusterError::Refused { code: 429 | 404, .. }) => Ok(None),
        Write::Patch { target, .. } if target.kind == "Pod" && error.is_missing() => Ok(None), // it has ended meanwhile
        Write::Create { object } if error.already_exists() => {
            let target = write.target();
            let Some(present) = context.cluster.get(&target).await? else { return Err(error) };
            let row = present.get("metadata").and_then(Meta::of).unwrap_or_default();
            let ours = row.is_controlled_by(&view.rollout.metadata.uid);
            let wanted = object.get("metadata").and_then(Meta::of).unwrap_or_default();
            let template = |object: &Value, meta: &Meta| {
                own_template(object.pointer("/spec/template").unwrap_or(&Value::Null), meta)
            };
            let same = target.kind != "ReplicaSet"
                || same_template(&template(&present, &row), &template(object, &wanted));
            if ours && same {
                return Ok(RawObject::of(&present).ok()); // an earlier try whose answer was lost
            }
            if target.kind == "ReplicaSet" && !is_claimed(view, &row) {
                let meta = &view.rollout.metadata;
                let count = view.rollout.status.collision_count.unwrap_or(0) + 1;
                let body = json!({"status": {"collisionCount": count}});
                let write = status_patch(meta, body, meta.resource_version.clone());
                context.cluster.perform(&write, Mode::Plain).await?;
            }
            Err(error)
        }
        _ => Err(error),
    }
}

async fn pods(context: &Context, view: &View) -> Result<Vec<Pod>, ClusterError> {
    let Some(kind) = kinds::find("v1", "Pod") else { return Ok(Vec::new()) };
    let namespace = view.rollout.metadata.namespace.as_str();
    let found = context.cluster.list(&kind, Some(namespace), &view.selector.to_string()).await?;
    Ok(found.iter().map(pod).collect())
}

fn pod(object: &Value) -> Pod {
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
    let ready = conditions.into_iter().flatten().find(|c| text(c, "/type") == "Ready");
    let ready = ready.filter(|c| text(c, "/status") == "True");
    Pod {
        meta: object.get("metadata").and_then(Meta::of).unwrap_or_default(),
        is_ready: ready.is_some(),
        ready_since: ready.and_then(|c| Time::parse(text(c, "/lastTransitionTime"))),
    }
}
