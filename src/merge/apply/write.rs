//! Decides what is known of a write: who writes, through which door, when, and what the object is.
//! It never changes an object.

use super::{Manager, Operation};
use crate::api::listkeys::Schema;
use crate::fields::FieldSet;
use jiff::Timestamp;
use serde_json::{Value, json};

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
    /// [`reset_fields`](super::reset_fields) knows them for Kubernetes' own kinds.
    pub reset: &'a FieldSet,
}

impl Write<'_> {
    pub(super) fn owner(&self, object: &Value, operation: Operation) -> Manager {
        let name = if self.manager.is_empty() { "unknown" } else { self.manager };
        Manager::new(name.to_owned(), operation, version(object), self.subresource.to_owned())
    }

    pub(super) fn stamp(&self) -> Value {
        let seconds = Timestamp::from_second(self.time.as_second()).unwrap_or(self.time);
        Value::String(seconds.to_string())
    }
}

pub(super) fn version(object: &Value) -> &str {
    object.get("apiVersion").and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn kind(object: &Value) -> &str {
    object.get("kind").and_then(Value::as_str).unwrap_or_default()
}

/// What an object of this kind looks like before anybody has set a field.
pub(super) fn zero(object: &Value) -> Value {
    let mut zero = Schema::zero(version(object), kind(object));
    if let Some(map) = zero.as_object_mut() {
        map.insert("apiVersion".to_owned(), json!(version(object)));
        map.insert("kind".to_owned(), json!(kind(object)));
    }
    zero
}
