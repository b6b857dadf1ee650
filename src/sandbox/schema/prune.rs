//! Decides which fields of an object its schema knows: the others go, and are told.
//! It never looks at values.

use super::Schema;
use crate::typed;
use serde_json::{Map, Value};

/// What was taken away, and what cannot stay.
#[derive(Debug, Default)]
pub(crate) struct Pruned {
    /// Paths of unknown fields of metadata, in the order they were met.
    pub metadata: Vec<String>,
    /// Paths of other unknown fields, sorted.
    pub fields: Vec<String>,
}

fn is_meta(name: &str) -> bool {
    matches!(name, "apiVersion" | "kind" | "metadata")
}

/// Takes away what the schema of a whole object does not know, and makes its metadata and that of objects inside it
/// well formed.
///
/// # Errors
/// Go's text for metadata that holds values of a wrong type.
pub(crate) fn object(object: &mut Value, schema: Schema<'_>) -> Result<Pruned, String> {
    let mut pruned = Pruned::default();
    coerce(object, "", &mut pruned.metadata)?;
    let mut walk = Walk { found: Vec::new(), inner: Vec::new() };
    walk.fields(object, Some(schema), "", true);
    embedded(object, schema, "", &mut walk.inner)?;
    walk.found.append(&mut walk.inner);
    walk.found.sort();
    pruned.fields = walk.found;
    Ok(pruned)
}

/// Makes `metadata` well formed; unknown fields are taken away and told.
fn coerce(object: &mut Value, path: &str, found: &mut Vec<String>) -> Result<(), String> {
    let Some(ty) = typed::named("meta.v1.ObjectMeta") else { return Ok(()) };
    let Some(metadata) = object.get_mut("metadata").filter(|m| !m.is_null()) else { return Ok(()) };
    if !metadata.is_object() {
        let kind = crate::object::json_type(metadata);
        return Err(format!("json: cannot unmarshal {kind} into Go value of type v1.ObjectMeta"));
    }
    let text = serde_json::to_vec(metadata).unwrap_or_default();
    let prefix = if path.is_empty() { "metadata".to_owned() } else { format!("{path}.metadata") };
    for complaint in typed::strict::complaints(&text, Some(ty)) {
        let inside = complaint.strip_prefix("unknown field \"").and_then(|c| c.strip_suffix('"'));
        found.extend(inside.map(|name| format!("{prefix}.{name}")));
    }
    *metadata = typed::fit::fit(metadata.take(), ty)?;
    Ok(())
}

/// Makes the metadata of objects inside the object well formed.
fn embedded(
    value: &mut Value,
    schema: Schema<'_>,
    path: &str,
    found: &mut Vec<String>,
) -> Result<(), String> {
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields.iter_mut() {
                let Some(schema) = schema.property(name).or_else(|| schema.additional()) else { continue };
                let path = join(path, name);
                if schema.is_embedded() && inner.is_object() {
                    coerce(inner, &path, found)?;
                }
                embedded(inner, schema, &path, found)?;
            }
        }
        Value::Array(items) => {
            let Some(schema) = schema.items() else { return Ok(()) };
            for (at, inner) in items.iter_mut().enumerate() {
                let path = format!("{path}[{at}]");
                if schema.is_embedded() && inner.is_object() {
                    coerce(inner, &path, found)?;
                }
                embedded(inner, schema, &path, found)?;
            }
        }
        _ => {}
    }
    Ok(())
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

struct Walk {
    found: Vec<String>,
    inner: Vec<String>,
}

impl Walk {
    fn value(&mut self, value: &mut Value, schema: Option<Schema<'_>>, path: &str) {
        match value {
            Value::Object(_) => self.fields(value, schema, path, false),
            Value::Array(items) => {
                let preserves = schema.is_some_and(|s| s.preserves());
                let inner = schema.and_then(|s| s.items());
                for (at, item) in items.iter_mut().enumerate() {
                    if preserves && inner.is_none() {
                        continue;
                    }
                    self.value(item, inner, &format!("{path}[{at}]"));
                }
            }
            _ => {}
        }
    }

    /// Prunes a map; `root` objects keep their type and metadata as embedded ones do.
    fn fields(&mut self, value: &mut Value, schema: Option<Schema<'_>>, path: &str, root: bool) {
        let Value::Object(fields) = value else { return };
        let given = std::mem::take(fields);
        let mut kept = Map::new();
        for (name, mut inner) in given {
            let place = join(path, &name);
            let keeps_meta = root || schema.is_some_and(|s| s.is_embedded());
            if keeps_meta && is_meta(&name) {
                kept.insert(name, inner);
                continue;
            }
            match schema {
                None => self.found.push(place),
                Some(schema) => {
                    if let Some(property) = schema.property(&name).or_else(|| schema.additional()) {
                        self.value(&mut inner, Some(property), &place);
                        kept.insert(name, inner);
                    } else if schema.preserves() || schema.takes_any() {
                        kept.insert(name, inner);
                    } else {
                        self.found.push(place);
                    }
                }
            }
        }
        *fields = kept;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn unknown_fields_go_and_are_told() {
        let schema = json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
            "known": {"type": "string"},
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            "map": {"type": "object", "additionalProperties": {"type": "object", "properties": {"a": {}}}},
            "list": {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "string"}}}},
            "inner": {"type": "object", "x-kubernetes-embedded-resource": true,
                "x-kubernetes-preserve-unknown-fields": true}}}}});
        let mut given = json!({"apiVersion": "x/v1", "kind": "X", "metadata": {"name": "a", "foo": 1}, "baz": 2,
            "spec": {"known": "k", "no": 1, "free": {"x": {"y": 1}}, "map": {"k": {"a": 1, "b": 2}},
                "list": [{"a": "1", "c": 1}], "inner": {"kind": "Pod", "metadata": {"foo": 1}, "spec": {"z": 1}}}});
        let pruned = object(&mut given, Schema::new(&schema)).unwrap();
        assert_eq!(pruned.metadata, ["metadata.foo"]);
        assert_eq!(
            pruned.fields,
            ["baz", "spec.inner.metadata.foo", "spec.list[0].c", "spec.map.k.b", "spec.no"]
        );
        assert_eq!(
            given["spec"],
            json!({"known": "k", "free": {"x": {"y": 1}}, "map": {"k": {"a": 1}}, "list": [{"a": "1"}],
                "inner": {"kind": "Pod", "metadata": {}, "spec": {"z": 1}}})
        );
    }

    #[test]
    fn metadata_must_be_metadata() {
        let error = |metadata: Value| {
            object(&mut json!({ "metadata": metadata }), Schema::new(&json!({}))).unwrap_err()
        };
        assert_eq!(error(json!("x")), "json: cannot unmarshal string into Go value of type v1.ObjectMeta");
        assert_eq!(
            error(json!({"labels": {"a": 1}})),
            "json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string"
        );
    }
}
