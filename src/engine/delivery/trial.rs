//! Decides how a plan is made of what Git says and the cluster holds, and tried on the cluster without being made.
//! What is changed is `logic::plan`; nothing is ever written here.

use crate::api::inventory::Inventory;
use crate::api::key::Key;
use crate::api::names;
use crate::api::write::Write;
use crate::engine::context::Context;
use crate::engine::delivery::error::SyncError;
use crate::engine::delivery::live::{self, AT_ONCE};
use crate::engine::delivery::rollouts::{self, Elsewhere};
use crate::engine::delivery::source::Source;
use crate::engine::delivery::{autoscalers, leftovers};
use crate::logic::delivery::ledger::Ledger;
use crate::logic::manifest::object::is_secret;
use crate::logic::manifest::problem::told;
use crate::logic::manifest::{Manifest, Manifests, Problem, schema, versioned};
use crate::logic::plan::fields::comparable;
use crate::logic::plan::{Action, Change, InTheWay, Plan, PlanContext, change, drift, order, prune, size};
use crate::world::cluster::fault::FieldFault;
use crate::world::cluster::{ClusterError, MissingRight, Mode};
use crate::world::git::Commit;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The namespace that every cluster has, in which objects of namespaces to come are tried.
const STAND_IN: &str = "default";
/// What is to be done about a mistake in a field.
const CORRECT: &str = "correct it; nothing of this commit was applied, the cluster stays as it is";

/// What all changes of a commit have in common.
#[must_use]
pub(crate) fn context_of(
    source: &Source,
    commit: &Commit,
    manifests: &Manifests,
    ledger: &Ledger,
) -> PlanContext {
    PlanContext {
        source: source.name.clone(),
        keeps: source.keeps,
        commit: commit.id.to_string(),
        subject: format!("{} ({})", commit.subject(), commit.author),
        scaled: size::scaled(manifests.objects.values().map(|m| &*m.value)),
        whole_lists: false,
        uncertain: ledger.uncertain().cloned().collect(),
        former: ledger.inventory.former.clone(),
        adopted: ledger.inventory.adopted.clone(),
        seal: ledger.inventory.seal.clone(),
        may_prune: prune::allowed(&commit.message),
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
        let base = inventory.base.get(&manifest.key).map(|base| &**base);
        let mut change = change::of_manifest(manifest, base, live.get(&manifest.key), common);
        drift::leave(&mut change, manifest, base, common);
        plan.changes.push(change);
    }
    let mut problems = Vec::new();
    plan.changes = trial(context, manifests, &plan.changes, inventory, common, &mut problems).await?;
    let plain = versioned::git_keys(manifests);
    let gone = leftovers::changes(context, &left, &served, &live, inventory, &plain, common).await?;
    let stays: BTreeSet<&Key> =
        gone.iter().filter(|c| matches!(c.action, Action::LetGo(_))).map(|c| &c.key).collect();
    let pruned: BTreeSet<&Key> =
        left.iter().map(|(key, _)| *key).filter(|key| !stays.contains(key)).collect();
    problems
        .extend(rollouts::problems(context, manifests, &plan.changes, &pruned, Elsewhere::Cluster).await?);
    if !problems.is_empty() {
        return Err(SyncError::Manifests(told(problems)));
    }
    try_to_part(context, &gone).await?;
    plan.changes.extend(gone);
    Ok(plan)
}

/// Tries what is to go or to be let go, without doing it: whoever may not do that applies nothing by halves.
///
/// # Errors
/// The rights that are missing for it.
pub(crate) async fn try_to_part(context: &Context, gone: &[Change]) -> Result<(), SyncError> {
    let writes = gone.iter().filter_map(change::write_of);
    let tries: Vec<BoxFuture<'_, _>> = writes
        .map(|write| async move { context.cluster.perform(&write, Mode::DryRun).await }.boxed())
        .collect();
    let answers: Vec<_> = futures::stream::iter(tries).buffered(AT_ONCE).collect().await;
    let lacking = answers.iter().filter_map(|answer| answer.as_ref().err()?.lacks().cloned());
    let lacking: BTreeSet<MissingRight> = lacking.collect();
    if lacking.is_empty() { Ok(()) } else { Err(SyncError::Forbidden(lacking.into_iter().collect())) }
}

