//! Decides what server-side apply makes of an object, and who owns which fields after any write.
//! It never stores anything, sets no default and checks no value; what an API server does before and after is its caller's.
//!
//! Ownership is per manager, operation (apply or any other write), version and subresource. Applying takes the
//! fields of the configuration, refuses (or, with force, takes away) those that others set to something else, and
//! removes from the object what the manager applied before, no longer applies, and nobody else owns.

mod conflict;
mod reset;
pub mod scale;

pub use super::managed::{ManagedError, Manager, Operation};
pub use conflict::{Conflict, Conflicts};
pub use reset::reset_fields;

use super::fields::FieldSet;
use super::managed::{Managed, Owned, strip};
use super::typed::{self, Comparison};
use crate::api::listkeys::Schema;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Who writes, through which door and when.
#[derive(Clone, Debug)]
pub struct Write<'a> {
    /// The field manager that the request names, or what stands for it (the user agent up to the first `/`).
    /// Empty stands for `unknown`.
    pub manager: &'a str,
    /// The subresource that is written; empty for the object itself.
    pub subresource: &'a str,
    /// The time of the write; entries hold whole seconds.
    pub time: Timestamp,
    /// The schema of the kind.
    pub schema: &'a Schema,
    /// Fields that this door ignores (`status` on the object itself), so that nobody comes to own them through it;
    /// [`reset_fields`] knows them for Kubernetes' own kinds.
    pub reset: &'a FieldSet,
}

/// Why a configuration cannot be applied. The texts are an API server's own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// Others own fields that the configuration sets to something else; apply with force, or leave them out.
    #[error("{0}")]
    Conflicts(Conflicts),
    /// The configuration holds `metadata.managedFields`; leave it out.
    #[error("metadata.managedFields must be nil")]
    ManagedFields,
    /// The configuration is of another kind or version than the object; apply it where it belongs.
    #[error("invalid object type: {0}")]
    WrongType(String),
    /// The configuration does not fit the schema of its kind.
    #[error("failed to create typed patch object ({object}): {problem}")]
    Patch {
        /// Namespace, name and kind.
        object: String,
        /// What does not fit, and where.
        problem: String,
    },
    /// The owners of the live object's fields cannot be read.
    #[error("failed to decode managed fields: {0}")]
    Owners(#[from] ManagedError),
}

impl ApplyError {
    /// The HTTP status an API server answers with: 409 for conflicts, 400 for a bad request, else 500.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Conflicts(_) => 409,
            Self::ManagedFields | Self::WrongType(_) => 400,
            Self::Patch { .. } | Self::Owners(_) => 500,
        }
    }
}

/// The annotation in which `kubectl apply` remembers what it applied.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// All annotations of an object together may not be larger than this many bytes.
const MOST_ANNOTATIONS: usize = 256 * 1024;
/// The manager whose applies take over from `kubectl apply` without `--server-side`.
const KUBECTL: &str = "kubectl";
/// The owner of what an untracked object holds when it is first applied to.
const BEFORE_FIRST_APPLY: &str = "before-first-apply";

/// The object after applying `config`, its owners in `metadata.managedFields`. Without a live object, `config`
/// becomes the object. Defaults are the caller's to add; nobody owns them.
///
/// # Errors
/// When others own what `config` changes and `force` is not set, or when something cannot be read.
pub fn apply(
    live: Option<&Value>,
    config: &Value,
    write: &Write<'_>,
    force: bool,
) -> Result<Value, ApplyError> {
    check(live, config, write)?;
    let mut managed = Managed::read(live.unwrap_or(&Value::Null))?;
    let mut current = live.map_or_else(|| zero(config), Value::clone);
    strip(&mut current);
    if let Some(live) = live.filter(|_| managed.owners.is_empty()) {
        let (mut bare, before) = (live.clone(), Write { manager: BEFORE_FIRST_APPLY, ..write.clone() });
        strip(&mut bare);
        managed = updated(&zero(live), &bare, Managed::default(), &before);
    }
    let outcome = match merge(&current, config, &managed, write, force) {
        Err(conflicts) if write.manager == KUBECTL => {
            let rest = conflicts.beyond(&handed_over(&current, config, write.schema));
            if !rest.is_empty() {
                return Err(ApplyError::Conflicts(rest));
            }
            merge(&current, config, &managed, write, true)
        }
        outcome => outcome,
    };
    let (merged, mut managed) = outcome.map_err(ApplyError::Conflicts)?;
    let changed = live.is_none() || !super::fields::equal(&merged, &current);
    let manager = write.owner(config, Operation::Apply);
    if changed {
        managed.times.insert(manager, write.stamp());
    }
    let mut object = match live {
        None => config.clone(),
        Some(_) if changed => merged,
        Some(_) => current,
    };
    if write.manager == KUBECTL {
        remember(&mut object, config);
    }
    managed.write(&mut object);
    Ok(object)
}

