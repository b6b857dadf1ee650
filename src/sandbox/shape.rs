//! Decides how stored objects look on the wire: whole, as metadata only, as lists, as tables.
//! It never chooses the form and never reads the store.

use super::accept::Form;
use super::kept::{self, is_as_served};
use super::object;
use super::read::Page;
use super::served::Served;
use super::shelf::Stored;
use super::table::{self, Include};
use bytes::Bytes;
use serde_json::{Map, Value, json};

/// What decides the look of an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// The form.
    pub form: Form,
    /// What rows of a table carry.
    pub include: Include,
    /// The present time, for ages.
    pub now: jiff::Timestamp,
}

/// The whole object with `apiVersion` and `kind`.
#[must_use]
pub(crate) fn document(served: &Served, stored: &Stored) -> Bytes {
    if !is_as_served(served, stored) {
        return bytes(&kept::value(served, stored));
    }
    let kind = &served.kind;
    let mut out =
        format!("{{\"apiVersion\":\"{}\",\"kind\":\"{}\"", kind.api_version(), kind.kind).into_bytes();
    out.reserve(stored.bytes.len() + 1);
    match stored.bytes.get(1..) {
        Some(rest) if rest != b"}" => {
            out.push(b',');
            out.extend_from_slice(rest);
        }
        _ => out.push(b'}'),
    }
    Bytes::from(out)
}

/// JSON text of `value`.
#[must_use]
pub(crate) fn bytes(value: &Value) -> Bytes {
    Bytes::from(serde_json::to_vec(value).unwrap_or_default())
}

fn item(served: &Served, stored: &Stored) -> Bytes {
    // lists of built-in kinds leave apiVersion and kind to the list
    if served.is_built_in() {
        if is_as_served(served, stored) {
            return stored.bytes.clone();
        }
        let mut object = kept::value(served, stored);
        object::set_field(&mut object, "apiVersion", None);
        object::set_field(&mut object, "kind", None);
        return bytes(&object);
    }
    document(served, stored)
}

fn metadata_only(stored: &Stored) -> Value {
    #[derive(serde::Deserialize)]
    struct Only {
        #[serde(default)]
        metadata: Value,
    }
    let metadata = serde_json::from_slice::<Only>(&stored.bytes).map(|o| o.metadata).unwrap_or_default();
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata})
}

/// One object in the form asked for.
#[must_use]
pub(crate) fn one(served: &Served, stored: &Stored, look: Look) -> Bytes {
    match look.form {
        Form::Plain => document(served, stored),
        Form::Metadata | Form::MetadataList => bytes(&metadata_only(stored)),
        Form::Table => bytes(&table(served, std::slice::from_ref(stored), look, true, Map::new())),
    }
}

/// One event of a watch; `first` tables carry their columns.
#[must_use]
pub(crate) fn event(kind: &str, served: &Served, stored: &Stored, look: Look, first: bool) -> Vec<u8> {
    let object = match look.form {
        Form::Table => bytes(&table(served, std::slice::from_ref(stored), look, first, Map::new())),
        _ => one(served, stored, look),
    };
    line(kind, &object)
}

/// One line of a watch.
#[must_use]
pub(crate) fn line(kind: &str, object: &[u8]) -> Vec<u8> {
    let mut out = format!("{{\"type\":\"{kind}\",\"object\":").into_bytes();
    out.extend_from_slice(object);
    out.extend_from_slice(b"}\n");
    out
}

/// A page of a list in the form asked for.
#[must_use]
pub(crate) fn list(served: &Served, page: &Page, look: Look) -> Bytes {
    let mut meta = Map::new();
    meta.insert("resourceVersion".to_owned(), page.revision.to_string().into());
    if !page.next.is_empty() {
        meta.insert("continue".to_owned(), page.next.as_str().into());
    }
    if let Some(remaining) = page.remaining {
        meta.insert("remainingItemCount".to_owned(), remaining.into());
    }
    match look.form {
        Form::Plain => plain_list(served, &page.items, &meta),
        Form::Metadata | Form::MetadataList => {
            let items: Vec<Value> = page.items.iter().map(metadata_only).collect();
            bytes(&json!({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
                "metadata": meta, "items": items}))
        }
        Form::Table => bytes(&table(served, &page.items, look, true, meta)),
    }
}

fn plain_list(served: &Served, items: &[Stored], meta: &Map<String, Value>) -> Bytes {
    let size: usize = items.iter().map(|s| s.bytes.len() + 64).sum();
    let mut out = Vec::with_capacity(size + 256);
    let head = format!(
        "{{\"kind\":\"{}\",\"apiVersion\":\"{}\",\"metadata\":{},\"items\":[",
        served.list_kind,
        served.kind.api_version(),
        Value::Object(meta.clone())
    );
    out.extend_from_slice(head.as_bytes());
    for (at, stored) in items.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(&item(served, stored));
    }
    out.extend_from_slice(b"]}");
    Bytes::from(out)
}

fn table(
    served: &Served,
    items: &[Stored],
    look: Look,
    columns: bool,
    mut meta: Map<String, Value>,
) -> Value {
    let objects: Vec<Value> = items.iter().map(|stored| kept::value(served, stored)).collect();
    let printed = served.custom.as_deref().map(|c| c.printed(&served.kind.version));
    let mut table = table::table(&served.kind, &objects, printed, look.include, look.now);
    if let ([only], true) = (items, meta.is_empty()) {
        meta.insert("resourceVersion".to_owned(), only.head.revision.to_string().into());
    }
    object::set_field(&mut table, "metadata", Some(meta.into()));
    if !columns {
        object::set_field(&mut table, "columnDefinitions", Some(Value::Null));
    }
    table
}