/// Tries every write without making it. Mistakes are added to `problems`; writes that change nothing are dropped.
pub(super) async fn trial(
    context: &Context,
    manifests: &Manifests,
    changes: &[Change],
    inventory: &Inventory,
    common: &PlanContext,
    problems: &mut Vec<Problem>,
) -> Result<Vec<Change>, SyncError> {
    let tries: Vec<BoxFuture<'_, _>> = changes
        .iter()
        .map(|c| {
            let is_write = matches!(c.action, Action::Create(_) | Action::Patch(_));
            let waits = !is_write || definition_in(manifests, changes, c).is_some();
            let write = change::write_of(c).filter(|_| !waits);
            async move { Some(context.cluster.perform(&write?, Mode::DryRun).await) }.boxed()
        })
        .collect();
    let answers: Vec<_> = futures::stream::iter(tries).buffered(AT_ONCE).collect().await;
    let mut tried = Vec::with_capacity(changes.len());
    let mut newcomers = Vec::new();
    let mut lacking = BTreeSet::new();
    for (change, answer) in changes.iter().zip(answers) {
        let mut change = change.clone();
        match answer {
            None => problems.extend(misfits(manifests, changes, &change)),
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
            Some(Err(error)) if error.lacks_namespace() && brings_namespace(manifests, &change) => {
                newcomers.push(change.clone());
            }
            Some(Err(ref error)) if let Some(right) = error.lacks() => {
                lacking.insert(right.clone());
            }
            Some(Err(error @ ClusterError::Refused { .. })) => {
                if let Some(whole) = with_whole_lists(context, manifests, &change, inventory, common).await {
                    change = whole;
                } else if is_good_as_new(context, manifests, &change, &error).await {
                    change.action = Action::Conflict(in_the_way(&error));
                } else {
                    problems.extend(refusal(manifests, &change, &error));
                }
            }
            Some(Err(error)) => return Err(error.into()),
        }
        tried.push(change);
    }
    if !lacking.is_empty() {
        return Err(SyncError::Forbidden(lacking.into_iter().collect()));
    }
    problems.extend(elsewhere(context, manifests, &newcomers).await?);
    Ok(tried)
}

/// What is wrong with objects whose namespace comes with the same commit: they are tried in a namespace that is there,
/// and only what the cluster says of their fields is believed, as its rules for that namespace are not theirs.
async fn elsewhere(
    context: &Context,
    manifests: &Manifests,
    newcomers: &[Change],
) -> Result<Vec<Problem>, ClusterError> {
    let tries: Vec<BoxFuture<'_, _>> = newcomers
        .iter()
        .map(|change| {
            async move {
                let Action::Create(object) = &change.action else { return Ok(None) };
                let mut object = object.clone();
                set_metadata(&mut object, "namespace", STAND_IN);
                let write = Write::Create { object: object.clone() };
                let answer = context.cluster.perform(&write, Mode::DryRun).await;
                if !answer.as_ref().is_err_and(ClusterError::already_exists) {
                    return answer;
                }
                set_metadata(&mut object, "name", &format!("{}-new", change.key.name));
                context.cluster.perform(&Write::Create { object }, Mode::DryRun).await
            }
            .boxed()
        })
        .collect();
    let answers: Vec<Result<Option<Value>, ClusterError>> =
        futures::stream::iter(tries).buffered(AT_ONCE).collect().await;
    let mut problems = Vec::new();
    for (change, answer) in newcomers.iter().zip(answers) {
        match answer {
            Err(ClusterError::Refused { faults, .. }) => {
                let own = faults.iter().filter(|fault| fault.field != "metadata.namespace");
                problems.extend(own.map(|fault| of_field(manifests, change, fault)));
            }
            Err(error) => return Err(error),
            Ok(_) => {}
        }
    }
    Ok(problems)
}

fn set_metadata(object: &mut Value, word: &str, text: &str) {
    if let Some(slot) = object.pointer_mut("/metadata").and_then(Value::as_object_mut) {
        slot.insert(word.to_owned(), Value::from(text));
    }
}

/// What is wrong with an object by the definition of its kind that the same commit makes or changes.
fn misfits(manifests: &Manifests, changes: &[Change], change: &Change) -> Vec<Problem> {
    let is_write = matches!(change.action, Action::Create(_) | Action::Patch(_));
    let definition = definition_in(manifests, changes, change).filter(|_| is_write);
    let (Some(definition), Some(manifest)) = (definition, manifests.get(&change.key)) else {
        return Vec::new();
    };
    let found = schema::misfits(&definition.value, &manifest.kind.version, &manifest.value);
    let problem = |m: schema::Misfit| {
        manifests.problem(&change.key, &m.field, format!("{}: {}", change.key, m.what), CORRECT)
    };
    found.into_iter().map(problem).collect()
}

/// Whether both states carry our mark.
fn is_marked(before: &Value, after: &Value) -> bool {
    let get = |v: &Value, which: &str, key: &str| v.pointer(which).and_then(|marks| marks.get(key)).cloned();
    let mark = |v: &Value| {
        (get(v, "/metadata/annotations", names::SOURCE), get(v, "/metadata/labels", names::DELIVERY))
    };
    mark(before) == mark(after)
}

