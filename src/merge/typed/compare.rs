//! Decides which fields differ between two objects: added, changed or removed.
//! It never decides whose change that was.

use super::{Shape, atomic_list, atomic_map, settled, shape, step_to};
use crate::api::listkeys::Schema;
use crate::fields::{FieldSet, Path, PathElement, below, equal};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// How one object differs from another. No field is in more than one of the sets.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Comparison {
    /// Fields that only the new object has.
    pub added: FieldSet,
    /// Fields that both have, with different values.
    pub modified: FieldSet,
    /// Fields that only the old object has.
    pub removed: FieldSet,
}

impl Comparison {
    /// What the new object brings: added and changed fields.
    pub(crate) fn set(&self) -> FieldSet {
        self.modified.union(&self.added)
    }

    /// The comparison without some fields and all that is below them.
    pub(crate) fn without(&self, fields: &FieldSet) -> Self {
        Self {
            added: self.added.recursive_difference(fields),
            modified: self.modified.recursive_difference(fields),
            removed: self.removed.recursive_difference(fields),
        }
    }
}

/// How `new` differs from `old`.
pub(crate) fn compare(old: &Value, new: &Value, schema: &Schema) -> Comparison {
    let mut walk = Walk { path: Vec::new(), found: Comparison::default() };
    walk.visit(Some(old), Some(new), schema);
    walk.found
}

struct Walk {
    path: Path,
    found: Comparison,
}

impl Walk {
    fn visit(&mut self, old: Option<&Value>, new: Option<&Value>, schema: &Schema) {
        let (left, right) = (shape(schema, old), shape(schema, new));
        let leaf = if new.is_none() {
            self.visit_as(left, old, new, schema)
        } else if old.is_none() || left == right {
            self.visit_as(right, old, new, schema)
        } else {
            self.visit_as(left, old, new, schema);
            self.visit_as(right, old, new, schema)
        };
        if !leaf && old.is_none() {
            self.found.added.insert(&self.path);
        } else if !leaf && new.is_none() {
            self.found.removed.insert(&self.path);
        }
    }

    /// Whether the place is a leaf, so that the difference is recorded already.
    fn visit_as(&mut self, as_: Shape, old: Option<&Value>, new: Option<&Value>, schema: &Schema) -> bool {
        match settled(as_, schema) {
            Shape::Map => {
                let maps = (old.and_then(Value::as_object), new.and_then(Value::as_object));
                let empty = |map: Option<&serde_json::Map<String, Value>>| map.is_none_or(|m| m.is_empty());
                if atomic_map(schema) || (empty(maps.0) && empty(maps.1)) {
                    return self.leaf(old, new);
                }
                let names: BTreeSet<&String> =
                    maps.0.into_iter().chain(maps.1).flat_map(serde_json::Map::keys).collect();
                for name in names {
                    let values = (maps.0.and_then(|m| m.get(name)), maps.1.and_then(|m| m.get(name)));
                    let step = PathElement::Field(name.clone());
                    let at = below(schema, &step);
                    self.descend(step, values.0, values.1, &at);
                }
                false
            }
            Shape::List => {
                let lists = (old.and_then(Value::as_array), new.and_then(Value::as_array));
                let empty = |list: Option<&Vec<Value>>| list.is_none_or(Vec::is_empty);
                if atomic_list(schema) || (empty(lists.0) && empty(lists.1)) {
                    return self.leaf(old, new);
                }
                self.visit_items(by_step(lists.0, schema), by_step(lists.1, schema), schema);
                false
            }
            Shape::Scalar | Shape::Open => self.leaf(old, new),
        }
    }

    fn leaf(&mut self, old: Option<&Value>, new: Option<&Value>) -> bool {
        match (old, new) {
            (None, _) => self.found.added.insert(&self.path),
            (_, None) => self.found.removed.insert(&self.path),
            (Some(a), Some(b)) if !equal(a, b) => self.found.modified.insert(&self.path),
            _ => {}
        }
        true
    }

    fn descend(&mut self, step: PathElement, old: Option<&Value>, new: Option<&Value>, schema: &Schema) {
        self.path.push(step);
        self.visit(old, new, schema);
        self.path.pop();
    }

    /// Items that occur twice are compared as one thing, since nothing tells them apart.
    fn visit_items(&mut self, old: Items<'_>, new: Items<'_>, schema: &Schema) {
        let steps: BTreeSet<&PathElement> = old.keys().chain(new.keys()).collect();
        let items = schema.items();
        for step in steps {
            let left = old.get(step).cloned().unwrap_or_default();
            let right = new.get(step).cloned().unwrap_or_default();
            let place = || self.path.iter().cloned().chain([step.clone()]).collect::<Path>();
            match (left.as_slice(), right.as_slice()) {
                ([] | [_], [] | [_]) => {
                    self.descend(step.clone(), left.first().copied(), right.first().copied(), &items);
                }
                ([_, _, ..], [_, _, ..]) => {
                    let same = left.len() == right.len() && left.iter().zip(&right).all(|(a, b)| equal(a, b));
                    if !same {
                        self.found.modified.insert(&place());
                    }
                }
                ([_, _, ..], rest) => {
                    self.found.removed.insert(&place());
                    if let Some(item) = rest.first() {
                        self.descend(step.clone(), None, Some(item), &items);
                    }
                }
                (rest, _) => {
                    self.found.added.insert(&place());
                    if let Some(item) = rest.first() {
                        self.descend(step.clone(), Some(item), None, &items);
                    }
                }
            }
        }
    }
}

type Items<'a> = BTreeMap<PathElement, Vec<&'a Value>>;

fn by_step<'a>(list: Option<&'a Vec<Value>>, schema: &Schema) -> Items<'a> {
    let mut items = Items::new();
    for item in list.into_iter().flatten() {
        if let Ok(step) = step_to(item, schema) {
            items.entry(step).or_default().push(item);
        }
    }
    items
}
