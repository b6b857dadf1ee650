//! Decides what a path to a field is, and how it is printed.
//! It never decides which fields there are.

use super::Atom;
use crate::api::listkeys::Schema;
use crate::base::go_text::quote;
use crate::text;
use serde_json::Value;
use std::fmt;

/// One element of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PathElement {
    /// A field of a map: `.spec`.
    Field(String),
    /// The item of a list whose fields have these values, sorted by name: `[name="a"]`.
    Key(Vec<(String, Atom)>),
    /// The item of a set: `[="a"]`.
    Value(Atom),
    /// The item at a place: `[0]`. API servers read it but never write it.
    Index(i64),
}

impl fmt::Display for PathElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(f, ".{name}"),
            Self::Key(fields) => {
                let shown: Vec<String> = fields.iter().map(|(k, v)| format!("{k}={}", shown(&v.0))).collect();
                write!(f, "[{}]", shown.join(","))
            }
            Self::Value(value) => write!(f, "[={}]", shown(&value.0)),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(s) => quote(s),
        Value::Null => "null".to_owned(),
        Value::Bool(_) | Value::Number(_) => text::plain(value),
        Value::Array(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(",")),
        Value::Object(map) => map.iter().map(|(k, v)| format!("{k}={}", shown(v))).collect(),
    }
}

/// A path from the root of an object to one of its fields.
pub type Path = Vec<PathElement>;

/// A path as API servers print it in conflicts: `.spec.containers[name="a"].image`.
#[must_use]
pub fn path_text(path: &[PathElement]) -> String {
    path.iter().map(PathElement::to_string).collect()
}

/// The schema one step below.
pub(crate) fn below(schema: &Schema, step: &PathElement) -> Schema {
    match step {
        PathElement::Field(name) => schema.field(name).unwrap_or_else(Schema::deduced),
        _ => schema.items(),
    }
}