/// Whether the namespace of a new object is made by the same commit.
fn brings_namespace(manifests: &Manifests, change: &Change) -> bool {
    let namespace = Key::core("Namespace", "", &change.key.namespace);
    !change.key.namespace.is_empty() && manifests.get(&namespace).is_some()
}

/// The definition of an object's kind that the same commit makes or changes, so that the cluster knows another one yet.
fn definition_in<'m>(manifests: &'m Manifests, changes: &[Change], change: &Change) -> Option<&'m Manifest> {
    if change.key.group.is_empty() {
        return None;
    }
    let is_written = |c: &&Change| {
        c.key.kind == "CustomResourceDefinition" && matches!(c.action, Action::Create(_) | Action::Patch(_))
    };
    let definitions = changes.iter().filter(is_written).filter_map(|c| manifests.get(&c.key));
    let of =
        |m: &Manifest, p: &str| m.value.pointer(p).and_then(Value::as_str).unwrap_or_default().to_owned();
    definitions
        .into_iter()
        .find(|m| of(m, "/spec/group") == change.key.group && of(m, "/spec/names/kind") == change.key.kind)
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
    let create = Write::Create { object: Value::clone(&manifest.value) };
    let answer = context.cluster.perform(&create, Mode::DryRun).await;
    answer.is_err_and(|answer| answer.already_exists()) // whatever else it says tells nothing: a mistake, then
}

/// The same change with lists replaced whole, if the cluster takes that: what others have put into a list is kept by
/// the merge, and may not go together with what Git says.
async fn with_whole_lists(
    context: &Context,
    manifests: &Manifests,
    change: &Change,
    inventory: &Inventory,
    common: &PlanContext,
) -> Option<Change> {
    let manifest = manifests.get(&change.key).filter(|_| matches!(change.action, Action::Patch(_)))?;
    let common = PlanContext { whole_lists: true, ..common.clone() };
    let base = inventory.base.get(&change.key).map(|base| &**base);
    let mut whole = change::of_manifest(manifest, base, change.before.as_ref(), &common);
    if whole.action == change.action {
        return None;
    }
    let write = change::write_of(&whole)?;
    let after = context.cluster.perform(&write, Mode::DryRun).await.ok()?;
    whole.after = after.or(whole.after);
    Some(whole)
}

/// Why only the change is refused.
fn in_the_way(error: &ClusterError) -> InTheWay {
    let message = match error {
        ClusterError::Refused { message, .. } => message.clone(),
        other => other.to_string(),
    };
    InTheWay::Immutable { message }
}

/// A refusal of the cluster as mistakes with their places.
fn refusal(manifests: &Manifests, change: &Change, error: &ClusterError) -> Vec<Problem> {
    let ClusterError::Refused { code, message, faults, .. } = error else {
        return vec![Problem::at(&change.path, Some(change.place), error.to_string(), "")];
    };
    if !faults.is_empty() {
        return faults.iter().map(|fault| of_field(manifests, change, fault)).collect();
    }
    let help = match code {
        404 if error.lacks_namespace() => {
            "add a Namespace manifest, or create the namespace; nothing of this commit was applied"
        }
        403 => "give Switchback the right to do so; nothing of this commit was applied",
        _ => CORRECT,
    };
    vec![Problem::at(&change.path, Some(change.place), format!("{}: {message}", change.key), help)]
}

/// The mistake in one field, where it stands; nothing of what a Secret holds.
fn of_field(manifests: &Manifests, change: &Change, fault: &FieldFault) -> Problem {
    let said = if is_secret(&change.key) { fault.masked() } else { fault.clone() };
    manifests.problem(&change.key, &fault.field, format!("{}: {said}", change.key), CORRECT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::write::Target;
    use crate::base::yaml::Place;

    fn refused(code: u16, about: &str, message: &str) -> Vec<Problem> {
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
        let (about, message) = (about.into(), message.to_owned());
        let (faults, lacks) = (Box::default(), None);
        let error = ClusterError::Refused { what, code, reason, about, message, faults, lacks };
        refusal(&Manifests::default(), &change, &error)
    }

    #[test]
    fn other_refusals_are_mistakes_with_a_place_and_a_way_out() {
        let help = |code, about, message| refused(code, about, message).remove(0).help;
        assert!(
            help(404, "namespaces", "namespaces \"shop\" not found").contains("add a Namespace manifest")
        );
        assert!(help(404, "", "the server could not find it").contains("correct it"));
        assert!(help(403, "configmaps", "forbidden").contains("give Switchback the right"));
        assert_eq!(refused(422, "ConfigMap", "bad")[0].what, "ConfigMap shop/a: bad");
    }
}
