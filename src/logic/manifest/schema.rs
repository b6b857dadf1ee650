//! Decides what is wrong with an object by the definition of its kind that comes with the same commit, so that no
//! cluster can be asked. It never checks more than fields, their types and what has to be there.

use serde_json::Value;

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Misfit {
    /// Path of the field, as an API server writes it.
    pub(crate) field: String,
    /// What is wrong, without any value.
    pub(crate) what: String,
}

/// What is wrong with `object`, of `version`, by the CustomResourceDefinition `definition`.
#[must_use]
pub(crate) fn misfits(definition: &Value, version: &str, object: &Value) -> Vec<Misfit> {
    let versions = definition.pointer("/spec/versions").and_then(Value::as_array);
    let mut versions = versions.into_iter().flatten();
    let schema = versions
        .find(|v| v.get("name").and_then(Value::as_str) == Some(version))
        .and_then(|v| v.pointer("/schema/openAPIV3Schema"));
    let mut found = Vec::new();
    if let Some(schema) = schema {
        check(schema, object, "", &mut found);
    }
    found
}

fn says(schema: &Value, word: &str) -> bool {
    schema.get(word).and_then(Value::as_bool).unwrap_or(false)
}

fn check(schema: &Value, value: &Value, path: &str, found: &mut Vec<Misfit>) {
    if value.is_null() {
        return; // dropped where it means nothing
    }
    let text = |word: &str| schema.get(word).and_then(Value::as_str).unwrap_or_default();
    let is_either = says(schema, "x-kubernetes-int-or-string");
    let (fits, wanted) = match text("type") {
        "object" => (value.is_object(), "a map"),
        "array" => (value.is_array(), "a list"),
        "string" => (value.is_string(), "a text"),
        "boolean" => (value.is_boolean(), "true or false"),
        "integer" => (value.is_i64() || value.is_u64(), "a whole number"),
        "number" => (value.is_number(), "a number"),
        _ if is_either => (value.is_string() || value.is_i64(), "a whole number or a text"),
        _ => (true, ""),
    };
    if !fits {
        found.push(Misfit { field: path.to_owned(), what: format!("{path} has to be {wanted}") });
        return;
    }
    let allowed = schema.get("enum").and_then(Value::as_array);
    if let Some(allowed) = allowed.filter(|all| !all.contains(value)) {
        let all: Vec<String> = allowed.iter().map(ToString::to_string).collect();
        found.push(Misfit {
            field: path.to_owned(),
            what: format!("{path} has to be one of {}", all.join(", ")),
        });
    }
    match value {
        Value::Object(_) => fields(schema, value, path, found),
        Value::Array(items) => {
            let of_items = schema.get("items").unwrap_or(&Value::Null);
            for (index, item) in items.iter().enumerate() {
                check(of_items, item, &format!("{path}[{index}]"), found);
            }
        }
        _ => {}
    }
}

fn fields(schema: &Value, value: &Value, path: &str, found: &mut Vec<Misfit>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    let is_whole = path.is_empty() || says(schema, "x-kubernetes-embedded-resource");
    let properties = schema.get("properties");
    let more = schema.get("additionalProperties").filter(|more| **more != Value::Bool(false));
    let is_open = schema.get("type").is_none() || says(schema, "x-kubernetes-preserve-unknown-fields");
    for (key, inner) in value.as_object().into_iter().flatten() {
        let field = below(key);
        if is_whole && ["apiVersion", "kind", "metadata"].contains(&key.as_str()) {
            continue;
        }
        match (properties.and_then(|p| p.get(key)), more) {
            (Some(of_field), _) => check(of_field, inner, &field, found),
            (None, Some(of_field)) => check(of_field, inner, &field, found),
            (None, None) if is_open => {}
            (None, None) => found.push(Misfit { what: format!("unknown field {field}"), field }),
        }
    }
    let required = schema.get("required").and_then(Value::as_array);
    for key in required.into_iter().flatten().filter_map(Value::as_str) {
        let has_default = properties.and_then(|p| p.get(key)).is_some_and(|p| p.get("default").is_some());
        if value.get(key).is_none_or(Value::is_null) && !has_default {
            let field = below(key);
            found.push(Misfit { what: format!("{field} is missing"), field });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(spec: &Value) -> Vec<String> {
        let schema = json!({"type": "object", "properties": {"spec": {"type": "object", "required": ["size", "mode"],
        "properties": {
            "size": {"type": "integer"}, "mode": {"type": "string", "enum": ["a", "b"], "default": "a"},
            "port": {"x-kubernetes-int-or-string": true}, "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            "list": {"type": "array", "items": {"type": "object", "properties": {"on": {"type": "boolean"}}}},
        }}}});
        let definition =
            json!({"spec": {"versions": [{"name": "v1", "schema": {"openAPIV3Schema": schema}}]}});
        let object = json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": spec});
        let found = misfits(&definition, "v1", &object);
        assert!(misfits(&definition, "v2", &object).is_empty(), "what has no schema is not checked");
        found.into_iter().map(|m| format!("{} | {}", m.field, m.what)).collect()
    }

    #[test]
    fn fields_and_their_types_are_checked_and_what_is_open_is_not() {
        let good = json!({"size": 1, "port": "http", "open": {"any": 1}, "labels": {"a": "b"}, "list": [{"on": true}], "mode": null});
        assert_eq!(of(&good), [""; 0]);
        let bad = json!({"port": true, "sise": 1, "labels": {"a": 1}, "list": [{"on": "x"}, {"of": 1}], "mode": "c"});
        assert_eq!(
            of(&bad),
            [
                "spec.labels.a | spec.labels.a has to be a text",
                "spec.list[0].on | spec.list[0].on has to be true or false",
                "spec.list[1].of | unknown field spec.list[1].of",
                "spec.mode | spec.mode has to be one of \"a\", \"b\"",
                "spec.port | spec.port has to be a whole number or a text",
                "spec.sise | unknown field spec.sise",
                "spec.size | spec.size is missing",
            ]
        );
    }
}
