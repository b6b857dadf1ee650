//! Decides by which step a path leads from a list to one of its items, and why there may be none.
//! It never looks at the item's other fields.

use crate::api::listkeys::{Relation, Schema};
use crate::base::go_text::quote;
use crate::fields::{Atom, PathElement};
use serde_json::Value;

/// Why nothing tells an item of a list apart. The texts are an API server's own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoStep {
    /// The list is one value.
    #[error("invalid indexing of non-associative list")]
    Atomic,
    /// The item is `null`, and the list's items are told apart by keys.
    #[error("associative list with keys may not have a null element")]
    KeyedNull,
    /// The item is no map, and the list's items are told apart by keys.
    #[error("associative list with keys may not have non-map elements")]
    KeyedScalar,
    /// The item has none of the keys; give it one of them.
    #[error(
        "associative list with keys has an element that omits all key fields [{keys}] (and doesn't have default \
         values for any key fields)"
    )]
    NoKeys {
        /// The keys in quotes, with a space between.
        keys: String,
    },
    /// The item of a set is a map.
    #[error("associative list without keys has an element that's a map type")]
    SetOfMaps,
    /// The item of a set is a list.
    #[error("not supported: associative list with lists as elements")]
    SetOfLists,
    /// The item of a set is `null`.
    #[error("associative list without keys has an element that's an explicit null")]
    SetNull,
}

/// The step from a list to one of its items.
///
/// # Errors
/// When the item has nothing that tells it apart.
pub(super) fn step_to(item: &Value, list: &Schema) -> Result<PathElement, NoStep> {
    let keys = match list.list().map(|l| &l.relation) {
        Some(Relation::Keys(keys)) => keys,
        Some(Relation::Set) => return step_to_scalar(item),
        _ => return Err(NoStep::Atomic),
    };
    let map = match item {
        Value::Object(map) => map,
        Value::Null => return Err(NoStep::KeyedNull),
        _ => return Err(NoStep::KeyedScalar),
    };
    let items = list.items();
    let value = |key: &String| map.get(key).or_else(|| items.default_of(key)).cloned();
    let mut found: Vec<(String, Atom)> =
        keys.iter().filter_map(|k| Some((k.clone(), Atom(value(k)?)))).collect();
    if found.is_empty() {
        let quoted: Vec<String> = keys.iter().map(|k| quote(k)).collect();
        return Err(NoStep::NoKeys { keys: quoted.join(" ") });
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(PathElement::Key(found))
}

fn step_to_scalar(item: &Value) -> Result<PathElement, NoStep> {
    match item {
        Value::Object(_) => Err(NoStep::SetOfMaps),
        Value::Array(_) => Err(NoStep::SetOfLists),
        Value::Null => Err(NoStep::SetNull),
        scalar => Ok(PathElement::Value(Atom(scalar.clone()))),
    }
}
