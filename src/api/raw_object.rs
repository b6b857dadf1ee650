//! Decides what is read of an object that a watch brings before anybody needs the whole of it: its metadata.
//! It never parses the rest, which stays text.

use crate::meta::Meta;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// An object as the API server sent it. Half of what watches bring are echoes of our own writes, and of many of the
/// rest only the status is another: whoever takes one in reads what it needs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawObject {
    /// Its metadata.
    #[serde(deserialize_with = "null_is_none")]
    pub metadata: Meta,
    /// Desired state.
    pub spec: Part,
    /// Observed state.
    pub status: Part,
    /// The template of a PodTemplate.
    pub template: Part,
}

/// A part of an object that is still text; nothing where the object has no such part.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Part(Option<Box<RawValue>>);

impl RawObject {
    /// The object that `value` is.
    ///
    /// # Errors
    /// It is no object, or its metadata are of another shape.
    pub fn of(value: &Value) -> Result<Self, serde_json::Error> {
        Self::deserialize(value)
    }
}

impl Part {
    /// The part as it was sent.
    #[must_use]
    pub fn text(&self) -> &str {
        self.0.as_ref().map_or("null", |text| text.get())
    }

    /// What `T` holds of the part; what it is by itself where there is no such part.
    ///
    /// # Errors
    /// The part is no `T`.
    pub fn read<T: DeserializeOwned + Default>(&self) -> Result<T, serde_json::Error> {
        self.0.as_ref().map_or_else(|| Ok(T::default()), |text| serde_json::from_str(text.get()))
    }

    /// The part as JSON; null where there is none, or when it is nested deeper than anybody reads.
    #[must_use]
    pub fn value(&self) -> Value {
        self.read().unwrap_or_default()
    }
}

fn null_is_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Meta, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Time;
    use serde_json::json;

    #[test]
    fn metadata_are_read_and_the_parts_are_kept_as_they_were_sent() {
        let text = r#"{"kind":"X","metadata":{"name":"web","namespace":"shop","uid":"u","resourceVersion":"7",
            "managedFields":[{"time":"2026-01-01T00:00:07Z","subresource":"status"},{"time":"2026-01-01T00:00:09Z",
            "fieldsV1":{"f:spec":{}}},{"subresource":"status","time":"2026-01-01T00:00:03Z"}]},
            "spec":{"b": 1.50},"status":null}"#;
        let object: RawObject = serde_json::from_str(text).unwrap();
        let meta = &object.metadata;
        assert_eq!(
            (meta.name.as_str(), meta.uid.as_str(), meta.resource_version.as_str()),
            ("web", "u", "7")
        );
        assert_eq!(meta.status_written.last, Time::parse("2026-01-01T00:00:07Z"));
        assert_eq!(object.spec.text(), r#"{"b": 1.50}"#);
        assert_eq!((object.status.text(), object.template.text()), ("null", "null"));
        assert_eq!(object.status.read::<Vec<i32>>().unwrap(), Vec::<i32>::new());
        assert!(object.spec.read::<Vec<i32>>().is_err());
    }

    #[test]
    fn what_was_read_already_reads_the_same() {
        let object = RawObject::of(&json!({"metadata": null, "spec": {"a": [1]}, "template": {}})).unwrap();
        assert_eq!((object.metadata, object.spec.value()), (Meta::default(), json!({"a": [1]})));
        assert_eq!(object.template.text(), "{}");
        assert!(
            RawObject::of(&json!([1])).is_err() && RawObject::of(&json!({"metadata": {"name": 1}})).is_err()
        );
    }
}
