//! Decides how the kinds of a commit's manifests are served, as the cluster and its own definitions have it.
//! It never asks a cluster.

use crate::api::kinds::Kind;
use crate::logic::manifest::kept::ReadFile;
use crate::logic::manifest::object::Manifest;
use serde_json::Value;
use std::cell::RefCell;

/// How a kind is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Served {
    /// So.
    As(Kind),
    /// Only in this API version, not the one that was asked for.
    Elsewhere(String),
    /// Not at all.
    Nowhere,
}

/// How kinds are served, each asked for once.
pub(super) struct Answers<'s> {
    served: &'s dyn Fn(&str, &str) -> Served,
    known: RefCell<Vec<(String, String, Served)>>,
}

impl<'s> Answers<'s> {
    /// None asked yet.
    pub(super) fn new(served: &'s dyn Fn(&str, &str) -> Served) -> Self {
        Self { served, known: RefCell::default() }
    }

    /// What `look` makes of how a kind is served.
    pub(super) fn ask<T>(&self, api_version: &str, kind: &str, look: impl Fn(&Served) -> T) -> T {
        let is_it = |(v, k, _): &&(String, String, Served)| v == api_version && k == kind;
        if let Some((_, _, served)) = self.known.borrow().iter().find(is_it) {
            return look(served);
        }
        let served = (self.served)(api_version, kind);
        let answer = look(&served);
        self.known.borrow_mut().push((api_version.to_owned(), kind.to_owned(), served));
        answer
    }

    /// Whether the kinds of what was read before are served as they were then.
    pub(super) fn still_hold(&self, read: &ReadFile) -> bool {
        let is_same = |m: &Manifest, served: &Served| matches!(served, Served::As(kind) if *kind == m.kind);
        read.manifests
            .iter()
            .all(|m| self.ask(&m.target.api_version, &m.target.kind, |served| is_same(m, served)))
    }
}

/// The kinds that a CustomResourceDefinition makes known.
#[must_use]
pub(crate) fn kinds_of_definition(value: &Value) -> Vec<Kind> {
    if value.get("kind").and_then(Value::as_str) != Some("CustomResourceDefinition") {
        return Vec::new();
    }
    let text = |p: &str| value.pointer(p).and_then(Value::as_str).unwrap_or_default().to_owned();
    let versions = value.pointer("/spec/versions").and_then(Value::as_array).cloned().unwrap_or_default();
    let list = |p: &str| -> Vec<String> {
        value.pointer(p).and_then(|v| serde_json::from_value(v.clone()).ok()).unwrap_or_default()
    };
    versions
        .iter()
        .filter(|v| v.get("served").and_then(Value::as_bool).unwrap_or(true))
        .filter_map(|v| v.get("name").and_then(Value::as_str))
        .map(|version| Kind {
            group: text("/spec/group"),
            version: version.to_owned(),
            kind: text("/spec/names/kind"),
            plural: text("/spec/names/plural"),
            singular: text("/spec/names/singular"),
            short: list("/spec/names/shortNames"),
            categories: list("/spec/names/categories"),
            namespaced: text("/spec/scope") != "Cluster",
        })
        .collect()
}
