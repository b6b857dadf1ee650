//! Decides when a field counts as not given: missing, null, empty or zero, as Go's types cannot tell them apart.
//! It never decides which fields have defaults.

use crate::quantity::Quantity;
use serde_json::{Map, Value, json};

/// An object's fields.
pub(super) type Fields = Map<String, Value>;

/// Sets `key` if it is missing or null: a pointer in Go, whose zero value counts as given.
pub(super) fn pointer(fields: &mut Fields, key: &str, value: Value) {
    if fields.get(key).is_none_or(Value::is_null) {
        fields.insert(key.to_owned(), value);
    }
}

/// Sets `key` if it is missing, null or empty: a string in Go.
pub(super) fn text(fields: &mut Fields, key: &str, value: &str) {
    if fields.get(key).is_none_or(|v| v.is_null() || v == "") {
        fields.insert(key.to_owned(), value.into());
    }
}

/// Sets `key` if it is missing, null or 0: a number in Go.
pub(super) fn number(fields: &mut Fields, key: &str, value: i64) {
    if fields.get(key).is_none_or(|v| v.is_null() || v == 0) {
        fields.insert(key.to_owned(), value.into());
    }
}

/// The text at `key`, empty if there is none.
pub(super) fn str_at<'a>(fields: &'a Fields, key: &str) -> &'a str {
    fields.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The object at `key`, if there is one.
pub(super) fn object<'a>(fields: &'a mut Fields, key: &str) -> Option<&'a mut Fields> {
    fields.get_mut(key).and_then(Value::as_object_mut)
}

/// The object at `key`, put there if the key is missing or null; none if it holds something else.
pub(super) fn made<'a>(fields: &'a mut Fields, key: &str) -> Option<&'a mut Fields> {
    pointer(fields, key, json!({}));
    object(fields, key)
}

/// The objects in the list at `key`.
pub(super) fn objects<'a>(fields: &'a mut Fields, key: &str) -> impl Iterator<Item = &'a mut Fields> {
    let list = fields.get_mut(key).and_then(Value::as_array_mut);
    list.into_iter().flatten().filter_map(Value::as_object_mut)
}

/// The list at `key` has no elements, or there is none.
pub(super) fn is_empty_list(fields: &Fields, key: &str) -> bool {
    fields.get(key).is_none_or(|v| v.is_null() || v.as_array().is_some_and(Vec::is_empty))
}

/// Brings the amounts in the object at `key` into canonical form, rounded up to thousandths.
///
/// What is no quantity stays as it is; validation will speak of it.
pub(super) fn resource_list(fields: &mut Fields, key: &str) {
    let Some(list) = object(fields, key) else { return };
    for value in list.values_mut() {
        if let Ok(quantity) = Quantity::from_json(value) {
            *value = quantity.rounded_up_to_thousandths().to_string().into();
        }
    }
}

/// Brings the amount at `key` into canonical form.
pub(super) fn quantity(fields: &mut Fields, key: &str) {
    if let Some(value) = fields.get_mut(key).filter(|v| !v.is_null())
        && let Ok(quantity) = Quantity::from_json(value)
    {
        *value = quantity.to_string().into();
    }
}
