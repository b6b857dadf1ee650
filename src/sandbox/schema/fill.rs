//! Decides which fields an object gets from the defaults of its schema, and which nulls are no values.
//! It never overwrites a value.

use super::Schema;
use serde_json::Value;

/// Fills in defaults wherever their parent is there; nulls that are no values go or become the default.
pub(crate) fn defaults(value: &mut Value, schema: Schema<'_>) {
    match value {
        Value::Object(fields) => {
            for (name, property) in schema.properties() {
                let is_nothing = fields.get(name).is_some_and(|v| v.is_null() && !property.is_nullable());
                if is_nothing {
                    fields.remove(name);
                }
                if let (None, Some(default)) = (fields.get(name), property.default()) {
                    fields.insert(name.to_owned(), default.clone());
                }
                if let Some(inner) = fields.get_mut(name) {
                    defaults(inner, property);
                }
            }
            if let Some(additional) = schema.additional() {
                let declared = |name: &str| schema.property(name).is_some();
                for (_, inner) in fields.iter_mut().filter(|(name, _)| !declared(name)) {
                    let empty = inner.is_null() && !additional.is_nullable();
                    if let (true, Some(default)) = (empty, additional.default()) {
                        *inner = default.clone();
                    }
                    defaults(inner, additional);
                }
                if !additional.is_nullable() {
                    fields.retain(|name, inner| declared(name) || !inner.is_null());
                }
            }
        }
        Value::Array(items) => {
            let Some(schema) = schema.items() else { return };
            for item in items {
                if let (true, Some(default)) = (item.is_null() && !schema.is_nullable(), schema.default()) {
                    *item = default.clone();
                }
                defaults(item, schema);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_where_the_parent_is() {
        let schema = json!({"properties": {
            "spec": {"properties": {
                "size": {"default": 3}, "nul": {"default": "x", "nullable": true}, "gone": {"type": "string"},
                "deep": {"default": {}, "properties": {"x": {"default": true}}},
                "far": {"properties": {"y": {"default": 1}}},
                "list": {"items": {"properties": {"v": {"default": 7}}}},
                "map": {"additionalProperties": {"properties": {"w": {"default": 8}}}}}}}});
        let filled = |mut value: Value| {
            defaults(&mut value, Schema::new(&schema));
            value
        };
        assert_eq!(filled(json!({})), json!({}));
        assert_eq!(
            filled(
                json!({"spec": {"size": null, "nul": null, "gone": null, "list": [{}], "map": {"k": {}}}})
            ),
            json!({"spec": {"size": 3, "nul": null, "deep": {"x": true}, "list": [{"v": 7}], "map": {"k": {"w": 8}}}})
        );
    }
}
