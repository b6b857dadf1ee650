//! Decides what a path may lead to: a value of the document, or one that the path itself holds.
//! It never decides how it is got there.

use serde_json::Value;

/// A value that a path has led to.
#[derive(Debug, Clone)]
pub(super) enum Found<'d> {
    /// One of the document.
    There(&'d Value),
    /// A text of the path.
    Text(String),
    /// A whole number of the path, or a byte of a text.
    Int(i64),
    /// Another number of the path.
    Float(f64),
    /// A truth of the path.
    Bool(bool),
}

impl Found<'_> {
    /// The value as JSON.
    pub(super) fn into_value(self) -> Value {
        match self {
            Self::There(value) => value.clone(),
            Self::Text(text) => text.into(),
            Self::Int(n) => n.into(),
            Self::Float(n) => n.into(),
            Self::Bool(b) => b.into(),
        }
    }
}
