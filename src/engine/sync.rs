//! Decides how a set of manifests is brought to the cluster: plan, try everything, then write in order.
//! What is changed is `logic::plan`; nothing is written unless everything could be.

use crate::api::inventory::Inventory;
use crate::api::key::Key;
use crate::api::write::Target;
use crate::engine::context::Context;
use crate::logic::manifest::{Manifest, Manifests, Problem};
use crate::logic::plan::change::{self, SOURCE};
use crate::logic::plan::fields::comparable;
use crate::logic::plan::{Action, Change, Context as PlanContext, Plan, order};
use crate::world::cluster::{ClusterError, Mode};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

/// Requests under way at once.
const AT_ONCE: usize = 32;
/// From this many objects of one kind and namespace on they are listed instead of read one by one.
const WORTH_A_LIST: usize = 8;
/// Tries of one object that others change meanwhile.
const TRIES: usize = 5;

/// Why a commit was not applied.
#[derive(Debug, Error)]
pub enum SyncError {
    /// Mistakes in manifests; nothing was applied.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Manifests(Vec<Problem>),
    /// The cluster refuses or is away.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// Some objects could not be written; the others were.
    #[error("{} of {total} objects could not be written: {}", .failed.len(), .failed.join("; "))]
    Partly {
        /// Which and why.
        failed: Vec<String>,
        /// Objects to be written.
        total: usize,
    },
}

/// Reads the objects of `keys` as they are in the cluster.
///
/// # Errors
/// The cluster refuses or is away.
pub async fn live(
    context: &Context,
    keys: &BTreeMap<Key, String>,
) -> Result<BTreeMap<Key, Value>, ClusterError> {
    let mut groups: BTreeMap<(&str, &str, &str), Vec<&Key>> = BTreeMap::new();
    for (key, api_version) in keys {
        groups.entry((api_version, &key.kind, &key.namespace)).or_default().push(key);
    }
    let mut found = BTreeMap::new();
    for ((api_version, kind, namespace), wanted) in groups {
        let served = match context.cluster.kind(api_version, kind).await {
            Err(ClusterError::NoKind(_)) => continue, // its definition comes with this commit
            other => other?,
        };
        if wanted.len() >= WORTH_A_LIST {
            let names: BTreeSet<&str> = wanted.iter().map(|k| k.name.as_str()).collect();
            let namespace = Some(namespace).filter(|n| !n.is_empty());
            for object in context.cluster.list(&served, namespace, "").await? {
                let target = crate::api::key::target_of(&object);
                if names.contains(target.name.as_str()) {
                    found.insert(Key::of(&target), object);
                }
            }
            continue;
        }
        let reads: Vec<BoxFuture<'_, _>> = wanted
            .into_iter()
            .map(|key| {
                let target = Target::new(api_version, kind, &key.namespace, &key.name);
                async move { context.cluster.get(&target).await.map(|o| (key.clone(), o)) }.boxed()
            })
            .collect();
        let answers: Vec<_> = futures::stream::iter(reads).buffered(AT_ONCE).collect().await;
        for answer in answers {
            let (key, object) = answer?;
            found.extend(object.map(|o| (key, o)));
        }
    }
    Ok(found)
}

/// Plans `chosen` (all of them, or those that changed) and what is left over, and tries every write on the
/// cluster without making it, so that the plan holds the cluster's own answers.
///
/// # Errors
/// Mistakes that the cluster finds, with their places; or it is away.
pub async fn plan(
    context: &Context,
    manifests: &Manifests,
    chosen: &[&Manifest],
    inventory: &Inventory,
    common: &PlanContext,
) -> Result<Plan, SyncError> {
    let mut keys: BTreeMap<Key, String> =
        chosen.iter().map(|m| (m.key.clone(), m.target.api_version.clone())).collect();
    let leftovers: Vec<(&Key, &String)> =
        inventory.objects.iter().filter(|(key, _)| manifests.get(key).is_none()).collect();
    keys.extend(leftovers.iter().map(|(k, v)| ((*k).clone(), (*v).clone())));
    let live = live(context, &keys).await?;
    let mut ordered: Vec<&Manifest> = chosen.to_vec();
    order::sort(&mut ordered);
    let mut plan = Plan::default();
    for manifest in ordered {
        let base = inventory.base.get(&manifest.key);
        plan.changes.push(change::of_manifest(manifest, base, live.get(&manifest.key), common));
    }
    let tried = trial(context, manifests, &plan.changes).await?;
    plan.changes = tried;
    let mut gone: Vec<Change> = leftovers
        .into_iter()
        .filter_map(|(key, version)| change::of_leftover(key, version, live.get(key), common))
        .collect();
    gone.sort_by_key(|c| (std::cmp::Reverse(order::rank(&c.key.kind)), c.key.clone()));
    plan.changes.extend(gone);
    Ok(plan)
}

