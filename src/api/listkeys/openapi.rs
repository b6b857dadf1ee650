//! Decides how an OpenAPI v3 schema, as a custom resource's definition holds it, becomes a schema for merging.
//! It never validates the definition; a part that makes no sense merges as if it had no schema.

use super::graph::{ATOMIC, DEDUCED, Field, Graph, List, Map, PatchStrategy, Relation, Scalar, Type, TypeId};
use super::table;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Deeper schemas than this merge as if the rest had no schema; a definition's own limits are far below.
const DEEPEST: usize = 200;

/// The graph of the objects that `schema` describes, and their place in it; `apiVersion`, `kind` and `metadata` are
/// added at the root.
pub(super) fn read(schema: &Value) -> (Graph, TypeId) {
    let (graph, meta) = table::with_metadata();
    let mut reader = Reader { graph, meta };
    let keeps = is_true(schema, "x-kubernetes-preserve-unknown-fields");
    let mut ty = reader.type_of(schema, keeps, 0);
    reader.add_object_fields(&mut ty);
    let id = reader.graph.add(ty);
    (reader.graph, id)
}

struct Reader {
    graph: Graph,
    meta: TypeId,
}

fn text<'a>(schema: &'a Value, key: &str) -> Option<&'a str> {
    schema.get(key).and_then(Value::as_str)
}

fn is_true(schema: &Value, key: &str) -> bool {
    schema.get(key).and_then(Value::as_bool).unwrap_or(false)
}

impl Reader {
    fn add(&mut self, schema: &Value, keeps: bool, depth: usize) -> TypeId {
        if depth > DEEPEST {
            return DEDUCED;
        }
        let keeps = keeps || is_true(schema, "x-kubernetes-preserve-unknown-fields");
        let mut ty = self.type_of(schema, keeps, depth);
        if is_true(schema, "x-kubernetes-embedded-resource") {
            self.add_object_fields(&mut ty);
        }
        self.graph.add(ty)
    }

    /// `keeps` says that this schema or one above it preserves unknown fields.
    fn type_of(&mut self, schema: &Value, keeps: bool, depth: usize) -> Type {
        let scalar = |scalar| Type { scalar: Some(scalar), ..Type::default() };
        match text(schema, "type") {
            Some("object") => Type { map: Some(self.map_of(schema, keeps, depth)), ..Type::default() },
            Some("array") => Type { list: Some(self.list_of(schema, keeps, depth)), ..Type::default() },
            Some("integer" | "number") => scalar(Scalar::Number),
            Some("boolean") => scalar(Scalar::Boolean),
            Some("string") if matches!(text(schema, "format"), None | Some("" | "byte")) => {
                scalar(Scalar::Text)
            }
            Some("string") => scalar(Scalar::Any),
            _ => Type {
                scalar: Some(Scalar::Any),
                list: Some(self.list_of(schema, keeps, depth)),
                map: Some(self.map_of(schema, keeps, depth)),
            },
        }
    }

    fn list_of(&mut self, schema: &Value, keeps: bool, depth: usize) -> List {
        let items = match schema.get("items") {
            Some(items) => self.add(items, keeps, depth + 1),
            None => ATOMIC,
        };
        List { relation: relation_of(schema), items }
    }

    fn map_of(&mut self, schema: &Value, keeps: bool, depth: usize) -> Map {
        let none = serde_json::Map::new();
        let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
        let mut fields = BTreeMap::new();
        for (name, property) in properties {
            let ty = self.add(property, keeps, depth + 1);
            let default = property.get("default").cloned();
            fields.insert(name.clone(), Field { ty, default, patch: patch_of(property) });
        }
        let rest = match schema.get("additionalProperties") {
            None => (keeps || properties.is_empty()).then_some(DEDUCED),
            Some(Value::Bool(allowed)) => allowed.then_some(DEDUCED),
            Some(values) => Some(self.add(values, keeps, depth + 1)),
        };
        Map { atomic: text(schema, "x-kubernetes-map-type") == Some("atomic"), fields, rest }
    }

    /// The fields that every object has.
    fn add_object_fields(&mut self, ty: &mut Type) {
        let text = self.graph.add(Type { scalar: Some(Scalar::Text), ..Type::default() });
        let map = ty.map.get_or_insert_default();
        for (name, ty) in [("apiVersion", text), ("kind", text), ("metadata", self.meta)] {
            map.fields.insert(name.to_owned(), Field { ty, default: None, patch: PatchStrategy::default() });
        }
    }
}

/// How the items of a list relate: by `x-kubernetes-list-type`, else by the strategic merge key, else not at all.
fn relation_of(schema: &Value) -> Relation {
    let by = |keys: Vec<String>| if keys.is_empty() { Relation::Atomic } else { Relation::Keys(keys) };
    match text(schema, "x-kubernetes-list-type") {
        Some("set") => Relation::Set,
        Some("map") => {
            let keys = schema.get("x-kubernetes-list-map-keys").and_then(Value::as_array);
            by(keys.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect())
        }
        Some(_) => Relation::Atomic,
        None => match (patch_of(schema).merge, text(schema, "x-kubernetes-patch-merge-key")) {
            (false, _) => Relation::Atomic,
            (true, None) => Relation::Set,
            (true, Some(key)) => by(vec![key.to_owned()]),
        },
    }
}

fn patch_of(schema: &Value) -> PatchStrategy {
    let strategy = text(schema, "x-kubernetes-patch-strategy").unwrap_or_default();
    let has = |part: &str| strategy.split(',').any(|s| s == part);
    PatchStrategy {
        merge: has("merge"),
        retain_keys: has("retainKeys"),
        replace: has("replace"),
        key: text(schema, "x-kubernetes-patch-merge-key").map(Arc::from),
    }
}
