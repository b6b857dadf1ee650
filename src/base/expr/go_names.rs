//! Decides how Go names the type and the kind of a value, and how it prints the value.
//! It never decides what a value is.

use super::fault::run::RunFault;
use super::time;
use super::value::{Elements, Entries, MapKey, Value};
use crate::go_text;

impl Value {
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
                let entry = |(k, v): (&MapKey, &Value)| format!("{}:{}", k.value().show(), v.show());
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

    /// How Go's `reflect` names the kind of a value in its own messages.
    pub(super) fn reflect_kind(&self) -> &'static str {
        match self {
            Self::Nil => "zero",
            Self::Time(_) => "struct",
            Self::Duration(_) => "int64",
            Self::Month(_) | Self::Weekday(_) => "int",
            Self::Zone(_) => "ptr",
            Self::Function(_) => "func",
            Self::Map(_) => "map",
            Self::List(list) if list.kind == Elements::Pair => "array",
            Self::List(_) | Self::Bytes(_) => "slice",
            other => other.go_type(),
        }
    }

    /// The kind as the built-in functions over lists and maps name it: `nil` has none.
    pub(super) fn kind_in_builtin(&self) -> &'static str {
        if self.is_nil() { "invalid" } else { self.reflect_kind() }
    }

    /// The fault of this value where one of the Go type `wanted` is needed.
    pub(super) fn not_a(&self, wanted: &'static str) -> RunFault {
        let found = if self.is_nil() { "nil" } else { self.go_type() };
        RunFault::NotA { found, wanted }
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
