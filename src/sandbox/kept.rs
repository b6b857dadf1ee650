//! Decides the form in which an object is kept, and how it is read again: custom objects with today's defaults, Events
//! in the fields of the API they are asked for in. It never keeps anything itself.

use super::events;
use super::fields;
use super::object;
use super::served::Served;
use super::shelf::{Head, Stored};
use crate::base::json;
use bytes::Bytes;
use serde_json::Value;
use std::sync::Arc;

/// The form in which `object` is kept.
#[must_use]
pub(crate) fn write(served: &Served, revision: u64, object: &Value) -> Stored {
    let owners = json::list(object, "/metadata/ownerReferences").iter();
    let head = Head {
        namespace: object::meta(object, "namespace").to_owned(),
        name: object::meta(object, "name").to_owned(),
        uid: object::meta(object, "uid").to_owned(),
        revision,
        labels: json::texts(object, "/metadata/labels"),
        fields: fields::selectable(served, object),
        owners: owners.map(|o| json::text(o, "/uid").to_owned()).collect(),
        deleting: object::is_deleting(object),
    };
    let edition = served.custom.as_ref().map_or(0, |c| c.edition);
    Stored { head: Arc::new(head), bytes: bare_bytes(object), edition }
}

/// The JSON text of `object` without `apiVersion` and `kind`.
fn bare_bytes(object: &Value) -> Bytes {
    let Value::Object(all) = object else { return Bytes::from_static(b"{}") };
    let mut out = Vec::with_capacity(512);
    out.push(b'{');
    for (key, value) in all.iter().filter(|(k, _)| !matches!(k.as_str(), "apiVersion" | "kind")) {
        if out.len() > 1 {
            out.push(b',');
        }
        out.extend_from_slice(Value::from(key.as_str()).to_string().as_bytes());
        out.push(b':');
        // a Value always has a JSON text; writing into memory does not fail
        let _infallible = serde_json::to_writer(&mut out, value);
    }
    out.push(b'}');
    Bytes::from(out)
}

/// The object behind its stored form, with the `apiVersion` and `kind` it is served under.
#[must_use]
pub(crate) fn read(served: &Served, stored: &Stored) -> Value {
    let mut object = serde_json::from_slice(&stored.bytes).unwrap_or(Value::Null);
    object::set_field(&mut object, "apiVersion", Some(served.kind.api_version().into()));
    object::set_field(&mut object, "kind", Some(served.kind.kind.as_str().into()));
    object
}

/// The object as it is today: a custom object written under an older schema gets the defaults of the new one.
#[must_use]
pub(crate) fn current(served: &Served, stored: &Stored) -> Value {
    let mut object = read(served, stored);
    if let Some(custom) = served.custom.as_deref().filter(|c| c.is_newer(stored)) {
        custom.on_read(&served.kind.version, &mut object);
    }
    object
}

/// The object as it is read from outside: as it is today, and Events of the newer API in its own fields.
#[must_use]
pub(crate) fn value(served: &Served, stored: &Stored) -> Value {
    outside(served, current(served, stored))
}

/// What is read from outside of an object as it is today.
#[must_use]
pub(crate) fn outside(served: &Served, mut object: Value) -> Value {
    if served.kind.group == "events.k8s.io" {
        events::to_events_api(&mut object);
    }
    object
}

/// Whether what is kept is, word for word, what is read from outside.
#[must_use]
pub(crate) fn is_as_served(served: &Served, stored: &Stored) -> bool {
    served.kind.group != "events.k8s.io" && !served.custom.as_deref().is_some_and(|c| c.is_newer(stored))
}
