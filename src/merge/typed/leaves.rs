//! Decides which fields a value has under a schema, and what is left of it without some of them.
//! It never decides who owns a field.

use super::{Shape, atomic_list, atomic_map, settled, shape, step_to};
use crate::api::listkeys::Schema;
use crate::fields::{FieldSet, Path, PathElement, below};
use serde_json::Value;

/// The fields that `value` has: every leaf, every item of a list, every entry of a map.
#[must_use]
pub fn fields_of(value: &Value, schema: &Schema) -> FieldSet {
    let mut set = FieldSet::default();
    collect(value, schema, &mut Vec::new(), &mut set);
    set
}

fn collect(value: &Value, schema: &Schema, path: &mut Path, set: &mut FieldSet) {
    match (settled(shape(schema, Some(value)), schema), value) {
        (Shape::List, _) if atomic_list(schema) => set.insert(path),
        (Shape::Map, _) if atomic_map(schema) => set.insert(path),
        (Shape::List, Value::Array(items)) => collect_items(items, schema, path, set),
        (Shape::Map, Value::Object(map)) => {
            for (name, child) in map {
                let step = PathElement::Field(name.clone());
                let at = below(schema, &step);
                path.push(step);
                collect(child, &at, path, set);
                let empty = child.is_null() || child.as_object().is_some_and(serde_json::Map::is_empty);
                if empty || !schema.declares(name) {
                    set.insert(path);
                }
                path.pop();
            }
        }
        (Shape::List | Shape::Map, _) => {}
        _ => set.insert(path),
    }
}

/// Items that occur twice are owned as a whole: nothing tells them apart any more.
fn collect_items(items: &[Value], schema: &Schema, path: &mut Path, set: &mut FieldSet) {
    let steps: Vec<Option<PathElement>> = items.iter().map(|item| step_to(item, schema).ok()).collect();
    for (item, step) in items.iter().zip(&steps) {
        let Some(step) = step else { continue };
        let twice = steps.iter().flatten().filter(|other| *other == step).count() > 1;
        path.push(step.clone());
        if !twice {
            collect(item, &schema.items(), path, set);
        }
        set.insert(path);
        path.pop();
    }
}

/// `value` without the fields of `set`. A map or list that this empties becomes `null`, as on an API server.
#[must_use]
pub fn without(value: &Value, set: &FieldSet, schema: &Schema) -> Value {
    match (settled(shape(schema, Some(value)), schema), value) {
        (Shape::Scalar, _) => value.clone(),
        (Shape::List, Value::Array(items)) if !atomic_list(schema) => {
            let kept: Vec<Value> = items.iter().filter_map(|item| without_item(item, set, schema)).collect();
            if kept.is_empty() { Value::Null } else { Value::Array(kept) }
        }
        (Shape::Map, Value::Object(map)) if !atomic_map(schema) => {
            let mut kept = serde_json::Map::new();
            for (name, child) in map {
                let step = PathElement::Field(name.clone());
                if set.has_step(&step) {
                    continue;
                }
                let rest = match set.below(&step) {
                    Some(inner) if !inner.is_empty() => without(child, inner, &below(schema, &step)),
                    _ => child.clone(),
                };
                kept.insert(name.clone(), rest);
            }
            if kept.is_empty() { Value::Null } else { Value::Object(kept) }
        }
        _ => Value::Null,
    }
}

fn without_item(item: &Value, set: &FieldSet, schema: &Schema) -> Option<Value> {
    let Ok(step) = step_to(item, schema) else { return Some(item.clone()) };
    if set.has_step(&step) {
        return None;
    }
    match set.below(&step) {
        Some(inner) if !inner.is_empty() => Some(without(item, inner, &schema.items())),
        _ => Some(item.clone()),
    }
}
