//! Decides what is wrong with an object according to its schema, in the words of a real server.
//! It never changes the object.

use super::{Schema, format};
use crate::field::FieldError;
use crate::object::json_type;
use regex::Regex;
use serde_json::{Map, Number, Value};
use std::collections::BTreeMap;

/// The compiled patterns of a definition.
pub(crate) type Patterns = BTreeMap<String, Regex>;

/// The faults of `value`, told under `prefix` (empty for a whole object). As on a real server, the words of a fault
/// name the field from `value` on, its path from the whole object on.
#[must_use]
pub(crate) fn faults(
    value: &Value,
    schema: Schema<'_>,
    prefix: &str,
    patterns: &Patterns,
) -> Vec<FieldError> {
    let mut errors = judge(value, schema, "", patterns);
    if !prefix.is_empty() {
        for error in &mut errors {
            error.path = match error.path.as_str() {
                "" | NOWHERE => prefix.to_owned(),
                path => format!("{prefix}.{path}"),
            };
        }
    }
    errors
}

/// The path of a fault that belongs to no field.
const NOWHERE: &str = "<nil>";

fn judge(value: &Value, schema: Schema<'_>, path: &str, patterns: &Patterns) -> Vec<FieldError> {
    let mut check = Check { patterns, errors: Vec::new() };
    check.value(value, schema, path);
    check.errors
}

struct Check<'a> {
    patterns: &'a Patterns,
    errors: Vec<FieldError>,
}

/// The JSON type of a value as schemas name it.
fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_f64() => "number",
        Value::Number(_) => "integer",
        other => json_type(other),
    }
}

fn is_whole(number: &Number) -> bool {
    !number.is_f64() || number.as_f64().is_some_and(|n| n.fract() == 0.0)
}

/// Whether `value` has one of `types`.
fn has_type(value: &Value, types: &[&str]) -> bool {
    let own = type_of(value);
    types.is_empty()
        || types.contains(&own)
        || matches!(value, Value::Number(n) if is_whole(n) && types.contains(&"integer"))
        || (own == "integer" && types.contains(&"number"))
}

