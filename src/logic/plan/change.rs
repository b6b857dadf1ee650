//! Decides what has to be done to one object so that the cluster holds what Git says: the three-way merge of
//! what was applied last, what Git wants now and what is there. It never does it.

use crate::api::key::Key;
use crate::api::listkeys::Schema;
use crate::api::names;
use crate::api::seal::is_sealed;
use crate::api::write::{Patch, Target, Write};
use crate::base::yaml::Place;
use crate::logic::manifest::object::{annotate, annotation, strip};
use crate::logic::manifest::{Manifest, versioned};
use crate::logic::plan::context::PlanContext;
use crate::logic::plan::in_the_way::InTheWay;
use crate::logic::plan::lists;
use crate::logic::plan::prune::{self, LetGo, PruneWaits};
use crate::logic::plan::size;
use crate::logic::plan::undone;
use crate::logic::plan::wanted::{annotate_commit, desired, leave_to_cluster};
use crate::merge::{MergeError, json as merge_json, three};
use serde_json::{Value, json};
use std::borrow::Cow;

/// What is to be done to one object.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    /// It is missing, and made of this; what a trial answers holds values that the cluster made up.
    Create(Value),
    /// It differs.
    Patch(Patch),
    /// It is as Git says.
    Unchanged,
    /// Git no longer says it.
    Prune,
    /// Git no longer says it, but it is to be kept: our mark is taken off.
    LetGo(LetGo),
    /// Git no longer says it, but it cannot go yet.
    PruneWaits(PruneWaits),
    /// Git no longer says it, and the cluster serves no such kind any more; nothing can be done until it does.
    OutOfReach,
    /// It cannot be made so.
    Conflict(InTheWay),
}

/// What is to be done to one object, with what it was and what it will be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Change {
    /// Identity.
    pub(crate) key: Key,
    /// Where it is written.
    pub(crate) target: Target,
    /// What is done.
    pub(crate) action: Action,
    /// The file it stands in; empty when it is pruned.
    pub(crate) path: String,
    /// Where in the file.
    pub(crate) place: Place,
    /// The object in the cluster.
    pub(crate) before: Option<Value>,
    /// The object as it will be; the cluster's own answer once a dry run was made.
    pub(crate) after: Option<Value>,
    /// Fields that somebody else changed and Git takes back.
    pub(crate) overwrites: Vec<String>,
    /// Fields that Git says otherwise but that are left to their owner, with the owner.
    pub(crate) kept: Vec<String>,
}

/// All changes of one commit, in the order in which they are made.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Plan {
    /// The changes.
    pub(crate) changes: Vec<Change>,
}

impl Plan {
    /// Changes that are writes.
    pub(crate) fn writes(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|c| {
            matches!(c.action, Action::Create(_) | Action::Patch(_) | Action::Prune | Action::LetGo(_))
        })
    }

    /// Whether nothing would be written and nothing stands in the way.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        let is_rest = |action: &Action| {
            matches!(
                action,
                Action::Unchanged
                    | Action::OutOfReach
                    | Action::PruneWaits(PruneWaits::Needed { .. } | PruneWaits::Kept { .. })
            )
        };
        self.changes.iter().all(|c| is_rest(&c.action))
    }

    /// What Git no longer says and cannot be pruned yet, with the API version it is written in: it stays ours.
    pub(crate) fn stays_ours(&self) -> impl Iterator<Item = (Key, String)> {
        let waits = |c: &&Change| matches!(c.action, Action::OutOfReach | Action::PruneWaits(_));
        self.changes.iter().filter(waits).map(|c| (c.key.clone(), c.target.api_version.clone()))
    }

    /// Whether something waits to be pruned until pods do not need it.
    #[must_use]
    pub(crate) fn waits_for_pods(&self) -> bool {
        self.changes.iter().any(|c| matches!(c.action, Action::PruneWaits(PruneWaits::Needed { .. })))
    }

    /// Whether something waits to be pruned until a revision is kept no longer.
    #[must_use]
    pub(crate) fn waits_for_revisions(&self) -> bool {
        self.changes.iter().any(|c| matches!(c.action, Action::PruneWaits(PruneWaits::Kept { .. })))
    }

    /// How many objects would have gone of how many, when that was too much at once.
    #[must_use]
    pub(crate) fn too_many(&self) -> Option<(usize, usize)> {
        self.changes.iter().find_map(|c| match c.action {
            Action::PruneWaits(PruneWaits::TooMany { count, of }) => Some((count, of)),
            _ => None,
        })
    }
}

