//! Decides what a schema is made of: the types of a kind, which refer to each other by their place in one graph.
//! It never decides which types a kind has.

use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The place of a type in its graph. Types refer to each other, also in circles, so places stand for pointers.
pub(super) type TypeId = usize;

/// What any value may be, atomic as a list or map: Kubernetes' `RawExtension`.
pub(super) const ATOMIC: TypeId = 0;
/// What a value without a schema is: maps merge field by field, lists are atomic.
pub(super) const DEDUCED: TypeId = 1;

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
    pub(super) items: TypeId,
}

/// What a type is when its value is a map or a struct.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map {
    /// Whether it is one value with one owner.
    pub atomic: bool,
    pub(super) fields: BTreeMap<String, Field>,
    pub(super) rest: Option<TypeId>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Field {
    pub(super) ty: TypeId,
    pub(super) default: Option<Value>,
    pub(super) patch: PatchStrategy,
}

/// How a strategic merge patch treats a field (`x-kubernetes-patch-strategy`, `x-kubernetes-patch-merge-key`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PatchStrategy {
    /// Whether the items of a list merge; a list that does not is replaced.
    pub merge: bool,
    /// Whether fields that the new state does not name are cleared (unions such as a Deployment's strategy).
    pub retain_keys: bool,
    /// Whether a map is replaced whole instead of merged.
    pub replace: bool,
    pub(super) key: Option<Arc<str>>,
}

impl PatchStrategy {
    /// The field that tells items of a merging list of maps apart; none where items are scalars.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Type {
    pub(super) scalar: Option<Scalar>,
    pub(super) list: Option<List>,
    pub(super) map: Option<Map>,
}

#[derive(Debug, Default)]
pub(super) struct Graph {
    pub(super) types: Vec<Type>,
    /// `(apiVersion, kind)` to its type and its zero value.
    pub(super) kinds: BTreeMap<(String, String), (TypeId, Value)>,
}

impl Graph {
    /// A graph that holds only the two types without a schema.
    pub(super) fn new() -> Self {
        let of = |items, rest, atomic| Type {
            scalar: Some(Scalar::Any),
            list: Some(List { relation: Relation::Atomic, items }),
            map: Some(Map { atomic, fields: BTreeMap::new(), rest: Some(rest) }),
        };
        Self { types: vec![of(ATOMIC, ATOMIC, true), of(ATOMIC, DEDUCED, false)], kinds: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, ty: Type) -> TypeId {
        self.types.push(ty);
        self.types.len() - 1
    }
}
