//! Decides which ConfigMaps and Secrets objects of Git use by the names that Git gives them.
//! It never knows of names that are made up while something runs; such an object can be marked to keep its own.

use crate::api::key::Key;
use crate::logic::manifest::Manifests;
use crate::logic::manifest::object::is_config;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Where a text stands in an object.
#[derive(Clone, Copy, Default)]
struct At<'v> {
    /// The namespace that is meant there; empty for any.
    namespace: &'v str,
    /// The kind that the map says which it stands in.
    kind: &'v str,
    /// The field that this map is the value of.
    parent: &'v str,
    /// Its own field; that of the list, if it stands in one.
    field: &'v str,
}

/// Those of `keys` that some object names, in any field that speaks of such things: kinds that nobody knows beforehand
/// have fields of their own for it.
#[must_use]
pub(super) fn used<'k>(manifests: &Manifests, keys: impl Iterator<Item = &'k Key>) -> BTreeSet<Key> {
    let mut wanted: BTreeMap<&str, Vec<&Key>> = BTreeMap::new();
    keys.for_each(|key| wanted.entry(&key.name).or_default().push(key));
    let mut found = BTreeSet::new();
    for (holder, manifest) in manifests.objects.iter().filter(|(key, _)| !is_config(key)) {
        let at = At { namespace: &holder.namespace, ..At::default() };
        walk(&manifest.value, at, &mut |text, at| {
            let keys = wanted.get(text).into_iter().flatten();
            found.extend(keys.filter(|key| at.means(key)).map(|key| (*key).clone()));
        });
    }
    found
}

fn walk<'v>(value: &'v Value, at: At<'v>, visit: &mut dyn FnMut(&'v str, At<'v>)) {
    match value {
        Value::String(text) => visit(text, at),
        Value::Array(items) => items.iter().for_each(|item| walk(item, at, visit)),
        Value::Object(fields) => {
            let text = |word: &str| fields.get(word).and_then(Value::as_str);
            let (namespace, kind) = (text("namespace").unwrap_or(at.namespace), text("kind").unwrap_or(""));
            for (field, value) in fields {
                walk(value, At { namespace, kind, parent: at.field, field }, visit);
            }
        }
        _ => {}
    }
}

impl At<'_> {
    /// Whether a text here that is the name of `key` means it.
    fn means(self, key: &Key) -> bool {
        if !self.namespace.is_empty() && self.namespace != key.namespace || self.field == "key" {
            return false;
        }
        let words: &[&str] = if key.kind == "ConfigMap" { &["configmap"] } else { &["secret", "credential"] };
        let speaks = |field: &str| {
            let field = field.to_ascii_lowercase();
            field == "resourcenames" || words.iter().any(|word| field.contains(word))
        };
        self.field == "name" && self.kind == key.kind || speaks(self.field) || speaks(self.parent)
    }
}
