//! Decides what kinds of fields Go's pod types have, and when Go leaves a field out.
//! It never decides which fields there are; the tables beside it do.

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// A string.
    Text,
    /// A whole number.
    Int,
    /// A truth value.
    Bool,
    /// An amount such as `100m`, written in its canonical form.
    Quantity,
    /// A port or a percentage: a whole number or a string.
    IntOrText,
    /// A time, written in UTC with whole seconds.
    Time,
    /// Any JSON, written as it is.
    Raw,
    /// A list.
    List(&'static Shape),
    /// A map with string keys.
    Map(&'static Shape),
    /// A struct with these fields in this order.
    Object(&'static [Field]),
}

/// When a field is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// Always; without a value its zero value.
    Always,
    /// Always; without a value `null` (a pointer without `omitempty`).
    OrNull,
    /// When it is neither missing nor zero nor empty (`omitempty`).
    Filled,
    /// When it is there, zero or not (a pointer with `omitempty`).
    Set,
}

/// One field of a Go struct.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    pub(super) when: When,
}

/// A field that is always written.
pub(super) const fn always(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, when: When::Always }
}

/// A field that is `null` when missing.
pub(super) const fn null(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, when: When::OrNull }
}

/// A field that is left out when zero or empty.
pub(super) const fn filled(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, when: When::Filled }
}

/// A field that is left out only when missing.
pub(super) const fn set(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, when: When::Set }
}
