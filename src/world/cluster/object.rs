//! Decides what of an object is read when a cluster sends it: everything but managed fields, which are often the
//! larger half; of these only who has written the status, and when. It never keeps an object.

use serde::de::{DeserializeSeed, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};
use std::fmt;

/// One entry of managed fields, without the fields.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Writer {
    manager: String,
    time: String,
    subresource: String,
}

/// An object without managed fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Object(pub(crate) Value);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members { metadata_of: true }).map(Object)
    }
}

/// The members of an object (whose metadata is read as [`Metadata`]) or of the metadata itself.
struct Members {
    metadata_of: bool,
}

/// Reads metadata without managed fields; anything that is no map is kept as it is.
struct Metadata;

impl<'de> Visitor<'de> for Members {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if self.metadata_of && name == "metadata" {
                map.insert(name, members.next_value_seed(Metadata)?);
            } else if !self.metadata_of && name == "managedFields" {
                let all: Option<Vec<Writer>> = members.next_value()?;
                let of_status = all.into_iter().flatten().filter(|writer| writer.subresource == "status");
                let kept: Vec<Value> = of_status
                    .map(|w| json!({"manager": w.manager, "time": w.time, "subresource": w.subresource}))
                    .collect();
                if !kept.is_empty() {
                    map.insert(name, Value::Array(kept));
                }
            } else {
                map.insert(name, members.next_value()?);
            }
        }
        Ok(Value::Object(map))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
}

impl<'de> DeserializeSeed<'de> for Metadata {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(Members { metadata_of: false })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn managed_fields_are_not_read_but_for_who_wrote_the_status_and_everything_else_is() {
        let text = r#"{"kind": "X", "metadata": {"name": "a", "managedFields": [{"manager": "m", "fieldsV1": {"f:spec": {}}}],
            "labels": null}, "spec": {"managedFields": [1], "metadata": {"managedFields": 2}}}"#;
        let Object(value) = serde_json::from_str(text).unwrap();
        let spec = json!({"managedFields": [1], "metadata": {"managedFields": 2}});
        assert_eq!(value, json!({"kind": "X", "metadata": {"name": "a", "labels": null}, "spec": spec}));
        let text = r#"{"metadata": {"managedFields": [{"manager": "n", "operation": "Update", "time": "t",
            "fieldsV1": {"f:status": {}}, "subresource": "status"}]}}"#;
        let Object(value) = serde_json::from_str(text).unwrap();
        let writer = json!({"manager": "n", "time": "t", "subresource": "status"});
        assert_eq!(value, json!({"metadata": {"managedFields": [writer]}}));
        let Object(value) = serde_json::from_str(r#"{"metadata": null}"#).unwrap();
        assert_eq!(value, json!({"metadata": null}));
    }
}
