//! Decides what merging must know at one place of an object, by walking the graph of its kind.
//! It never looks at an object, and never validates one.

use super::graph::{DEDUCED, Graph, List, Map, PatchStrategy, Scalar, Type, TypeId};
use super::{openapi, table};
use serde_json::Value;
use std::sync::Arc;

/// What merging must know at one place of an object. Cheap to clone: one shared table and a position in it.
#[derive(Clone)]
pub struct Schema {
    graph: Arc<Graph>,
    ty: TypeId,
    patch: PatchStrategy,
}

impl std::fmt::Debug for Schema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Schema").field("type", &self.get()).field("patch", &self.patch).finish()
    }
}

pub(super) static NOTHING: Type = Type { scalar: None, list: None, map: None };

impl Schema {
    /// The schema of a kind that every Kubernetes cluster has; none for any other, custom resources included.
    #[must_use]
    pub fn of(api_version: &str, kind: &str) -> Option<Self> {
        let graph = table::built_in();
        let ty = graph.kinds.get(&(api_version.to_owned(), kind.to_owned()))?.0;
        Some(Self::root(graph, ty))
    }

    /// The schema of a custom resource, from the `openAPIV3Schema` of one version of its definition.
    ///
    /// Also reads `x-kubernetes-patch-strategy` and `x-kubernetes-patch-merge-key`, which definitions cannot hold
    /// but published OpenAPI documents do. What it does not understand merges as if it had no schema.
    #[must_use]
    pub fn from_openapi(schema: &Value) -> Self {
        let (graph, ty) = openapi::read(schema);
        Self::root(Arc::new(graph), ty)
    }

    /// The schema of an object about which nothing is known: maps merge field by field, lists are atomic.
    #[must_use]
    pub fn deduced() -> Self {
        Self::root(table::built_in(), DEDUCED)
    }

    /// What an object of a built-in kind looks like before anybody has set a field: the fields that Kubernetes
    /// always writes out, with their zero values. They have no owner until somebody changes them. An empty map for
    /// kinds that are not built in.
    #[must_use]
    pub fn zero(api_version: &str, kind: &str) -> Value {
        let graph = table::built_in();
        let found = graph.kinds.get(&(api_version.to_owned(), kind.to_owned()));
        found.map_or_else(|| Value::Object(serde_json::Map::new()), |(_, zero)| zero.clone())
    }

    pub(super) fn root(graph: Arc<Graph>, ty: TypeId) -> Self {
        Self { graph, ty, patch: PatchStrategy::default() }
    }

    fn get(&self) -> &Type {
        self.graph.types.get(self.ty).unwrap_or(&NOTHING)
    }

    fn to(&self, ty: TypeId, patch: PatchStrategy) -> Self {
        Self { graph: Arc::clone(&self.graph), ty, patch }
    }

    /// The scalars that may stand here.
    #[must_use]
    pub fn scalar(&self) -> Option<Scalar> {
        self.get().scalar
    }

    /// How a list merges here, if one may stand here.
    #[must_use]
    pub fn list(&self) -> Option<&List> {
        self.get().list.as_ref()
    }

    /// How a map merges here, if one may stand here.
    #[must_use]
    pub fn map(&self) -> Option<&Map> {
        self.get().map.as_ref()
    }

    /// How a strategic merge patch treats this field.
    #[must_use]
    pub fn patch(&self) -> &PatchStrategy {
        &self.patch
    }

    /// The schema of the field `name` of a map; none where the kind has no such field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<Self> {
        let map = self.map()?;
        match map.fields.get(name) {
            Some(field) => Some(self.to(field.ty, field.patch.clone())),
            None => map.rest.map(|ty| self.to(ty, PatchStrategy::default())),
        }
    }

    /// The schema at a chain of field names, such as `["spec", "template"]`.
    #[must_use]
    pub fn at(&self, path: &[&str]) -> Option<Self> {
        path.iter().try_fold(self.clone(), |schema, name| schema.field(name))
    }

    /// Whether a map here declares the field `name` itself, so that it is a field of a struct and not an entry.
    #[must_use]
    pub fn declares(&self, name: &str) -> bool {
        self.map().is_some_and(|map| map.fields.contains_key(name))
    }

    /// Whether nothing is known about the fields of a map here.
    #[must_use]
    pub fn is_deduced_map(&self) -> bool {
        self.map().is_some_and(|map| {
            let any = |ty: TypeId| self.graph.types.get(ty).is_some_and(|t| t.scalar == Some(Scalar::Any));
            map.fields.is_empty() && map.rest.is_some_and(|ty| ty == DEDUCED || any(ty))
        })
    }

    /// The schema of the items of a list; without a schema where no list may stand here.
    #[must_use]
    pub fn items(&self) -> Self {
        self.to(self.list().map_or(DEDUCED, |list| list.items), PatchStrategy::default())
    }

    /// The value that stands for the field `name` of a struct when it is absent and needed as a key of a list.
    #[must_use]
    pub fn default_of(&self, name: &str) -> Option<&Value> {
        self.map()?.fields.get(name)?.default.as_ref()
    }
}
