//! Decides how a set of fields is written in `managedFields`: the format `FieldsV1`.
//! It never decides who owns a set.
//!
//! Every path is a chain of keys in nested maps: `f:name` a field, `k:{"name":"a"}` an item by its keys, `v:"a"` an
//! item of a set, `i:0` an item by place. A key whose map is empty, or holds `.`, is in the set itself.

use super::{Atom, FieldSet, PathElement};
use serde_json::{Map, Value};

/// Why a set cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldsError {
    /// A set is not a map, or a part of it is not.
    #[error(
        "fieldsV1 must be a map of maps, but {0} is not; write the set as a map such as {{\"f:spec\": {{}}}}"
    )]
    NotAMap(String),
    /// A key is no step of a path.
    #[error("cannot read {0:?} in fieldsV1; write a step as f:NAME, k:{{KEYS}}, v:VALUE or i:INDEX")]
    Key(String),
}

impl FieldSet {
    /// The set that `FieldsV1` describes. Steps of an unknown kind are skipped, for a later version may know them.
    ///
    /// # Errors
    /// When a part is no map or a key no step.
    pub fn from_fields_v1(fields: &Value) -> Result<Self, FieldsError> {
        Ok(read(fields)?.0)
    }

    /// The set as `FieldsV1`.
    #[must_use]
    pub fn to_fields_v1(&self) -> Value {
        Value::Object(write(self))
    }
}

/// A set, and whether the place it stands at is in its parent's set.
fn read(fields: &Value) -> Result<(FieldSet, bool), FieldsError> {
    let map = fields.as_object().ok_or_else(|| FieldsError::NotAMap(fields.to_string()))?;
    let (mut set, mut member) = (FieldSet::default(), false);
    for (key, value) in map {
        if key == "." {
            member = true;
            continue;
        }
        let Some(step) = step(key)? else { continue };
        let (below, owned) = read(value)?;
        if owned {
            set.members.insert(step.clone());
        }
        if !below.is_empty() {
            set.children.insert(step, below);
        }
    }
    member |= set.is_empty();
    Ok((set, member))
}

fn step(key: &str) -> Result<Option<PathElement>, FieldsError> {
    let wrong = || FieldsError::Key(key.to_owned());
    let (kind, text) = key.split_once(':').filter(|(kind, _)| kind.len() == 1).ok_or_else(wrong)?;
    let value = || serde_json::from_str::<Value>(text).map_err(|_| wrong());
    Ok(Some(match kind {
        "f" => PathElement::Field(text.to_owned()),
        "v" => PathElement::Value(Atom(value()?)),
        "i" => PathElement::Index(text.parse().map_err(|_| wrong())?),
        "k" => match value()? {
            Value::Object(map) => PathElement::Key(map.into_iter().map(|(k, v)| (k, Atom(v))).collect()),
            _ => return Err(wrong()),
        },
        _ => return Ok(None),
    }))
}

fn write(set: &FieldSet) -> Map<String, Value> {
    let empty = || Value::Object(Map::new());
    let mut fields = Map::new();
    for step in &set.members {
        fields.insert(key(step), empty());
    }
    for (step, child) in set.children.iter().filter(|(_, child)| !child.is_empty()) {
        let mut below = write(child);
        if set.members.contains(step) {
            below.insert(".".to_owned(), empty());
        }
        fields.insert(key(step), Value::Object(below));
    }
    fields
}

fn key(step: &PathElement) -> String {
    match step {
        PathElement::Field(name) => format!("f:{name}"),
        PathElement::Value(Atom(value)) => format!("v:{}", json(value)),
        PathElement::Index(index) => format!("i:{index}"),
        PathElement::Key(fields) => {
            let map = fields.iter().map(|(k, v)| (k.clone(), v.0.clone())).collect();
            format!("k:{}", json(&Value::Object(map)))
        }
    }
}

/// JSON as Go writes it, where characters that mean something in HTML are escaped.
fn json(value: &Value) -> String {
    let mut out = String::new();
    for c in value.to_string().chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out
}
