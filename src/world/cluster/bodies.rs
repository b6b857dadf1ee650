//! Decides the bytes of a request: of a value, and of a patch with the version it was decided on.
//! It never decides what is asked for.

use crate::api::write::Patch;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value, json};

/// The JSON of a value; a value always has one.
pub(super) fn bytes_of(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

/// A merge with the resource version it was decided on, so that it fails on anything newer.
struct Guarded<'a> {
    body: &'a Map<String, Value>,
    version: &'a str,
}

impl Serialize for Guarded<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut metadata = self.body.get("metadata").and_then(Value::as_object).cloned().unwrap_or_default();
        metadata.insert("resourceVersion".to_owned(), json!(self.version));
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.body.iter().filter(|(name, _)| *name != "metadata") {
            map.serialize_entry(name, value)?;
        }
        map.serialize_entry("metadata", &metadata)?;
        map.end()
    }
}

/// The body of a patch; the resource version it was decided on goes with it.
pub(super) fn patch_body(patch: &Patch, expect: Option<&str>) -> (&'static str, Vec<u8>) {
    let guarded = |body: &Value| match (expect, body.as_object()) {
        (Some(version), Some(body)) => serde_json::to_vec(&Guarded { body, version }).unwrap_or_default(),
        _ => bytes_of(body),
    };
    match patch {
        Patch::Merge(body) => ("application/merge-patch+json", guarded(body)),
        Patch::Strategic(body) => ("application/strategic-merge-patch+json", guarded(body)),
        Patch::Json(body) => {
            let mut operations = body.as_array().cloned().unwrap_or_default();
            if let Some(rv) = expect {
                operations.insert(0, json!({"op": "test", "path": "/metadata/resourceVersion", "value": rv}));
            }
            ("application/json-patch+json", bytes_of(&Value::Array(operations)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merge_names_the_version_it_was_decided_on_and_keeps_the_rest() {
        let text = |body: Value, version| {
            let (_, bytes) = patch_body(&Patch::Merge(body), version);
            serde_json::from_slice::<Value>(&bytes).unwrap()
        };
        let labelled = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"replicas": 2}});
        assert_eq!(text(labelled.clone(), None), labelled);
        let guarded =
            json!({"metadata": {"labels": {"a": "b"}, "resourceVersion": "7"}, "spec": {"replicas": 2}});
        assert_eq!(text(labelled, Some("7")), guarded);
        assert_eq!(
            text(json!({"status": {}}), Some("7")),
            json!({"metadata": {"resourceVersion": "7"}, "status": {}})
        );
    }
}
