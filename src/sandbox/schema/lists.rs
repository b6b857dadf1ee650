//! Decides whether lists that are sets or maps hold every item once.
//! It never looks at anything else of an item.

use super::Schema;
use crate::field::FieldError;
use serde_json::{Map, Value};

/// The items that occur twice.
#[must_use]
pub(crate) fn duplicates(value: &Value, schema: Schema<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    walk(value, schema, "", &mut errors);
    errors
}

fn walk(value: &Value, schema: Schema<'_>, path: &str, errors: &mut Vec<FieldError>) {
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields {
                let (schema, place) = if let Some(property) = schema.property(name) {
                    (property, if path.is_empty() { name.clone() } else { format!("{path}.{name}") })
                } else if let Some(additional) = schema.additional() {
                    (additional, format!("{path}[{name}]"))
                } else {
                    continue;
                };
                walk(inner, schema, &place, errors);
            }
        }
        Value::Array(items) => {
            errors.extend(repeated(items, schema, path));
            let Some(schema) = schema.items() else { return };
            for (at, item) in items.iter().enumerate() {
                walk(item, schema, &format!("{path}[{at}]"), errors);
            }
        }
        _ => {}
    }
}

fn repeated(items: &[Value], schema: Schema<'_>, path: &str) -> Vec<FieldError> {
    let keys: Vec<&str> =
        schema.list("x-kubernetes-list-map-keys").iter().filter_map(Value::as_str).collect();
    let identity = |item: &Value| -> Option<Value> {
        match schema.text("x-kubernetes-list-type") {
            "set" => Some(item.clone()),
            "map" => {
                let item = item.as_object()?;
                let found = keys.iter().filter_map(|k| Some(((*k).to_owned(), item.get(*k)?.clone())));
                Some(Value::Object(found.collect::<Map<String, Value>>()))
            }
            _ => None,
        }
    };
    let mut seen: Vec<Value> = Vec::new();
    let mut told: Vec<Value> = Vec::new();
    let mut errors = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let Some(identity) = identity(item) else { continue };
        if seen.contains(&identity) {
            // each item is told once, however often it comes again
            if !told.contains(&identity) {
                errors.push(FieldError::duplicate(format!("{path}[{at}]"), identity.clone()));
                told.push(identity);
            }
        } else {
            seen.push(identity);
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn sets_and_maps() {
        let schema = json!({"properties": {
            "set": {"x-kubernetes-list-type": "set"},
            "map": {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k", "p"]},
            "atomic": {"type": "array"}}});
        let value = json!({"set": ["a", "b", "a", "a"], "map": [{"k": 1, "v": 1}, {"k": 1, "p": 2}, {"k": 1}],
            "atomic": [1, 1]});
        let texts: Vec<String> =
            duplicates(&value, Schema::new(&schema)).iter().map(FieldError::text).collect();
        assert_eq!(texts, ["map[2]: Duplicate value: {\"k\":1}", "set[2]: Duplicate value: \"a\""]);
    }
}
