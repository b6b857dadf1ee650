//! Decides how a schema inside a definition is read: its properties, its types, its marks.
//! It never looks at an object.

use serde_json::Value;

/// A view of one schema inside a definition.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schema<'a> {
    pub(super) value: &'a Value,
}

impl<'a> Schema<'a> {
    /// The schema written as `value`.
    #[must_use]
    pub(crate) fn new(value: &'a Value) -> Self {
        Self { value }
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.value.get(name).filter(|v| !v.is_null())
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    pub(super) fn text(&self, name: &str) -> &'a str {
        self.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn number(&self, name: &str) -> Option<f64> {
        self.get(name).and_then(Value::as_f64)
    }

    pub(super) fn count(&self, name: &str) -> Option<usize> {
        self.get(name).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok())
    }

    pub(super) fn list(&self, name: &str) -> &'a [Value] {
        self.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn schemas(&self, name: &str) -> impl Iterator<Item = Schema<'a>> {
        self.list(name).iter().map(Schema::new)
    }

    /// The schema of the property `name`, declared by that name.
    #[must_use]
    pub(crate) fn property(&self, name: &str) -> Option<Schema<'a>> {
        self.get("properties")?.get(name).map(Schema::new)
    }

    /// Every declared property.
    pub(crate) fn properties(&self) -> impl Iterator<Item = (&'a str, Schema<'a>)> {
        let all = self.get("properties").and_then(Value::as_object).into_iter().flatten();
        all.map(|(name, schema)| (name.as_str(), Schema::new(schema)))
    }

    /// The schema of properties that are not declared by name; `None` also where any value may stand.
    #[must_use]
    pub(crate) fn additional(&self) -> Option<Schema<'a>> {
        self.get("additionalProperties").filter(|v| v.is_object()).map(Schema::new)
    }

    /// Whether properties that are not declared by name may have any value.
    #[must_use]
    pub(crate) fn takes_any(&self) -> bool {
        self.get("additionalProperties").is_some_and(|v| v == &Value::Bool(true))
    }

    /// The schema of the items of a list.
    #[must_use]
    pub(crate) fn items(&self) -> Option<Schema<'a>> {
        self.get("items").filter(|v| v.is_object()).map(Schema::new)
    }

    /// Whether fields that are not declared stay.
    #[must_use]
    pub(crate) fn preserves(&self) -> bool {
        self.flag("x-kubernetes-preserve-unknown-fields")
    }

    /// Whether the value is an object with `apiVersion`, `kind` and `metadata` of its own.
    #[must_use]
    pub(crate) fn is_embedded(&self) -> bool {
        self.flag("x-kubernetes-embedded-resource")
    }

    /// Whether `null` is a value here.
    #[must_use]
    pub(crate) fn is_nullable(&self) -> bool {
        self.flag("nullable")
    }

    /// The default, if there is one.
    #[must_use]
    pub(crate) fn default(&self) -> Option<&'a Value> {
        self.get("default")
    }

    /// The types a value may have; empty where any may stand.
    #[must_use]
    pub(crate) fn types(&self) -> Vec<&'a str> {
        if self.flag("x-kubernetes-int-or-string") {
            return vec!["integer", "string"];
        }
        let own = self.text("type");
        if own.is_empty() { Vec::new() } else { vec![own] }
    }

    /// Every pattern in this schema and beneath it.
    #[must_use]
    pub(crate) fn patterns(&self) -> Vec<&'a str> {
        fn walk<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
            match value {
                Value::Object(fields) => {
                    if let Some(Value::String(pattern)) = fields.get("pattern") {
                        found.push(pattern);
                    }
                    fields.values().for_each(|v| walk(v, found));
                }
                Value::Array(items) => items.iter().for_each(|v| walk(v, found)),
                _ => {}
            }
        }
        let mut found = Vec::new();
        walk(self.value, &mut found);
        found
    }
}
