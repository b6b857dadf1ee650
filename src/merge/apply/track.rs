//! Decides who owns which fields after a write that is no apply.
//! It never changes what was written.

use super::write::{version, zero};
use super::{Manager, Operation, Write};
use crate::api::listkeys::Schema;
use crate::fields::FieldSet;
use crate::managed::{Managed, Owned, strip};
use crate::typed::{self, Comparison};
use serde_json::{Value, json};

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

/// Fields that no owner list ever holds.
pub(super) fn untracked() -> FieldSet {
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

/// The owners after a write that made `after` of `before`.
pub(super) fn updated(before: &Value, after: &Value, managed: Managed, write: &Write<'_>) -> Managed {
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
pub(super) fn take_away(managed: &mut Managed, change: &Comparison, except: Option<&Manager>) {
    let brought = change.set();
    for (_, owned) in managed.owners.iter_mut().filter(|(manager, _)| Some(*manager) != except) {
        let conflicting = owned.set.intersection(&brought);
        owned.set = owned.set.difference(&conflicting).difference(&change.removed);
    }
    managed.drop_empty();
}

pub(super) fn reconciled(mut managed: Managed, schema: &Schema) -> Managed {
    for owned in managed.owners.values_mut() {
        owned.set = owned.set.reconciled(schema);
    }
    managed
}
