//! Decides who owns the replicas of an object when they are written through its `scale` subresource.
//! It never changes a number; it turns owners of the object into owners of a Scale and back.
//!
//! A Scale has no owners of its own: the object's entries that hold its replicas stand for them. Whoever serves the
//! subresource gives the Scale these ([`to_scale`]), writes it with [`super::track_update`] or [`super::apply`], and
//! takes the owners back ([`to_parent`]). As on an API server, an entry that comes back has no time, and a write
//! leaves no trace where nobody owned the replicas before.

use crate::fields::{FieldSet, PathElement};
use crate::managed::{Managed, Manager, Operation, Owned};
use serde_json::{Value, json};

const SCALE: &str = "autoscaling/v1";

fn path(names: &[&str]) -> Vec<PathElement> {
    names.iter().map(|name| PathElement::Field((*name).to_owned())).collect()
}

fn entries(managed: &Managed) -> Value {
    let mut object = json!({});
    managed.write(&mut object);
    object.pointer_mut("/metadata/managedFields").map(Value::take).unwrap_or_default()
}

/// `metadata.managedFields` of the Scale of `parent`, whose replicas are at `replicas` (such as `spec`, `replicas`);
/// `null` when nobody owns them.
#[must_use]
pub fn to_scale(parent: &Value, replicas: &[&str]) -> Value {
    let managed = Managed::read(parent).unwrap_or_default();
    let mut scale = Managed::default();
    let place = path(replicas);
    for (manager, _) in managed.owners.iter().filter(|(_, owned)| owned.set.has(&place)) {
        let Manager { name, operation, subresource, .. } = manager.clone();
        let seen = Manager::new(name, operation, SCALE, subresource);
        if let Some(time) = managed.times.get(manager) {
            scale.times.insert(seen.clone(), time.clone());
        }
        let set = FieldSet::of(&[&["spec", "replicas"]]);
        scale.owners.insert(seen, Owned { set, api_version: SCALE.to_owned() });
    }
    entries(&scale)
}

/// `metadata.managedFields` of `parent` after its Scale has been written: `scale` is the Scale with its owners.
/// `null` when nobody owns anything.
#[must_use]
pub fn to_parent(parent: &Value, scale: &Value, replicas: &[&str]) -> Value {
    let mut managed = Managed::read(parent).unwrap_or_default();
    let mut scale = Managed::read(scale).unwrap_or_default();
    let place = path(replicas);
    let only = FieldSet::of(&[replicas]);
    for (manager, owned) in managed.owners.iter_mut().filter(|(_, owned)| owned.set.has(&place)) {
        let kept = manager.operation == Operation::Apply && scale.owners.remove(manager).is_some();
        if !kept {
            owned.set = owned.set.difference(&only);
        }
    }
    managed.drop_empty();
    let version = parent.get("apiVersion").and_then(Value::as_str).unwrap_or_default().to_owned();
    for (manager, owned) in scale.owners {
        if owned.set.has(&path(&["spec", "replicas"])) {
            managed.owners.insert(manager, Owned { set: only.clone(), api_version: version.clone() });
        }
    }
    entries(&managed)
}