impl Check<'_> {
    fn invalid(&mut self, path: &str, value: impl Into<Value>, text: &str) {
        self.errors.push(FieldError::invalid(path, value, &format!("{path} in body {text}")));
    }

    fn wrong_type(&mut self, path: &str, wanted: &str, found: &str) {
        let name = if path.is_empty() { String::new() } else { format!("{path} in body ") };
        let text = format!("{name}must be of type {wanted}: \"{found}\"");
        self.errors.push(FieldError::wrong_type(path, found, &text));
    }

    fn value(&mut self, value: &Value, schema: Schema<'_>, path: &str) {
        let types = schema.types();
        if value.is_null() {
            if !types.is_empty() && !schema.is_nullable() {
                self.wrong_type(path, &types.join(","), "null");
            }
            self.choice(value, schema, path);
            return;
        }
        if !has_type(value, &types) {
            self.wrong_type(path, &types.join(","), type_of(value));
        }
        self.combined(value, schema, path);
        match value {
            Value::String(text) => self.text(text, schema, path),
            Value::Number(number) => self.number(number, schema, path),
            Value::Array(items) => self.list(items, schema, path),
            _ => {}
        }
        self.choice(value, schema, path);
        if let Value::Object(fields) = value {
            self.fields(fields, schema, path);
        }
    }

    /// `enum`.
    fn choice(&mut self, value: &Value, schema: Schema<'_>, path: &str) {
        let choices = schema.list("enum");
        if choices.is_empty() || choices.contains(value) {
            return;
        }
        let shown: Vec<String> =
            choices.iter().map(|c| c.as_str().map_or_else(|| c.to_string(), str::to_owned)).collect();
        let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
        self.errors.push(FieldError::not_supported(path, value.clone(), &shown));
    }

    fn text(&mut self, text: &str, schema: Schema<'_>, path: &str) {
        let length = text.chars().count();
        if let Some(most) = schema.count("maxLength").filter(|m| length > *m) {
            self.errors.push(FieldError::too_long(path, most));
        } else if let Some(least) = schema.count("minLength").filter(|m| length < *m) {
            self.invalid(path, text, &format!("should be at least {least} chars long"));
        } else {
            let pattern = schema.text("pattern");
            let fits = self.patterns.get(pattern).is_none_or(|p| p.is_match(text));
            if !fits {
                self.invalid(path, text, &format!("should match '{pattern}'"));
            }
        }
        let wanted = schema.text("format");
        if !wanted.is_empty() && !format::fits(wanted, text) {
            let text_of = format!("{path} in body must be of type {wanted}: {}", Value::from(text));
            self.errors.push(FieldError::wrong_type(path, text, &text_of));
        }
    }

    fn number(&mut self, number: &Number, schema: Schema<'_>, path: &str) {
        let value = number.as_f64().unwrap_or(0.0);
        let shown = Value::Number(number.clone());
        let bound = |n: f64| serde_json::json!(n).to_string().trim_end_matches(".0").to_owned();
        if let Some(step) = schema.number("multipleOf") {
            let times = value / step;
            if (times - times.round()).abs() > 1e-9 {
                self.invalid(path, shown.clone(), &format!("should be a multiple of {}", bound(step)));
            }
        }
        if let Some(least) = schema.number("minimum") {
            let excluded = schema.flag("exclusiveMinimum");
            if value < least || (excluded && value <= least) {
                let relation = if excluded { "greater than" } else { "greater than or equal to" };
                self.invalid(path, shown.clone(), &format!("should be {relation} {}", bound(least)));
            }
        }
        if let Some(most) = schema.number("maximum") {
            let excluded = schema.flag("exclusiveMaximum");
            if value > most || (excluded && value >= most) {
                let relation = if excluded { "less than" } else { "less than or equal to" };
                self.invalid(path, shown, &format!("should be {relation} {}", bound(most)));
            }
        }
    }

    fn list(&mut self, items: &[Value], schema: Schema<'_>, path: &str) {
        if let Some(schema) = schema.items() {
            for (at, item) in items.iter().enumerate() {
                self.value(item, schema, &format!("{path}[{at}]"));
            }
        }
        if let Some(least) = schema.count("minItems").filter(|m| items.len() < *m) {
            self.invalid(path, items.len(), &format!("should have at least {least} items"));
        }
        if let Some(most) = schema.count("maxItems").filter(|m| items.len() > *m) {
            self.errors.push(FieldError::too_many(path, items.len(), most));
        }
        let repeats = items.iter().enumerate().any(|(at, item)| items.iter().take(at).any(|i| i == item));
        if schema.flag("uniqueItems") && repeats {
            self.invalid(path, Value::Array(items.to_vec()), "shouldn't contain duplicates");
        }
    }

    fn fields(&mut self, fields: &Map<String, Value>, schema: Schema<'_>, path: &str) {
        let place = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        if let Some(least) = schema.count("minProperties").filter(|m| fields.len() < *m) {
            self.invalid(path, fields.len(), &format!("should have at least {least} properties"));
        }
        if let Some(most) = schema.count("maxProperties").filter(|m| fields.len() > *m) {
            self.errors.push(FieldError::too_many(path, fields.len(), most));
        }
        if let Some(additional) = schema.additional() {
            for (name, value) in fields.iter().filter(|(name, _)| schema.property(name).is_none()) {
                self.value(value, additional, &place(name));
            }
        }
        for (name, property) in schema.properties() {
            if let Some(value) = fields.get(name) {
                self.value(value, property, &place(name));
            }
        }
        for name in schema.list("required").iter().filter_map(Value::as_str) {
            if !fields.contains_key(name) {
                self.errors.push(FieldError::required(place(name), ""));
            }
        }
        if schema.is_embedded() {
            for name in ["apiVersion", "kind"] {
                if fields.get(name).and_then(Value::as_str).unwrap_or_default().is_empty() {
                    self.errors.push(FieldError::required(place(name), ""));
                }
            }
        }
    }

    /// `anyOf`, `oneOf`, `allOf`, `not`.
    fn combined(&mut self, value: &Value, schema: Schema<'_>, path: &str) {
        let judge = |s: Schema<'_>| judge(value, s, path, self.patterns);
        let (any, one, all): (Vec<_>, Vec<_>, Vec<_>) = (
            schema.schemas("anyOf").map(judge).collect(),
            schema.schemas("oneOf").map(judge).collect(),
            schema.schemas("allOf").map(judge).collect(),
        );
        let refused = schema.get("not").map(|s| judge(Schema::new(s)));
        let told = |text: String| FieldError::invalid(NOWHERE, "", &format!("\"{path}\" {text}"));
        // the nearest miss is told in detail
        let nearest =
            |results: &[Vec<FieldError>]| results.iter().min_by_key(|r| r.len()).cloned().unwrap_or_default();
        if !any.is_empty() && !any.iter().any(Vec::is_empty) {
            self.errors.push(told("must validate at least one schema (anyOf)".to_owned()));
            self.errors.extend(nearest(&any));
        }
        let fitting = one.iter().filter(|r| r.is_empty()).count();
        if !one.is_empty() && fitting != 1 {
            let found =
                if fitting == 0 { "none valid".to_owned() } else { format!("{fitting} valid alternatives") };
            self.errors.push(told(format!("must validate one and only one schema (oneOf). Found {found}")));
            if fitting == 0 {
                self.errors.extend(nearest(&one));
            }
        }
        let failed = all.iter().filter(|r| !r.is_empty()).count();
        if failed > 0 {
            let none = if failed == all.len() { ". None validated" } else { "" };
            self.errors.extend(all.iter().flatten().cloned());
            self.errors.push(told(format!("must validate all the schemas (allOf){none}")));
        }
        if refused.is_some_and(|r| r.is_empty()) {
            self.errors.push(told("must not validate the schema (not)".to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn texts(schema: Value, value: Value) -> Vec<String> {
        let root = json!({"type": "object", "properties": {"spec": schema}});
        let root = Schema::new(&root);
        let patterns =
            root.patterns().iter().filter_map(|p| Some(((*p).to_owned(), Regex::new(p).ok()?))).collect();
        faults(&json!({ "spec": value }), root, "", &patterns).iter().map(FieldError::text).collect()
    }

    fn only(schema: Value, value: Value) -> String {
        let texts = texts(schema, value);
        assert_eq!(texts.len(), 1, "{texts:?}");
        texts[0].clone()
    }

    #[test]
    fn scalars() {
        assert_eq!(
            only(json!({"type": "integer"}), json!("x")),
            "spec: Invalid value: \"string\": spec in body must be of type integer: \"string\""
        );
        assert_eq!(
            only(json!({"x-kubernetes-int-or-string": true}), json!(true)),
            "spec: Invalid value: \"boolean\": spec in body must be of type integer,string: \"boolean\""
        );
        assert_eq!(
            only(json!({"type": "integer", "minimum": 1}), json!(0)),
            "spec: Invalid value: 0: spec in body should be greater than or equal to 1"
        );
        assert_eq!(
            only(json!({"type": "number", "multipleOf": 0.5}), json!(0.3)),
            "spec: Invalid value: 0.3: spec in body should be a multiple of 0.5"
        );
        assert_eq!(
            only(json!({"type": "string", "pattern": "^[a-z]+$"}), json!("A")),
            "spec: Invalid value: \"A\": spec in body should match '^[a-z]+$'"
        );
        assert_eq!(
            only(json!({"type": "string", "maxLength": 1}), json!("ab")),
            "spec: Too long: may not be more than 1 byte"
        );
        assert_eq!(
            only(json!({"type": "string", "enum": ["A", "B"]}), json!("C")),
            "spec: Unsupported value: \"C\": supported values: \"A\", \"B\""
        );
        assert_eq!(
            only(json!({"type": "string", "format": "date-time"}), json!("x")),
            "spec: Invalid value: \"x\": spec in body must be of type date-time: \"x\""
        );
        assert!(texts(json!({"type": "number"}), json!(1)).is_empty());
        assert!(texts(json!({"type": "string", "nullable": true}), Value::Null).is_empty());
    }

    #[test]
    fn lists_and_maps() {
        let list = json!({"type": "array", "minItems": 1, "maxItems": 2, "items": {"type": "string"}});
        assert_eq!(
            only(list.clone(), json!([])),
            "spec: Invalid value: 0: spec in body should have at least 1 items"
        );
        assert_eq!(
            only(list.clone(), json!(["a", "b", "c"])),
            "spec: Too many: 3: must have at most 2 items"
        );
        assert_eq!(
            only(list, json!([1])),
            "spec[0]: Invalid value: \"integer\": spec[0] in body must be of type string: \"integer\""
        );
        let map = json!({"type": "object", "required": ["k"], "additionalProperties": {"type": "string"}});
        assert_eq!(
            texts(map, json!({"a": 1})),
            [
                "spec.a: Invalid value: \"integer\": spec.a in body must be of type string: \"integer\"",
                "spec.k: Required value"
            ]
        );
    }

    #[test]
    fn alternatives() {
        let one = json!({"type": "object", "oneOf": [{"required": ["a"]}, {"required": ["b"]}]});
        assert_eq!(
            texts(one.clone(), json!({})),
            [
                "<nil>: Invalid value: \"\": \"spec\" must validate one and only one schema (oneOf). Found none valid",
                "spec.a: Required value"
            ]
        );
        assert_eq!(
            only(one, json!({"a": 1, "b": 2})),
            "<nil>: Invalid value: \"\": \"spec\" must validate one and only one schema (oneOf). Found 2 valid alternatives"
        );
    }
}
