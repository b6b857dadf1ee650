//! Decides what an object is after a configuration has been laid over it: the configuration's leaves win.
//! It never removes a field; what an applier gave up is taken away afterwards.

use super::{Shape, atomic_list, atomic_map, settled, shape, step_to};
use crate::api::listkeys::Schema;
use crate::fields::{PathElement, below};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, VecDeque};

/// `live` with `config` laid over it.
pub(crate) fn overlay(live: &Value, config: &Value, schema: &Schema) -> Value {
    merge(Some(live), Some(config), schema).unwrap_or_else(|| Value::Object(Map::new()))
}

fn merge(live: Option<&Value>, config: Option<&Value>, schema: &Schema) -> Option<Value> {
    let shape = match config {
        None => shape(schema, live),
        Some(_) => shape(schema, config),
    };
    match settled(shape, schema) {
        Shape::Map => merge_maps(live, config, schema),
        Shape::List => merge_lists(live, config, schema),
        Shape::Scalar | Shape::Open => config.or(live).cloned(),
    }
}

fn merge_maps(live: Option<&Value>, config: Option<&Value>, schema: &Schema) -> Option<Value> {
    let maps = (live.and_then(Value::as_object), config.and_then(Value::as_object));
    let empty = |map: Option<&Map<String, Value>>| map.is_none_or(Map::is_empty);
    if atomic_map(schema) || (empty(maps.0) && empty(maps.1)) {
        return config.or(live).cloned();
    }
    let mut merged = Map::new();
    for name in maps.0.into_iter().chain(maps.1).flat_map(Map::keys) {
        let values = (maps.0.and_then(|m| m.get(name)), maps.1.and_then(|m| m.get(name)));
        let at = below(schema, &PathElement::Field(name.clone()));
        if let Some(value) = merge(values.0, values.1, &at) {
            merged.insert(name.clone(), value);
        }
    }
    (!merged.is_empty()).then_some(Value::Object(merged))
}

/// A list, its items by what tells them apart.
struct Side<'a> {
    steps: Vec<(PathElement, &'a Value)>,
    /// `null` for an item that occurs twice: nothing can be merged with it.
    items: BTreeMap<PathElement, &'a Value>,
}

impl<'a> Side<'a> {
    fn of(list: Option<&'a Value>, schema: &Schema) -> Self {
        let list = list.and_then(Value::as_array).into_iter().flatten();
        let steps: Vec<(PathElement, &Value)> =
            list.filter_map(|item| Some((step_to(item, schema).ok()?, item))).collect();
        let mut items = BTreeMap::new();
        for (step, item) in &steps {
            items.entry(step.clone()).and_modify(|seen| *seen = &Value::Null).or_insert(*item);
        }
        Self { steps, items }
    }
}

fn merge_lists(live: Option<&Value>, config: Option<&Value>, schema: &Schema) -> Option<Value> {
    let empty = |list: Option<&Value>| list.and_then(Value::as_array).is_none_or(Vec::is_empty);
    if atomic_list(schema) || (empty(live) && empty(config)) {
        return config.or(live).cloned();
    }
    let (left, right) = (Side::of(live, schema), Side::of(config, schema));
    let mut merged = Vec::new();
    for step in order(&left, &right) {
        match step {
            Place::Live(item) => merged.extend(merge(Some(item), None, &schema.items())),
            Place::Config(step) => {
                let values = (left.items.get(step).copied(), right.items.get(step).copied());
                merged.extend(merge(values.0, values.1, &schema.items()));
            }
        }
    }
    (!merged.is_empty()).then_some(Value::Array(merged))
}

/// Where the next item of a merged list comes from.
enum Place<'a> {
    /// Only the live list has it.
    Live(&'a Value),
    /// The configuration has it; the live list may have it too.
    Config(&'a PathElement),
}

/// The order of a merged list: shared items stand as the configuration has them, the others where they stood.
///
/// Live items that the configuration has too wait for their turn in the configuration; those that only the live list
/// has go out as soon as all shared items before them have gone.
fn order<'a>(left: &'a Side<'a>, right: &'a Side<'a>) -> Vec<Place<'a>> {
    let shared = |step: &PathElement| left.items.contains_key(step);
    let mut turn: VecDeque<&PathElement> =
        right.steps.iter().map(|(step, _)| step).filter(|s| shared(s)).collect();
    let mut config = right.steps.iter().map(|(step, _)| step).peekable();
    let mut live = left.steps.iter().peekable();
    let mut done: BTreeMap<&PathElement, ()> = BTreeMap::new();
    let mut places = Vec::new();
    loop {
        match (live.peek(), config.peek()) {
            (None, None) => return places,
            (Some((step, _)), Some(next)) if step == *next => {
                live.next();
                turn.pop_front();
                done.insert(step, ());
                places.extend(config.next().map(Place::Config));
                continue;
            }
            (Some((step, _)), Some(_))
                if right.items.contains_key(step) && turn.front().is_some_and(|next| *next != step) =>
            {
                live.next();
                continue;
            }
            _ => {}
        }
        if let Some((step, item)) = live.peek() {
            if !right.items.contains_key(step) {
                places.push(Place::Live(item));
                live.next();
                continue;
            }
            if done.contains_key(step) {
                live.next();
            }
        }
        if let Some(step) = config.next() {
            done.insert(step, ());
            places.push(Place::Config(step));
            if turn.front().is_some_and(|next| *next == step) {
                turn.pop_front();
            }
        }
    }
}