/// Tries every write without making it. Mistakes are collected; writes that change nothing are dropped.
async fn trial(
    context: &Context,
    manifests: &Manifests,
    changes: &[Change],
) -> Result<Vec<Change>, SyncError> {
    let writes = changes.iter().filter(|c| matches!(c.action, Action::Create(_) | Action::Patch(_))).count();
    let alone = writes == 1 && changes.iter().all(|c| !matches!(c.action, Action::Patch(_)));
    let tries: Vec<BoxFuture<'_, _>> = changes
        .iter()
        .map(|c| {
            let waits = alone
                || !matches!(c.action, Action::Create(_) | Action::Patch(_))
                || comes_with(manifests, c);
            let write = change::write_of(c).filter(|_| !waits);
            async move { Some(context.cluster.perform(&write?, Mode::DryRun).await) }.boxed()
        })
        .collect();
    let answers: Vec<_> = futures::stream::iter(tries).buffered(AT_ONCE).collect().await;
    let mut tried = Vec::with_capacity(changes.len());
    let mut problems = Vec::new();
    for (change, answer) in changes.iter().zip(answers) {
        let mut change = change.clone();
        match answer {
            None => {}
            Some(Ok(after)) => {
                let same = |a: &Value, b: &Value| comparable(a) == comparable(b);
                if let (Some(before), Some(after)) = (&change.before, &after)
                    && same(before, after)
                    && is_marked(before, after)
                {
                    change.action = Action::Unchanged; // the cluster reads it as what it holds already
                }
                change.after = after.or(change.after);
            }
            Some(Err(error)) if error.is_conflict() => {} // somebody is faster; it is decided anew when written
            Some(Err(error @ ClusterError::Refused { .. })) => match refusal(&change, &error) {
                Ok(conflict) => change.action = conflict,
                Err(problem) => problems.push(problem),
            },
            Some(Err(error)) => return Err(error.into()),
        }
        tried.push(change);
    }
    if problems.is_empty() { Ok(tried) } else { Err(SyncError::Manifests(problems)) }
}

/// Whether both states carry our mark.
fn is_marked(before: &Value, after: &Value) -> bool {
    let mark = |v: &Value| v.pointer("/metadata/annotations").and_then(|a| a.get(SOURCE)).cloned();
    mark(before) == mark(after)
}

/// Whether the namespace or the definition an object needs is made by the same commit.
fn comes_with(manifests: &Manifests, change: &Change) -> bool {
    let namespace = Key::core("Namespace", "", &change.key.namespace);
    let own_namespace = !change.key.namespace.is_empty() && manifests.get(&namespace).is_some();
    own_namespace && change.before.is_none()
        || !change.key.group.is_empty() && {
            let definitions = manifests.objects.values().filter(|m| m.key.kind == "CustomResourceDefinition");
            definitions.into_iter().any(|m| {
                m.value.pointer("/spec/group").and_then(Value::as_str) == Some(change.key.group.as_str())
            })
        }
}

/// What a refusal of the cluster means: something in the way, or a mistake with a place.
fn refusal(change: &Change, error: &ClusterError) -> Result<Action, Problem> {
    let ClusterError::Refused { code, message, .. } = error else {
        return Err(Problem::at(&change.path, Some(change.place), error.to_string(), ""));
    };
    if message.contains("field is immutable") || message.contains("is immutable") {
        return Ok(Action::Conflict {
            why: message.clone(),
            help: "give the object another name, or delete it in the cluster so that it is made anew"
                .to_owned(),
        });
    }
    let help = match code {
        404 if message.contains("namespaces \"") => {
            "add a Namespace manifest, or create the namespace; nothing of this commit was applied"
        }
        403 => "give Switchback the right to do so; nothing of this commit was applied",
        _ => "correct it; nothing of this commit was applied, the cluster stays as it is",
    };
    Err(Problem::at(&change.path, Some(change.place), format!("{}: {message}", change.key), help))
}

/// Objects created, changed and pruned.
pub type Counts = (usize, usize, usize);

/// What was applied.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    /// How many objects.
    pub counts: Counts,
    /// The Rollouts among them, as they are now.
    pub rollouts: Vec<Value>,
}

/// Makes the writes of `plan`, kind after kind; what others change meanwhile is decided anew.
///
/// # Errors
/// Objects that could not be written. Those of later kinds are then left alone, and nothing is pruned.
pub async fn apply(
    context: &Context,
    manifests: &Manifests,
    plan: &Plan,
    inventory: &Inventory,
    common: &PlanContext,
) -> Result<Applied, SyncError> {
    let total = plan.writes().count();
    let mut applied = Applied::default();
    let counts = &mut applied.counts;
    let mut failed = Vec::new();
    for change in plan.changes.iter() {
        if let Action::Conflict { why, help } = &change.action {
            failed.push(format!("{}: {why}; {help}", change.key));
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
                    applied.rollouts.extend(Some(object).filter(|_| change.target.is_rollout()));
                }
                Ok(None) => {}
                Err(error) => failed.push(error.to_string()),
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
    for change in plan.changes.iter().filter(|c| c.action == Action::Prune) {
        if let Some(write) = change::write_of(change) {
            context.cluster.perform(&write, Mode::Plain).await?;
            counts.2 += 1;
        }
    }
    Ok(applied)
}

/// Makes one write; answers the object as it is now, if there was something to write in the end.
async fn write(
    context: &Context,
    manifests: &Manifests,
    change: &Change,
    inventory: &Inventory,
    common: &PlanContext,
) -> Result<Option<Value>, ClusterError> {
    let mut change = change.clone();
    for attempt in 0..TRIES {
        let Some(write) = change::write_of(&change) else { return Ok(None) };
        match context.cluster.perform(&write, Mode::Strict).await {
            Ok(object) => return Ok(Some(object.unwrap_or_default())),
            Err(error) if error.is_conflict() && attempt + 1 < TRIES => {
                let Some(manifest) = manifests.get(&change.key) else { return Err(error) };
                let live = context.cluster.get(&change.target).await?;
                let base = inventory.base.get(&change.key);
                change = change::of_manifest(manifest, base, live.as_ref(), common);
                if let Action::Conflict { why, help } = &change.action {
                    return Err(ClusterError::Refused {
                        what: change.key.to_string(),
                        code: 409,
                        reason: "Conflict".to_owned(),
                        message: format!("{why}; {help}"),
                    });
                }
            }
            Err(error) => return Err(error),
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