/// Decides about one object of Git. `base` is what we applied last; without it kubectl's own annotation of what it
/// applied last serves, and without that nothing is ever deleted.
#[must_use]
pub(crate) fn of_manifest(
    manifest: &Manifest,
    base: Option<&Value>,
    live: Option<&Value>,
    context: &PlanContext,
) -> Change {
    let mut change = Change {
        key: manifest.key.clone(),
        target: manifest.target.clone(),
        action: Action::Unchanged,
        path: manifest.path.clone(),
        place: manifest.place,
        before: live.cloned(),
        after: None,
        overwrites: Vec::new(),
        kept: Vec::new(),
    };
    let mut wanted = desired(&manifest.value, context);
    let is_rollout = manifest.target.is_rollout();
    let Some(live) = live else {
        if is_rollout {
            annotate_commit(&mut wanted, context);
        }
        change.action = Action::Create(wanted.clone());
        change.after = Some(wanted);
        return change;
    };
    if let Some(why) = stands_in_the_way(live, context) {
        change.action = Action::Conflict(why);
        return change;
    }
    if context.is_new_to_us(&manifest.key, base) && annotation(live, names::SOURCE).is_none() {
        annotate(&mut wanted, names::ADOPTED, "true");
    }
    let is_as_before = context.is_as_applied(manifest, base);
    let opened = base.map(|b| context.seal.open(&manifest.key, b, &[live, &manifest.value]));
    let mut base = opened.map(|b| desired(&b, context)).or_else(|| last_applied(live, context));
    if let Some(base) = &mut base {
        leave_to_cluster(base, &wanted);
    }
    change.kept.extend(size::keep(&mut wanted, live, context.scaled.get(&manifest.key)));
    if is_rollout && is_as_before {
        change.kept.extend(undone::keep(&mut wanted, live));
    }
    if !context.whole_lists {
        let before = base.as_ref().map_or_else(|| Cow::Owned(wanted.clone()), Cow::Borrowed);
        lists::keep(&mut wanted, &before, live);
    }
    match merge(manifest, base.as_ref().unwrap_or(&wanted), &wanted, live, context) {
        Ok(None) => change.after = Some(live.clone()),
        Ok(Some((mut patch, mut after))) => {
            change.overwrites = overwritten(manifest, base.as_ref(), &wanted, live, context);
            if let Patch::Merge(body) = &mut patch
                && is_rollout
                && touches_more_than_marks(body)
            {
                annotate_commit(body, context);
                annotate_commit(&mut after, context);
            }
            change.action = Action::Patch(patch);
            change.after = Some(after);
        }
        Err(error) => change.action = Action::Conflict(error.into()),
    }
    change
}

/// Whether a patch of a Rollout does more than put our own annotations on it.
fn touches_more_than_marks(patch: &Value) -> bool {
    let mut rest = patch.clone();
    for pointer in ["/metadata/annotations", "/metadata/labels"] {
        if let Some(marks) = rest.pointer_mut(pointer).and_then(Value::as_object_mut) {
            marks.retain(|k, _| !k.starts_with(names::OWN_PREFIX));
        }
    }
    !is_hollow(&rest)
}

/// Whether nothing but empty maps is left.
fn is_hollow(value: &Value) -> bool {
    value.as_object().is_some_and(|m| m.values().all(is_hollow))
}

fn uses_strategic(manifest: &Manifest, context: &PlanContext) -> bool {
    !context.whole_lists
        && crate::api::kinds::is_built_in(&manifest.key.group)
        && Schema::of(&manifest.target.api_version, &manifest.key.kind).is_some()
        && manifest.key.kind != "CustomResourceDefinition"
}

/// The patch and what it makes of the object; none when it changes nothing.
fn merge(
    manifest: &Manifest,
    base: &Value,
    wanted: &Value,
    live: &Value,
    context: &PlanContext,
) -> Result<Option<(Patch, Value)>, MergeError> {
    let schema = Schema::of(&manifest.target.api_version, &manifest.key.kind);
    let (patch, after) = match schema.filter(|_| uses_strategic(manifest, context)) {
        Some(schema) => three::three_way(base, wanted, live, &schema)?,
        None => {
            let patch = three::json(base, wanted, live);
            let after = merge_json::apply(live, &patch);
            (Patch::Merge(patch), after)
        }
    };
    Ok((after != *live).then_some((patch, after)))
}

