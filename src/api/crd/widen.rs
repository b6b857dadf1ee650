//! Decides what a definition says where the cluster has one already: everything ours says, and the fields and versions that
//! only the present one has, so that nobody's objects lose anything. It never takes over another type of a field.

use serde_json::{Value, json};

/// `definition` with what only `present` has.
#[must_use]
pub fn widened(mut definition: Value, present: &Value) -> Value {
    let Some(versions) = definition.pointer_mut("/spec/versions").and_then(Value::as_array_mut) else {
        return definition;
    };
    let there = present.pointer("/spec/versions").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let schema = "/schema/openAPIV3Schema";
    for ours in versions.iter_mut() {
        let same = there.iter().find(|version| version.get("name") == ours.get("name"));
        if let (Some(ours), Some(present)) = (ours.pointer_mut(schema), same.and_then(|s| s.pointer(schema)))
        {
            add_fields(ours, present);
        }
    }
    let names: Vec<Value> = versions.iter().filter_map(|version| version.get("name").cloned()).collect();
    let others = there.iter().filter(|version| version.get("name").is_none_or(|name| !names.contains(name)));
    let others: Vec<Value> = others.cloned().collect();
    if others.iter().any(|version| version.get("storage") == Some(&Value::Bool(true))) {
        for ours in versions.iter_mut().filter_map(Value::as_object_mut) {
            ours.insert("storage".to_owned(), json!(false));
        }
    }
    versions.extend(others);
    definition
}

/// Adds to the schema `ours` the fields that only `present` has.
fn add_fields(ours: &mut Value, present: &Value) {
    let Some(ours) = ours.as_object_mut() else { return };
    if let Some(fields) = present.get("properties").and_then(Value::as_object)
        && let Some(known) = ours.get_mut("properties").and_then(Value::as_object_mut)
    {
        for (name, field) in fields {
            match known.get_mut(name) {
                Some(known) => add_fields(known, field),
                None => drop(known.insert(name.clone(), field.clone())),
            }
        }
    }
    for word in ["items", "additionalProperties"] {
        if let (Some(ours), Some(present)) = (ours.get_mut(word), present.get(word)) {
            add_fields(ours, present);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(name: &str, status: &Value, storage: bool) -> Value {
        let schema =
            json!({"type": "object", "properties": {"status": {"type": "object", "properties": status}}});
        let version = json!({"name": name, "storage": storage, "schema": {"openAPIV3Schema": schema}});
        json!({"spec": {"versions": [version]}})
    }

    #[test]
    fn fields_that_only_the_present_one_has_stay_and_ours_are_as_we_say() {
        let text = json!({"type": "string"});
        let item =
            |fields: Value| json!({"type": "array", "items": {"type": "object", "properties": fields}});
        let ours = json!({"phase": text, "list": item(json!({"a": text}))});
        let present =
            json!({"phase": {"type": "integer"}, "duration": text, "list": item(json!({"b": text}))});
        let found = widened(definition("v1", &ours, true), &definition("v1", &present, true));
        let both = json!({"phase": text, "duration": text, "list": item(json!({"a": text, "b": text}))});
        assert_eq!(found, definition("v1", &both, true));
    }

    #[test]
    fn versions_that_only_the_present_one_has_stay() {
        let (ours, present) = (definition("v1", &json!({}), true), definition("v2", &json!({}), true));
        let found = widened(ours.clone(), &present);
        assert_eq!(found["spec"]["versions"].as_array().unwrap().len(), 2);
        assert_eq!(found["spec"]["versions"][0]["storage"], false, "it is stored as it was");
        assert_eq!(widened(ours.clone(), &json!({})), ours);
    }
}
