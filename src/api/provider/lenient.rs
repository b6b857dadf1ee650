//! Decides how a provider's settings are read although no schema has checked them: what has the wrong type is absent.
//! It never refuses; whether the settings make sense is decided by the provider.

use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::Value;

/// The settings in `value`; the default ones when it is no object.
#[must_use]
pub fn settings<T: DeserializeOwned + Default>(value: &Value) -> T {
    // A list would be read field by field in order.
    if value.is_object() { serde_json::from_value(value.clone()).unwrap_or_default() } else { T::default() }
}

/// A field, or its default when it has another type.
///
/// # Errors
/// The text is no JSON.
pub(super) fn field<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(d: D) -> Result<T, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(d)?).unwrap_or_default())
}

/// A field that is an object, or its default when it is none.
///
/// # Errors
/// The text is no JSON.
pub(super) fn object<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(d: D) -> Result<T, D::Error> {
    Ok(settings(&Value::deserialize(d)?))
}

/// A list of objects; an item that is none is a default one, and what is no list is empty.
///
/// # Errors
/// The text is no JSON.
pub(super) fn objects<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(
    d: D,
) -> Result<Vec<T>, D::Error> {
    let value = Value::deserialize(d)?;
    Ok(value.as_array().into_iter().flatten().map(settings).collect())
}

/// A value that is there, be it null.
///
/// # Errors
/// The text is no JSON.
pub(super) fn present<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(d).map(Some)
}
