//! Decides whether an applied configuration fits its schema: unknown fields, wrong types, items that occur twice.
//! It never checks what values mean; that is validation's business.

use super::{Shape, atomic_list, settled, shape, step_to};
use crate::api::listkeys::{Scalar, Schema};
use crate::fields::PathElement;
use crate::text;
use serde_json::Value;
use std::collections::BTreeSet;

/// Why `value` does not fit, as an API server says it; none when it fits.
pub(crate) fn check(value: &Value, schema: &Schema) -> Option<String> {
    let mut found = Vec::new();
    visit(value, schema, "", &mut found);
    match found.as_slice() {
        [] => None,
        [only] => Some(only.clone()),
        many => Some(format!("errors:\n  {}", many.join("\n  "))),
    }
}

fn say(path: &str, what: String, found: &mut Vec<String>) {
    found.push(if path.is_empty() { what } else { format!("{path}: {what}") });
}

fn visit(value: &Value, schema: &Schema, path: &str, found: &mut Vec<String>) {
    match (settled(shape(schema, Some(value)), schema), value) {
        (_, Value::Null) => {}
        (Shape::Map, Value::Object(map)) => {
            for (name, child) in map {
                let here = format!("{path}.{name}");
                match schema.field(name) {
                    Some(at) => visit(child, &at, &here, found),
                    None => {
                        say(&here, "field not declared in schema".to_owned(), found);
                        return; // API servers stop at the first one of a map
                    }
                }
            }
        }
        (Shape::List, Value::Array(items)) => visit_items(items, schema, path, found),
        (Shape::Map, _) => say(path, format!("expected map, got &{{{}}}", text::plain(value)), found),
        (Shape::List, _) => say(path, format!("expected list, got &{{{}}}", text::plain(value)), found),
        _ => found.extend(scalar(value, schema).map(|what| format!("{path}: {what}"))),
    }
}

fn visit_items(items: &[Value], schema: &Schema, path: &str, found: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for (at, item) in items.iter().enumerate() {
        let step = if atomic_list(schema) {
            PathElement::Index(i64::try_from(at).unwrap_or(i64::MAX))
        } else {
            match step_to(item, schema) {
                Ok(step) => step,
                Err(why) => return say(path, format!("element {at}: {why}"), found),
            }
        };
        let here = format!("{path}{step}");
        if !seen.insert(step.clone()) {
            say(path, format!("duplicate entries for key {step}"), found);
        }
        visit(item, &schema.items(), &here, found);
    }
}

/// What is wrong with a value where a scalar must stand.
fn scalar(value: &Value, schema: &Schema) -> Option<String> {
    let fits = match schema.scalar()? {
        Scalar::Number => value.is_number(),
        Scalar::Text => value.is_string(),
        Scalar::Boolean => value.is_boolean(),
        Scalar::Any => !value.is_array() && !value.is_object(),
    };
    if fits {
        return None;
    }
    Some(match schema.scalar()? {
        Scalar::Number => format!("expected numeric (int or float), got {}", text::type_name(value)),
        Scalar::Text => {
            format!("expected string, got &value.valueUnstructured{{Value:{}}}", text::source(value))
        }
        Scalar::Boolean => format!("expected boolean, got &{{{}}}", text::plain(value)),
        Scalar::Any => format!("expected any scalar, got &{{{}}}", text::plain(value)),
    })
}
