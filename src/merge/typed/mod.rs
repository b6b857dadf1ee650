//! Decides which fields a value has under a schema, and what is left of it without some of them.
//! It never decides who owns a field.

mod check;
mod compare;
mod overlay;

pub(super) use check::check;
pub(super) use compare::{Comparison, compare};
pub(super) use overlay::overlay;

use super::fields::{Atom, FieldSet, Path, Step, below};
use crate::api::listkeys::{Relation, Schema};
use serde_json::Value;

/// As what a value is read: of the shapes that a schema admits, the one the value has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Scalar,
    List,
    Map,
    /// The value fits none of several shapes, as `null` does; it is read as the first that the schema admits.
    Open,
}

fn shape(schema: &Schema, value: Option<&Value>) -> Shape {
    let (scalar, list, map) = (schema.scalar().is_some(), schema.list().is_some(), schema.map().is_some());
    match value {
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_)) if scalar => Shape::Scalar,
        Some(Value::Array(_)) if list => Shape::List,
        Some(Value::Object(_)) if map => Shape::Map,
        _ => match (scalar, list, map) {
            (true, false, false) => Shape::Scalar,
            (false, true, false) => Shape::List,
            (false, false, true) => Shape::Map,
            _ => Shape::Open,
        },
    }
}

/// The shape that an open one is read as.
fn settled(shape: Shape, schema: &Schema) -> Shape {
    match shape {
        Shape::Open if schema.map().is_some() => Shape::Map,
        Shape::Open if schema.scalar().is_some() => Shape::Scalar,
        Shape::Open => Shape::List,
        shape => shape,
    }
}

fn atomic_list(schema: &Schema) -> bool {
    schema.list().is_none_or(|list| list.relation == Relation::Atomic)
}

fn atomic_map(schema: &Schema) -> bool {
    schema.map().is_none_or(|map| map.atomic)
}

/// Whether a map or list here is one value with one owner.
pub(super) fn is_atomic(schema: &Schema) -> bool {
    match settled(Shape::Open, schema) {
        Shape::Map => atomic_map(schema),
        Shape::List => atomic_list(schema),
        _ => false,
    }
}

/// The step from a list to one of its items.
///
/// # Errors
/// The text an API server answers with when the item has nothing that tells it apart.
fn step_to(item: &Value, list: &Schema) -> Result<Step, String> {
    let keys = match list.list().map(|l| &l.relation) {
        Some(Relation::Keys(keys)) => keys,
        Some(Relation::Set) => return step_to_scalar(item),
        _ => return Err("invalid indexing of non-associative list".to_owned()),
    };
    let map = match item {
        Value::Object(map) => map,
        Value::Null => return Err("associative list with keys may not have a null element".to_owned()),
        _ => return Err("associative list with keys may not have non-map elements".to_owned()),
    };
    let items = list.items();
    let value = |key: &String| map.get(key).or_else(|| items.default_of(key)).cloned();
    let mut found: Vec<(String, Atom)> =
        keys.iter().filter_map(|k| Some((k.clone(), Atom(value(k)?)))).collect();
    if found.is_empty() {
        let quoted: Vec<String> = keys.iter().map(|k| crate::base::go_text::quote(k)).collect();
        return Err(format!(
            "associative list with keys has an element that omits all key fields [{}] (and doesn't have default \
             values for any key fields)",
            quoted.join(" ")
        ));
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(Step::Key(found))
}

fn step_to_scalar(item: &Value) -> Result<Step, String> {
    match item {
        Value::Object(_) => Err("associative list without keys has an element that's a map type".to_owned()),
        Value::Array(_) => Err("not supported: associative list with lists as elements".to_owned()),
        Value::Null => Err("associative list without keys has an element that's an explicit null".to_owned()),
        scalar => Ok(Step::Value(Atom(scalar.clone()))),
    }
}

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
                let step = Step::Field(name.clone());
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
    let steps: Vec<Option<Step>> = items.iter().map(|item| step_to(item, schema).ok()).collect();
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
                let step = Step::Field(name.clone());
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
