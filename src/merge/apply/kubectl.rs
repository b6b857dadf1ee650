//! Decides how server-side apply takes over from `kubectl apply`, and keeps the way back open.
//! It never decides what is applied.

use super::write::version;
use crate::api::listkeys::Schema;
use crate::fields::FieldSet;
use crate::typed;
use serde_json::Value;

/// The annotation in which `kubectl apply` remembers what it applied.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// All annotations of an object together may not be larger than this many bytes.
const MOST_ANNOTATIONS: usize = 256 * 1024;
/// The manager whose applies take over from `kubectl apply` without `--server-side`.
pub(super) const KUBECTL: &str = "kubectl";

/// The fields that `kubectl apply` owns by its annotation and that still are what it applied.
pub(super) fn handed_over(live: &Value, config: &Value, schema: &Schema) -> FieldSet {
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
pub(super) fn remember(object: &mut Value, config: &Value) {
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
