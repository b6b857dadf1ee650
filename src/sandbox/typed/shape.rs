//! Decides what can be said of a value's shape: its Go type, whether it is written out when it is empty.
//! It never knows which kinds there are.

use std::collections::BTreeMap;

/// The shape of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Text.
    Text,
    /// A whole number of 32 bits.
    Int32,
    /// A whole number of 64 bits.
    Int64,
    /// A whole number of 8 bits without a sign.
    Uint8,
    /// A number.
    Float,
    /// True or false.
    Bool,
    /// A quantity such as `100m`.
    Quantity,
    /// A whole number or text.
    IntOrText,
    /// A time with seconds.
    Time,
    /// A time with microseconds.
    MicroTime,
    /// A Go duration as text.
    Duration,
    /// Base64.
    Bytes,
    /// Any JSON.
    Raw,
    /// A list.
    List(Box<Shape>),
    /// A map with text keys.
    Map(Box<Shape>),
    /// A struct, by its place in the table.
    Struct(usize),
}

/// One field of a struct.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// Its shape.
    pub shape: Shape,
    /// Whether it is a pointer, so that absent and zero differ.
    pub pointer: bool,
    /// Whether it is left out when it is empty.
    pub omit: bool,
    /// The Go type of a text that has one of its own; empty for plain text.
    pub go: &'static str,
}

/// One struct.
#[derive(Clone, Debug, Default)]
pub(crate) struct Type {
    /// The Go name without its package.
    pub name: &'static str,
    /// The Go name with its package's last element, such as `v1.PodSpec`.
    pub full: String,
    /// Its fields.
    pub fields: BTreeMap<&'static str, Field>,
}
