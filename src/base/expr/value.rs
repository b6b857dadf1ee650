//! Decides what values an expression handles, which Go type each one stands for, and how Go prints them.
//! It never decides what an operator does with them.

use super::time;
use crate::go_text;
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
    pub entries: BTreeMap<Key, Value>,
}

/// A key of a map. Keys of different Go types are different keys: `1` is not `1.0`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
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
                let entry = |(k, v): (&String, &Json)| (Key::Text(k.as_str().into()), Self::from(v));
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

    pub(super) fn map(kind: Entries, entries: BTreeMap<Key, Value>) -> Self {
        Self::Map(Arc::new(Map { kind, entries }))
    }

    /// Whether this is `nil`.
    #[must_use]
    pub fn is_nil(&self) -> bool {
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

    /// The name of the Go type, as `%T` prints it.
    #[must_use]
    pub fn go_type(&self) -> &'static str {
        match self {
            Self::Nil => "<nil>",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Int64(_) => "int64",
            Self::Float(_) => "float64",
            Self::Text(_) => "string",
            Self::Bytes(_) => "[]uint8",
            Self::List(list) => list.kind.go_type(),
            Self::Map(map) => map.kind.go_type(),
            Self::Time(_) => "time.Time",
            Self::Duration(_) => "time.Duration",
            Self::Zone(_) => "*time.Location",
            Self::Month(_) => "time.Month",
            Self::Weekday(_) => "time.Weekday",
            Self::Function(name) => function_type(name),
        }
    }

    /// The value as Go's `%v` prints it: `[1 2]`, `map[a:1]`, `<nil>`.
    #[must_use]
    pub fn show(&self) -> String {
        match self {
            Self::Nil => "<nil>".to_owned(),
            Self::Bool(b) => b.to_string(),
            Self::Int(i) | Self::Int64(i) => i.to_string(),
            Self::Float(f) => go_text::show_float(*f),
            Self::Text(t) => t.to_string(),
            Self::Bytes(b) => format!("[{}]", joined(b.iter().map(u8::to_string))),
            Self::List(list) => format!("[{}]", joined(list.items.iter().map(Self::show))),
            Self::Map(map) => {
                let entry = |(k, v): (&Key, &Value)| format!("{}:{}", k.value().show(), v.show());
                format!("map[{}]", joined(map.entries.iter().map(entry)))
            }
            Self::Time(at) => time::show(at),
            Self::Duration(nanos) => time::show_duration(*nanos),
            Self::Zone(zone) => zone.iana_name().unwrap_or("Local").to_owned(),
            Self::Month(m) => time::month_name(*m).to_owned(),
            Self::Weekday(d) => time::weekday_name(*d).to_owned(),
            Self::Function(name) => (*name).to_owned(),
        }
    }
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(" ")
}

/// The Go type of a function of the environment.
pub(super) fn function_type(name: &str) -> &'static str {
    match name {
        "asInt" => "func(interface {}) int64",
        "asFloat" => "func(interface {}) float64",
        "isNaN" | "isInf" => "func(float64) bool",
        "isNil" => "func(interface {}) bool",
        "default" => "func(interface {}, interface {}) interface {}",
        _ => "func(...interface {}) (interface {}, error)",
    }
}

impl Elements {
    /// The name of the Go type of the list.
    #[must_use]
    pub fn go_type(self) -> &'static str {
        match self {
            Self::Any => "[]interface {}",
            Self::Floats => "[]float64",
            Self::Ints => "[]int",
            Self::Texts => "[]string",
            Self::Pairs => "[][2]interface {}",
            Self::Pair => "[2]interface {}",
        }
    }
}

impl Entries {
    /// The name of the Go type of the map.
    #[must_use]
    pub fn go_type(self) -> &'static str {
        match self {
            Self::TextToAny => "map[string]interface {}",
            Self::AnyToAny => "map[interface {}]interface {}",
            Self::AnyToList => "map[interface {}][]interface {}",
        }
    }
}

impl Key {
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
