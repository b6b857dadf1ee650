//! Decides what a configuration makes of an object: what it brings, what goes with it, who stands in the way.
//! It never sets a default and checks no value.

use super::kubectl::{KUBECTL, handed_over, remember};
use super::track::{reconciled, take_away, untracked, updated};
use super::write::{kind, version, zero};
use super::{ApplyError, Conflicts, Manager, Operation, Write};
use crate::api::listkeys::Schema;
use crate::fields::FieldSet;
use crate::managed::{Managed, Owned, strip};
use crate::typed;
use serde_json::Value;
use std::collections::BTreeMap;

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
    let changed = live.is_none() || !crate::fields::equal(&merged, &current);
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