fn overwritten(
    manifest: &Manifest,
    base: Option<&Value>,
    wanted: &Value,
    live: &Value,
    context: &PlanContext,
) -> Vec<String> {
    let Some(base) = base else { return Vec::new() };
    let schema = Schema::of(&manifest.target.api_version, &manifest.key.kind);
    let found = match schema.filter(|_| uses_strategic(manifest, context)) {
        Some(schema) => three::conflicts(base, wanted, live, &schema).unwrap_or_default(),
        None => three::conflicts_json(base, wanted, live),
    };
    found.into_iter().map(|c| c.path).collect()
}

/// What kubectl annotated the object with when it applied it last.
fn last_applied(live: &Value, context: &PlanContext) -> Option<Value> {
    let applied = live.pointer("/metadata/annotations")?.get(names::LAST_APPLIED)?.as_str()?;
    let mut value: Value = serde_json::from_str(applied).ok()?;
    strip(&mut value);
    Some(desired(&value, context))
}

/// Whether the object belongs to somebody else or is going away.
fn stands_in_the_way(live: &Value, context: &PlanContext) -> Option<InTheWay> {
    let annotations = live.pointer("/metadata/annotations");
    let owner = annotations.and_then(|a| a.get(names::SOURCE)).and_then(Value::as_str);
    if let Some(other) = owner.filter(|o| !context.is_ours(o)) {
        return Some(InTheWay::OtherDelivery { other: other.to_owned() });
    }
    live.pointer("/metadata/deletionTimestamp").filter(|t| !t.is_null()).map(|_| InTheWay::BeingDeleted)
}

/// Decides about an object that is ours and that Git no longer says, `applied` as it was applied last; none when it is
/// gone already.
#[must_use]
pub(crate) fn of_leftover(
    key: &Key,
    api_version: &str,
    live: Option<&Value>,
    applied: Option<&Value>,
    context: &PlanContext,
) -> Option<Change> {
    let live = live?;
    let owner =
        live.pointer("/metadata/annotations").and_then(|a| a.get(names::SOURCE)).and_then(Value::as_str);
    let deleting = live.pointer("/metadata/deletionTimestamp").is_some_and(|t| !t.is_null());
    if deleting || !owner.is_some_and(|owner| context.is_ours(owner)) {
        return None; // going already, or somebody has taken our mark off: it is theirs now
    }
    let kept = context.keeps.then_some(LetGo::Kept);
    let adopted = (context.adopted.contains(key) && !prune::is_enabled(applied)).then_some(LetGo::Adopted);
    let action =
        kept.or(adopted).or_else(|| prune::let_go(key, live, applied)).map_or(Action::Prune, Action::LetGo);
    Some(leftover(key, api_version, action, Some(live)))
}

/// A version of configuration that Git no longer says and that the cluster has lost, as if it went now: where a revision that
/// is kept names it, it is to be made again. None when only digests are known of what it held.
#[must_use]
pub(crate) fn of_lost_version(
    key: &Key,
    api_version: &str,
    live: Option<&Value>,
    applied: Option<&Value>,
) -> Option<Change> {
    let is_lost =
        applied.is_some_and(|value| versioned::git_key(key, value).is_some() && !is_sealed(key, value));
    (live.is_none() && is_lost).then(|| leftover(key, api_version, Action::Prune, None))
}

/// An object that is ours and that Git no longer says, of a kind that the cluster does not serve any more.
#[must_use]
pub(crate) fn out_of_reach(key: &Key, api_version: &str) -> Change {
    leftover(key, api_version, Action::OutOfReach, None)
}

fn leftover(key: &Key, api_version: &str, action: Action, before: Option<&Value>) -> Change {
    Change {
        key: key.clone(),
        target: Target::new(api_version, &key.kind, &key.namespace, &key.name),
        action,
        path: String::new(),
        place: Place::default(),
        before: before.cloned(),
        after: None,
        overwrites: Vec::new(),
        kept: Vec::new(),
    }
}

