//! Decides as what a value is read under a schema, and which maps and lists are one value with one owner.
//! It never looks into a map or list.

use crate::api::listkeys::{Relation, Schema};
use serde_json::Value;

/// As what a value is read: of the shapes that a schema admits, the one the value has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Scalar,
    List,
    Map,
    /// The value fits none of several shapes, as `null` does; it is read as the first that the schema admits.
    Open,
}

pub(super) fn shape(schema: &Schema, value: Option<&Value>) -> Shape {
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
pub(super) fn settled(shape: Shape, schema: &Schema) -> Shape {
    match shape {
        Shape::Open if schema.map().is_some() => Shape::Map,
        Shape::Open if schema.scalar().is_some() => Shape::Scalar,
        Shape::Open => Shape::List,
        shape => shape,
    }
}

pub(super) fn atomic_list(schema: &Schema) -> bool {
    schema.list().is_none_or(|list| list.relation == Relation::Atomic)
}

pub(super) fn atomic_map(schema: &Schema) -> bool {
    schema.map().is_none_or(|map| map.atomic)
}

/// Whether a map or list here is one value with one owner.
pub(crate) fn is_atomic(schema: &Schema) -> bool {
    match settled(Shape::Open, schema) {
        Shape::Map => atomic_map(schema),
        Shape::List => atomic_list(schema),
        _ => false,
    }
}
