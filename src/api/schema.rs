//! Decides the schema of fields that the definitions leave open.
//! It never decides which fields those are.

use schemars::{Schema, SchemaGenerator, json_schema};

/// The schema of a field that may hold anything, such as a pod template: the API server keeps it as it is.
pub(crate) fn anything(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"x-kubernetes-preserve-unknown-fields": true})
}

/// The schema of an object whose fields are not described.
pub(crate) fn any_object(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object", "x-kubernetes-preserve-unknown-fields": true})
}
