//! Decides what the checker knows about a value before it exists, and which types go together.
//! It never decides what an operator needs.

use super::go_names::function_type;
use super::value::{Elements, Entries, Value};

/// The static type of an expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Type {
    /// Nothing is known.
    Unknown,
    /// `interface {}`: an element of a list or map that may hold anything.
    Any,
    Nil,
    Bool,
    Int,
    Int64,
    Float,
    Text,
    Bytes,
    Byte,
    Time,
    Duration,
    Zone,
    Month,
    Weekday,
    /// A list; the second part is what is known about its elements beyond the Go type.
    List(Elements, Option<Box<Type>>),
    Map(Entries),
    Function(&'static str),
}

impl Type {
    /// The type of a value of the environment.
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Nil => Self::Nil,
            Value::Bool(_) => Self::Bool,
            Value::Int(_) => Self::Int,
            Value::Int64(_) => Self::Int64,
            Value::Float(_) => Self::Float,
            Value::Text(_) => Self::Text,
            Value::Bytes(_) => Self::Bytes,
            Value::List(list) => Self::List(list.kind, None),
            Value::Map(map) => Self::Map(map.kind),
            Value::Time(_) => Self::Time,
            Value::Duration(_) => Self::Duration,
            Value::Zone(_) => Self::Zone,
            Value::Month(_) => Self::Month,
            Value::Weekday(_) => Self::Weekday,
            Value::Function(name) => Self::Function(name),
        }
    }

    /// `[]interface {}` whose elements are known to be of type `element`.
    pub(super) fn list_of(element: Type) -> Self {
        Self::List(Elements::Any, Some(Box::new(element)))
    }

    /// `[]interface {}`.
    pub(super) fn any_list() -> Self {
        Self::List(Elements::Any, None)
    }

    /// The type as messages name it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Unknown | Self::Nil => "unknown",
            Self::Any => "interface {}",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Int64 => "int64",
            Self::Float => "float64",
            Self::Text => "string",
            Self::Bytes => "[]uint8",
            Self::Byte => "uint8",
            Self::Time => "time.Time",
            Self::Duration => "time.Duration",
            Self::Zone => "*time.Location",
            Self::Month => "time.Month",
            Self::Weekday => "time.Weekday",
            Self::List(kind, _) => kind.go_type(),
            Self::Map(kind) => kind.go_type(),
            Self::Function(name) => function_type(name),
        }
    }

    /// The type as messages of built-in functions name it: they show a missing type in Go's own way.
    pub(super) fn name_in_builtin(&self) -> &'static str {
        match self {
            Self::Nil => "%!s(<nil>)",
            Self::Unknown => "interface {}",
            other => other.name(),
        }
    }

    pub(super) fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown | Self::Any)
    }

    pub(super) fn is_integer(&self) -> bool {
        matches!(self, Self::Int | Self::Int64 | Self::Byte)
    }

    pub(super) fn is_number(&self) -> bool {
        self.is_integer() || *self == Self::Float
    }

    /// Whether Go's kind is a number: durations and months count, though operators refuse to mix them.
    pub(super) fn is_numeric_kind(&self) -> bool {
        self.is_number() || matches!(self, Self::Duration | Self::Month | Self::Weekday)
    }

    pub(super) fn is_list(&self) -> bool {
        matches!(self, Self::List(..) | Self::Bytes)
    }

    /// What an element of this list or a value of this map is.
    pub(super) fn element(&self) -> Type {
        match self {
            Self::List(_, Some(known)) => (**known).clone(),
            Self::List(kind, None) => match kind {
                Elements::Any | Elements::Pair => Self::Any,
                Elements::Floats => Self::Float,
                Elements::Ints => Self::Int,
                Elements::Texts => Self::Text,
                Elements::Pairs => Self::List(Elements::Pair, None),
            },
            Self::Map(Entries::AnyToList) => Self::any_list(),
            Self::Map(_) => Self::Any,
            Self::Bytes => Self::Byte,
            _ => Self::Unknown,
        }
    }

    /// What is left of this type when only the Go type is kept.
    pub(super) fn plain(self) -> Type {
        match self {
            Self::List(kind, _) => Self::List(kind, None),
            Self::Unknown => Self::Any,
            other => other,
        }
    }

    /// The type of the keys of this map.
    pub(super) fn key(&self) -> Type {
        if *self == Self::Map(Entries::TextToAny) { Self::Text } else { Self::Any }
    }

    /// Whether Go assigns a value of this type to a variable of type `other`.
    pub(super) fn assignable_to(&self, other: &Type) -> bool {
        match (self, other) {
            (Self::Nil, Self::Any | Self::List(..) | Self::Map(_) | Self::Function(_) | Self::Zone) => true,
            (Self::Nil | Self::Unknown, _) | (_, Self::Nil | Self::Unknown) => false,
            (_, Self::Any) => true,
            (Self::List(a, _), Self::List(b, _)) => a == b,
            (Self::Function(a), Self::Function(b)) => function_type(a) == function_type(b),
            (a, b) => a == b,
        }
    }

    /// Whether `==` accepts both types.
    pub(super) fn comparable_to(&self, other: &Type) -> bool {
        let loose = |t: &Type| t.is_unknown() || *t == Self::Nil;
        loose(self)
            || loose(other)
            || (self.is_number() && other.is_number())
            || (self.is_list() && other.is_list())
            || self.assignable_to(other)
    }

    /// Whether one of both is unknown, and the other unknown too or one that `fits`.
    pub(super) fn maybe_with(&self, other: &Type, fits: impl Fn(&Type) -> bool) -> bool {
        match (self.is_unknown(), other.is_unknown()) {
            (true, true) => true,
            (true, false) => fits(other),
            (false, true) => fits(self),
            (false, false) => false,
        }
    }
}
