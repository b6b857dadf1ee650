//! Decides what values an expression handles, which Go type each one stands for, and how Go prints them.
//! It never decides what an operator does with them.

use jiff::{Zoned, tz::TimeZone};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the elements of a list are in Go; it decides what the checker allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Elements {
    /// `[]interface {}`
    Any,
    /// `[]float64`
    Floats,
    /// `[]int`
    Ints,
    /// `[]string`
    Texts,
    /// `[][2]interface {}`
    Pairs,
    /// `[2]interface {}`
    Pair,
}

/// What the keys and values of a map are in Go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entries {
    /// `map[string]interface {}`
    TextToAny,
    /// `map[interface {}]interface {}`
    AnyToAny,
    /// `map[interface {}][]interface {}`
    AnyToList,
}

/// A list and the Go type of its elements.
#[derive(Debug, Clone)]
pub struct List {
    /// The Go type of the elements.
    pub kind: Elements,
    /// The elements.
    pub items: Vec<Value>,
}

/// A map and the Go types of its keys and values.
#[derive(Debug, Clone)]
pub struct Map {
    /// The Go types of keys and values.
    pub kind: Entries,
    /// The entries, ordered by key.
    pub entries: BTreeMap<MapKey, Value>,
}

/// A key of a map. Keys of different Go types are different keys: `1` is not `1.0`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum MapKey {
    /// `nil`
    Nil,
    /// `bool`
    Bool(bool),
    /// `int`
    Int(i64),
    /// `int64`
    Int64(i64),
    /// `float64`, by its bits
    Float(u64),
    /// `string`
    Text(Arc<str>),
}

/// A value of the expression language.
#[derive(Debug, Clone, Default)]
pub enum Value {
    /// `nil`
    #[default]
    Nil,
    /// `bool`
    Bool(bool),
    /// `int`: whole numbers written in an expression or counted by it.
    Int(i64),
    /// `int64`: what `asInt` gives.
    Int64(i64),
    /// `float64`: every number that comes from JSON or from Prometheus.
    Float(f64),
    /// `string`
    Text(Arc<str>),
    /// `[]uint8`
    Bytes(Arc<[u8]>),
    /// A slice.
    List(Arc<List>),
    /// A map.
    Map(Arc<Map>),
    /// `time.Time`
    Time(Box<Zoned>),
    /// `time.Duration` in nanoseconds
    Duration(i64),
    /// `*time.Location`
    Zone(Box<TimeZone>),
    /// `time.Month`, 1 to 12
    Month(i8),
    /// `time.Weekday`, 0 is Sunday
    Weekday(i8),
    /// A function of the environment, by its name.
    Function(&'static str),
}

impl From<&Json> for Value {
    /// Numbers become floating-point, whole ones too: so Go decodes JSON, and so all metric providers hand them out.
    fn from(json: &Json) -> Self {
        match json {
            Json::Null => Self::Nil,
            Json::Bool(b) => Self::Bool(*b),
            Json::Number(n) => Self::Float(n.as_f64().unwrap_or(f64::NAN)),
            Json::String(s) => Self::text(s),
            Json::Array(items) => Self::list(Elements::Any, items.iter().map(Self::from).collect()),
            Json::Object(fields) => {
                let entry = |(k, v): (&String, &Json)| (MapKey::Text(k.as_str().into()), Self::from(v));
                Self::map(Entries::TextToAny, fields.iter().map(entry).collect())
            }
        }
    }
}

impl Value {
    /// A list of floating-point numbers, as Prometheus vectors, matrices and Graphite hand them out (`[]float64`).
    #[must_use]
    pub fn floats(values: &[f64]) -> Self {
        Self::list(Elements::Floats, values.iter().copied().map(Self::Float).collect())
    }

    /// A text.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn list(kind: Elements, items: Vec<Value>) -> Self {
        Self::List(Arc::new(List { kind, items }))
    }

    pub(super) fn map(kind: Entries, entries: BTreeMap<MapKey, Value>) -> Self {
        Self::Map(Arc::new(Map { kind, entries }))
    }

    /// Whether this is `nil`.
    #[must_use]
    pub(crate) fn is_nil(&self) -> bool {
        matches!(self, Self::Nil)
    }

    /// The number of a `float64`, `int` or `int64`; of whole ones the nearest floating-point number.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // Go converts likewise
    pub fn as_float(&self) -> Option<f64> {
        match self {
            Self::Float(f) => Some(*f),
            Self::Int(i) | Self::Int64(i) => Some(*i as f64),
            _ => None,
        }
    }
}

impl MapKey {
    /// The key that `value` is; none for what Go cannot hash (lists, maps) and for times.
    pub(super) fn from_value(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Nil => Self::Nil,
            Value::Bool(b) => Self::Bool(*b),
            Value::Int(i) => Self::Int(*i),
            Value::Int64(i) => Self::Int64(*i),
            Value::Float(f) => Self::Float(if *f == 0.0 { 0 } else { f.to_bits() }),
            Value::Text(t) => Self::Text(t.clone()),
            _ => return None,
        })
    }

    /// The value that this key is.
    pub(super) fn value(&self) -> Value {
        match self {
            Self::Nil => Value::Nil,
            Self::Bool(b) => Value::Bool(*b),
            Self::Int(i) => Value::Int(*i),
            Self::Int64(i) => Value::Int64(*i),
            Self::Float(bits) => Value::Float(f64::from_bits(*bits)),
            Self::Text(t) => Value::Text(t.clone()),
        }
    }
}

/// How many steps it takes to walk a value: its elements, or its text in pieces.
pub(super) fn weight(value: &Value) -> usize {
    match value {
        Value::List(list) => list.items.iter().map(weight).sum::<usize>() + 1,
        Value::Map(map) => map.entries.values().map(weight).sum::<usize>() + 1,
        Value::Text(text) => text.len() / 64 + 1,
        _ => 1,
    }
}
