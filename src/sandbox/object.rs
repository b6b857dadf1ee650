//! Decides how a JSON object and its metadata are read and set; absent and null are the same.
//! It never checks what it reads and never invents a value.

use serde_json::{Map, Value};

/// One field of `metadata` as text, empty when there is none.
#[must_use]
pub(crate) fn meta<'a>(object: &'a Value, field: &str) -> &'a str {
    object.get("metadata").and_then(|m| m.get(field)).and_then(Value::as_str).unwrap_or_default()
}

/// The JSON type of a value, as Go names it.
#[must_use]
pub(crate) fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Object(_) => "object",
        Value::Array(_) => "array",
        Value::String(_) => "string",
        Value::Number(_) => "number",
        Value::Bool(_) => "bool",
        Value::Null => "null",
    }
}

/// `metadata` to write into; made when it is absent, null or no object.
pub(crate) fn meta_mut(object: &mut Value) -> &mut Map<String, Value> {
    fields_mut(object, "metadata")
}

/// The object at `key` to write into; made when it is absent, null or no object.
pub(crate) fn fields_mut<'a>(object: &'a mut Value, key: &str) -> &'a mut Map<String, Value> {
    as_fields(as_fields(object).entry(key).or_insert(Value::Null))
}

/// `value` as an object to write into; anything else is replaced by an empty one.
pub(crate) fn as_fields(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(fields) => fields,
        _ => as_fields(value),
    }
}

/// Sets one field of `metadata`, or removes it with `None`.
pub(crate) fn set_meta(object: &mut Value, field: &str, value: Option<Value>) {
    match value {
        Some(value) => {
            meta_mut(object).insert(field.to_owned(), value);
        }
        None => {
            if let Some(Value::Object(meta)) = object.get_mut("metadata") {
                meta.remove(field);
            }
        }
    }
}

/// Copies one field of `metadata` from `from`, or removes it when `from` has none.
pub(crate) fn copy_meta(object: &mut Value, from: &Value, field: &str) {
    let value = from.get("metadata").and_then(|m| m.get(field)).filter(|v| !v.is_null()).cloned();
    set_meta(object, field, value);
}

/// Sets the top-level field `key`, or removes it with `None`.
pub(crate) fn set_field(object: &mut Value, key: &str, value: Option<Value>) {
    let fields = as_fields(object);
    match value {
        Some(value) => {
            fields.insert(key.to_owned(), value);
        }
        None => {
            fields.remove(key);
        }
    }
}

/// The texts of a list of `metadata`, such as `finalizers`.
#[must_use]
pub(crate) fn meta_texts(object: &Value, field: &str) -> Vec<String> {
    let items = object.get("metadata").and_then(|m| m.get(field)).and_then(Value::as_array);
    items.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Sets a list of texts in `metadata`; an empty list is removed.
pub(crate) fn set_meta_texts(object: &mut Value, field: &str, texts: &[String]) {
    let value = (!texts.is_empty()).then(|| Value::from(texts.to_vec()));
    set_meta(object, field, value);
}

/// Whether the object is being deleted.
#[must_use]
pub(crate) fn is_deleting(object: &Value) -> bool {
    !meta(object, "deletionTimestamp").is_empty()
}

/// The revision the object says it has; 0 when it says none.
///
/// # Errors
/// The text when it is no number.
pub(crate) fn revision(object: &Value) -> Result<u64, String> {
    match meta(object, "resourceVersion") {
        "" => Ok(0),
        text => text.parse().map_err(|_| text.to_owned()),
    }
}

/// A time as Kubernetes writes it: UTC, whole seconds.
#[must_use]
pub(crate) fn time(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn absent_metadata_reads_as_nothing_and_is_made_on_writing() {
        let mut object = json!({"metadata": null});
        assert_eq!(meta(&object, "name"), "");
        set_meta(&mut object, "name", None);
        set_meta(&mut object, "name", Some("a".into()));
        assert_eq!(object, json!({"metadata": {"name": "a"}}));
        set_meta_texts(&mut object, "finalizers", &[]);
        assert!(object["metadata"].get("finalizers").is_none());
    }

    #[test]
    fn times_have_whole_seconds() {
        let at: jiff::Timestamp = "2026-11-21T11:22:33.987654Z".parse().unwrap();
        assert_eq!(time(at), "2026-11-21T11:22:33Z");
    }
}