/// `new`, the object that a create, update or patch leads to, with its owners in `metadata.managedFields`.
///
/// `live` is the object before, none for a create. Fields that are new or changed become the writer's; fields that
/// are gone belong to nobody. An object without owners stays without, until it is applied to: it was written before
/// anybody kept track. As on an API server, an explicit empty list in `new` forgets all owners, another list
/// replaces them, and a list that cannot be read is ignored.
#[must_use]
pub fn track_update(live: Option<&Value>, new: &Value, write: &Write<'_>) -> Value {
    let of = |object: Option<&Value>| object.and_then(|o| Managed::read(o).ok()).unwrap_or_default();
    let managed = match new.pointer("/metadata/managedFields").and_then(Value::as_array) {
        Some(list) if write.subresource.is_empty() && (list.is_empty() || *list == [json!({})]) => {
            Managed::default()
        }
        Some(_) if write.subresource.is_empty() => match Managed::read(new) {
            Ok(given) if !given.owners.is_empty() => given,
            _ => of(live),
        },
        _ => of(live),
    };
    let mut object = new.clone();
    strip(&mut object);
    if live.is_some() && managed.owners.is_empty() {
        return object;
    }
    let mut before = live.map_or_else(|| zero(new), Value::clone);
    strip(&mut before);
    updated(&before, &object, managed, write).write(&mut object);
    object
}

/// `new` with the times of `live`'s owners where nothing else in the two objects differs, so that a write that
/// changes nothing leaves no trace. To be called once defaults and other writers have had their say.
#[must_use]
pub fn keep_times(live: &Value, new: &Value) -> Value {
    let timeless = |object: &Value| {
        let mut object = object.clone();
        let list = object.pointer_mut("/metadata/managedFields").and_then(Value::as_array_mut);
        for entry in list.into_iter().flatten().filter_map(Value::as_object_mut) {
            entry.remove("time");
        }
        object
    };
    if timeless(live) == timeless(new) { live.clone() } else { new.clone() }
}

impl Write<'_> {
    fn owner(&self, object: &Value, operation: Operation) -> Manager {
        let name = if self.manager.is_empty() { "unknown" } else { self.manager };
        Manager::new(name.to_owned(), operation, version(object), self.subresource.to_owned())
    }

    fn stamp(&self) -> Value {
        let seconds = Timestamp::from_second(self.time.as_second()).unwrap_or(self.time);
        Value::String(seconds.to_string())
    }
}

fn version(object: &Value) -> &str {
    object.get("apiVersion").and_then(Value::as_str).unwrap_or_default()
}

fn kind(object: &Value) -> &str {
    object.get("kind").and_then(Value::as_str).unwrap_or_default()
}

/// What an object of this kind looks like before anybody has set a field.
fn zero(object: &Value) -> Value {
    let mut zero = Schema::zero(version(object), kind(object));
    if let Some(map) = zero.as_object_mut() {
        map.insert("apiVersion".to_owned(), json!(version(object)));
        map.insert("kind".to_owned(), json!(kind(object)));
    }
    zero
}

/// Fields that no owner list ever holds.
fn untracked() -> FieldSet {
    FieldSet::of(&[
        &["apiVersion"],
        &["kind"],
        &["metadata"],
        &["metadata", "name"],
        &["metadata", "namespace"],
        &["metadata", "creationTimestamp"],
        &["metadata", "selfLink"],
        &["metadata", "uid"],
        &["metadata", "clusterName"],
        &["metadata", "generation"],
        &["metadata", "managedFields"],
        &["metadata", "resourceVersion"],
    ])
}

/// What stands for the kind of an object in messages: `apps/v1, Kind=Deployment`.
fn kind_text(object: &Value) -> String {
    let version = version(object);
    let slash = if version.contains('/') { "" } else { "/" };
    format!("{slash}{version}, Kind={}", kind(object))
}

fn object_text(object: &Value) -> String {
    let meta =
        |key: &str| object.pointer(&format!("/metadata/{key}")).and_then(Value::as_str).unwrap_or_default();
    format!("{}/{}; {}", meta("namespace"), meta("name"), kind_text(object))
}

fn check(live: Option<&Value>, config: &Value, write: &Write<'_>) -> Result<(), ApplyError> {
    if let Some(live) = live.filter(|live| (version(live), kind(live)) != (version(config), kind(config)))
        && !version(live).is_empty()
    {
        return Err(ApplyError::WrongType(kind_text(config)));
    }
    if config.pointer("/metadata/managedFields").is_some_and(|m| !m.is_null()) {
        return Err(ApplyError::ManagedFields);
    }
    match typed::check(config, write.schema) {
        Some(problem) => Err(ApplyError::Patch { object: object_text(config), problem }),
        None => Ok(()),
    }
}

