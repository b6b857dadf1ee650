//! Decides what merging must know about a kind: which fields it has, how each list and map merges, and by which keys.
//! It never looks at an object, never validates one and never asks a server; it is data and a way to walk it.
//!
//! Two systems of list keys live side by side, as in Kubernetes: a strategic merge patch finds the items of a list
//! by **one** key ([`Patch`]), server-side apply by several ([`Relation::Keys`]). A container's ports merge by
//! `containerPort` in the first and by `containerPort` and `protocol` in the second.
//!
//! ```
//! use switchback::api::listkeys::{Relation, Schema};
//! let deployment = Schema::of("apps/v1", "Deployment").expect("a kind of Kubernetes");
//! let containers = deployment.at(&["spec", "template", "spec", "containers"]).expect("declared");
//! assert_eq!(containers.patch().key(), Some("name"));
//! let ports = containers.items().field("ports").expect("declared");
//! let keys = ["containerPort".to_owned(), "protocol".to_owned()];
//! assert!(matches!(ports.list().map(|l| &l.relation), Some(Relation::Keys(k)) if *k == keys));
//! ```

mod openapi;
mod table;

use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The place of a type in its graph. Types refer to each other, also in circles, so places stand for pointers.
type TypeId = usize;

/// What any value may be, atomic as a list or map: Kubernetes' `RawExtension`.
const ATOMIC: TypeId = 0;
/// What a value without a schema is: maps merge field by field, lists are atomic.
const DEDUCED: TypeId = 1;

/// Which scalars a type admits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// Any number.
    Number,
    /// Text, also base64.
    Text,
    /// True or false.
    Boolean,
    /// Any of them: quantities, times, int-or-string.
    Any,
}

/// How the items of a list relate to each other in server-side apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Relation {
    /// The list is one value with one owner.
    Atomic,
    /// Every item is a scalar that stands for itself.
    Set,
    /// Items are maps, told apart by these fields (`x-kubernetes-list-map-keys`).
    Keys(Vec<String>),
}

/// What a type is when its value is a list.
#[derive(Clone, Debug, PartialEq)]
pub struct List {
    /// How its items relate.
    pub relation: Relation,
    items: TypeId,
}

/// What a type is when its value is a map or a struct.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map {
    /// Whether it is one value with one owner.
    pub atomic: bool,
    fields: BTreeMap<String, Field>,
    rest: Option<TypeId>,
}

#[derive(Clone, Debug, PartialEq)]
struct Field {
    ty: TypeId,
    default: Option<Value>,
    patch: Patch,
}

/// How a strategic merge patch treats a field (`x-kubernetes-patch-strategy`, `x-kubernetes-patch-merge-key`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patch {
    /// Whether the items of a list merge; a list that does not is replaced.
    pub merge: bool,
    /// Whether fields that the new state does not name are cleared (unions such as a Deployment's strategy).
    pub retain_keys: bool,
    /// Whether a map is replaced whole instead of merged.
    pub replace: bool,
    key: Option<Arc<str>>,
}

impl Patch {
    /// The field that tells items of a merging list of maps apart; none where items are scalars.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Type {
    scalar: Option<Scalar>,
    list: Option<List>,
    map: Option<Map>,
}

#[derive(Debug, Default)]
struct Graph {
    types: Vec<Type>,
    /// `(apiVersion, kind)` to its type and its zero value.
    kinds: BTreeMap<(String, String), (TypeId, Value)>,
}

impl Graph {
    /// A graph that holds only the two types without a schema.
    fn new() -> Self {
        let of = |items, rest, atomic| Type {
            scalar: Some(Scalar::Any),
            list: Some(List { relation: Relation::Atomic, items }),
            map: Some(Map { atomic, fields: BTreeMap::new(), rest: Some(rest) }),
        };
        Self { types: vec![of(ATOMIC, ATOMIC, true), of(ATOMIC, DEDUCED, false)], kinds: BTreeMap::new() }
    }

    fn add(&mut self, ty: Type) -> TypeId {
        self.types.push(ty);
        self.types.len() - 1
    }
}

/// What merging must know at one place of an object. Cheap to clone: one shared table and a position in it.
#[derive(Clone)]
pub struct Schema {
    graph: Arc<Graph>,
    ty: TypeId,
    patch: Patch,
}

impl std::fmt::Debug for Schema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Schema").field("type", &self.get()).field("patch", &self.patch).finish()
    }
}

static NOTHING: Type = Type { scalar: None, list: None, map: None };

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
        openapi::read(schema)
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

    fn root(graph: Arc<Graph>, ty: TypeId) -> Self {
        Self { graph, ty, patch: Patch::default() }
    }

    fn get(&self) -> &Type {
        self.graph.types.get(self.ty).unwrap_or(&NOTHING)
    }

    fn to(&self, ty: TypeId, patch: Patch) -> Self {
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
    pub fn patch(&self) -> &Patch {
        &self.patch
    }

    /// The schema of the field `name` of a map; none where the kind has no such field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<Self> {
        let map = self.map()?;
        match map.fields.get(name) {
            Some(field) => Some(self.to(field.ty, field.patch.clone())),
            None => map.rest.map(|ty| self.to(ty, Patch::default())),
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
        self.to(self.list().map_or(DEDUCED, |list| list.items), Patch::default())
    }

    /// The value that stands for the field `name` of a struct when it is absent and needed as a key of a list.
    #[must_use]
    pub fn default_of(&self, name: &str) -> Option<&Value> {
        self.map()?.fields.get(name)?.default.as_ref()
    }
}

#[cfg(test)]
mod tests;