/// The write that a change is; none when there is nothing to write.
#[must_use]
pub(crate) fn write_of(change: &Change) -> Option<Write> {
    let text = |p: &str| {
        let value = change.before.as_ref().and_then(|b| b.pointer(p)).and_then(Value::as_str);
        value.map(str::to_owned).filter(|t| !t.is_empty())
    };
    match &change.action {
        Action::Create(object) => Some(Write::Create { object: object.clone() }),
        Action::Patch(patch) => Some(Write::Patch {
            target: change.target.clone(),
            subresource: "",
            patch: patch.clone(),
            expect: text("/metadata/resourceVersion"),
        }),
        Action::Prune => Some(Write::Delete {
            target: change.target.clone(),
            uid: text("/metadata/uid").unwrap_or_default(),
            expect: None,
            foreground: false,
        }),
        Action::LetGo(_) => Some(Write::Patch {
            target: change.target.clone(),
            subresource: "",
            patch: Patch::Merge(
                json!({"metadata": {"annotations": {names::SOURCE: null, names::ADOPTED: null},
                    "labels": {names::DELIVERY: null}}}),
            ),
            expect: None,
        }),
        Action::Unchanged | Action::OutOfReach | Action::PruneWaits(_) | Action::Conflict(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds;
    use crate::api::seal::Seal;
    use crate::logic::plan::drift;
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::sync::Arc;

    type Data = BTreeMap<&'static str, &'static str>;

    fn data() -> impl Strategy<Value = Data> {
        let value = prop::sample::select(vec!["eA==", "eQ==", "eg=="]);
        prop::collection::btree_map(prop::sample::select(vec!["a", "b", "c", "d"]), value, 0..5)
    }

    fn secret(data: &Data) -> Value {
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "shop"}, "data": data})
    }

    proptest! {
        #[test]
        fn a_sealed_base_merges_as_the_plain_one_does_and_no_digest_is_ever_written(
            base in data(), git in data(), live in data(), is_json in any::<bool>(), is_uncertain in any::<bool>(),
        ) {
            let (key, seal) = (Key::core("Secret", "shop", "s"), Seal::new("k"));
            let kind = kinds::find("v1", "Secret").unwrap();
            let manifest = drift::again(&key, "v1", &kind, &std::sync::Arc::new(secret(&git)));
            let mut context = PlanContext { source: "ours".into(), seal, whole_lists: is_json, ..PlanContext::default() };
            context.uncertain.extend(Some(key.clone()).filter(|_| is_uncertain));
            let live = desired(&secret(&live), &context);
            let base = Arc::new(secret(&base));
            let sealed = context.seal.seal(&key, &base);
            let plain = of_manifest(&manifest, Some(&base), Some(&live), &context);
            let merged = of_manifest(&manifest, Some(&sealed), Some(&live), &context);
            prop_assert_eq!(&plain, &merged);
            let written = format!("{:?}", write_of(&merged));
            prop_assert!(!written.contains("hmac"), "{}", written);
            let expected: Data = git.clone();
            let after = merged.after.as_ref().and_then(|after| after.get("data")).cloned().unwrap_or_default();
            for (name, value) in &expected {
                prop_assert_eq!(&after[*name], *value);
            }
            if !sealed["data"].as_object().unwrap().is_empty() {
                let again = drift::again(&key, "v1", &kind, &sealed);
                prop_assert_eq!(drift::of(&again, Some(&live), &context), None);
                prop_assert_eq!(drift::of(&again, None, &context), None);
            }
        }
    }

    #[test]
    fn objects_that_carry_a_former_name_are_ours_and_marked_anew() {
        let (key, kind) = (Key::core("Secret", "shop", "s"), kinds::find("v1", "Secret").unwrap());
        let manifest = drift::again(&key, "v1", &kind, &std::sync::Arc::new(secret(&Data::new())));
        let mut context = PlanContext { source: "old".into(), ..PlanContext::default() };
        let live = desired(&manifest.value, &context);
        context.source = "new".into();
        let change = of_manifest(&manifest, Some(&manifest.value), Some(&live), &context);
        assert!(matches!(change.action, Action::Conflict(InTheWay::OtherDelivery { .. })));
        assert!(of_leftover(&key, "v1", Some(&live), None, &context).is_none());
        context.former.insert("old".into());
        let after = of_manifest(&manifest, Some(&manifest.value), Some(&live), &context).after.unwrap();
        assert_eq!(after["metadata"]["annotations"][names::SOURCE], "new");
        assert_eq!(after["metadata"]["labels"][names::DELIVERY], "new");
        assert!(of_leftover(&key, "v1", Some(&live), None, &context).is_some());
    }
}