/// The owners after a write that made `after` of `before`.
fn updated(before: &Value, after: &Value, managed: Managed, write: &Write<'_>) -> Managed {
    let mut managed = reconciled(managed, write.schema);
    let change = typed::compare(before, after, write.schema).without(write.reset);
    take_away(&mut managed, &change, None);
    let set = change.set().recursive_difference(write.reset).difference(&untracked());
    if !set.is_empty() {
        let owner = write.owner(after, Operation::Update);
        let held = managed.owners.get(&owner).map(|owned| owned.set.clone()).unwrap_or_default();
        let api_version = version(after).to_owned();
        managed.owners.insert(owner.clone(), Owned { set: set.union(&held), api_version });
        managed.times.insert(owner, write.stamp());
    }
    managed.cap();
    managed
}

/// Takes what has changed away from everybody but `except`, and forgets who is left with nothing.
fn take_away(managed: &mut Managed, change: &Comparison, except: Option<&Manager>) {
    let brought = change.set();
    for (_, owned) in managed.owners.iter_mut().filter(|(manager, _)| Some(*manager) != except) {
        let conflicting = owned.set.intersection(&brought);
        owned.set = owned.set.difference(&conflicting).difference(&change.removed);
    }
    managed.drop_empty();
}

fn reconciled(mut managed: Managed, schema: &Schema) -> Managed {
    for owned in managed.owners.values_mut() {
        owned.set = owned.set.reconciled(schema);
    }
    managed
}

/// The merged object and its owners, or the conflicts that stand in the way.
fn merge(
    live: &Value,
    config: &Value,
    managed: &Managed,
    write: &Write<'_>,
    force: bool,
) -> Result<(Value, Managed), Conflicts> {
    let schema = write.schema;
    let mut managed = reconciled(managed.clone(), schema);
    let manager = write.owner(config, Operation::Apply);
    let set = typed::fields_of(config, schema).recursive_difference(write.reset);
    let api_version = version(config).to_owned();
    let last = managed.owners.insert(manager.clone(), Owned { set, api_version });
    let merged = typed::overlay(live, config, schema);
    let pruned = match last.filter(|last| !last.set.is_empty()) {
        Some(last) => prune(&merged, &last.set, &managed, schema),
        None => merged,
    };
    let change = typed::compare(live, &pruned, schema).without(write.reset);
    let brought = change.set();
    let contested: BTreeMap<Manager, FieldSet> = managed
        .owners
        .iter()
        .filter(|(other, _)| **other != manager)
        .map(|(other, owned)| (other.clone(), owned.set.intersection(&brought)))
        .filter(|(_, set)| !set.is_empty())
        .collect();
    if !force && !contested.is_empty() {
        return Err(Conflicts::of(&contested));
    }
    take_away(&mut managed, &change, Some(&manager));
    if let Some(owned) = managed.owners.get_mut(&manager) {
        owned.set = owned.set.difference(&untracked());
    }
    managed.drop_empty();
    Ok((pruned, managed))
}

/// `merged` without what the manager applied last, applies no more, and nobody else owns.
fn prune(merged: &Value, last: &FieldSet, managed: &Managed, schema: &Schema) -> Value {
    let fields = |value: &Value| typed::fields_of(value, schema).with_named_parents(schema);
    let owned = managed.owners.values().fold(FieldSet::default(), |all, owned| all.union(&owned.set));
    let last = last.with_named_parents(schema);
    let all = fields(merged);
    // What goes with the manager's last set, then back with everything somebody owns or that was not touched.
    let bare = typed::without(merged, &last, schema);
    let kept = fields(&bare).union(&owned.with_named_parents(schema));
    let held = typed::without(merged, &all.difference(&kept), schema);
    typed::without(merged, &all.difference(&fields(&held)).intersection(&last), schema)
}

/// The fields that `kubectl apply` owns by its annotation and that still are what it applied.
fn handed_over(live: &Value, config: &Value, schema: &Schema) -> FieldSet {
    let text =
        live.pointer("/metadata/annotations").and_then(|a| a.get(LAST_APPLIED)).and_then(Value::as_str);
    let applied = text.and_then(|t| serde_json::from_str::<Value>(t).ok());
    let Some(applied) = applied.filter(|a| version(a) == version(config)) else { return FieldSet::default() };
    if typed::check(&applied, schema).is_some() {
        return FieldSet::default();
    }
    let change = typed::compare(&applied, live, schema);
    typed::fields_of(&applied, schema).difference(&change.set()).difference(&change.removed)
}

/// Keeps the annotation of `kubectl apply` up to date where there is one, so that one may go back to it.
fn remember(object: &mut Value, config: &Value) {
    let Some(annotations) = object.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) else {
        return;
    };
    if annotations.get(LAST_APPLIED).and_then(Value::as_str).is_none_or(str::is_empty) {
        return;
    }
    let mut bare = config.clone();
    if let Some(own) = bare.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        own.remove(LAST_APPLIED);
    }
    annotations.insert(LAST_APPLIED.to_owned(), Value::String(format!("{bare}\n")));
    let bytes: usize = annotations.iter().map(|(k, v)| k.len() + v.as_str().map_or(0, str::len)).sum();
    if bytes > MOST_ANNOTATIONS {
        annotations.remove(LAST_APPLIED);
    }
}
