//! Decides how the actors read and write the JSON of an object: names, times, owners, conditions.
//! It never decides what an object should say.

use crate::base::json::{flag, list, text};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// One entry of `metadata.ownerReferences`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Owner {
    pub api_version: String,
    pub kind: String,
    pub name: String,
    pub uid: String,
    pub controller: bool,
    /// `blockOwnerDeletion`: a foreground deletion of the owner waits for this object.
    pub blocks: bool,
}

/// The moment written at a JSON pointer.
pub(super) fn moment(object: &Value, pointer: &str) -> Option<Timestamp> {
    text(object, pointer).parse().ok()
}

/// One annotation, if it is a text.
pub(super) fn annotation<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object.pointer("/metadata/annotations")?.get(name)?.as_str()
}

pub(super) fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

pub(super) fn namespace(object: &Value) -> &str {
    text(object, "/metadata/namespace")
}

pub(super) fn uid(object: &Value) -> &str {
    text(object, "/metadata/uid")
}

/// Whether a deletion has begun.
pub(super) fn deleting(object: &Value) -> bool {
    object.pointer("/metadata/deletionTimestamp").is_some_and(|t| !t.is_null())
}

pub(super) fn has_finalizer(object: &Value, finalizer: &str) -> bool {
    list(object, "/metadata/finalizers").iter().any(|f| f.as_str() == Some(finalizer))
}

/// Takes a finalizer away; the list goes with its last entry.
pub(super) fn drop_finalizer(object: &mut Value, finalizer: &str) {
    let mut left = list(object, "/metadata/finalizers").to_vec();
    left.retain(|f| f.as_str() != Some(finalizer));
    if left.is_empty() {
        take(object, &["metadata", "finalizers"])
    } else {
        put(object, &["metadata", "finalizers"], json!(left))
    }
}

pub(super) fn owners(object: &Value) -> Vec<Owner> {
    let owner = |o: &Value| Owner {
        api_version: text(o, "/apiVersion").to_owned(),
        kind: text(o, "/kind").to_owned(),
        name: text(o, "/name").to_owned(),
        uid: text(o, "/uid").to_owned(),
        controller: flag(o, "/controller"),
        blocks: flag(o, "/blockOwnerDeletion"),
    };
    list(object, "/metadata/ownerReferences").iter().map(owner).collect()
}

/// Takes the references to some owners off an object.
pub(super) fn drop_owners(object: &mut Value, gone: &[&str]) {
    let mut left = list(object, "/metadata/ownerReferences").to_vec();
    left.retain(|o| !gone.contains(&text(o, "/uid")));
    if left.is_empty() {
        take(object, &["metadata", "ownerReferences"]);
    } else {
        put(object, &["metadata", "ownerReferences"], json!(left));
    }
}

/// The owner reference that makes `owner` the controller of another object.
pub(super) fn controller_reference(owner: &Value) -> Value {
    json!({
        "apiVersion": text(owner, "/apiVersion"), "kind": text(owner, "/kind"), "name": name(owner), "uid": uid(owner),
        "controller": true, "blockOwnerDeletion": true,
    })
}

/// Writes `value` at `path`, making the maps on the way; a value that is no map on the way is replaced by one.
pub(super) fn put(object: &mut Value, path: &[&str], value: Value) {
    let mut at = object;
    for step in path {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        let Value::Object(map) = at else { return };
        at = map.entry(*step).or_insert(Value::Null);
    }
    *at = value;
}

/// Removes what is at `path`.
pub(super) fn take(object: &mut Value, path: &[&str]) {
    let Some((last, way)) = path.split_last() else { return };
    let mut at = object;
    for step in way {
        let Some(next) = at.get_mut(*step) else { return };
        at = next;
    }
    if let Value::Object(map) = at {
        map.remove(*last);
    }
}

/// `now` as Kubernetes writes times: RFC 3339 in whole seconds, rounded down.
pub(super) fn stamp(now: Timestamp) -> Value {
    Value::String(seconds(now).to_string())
}

/// `now` with six digits of a second, as Kubernetes' `MicroTime`.
pub(super) fn micro_stamp(now: Timestamp) -> Value {
    Value::String(format!("{now:.6}"))
}

/// `now` cut to whole seconds: what a reader of a written time will see.
pub(super) fn seconds(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// `from` plus whole seconds, held within the range of timestamps.
pub(super) fn after(from: Timestamp, seconds: i64) -> Timestamp {
    from.checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

/// The condition of one type in `status.conditions`.
pub(super) fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    list(object, "/status/conditions").iter().find(|c| text(c, "/type") == kind)
}

/// Whether the condition of one type is `True`.
pub(super) fn holds(object: &Value, kind: &str) -> bool {
    condition(object, kind).is_some_and(|c| text(c, "/status") == "True")
}
