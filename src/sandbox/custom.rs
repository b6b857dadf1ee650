//! Decides what a CustomResourceDefinition means for the objects of its kind.
//! It never holds those objects.

use super::field::FieldError;
use super::schema::check::Patterns;
use super::schema::{self, Schema};
use super::shelf::Stored;
use crate::api::listkeys;
use crate::base::json;
use regex::Regex;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A definition in one of its editions.
#[derive(Clone, Debug)]
pub(crate) struct Custom {
    /// Rises with every change of the definition.
    pub edition: u64,
    /// The definition's `spec`.
    pub spec: Value,
    patterns: Patterns,
    merging: BTreeMap<String, listkeys::Schema>,
}

const ANY: &Value = &Value::Null;

impl Custom {
    /// The definition with this `spec`.
    #[must_use]
    pub(crate) fn new(edition: u64, spec: Value) -> Self {
        let compiled = |pattern: &str| Some((pattern.to_owned(), Regex::new(pattern).ok()?));
        let patterns = Schema::new(&spec).patterns().into_iter().filter_map(compiled).collect();
        let versions = json::list(&spec, "/versions").iter();
        let merging = versions.map(|v| {
            let schema = v.pointer("/schema/openAPIV3Schema").unwrap_or(ANY);
            (json::text(v, "/name").to_owned(), listkeys::Schema::from_openapi(schema))
        });
        let merging = merging.collect();
        Self { edition, spec, patterns, merging }
    }

    /// How objects of a version are merged.
    #[must_use]
    pub(crate) fn merging(&self, version: &str) -> listkeys::Schema {
        self.merging.get(version).cloned().unwrap_or_else(listkeys::Schema::deduced)
    }

    /// The schema of a version.
    #[must_use]
    pub(crate) fn schema(&self, version: &str) -> Schema<'_> {
        Schema::new(self.version(version).pointer("/schema/openAPIV3Schema").unwrap_or(ANY))
    }

    /// Makes an object from outside fit: unknown fields go, defaults come. Returns what was unknown.
    ///
    /// # Errors
    /// Go's text for metadata that holds values of a wrong type.
    pub(crate) fn fit(&self, version: &str, object: &mut Value) -> Result<Vec<String>, String> {
        schema::whole_numbers(object);
        let schema = self.schema(version);
        let pruned = schema::prune::object(object, schema)?;
        schema::fill::defaults(object, schema);
        let told = pruned.metadata.into_iter().chain(pruned.fields);
        Ok(told.map(|path| format!("unknown field \"{path}\"")).collect())
    }

    /// The faults of an object, or with `status` those of its status.
    #[must_use]
    pub(crate) fn faults(&self, version: &str, object: &Value, status: bool) -> Vec<FieldError> {
        let schema = self.schema(version);
        if !status {
            return schema::check::faults(object, schema, "", &self.patterns);
        }
        match (object.get("status"), schema.property("status")) {
            (Some(value), Some(schema)) => schema::check::faults(value, schema, "status", &self.patterns),
            _ => Vec::new(),
        }
    }

    /// The items of sets and maps that occur twice.
    #[must_use]
    pub(crate) fn duplicates(&self, version: &str, object: &Value) -> Vec<FieldError> {
        schema::lists::duplicates(object, self.schema(version))
    }

    fn version(&self, name: &str) -> &Value {
        let mut versions = json::list(&self.spec, "/versions").iter();
        versions.find(|v| json::text(v, "/name") == name).unwrap_or(&Value::Null)
    }

    /// The version objects are stored in.
    #[must_use]
    pub(crate) fn storage_version(&self) -> &str {
        let mut versions = json::list(&self.spec, "/versions").iter();
        let stored = versions.find(|v| v.get("storage").and_then(Value::as_bool) == Some(true));
        stored.map_or("", |v| json::text(v, "/name"))
    }

    /// The schema of a version as it is published.
    #[must_use]
    pub(crate) fn published(&self, version: &str) -> Value {
        let schema = self.version(version).pointer("/schema/openAPIV3Schema");
        schema.cloned().unwrap_or_else(|| json!({"type": "object"}))
    }

    /// Whether the definition has changed since `stored` was written.
    #[must_use]
    pub(crate) fn is_newer(&self, stored: &Stored) -> bool {
        self.edition != stored.edition
    }

    /// Makes an object written under an older edition what it is under this one.
    pub(crate) fn on_read(&self, version: &str, object: &mut Value) {
        let schema = self.schema(version);
        // what was stored has well-formed metadata, so nothing is refused
        let _pruned = schema::prune::object(object, schema);
        schema::fill::defaults(object, schema);
    }

    /// The fields a field selector may ask for besides name and namespace, and what they hold.
    #[must_use]
    pub(crate) fn selectable(&self, version: &str, object: &Value) -> Vec<(String, String)> {
        let fields = json::list(self.version(version), "/selectableFields").iter();
        let mut out = Vec::new();
        for path in fields.map(|f| json::text(f, "/jsonPath")) {
            let pointer = path.replace('.', "/");
            let value = match object.pointer(&pointer) {
                Some(Value::String(text)) => text.clone(),
                Some(Value::Null) | None => String::new(),
                Some(other) => other.to_string(),
            };
            out.push((path.trim_start_matches('.').to_owned(), value));
        }
        out
    }

    /// Whether a field selector may ask for `field`.
    #[must_use]
    pub(crate) fn is_selectable(&self, version: &str, field: &str) -> bool {
        let fields = json::list(self.version(version), "/selectableFields").iter();
        fields.map(|f| json::text(f, "/jsonPath")).any(|path| path.trim_start_matches('.') == field)
    }

    /// The columns that its table is to have besides the name (`additionalPrinterColumns`).
    #[must_use]
    pub(crate) fn printed(&self, version: &str) -> &[Value] {
        json::list(self.version(version), "/additionalPrinterColumns")
    }
}
