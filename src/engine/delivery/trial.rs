//! Decides how a plan is made of what Git says and the cluster holds, and tried on the cluster without being made.
//! What is changed is `logic::plan`; nothing is ever written here.

use crate::api::inventory::Inventory;
use crate::api::key::Key;
use crate::api::names;
use crate::api::write::Write;
use crate::engine::context::Context;
use crate::engine::delivery::error::SyncError;
use crate::engine::delivery::live::{self, AT_ONCE};
use crate::engine::delivery::source::Source;
use crate::engine::delivery::{autoscalers, leftovers};
use crate::logic::manifest::{Manifest, Manifests, Problem};
use crate::logic::plan::fields::comparable;
use crate::logic::plan::{Action, Change, InTheWay, Plan, PlanContext, change, order, size};
use crate::world::cluster::ClusterError;
use crate::world::cluster::Mode;
use crate::world::git::Commit;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use serde_json::Value;
use std::collections::BTreeMap;

/// What all changes of a commit have in common.
#[must_use]
pub(crate) fn context_of(source: &Source, commit: &Commit, manifests: &Manifests) -> PlanContext {
    PlanContext {
        source: source.name.clone(),
        commit: commit.id.to_string(),
        subject: format!("{} ({})", commit.subject(), commit.author),
        scaled: size::scaled(manifests.objects.values().map(|m| &m.value)),
    }
}

/// Plans `chosen` (all of them, or those that changed) and what is left over, and tries every write on the
/// cluster without making it, so that the plan holds the cluster's own answers.
///
/// # Errors
/// Mistakes that the cluster finds, with their places; or it is away.
pub(crate) async fn plan(
    context: &Context,
    manifests: &Manifests,
    chosen: &[&Manifest],
    inventory: &Inventory,
    common: &PlanContext,
) -> Result<Plan, SyncError> {
    let mut keys: BTreeMap<Key, String> =
        chosen.iter().map(|m| (m.key.clone(), m.target.api_version.clone())).collect();
    let left: Vec<(&Key, &String)> =
        inventory.objects.iter().filter(|(key, _)| manifests.get(key).is_none()).collect();
    let served = leftovers::versions(context, &left).await?;
    keys.extend(served.iter().filter_map(|(key, version)| Some((key.clone(), version.clone()?))));
    let live = live::read(context, &keys).await?;
    let with_live = chosen.iter().map(|m| (*m, live.get(&m.key)));
    let common = &autoscalers::learn(context, manifests, inventory, common, with_live).await?;
    let mut ordered: Vec<&Manifest> = chosen.to_vec();
    order::sort(&mut ordered);
    let mut plan = Plan::default();
    for manifest in ordered {
        let base = inventory.base.get(&manifest.key);
        plan.changes.push(change::of_manifest(manifest, base, live.get(&manifest.key), common));
    }
    let tried = trial(context, manifests, &plan.changes).await?;
    plan.changes = tried;
    let mut gone: Vec<Change> = left
        .into_iter()
        .filter_map(|(key, written)| match served.get(key).and_then(Option::as_ref) {
            Some(version) => change::of_leftover(key, version, live.get(key), common),
            None => Some(change::out_of_reach(key, written)),
        })
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
            Some(Err(error @ ClusterError::Refused { .. })) => {
                if is_good_as_new(context, manifests, &change, &error).await {
                    change.action = Action::Conflict(in_the_way(&error));
                } else {
                    problems.push(refusal(&change, &error));
                }
            }
            Some(Err(error)) => return Err(error.into()),
        }
        tried.push(change);
    }
    if problems.is_empty() { Ok(tried) } else { Err(SyncError::Manifests(problems)) }
}

/// Whether both states carry our mark.
fn is_marked(before: &Value, after: &Value) -> bool {
    let mark = |v: &Value| v.pointer("/metadata/annotations").and_then(|a| a.get(names::SOURCE)).cloned();
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

/// Whether the cluster would take the object as Git says it, were it not there already, so that only the change is
/// refused. It says so itself: of an object that it finds nothing wrong with, it says that it exists.
async fn is_good_as_new(
    context: &Context,
    manifests: &Manifests,
    change: &Change,
    error: &ClusterError,
) -> bool {
    if !matches!(change.action, Action::Patch(_)) || !error.is_invalid() {
        return false;
    }
    let Some(manifest) = manifests.get(&change.key) else { return false };
    let create = Write::Create { object: manifest.value.clone() };
    match context.cluster.perform(&create, Mode::DryRun).await {
        Err(answer) if answer.already_exists() => true,
        Err(answer) if answer.is_invalid() => false,
        _ => error.is_immutable(), // a quota, a right that is missing
    }
}

/// Why only the change is refused.
fn in_the_way(error: &ClusterError) -> InTheWay {
    let message = match error {
        ClusterError::Refused { message, .. } => message.clone(),
        other => other.to_string(),
    };
    InTheWay::Immutable { message }
}

/// A refusal of the cluster as a mistake with a place.
fn refusal(change: &Change, error: &ClusterError) -> Problem {
    let ClusterError::Refused { code, message, .. } = error else {
        return Problem::at(&change.path, Some(change.place), error.to_string(), "");
    };
    let help = match code {
        404 if error.lacks_namespace() => {
            "add a Namespace manifest, or create the namespace; nothing of this commit was applied"
        }
        403 => "give Switchback the right to do so; nothing of this commit was applied",
        _ => "correct it; nothing of this commit was applied, the cluster stays as it is",
    };
    Problem::at(&change.path, Some(change.place), format!("{}: {message}", change.key), help)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::write::Target;
    use crate::base::yaml::Place;

    fn refused(code: u16, about: &str, message: &str) -> Problem {
        let change = Change {
            key: Key::core("ConfigMap", "shop", "a"),
            target: Target::new("v1", "ConfigMap", "shop", "a"),
            action: Action::Unchanged,
            path: "a.yaml".to_owned(),
            place: Place::default(),
            before: None,
            after: None,
            overwrites: Vec::new(),
            kept: Vec::new(),
        };
        let (what, reason) = (String::new(), String::new());
        let (about, message) = (about.to_owned(), message.to_owned());
        refusal(&change, &ClusterError::Refused { what, code, reason, about, message })
    }

    #[test]
    fn other_refusals_are_mistakes_with_a_place_and_a_way_out() {
        let help = |code, about, message| refused(code, about, message).help;
        assert!(
            help(404, "namespaces", "namespaces \"shop\" not found").contains("add a Namespace manifest")
        );
        assert!(help(404, "", "the server could not find it").contains("correct it"));
        assert!(help(403, "configmaps", "forbidden").contains("give Switchback the right"));
        assert_eq!(refused(422, "ConfigMap", "bad").what, "ConfigMap shop/a: bad");
    }
}
