//! Decides how a plan is brought to the cluster: kind after kind, what others change meanwhile anew, pruning last.
//! It never decides what is changed; `logic::plan` does.

use crate::api::event::Event;
use crate::api::inventory::Inventory;
use crate::api::names;
use crate::base::json::text;
use crate::engine::context::Context;
use crate::engine::delivery::autoscalers;
use crate::engine::delivery::error::SyncError;
use crate::engine::delivery::live::AT_ONCE;
use crate::logic::manifest::Manifests;
use crate::logic::manifest::object::annotation;
use crate::logic::plan::{Action, Change, Plan, PlanContext, change, order};
use crate::world::cluster::Mode;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use serde_json::Value;
use std::collections::BTreeMap;

/// Tries of one object that others change meanwhile.
const TRIES: usize = 5;

/// Makes the writes of `plan`, kind after kind; what others change meanwhile is decided anew. Answers how many objects
/// were created, changed and pruned; the Rollouts among them are added to `rollouts` as they are now, also when it fails.
///
/// # Guarantees
/// Kinds that others stand on are written first, objects of one kind side by side. Each patch says which version it was
/// decided on, so nothing that others write meanwhile is lost. What Git no longer says goes last.
///
/// # Caveats
/// When it ends early, what was written stays written; planning anew finds it unchanged.
///
/// # Errors
/// Objects that could not be written. Those of later kinds are then left alone, and nothing is pruned.
pub(crate) async fn apply(
    context: &Context,
    manifests: &Manifests,
    plan: &Plan,
    inventory: &Inventory,
    common: &PlanContext,
    rollouts: &mut Vec<Value>,
) -> Result<(usize, usize, usize), SyncError> {
    let total = plan.writes().count();
    let mut counts = (0, 0, 0);
    let mut failed = Vec::new();
    for change in plan.changes.iter() {
        if let Action::Conflict(why) = &change.action {
            failed.push(SyncError::InTheWay { key: change.key.clone(), why: why.clone() });
        }
    }
    let mut ranks: BTreeMap<usize, Vec<&Change>> = BTreeMap::new();
    for change in plan.changes.iter().filter(|c| matches!(c.action, Action::Create(_) | Action::Patch(_))) {
        ranks.entry(order::rank(&change.key.kind)).or_default().push(change);
    }
    for changes in ranks.into_values() {
        let before = failed.len();
        let writes: Vec<BoxFuture<'_, _>> =
            changes.iter().map(|c| write(context, manifests, c, inventory, common).boxed()).collect();
        let answers: Vec<_> = futures::stream::iter(writes).buffered(AT_ONCE).collect().await;
        for (change, answer) in changes.iter().zip(answers) {
            match answer {
                Ok(Some(object)) => {
                    *if change.before.is_none() { &mut counts.0 } else { &mut counts.1 } += 1;
                    rollouts.extend(Some(object).filter(|_| change.target.is_rollout()));
                }
                Ok(None) => {}
                Err(error) => failed.push(error),
            }
        }
        if failed.len() > before {
            return Err(SyncError::Partly { failed, total });
        }
        settle_definitions(context, &changes).await;
    }
    if !failed.is_empty() {
        return Err(SyncError::Partly { failed, total });
    }
    for change in plan.changes.iter().filter(|c| matches!(c.action, Action::LetGo(_))) {
        let_go(context, change).await?;
    }
    for change in plan.changes.iter().filter(|c| c.action == Action::Prune) {
        if let Some(write) = change::write_of(change) {
            context.cluster.perform(&write, Mode::Plain).await?;
            counts.2 += 1;
        }
    }
    Ok(counts)
}

/// Takes our mark off an object that is let go, and tells people.
async fn let_go(context: &Context, change: &Change) -> Result<(), SyncError> {
    let (Action::LetGo(why), Some(write)) = (&change.action, change::write_of(change)) else { return Ok(()) };
    match context.cluster.perform(&write, Mode::Plain).await {
        Err(error) if error.is_missing() => return Ok(()), // it is gone, which is as well
        other => drop(other?),
    }
    let uid = change.before.as_ref().map(|live| text(live, "/metadata/uid")).unwrap_or_default();
    let event = Event::normal("LetGo", format!("Git no longer says it, but {why}"));
    context.events_about(&change.target, uid, vec![event]);
    Ok(())
}

/// Makes one write; answers the object as it is now, if there was something to write in the end.
async fn write(
    context: &Context,
    manifests: &Manifests,
    change: &Change,
    inventory: &Inventory,
    common: &PlanContext,
) -> Result<Option<Value>, SyncError> {
    let mut change = change.clone();
    for attempt in 0..TRIES {
        let Some(write) = change::write_of(&change) else { return Ok(None) };
        match context.cluster.perform(&write, Mode::Strict).await {
            Ok(object) => return Ok(Some(object.unwrap_or_default())),
            Err(error) if error.is_conflict() && attempt + 1 < TRIES => {
                let Some(manifest) = manifests.get(&change.key) else { return Err(error.into()) };
                let live = context.cluster.get(&change.target).await?;
                let is_marked = |live: &Value| annotation(live, names::SOURCE).is_some();
                if error.already_exists() && live.as_ref().is_some_and(|live| !is_marked(live)) {
                    return Err(error.into()); // others were faster: that it was there is noted before it is changed
                }
                let base = inventory.base.get(&change.key).map(|base| &**base);
                let object = std::iter::once((manifest, live.as_ref()));
                let common = autoscalers::learn(context, manifests, inventory, common, object).await?;
                change = change::of_manifest(manifest, base, live.as_ref(), &common);
                if let Action::Conflict(why) = change.action {
                    return Err(SyncError::InTheWay { key: change.key, why });
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

/// Waits, for a moment, until definitions just made are served.
async fn settle_definitions(context: &Context, changes: &[&Change]) {
    for change in changes.iter().filter(|c| c.key.kind == "CustomResourceDefinition" && c.before.is_none()) {
        for _ in 0..50 {
            let object = context.cluster.get(&change.target).await.ok().flatten();
            let conditions =
                object.as_ref().and_then(|o| o.pointer("/status/conditions")).and_then(Value::as_array);
            let text = |c: &Value, k: &str| c.get(k).and_then(Value::as_str).unwrap_or_default().to_owned();
            let served = conditions
                .into_iter()
                .flatten()
                .any(|c| text(c, "type") == "Established" && text(c, "status") == "True");
            if served {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    }
}
