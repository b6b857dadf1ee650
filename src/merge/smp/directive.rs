//! Decides how the directives of a strategic merge patch are written and told from fields.
//! It never decides what they do.

use crate::api::listkeys::Schema;
use serde_json::{Value, json};

/// For a whole map, or for the list that an item stands in.
pub(crate) const PATCH: &str = "$patch";
/// Names the fields that stay.
pub(super) const RETAIN_KEYS: &str = "$retainKeys";
/// Names scalars to be taken out of a list.
pub(super) const DELETE_FROM: &str = "$deleteFromPrimitiveList";
/// Gives the order of a list.
pub(super) const ELEMENT_ORDER: &str = "$setElementOrder";

/// Whether a key of a map is a directive.
pub(crate) fn directs(key: &str) -> bool {
    key == PATCH || directs_fields(key)
}

/// Whether a key of a map directs what becomes of other fields.
pub(super) fn directs_fields(key: &str) -> bool {
    key == RETAIN_KEYS || key.starts_with(DELETE_FROM) || key.starts_with(ELEMENT_ORDER)
}

/// Whether an item says `$patch: delete`.
pub(crate) fn deletes(item: &Value) -> bool {
    item.get(PATCH).and_then(Value::as_str) == Some("delete")
}

/// What stands before the items of a list that is to be replaced.
pub(super) fn mark() -> Value {
    json!({PATCH: "replace"})
}

/// The items of a list that begins with the mark.
pub(super) fn replacement(list: &[Value]) -> Option<&[Value]> {
    let (first, rest) = list.split_first()?;
    (*first == mark()).then_some(rest)
}

/// The schema of a field; without one where the kind has no such field, so that the field merges all the same.
pub(crate) fn field(schema: &Schema, name: &str) -> Schema {
    schema.field(name).unwrap_or_else(Schema::deduced)
}
