//! Decides what a manifest is once it is read: an object with a key and a place.
//! It never decides whether it is applied.

use crate::api::key::Key;
use crate::api::kinds::Kind;
use crate::api::write::Target;
use crate::base::yaml::{self, Place};
use crate::logic::manifest::field;
use crate::logic::manifest::problem::Problem;
use crate::logic::manifest::skipped::Skipped;
use bytes::Bytes;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One object that Git wants.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Manifest {
    /// Identity.
    pub(crate) key: Key,
    /// Where it is written in a cluster.
    pub(crate) target: Target,
    /// How its kind is served.
    pub(crate) kind: Kind,
    /// The object, without what only a cluster writes.
    pub(crate) value: Arc<Value>,
    /// The file it stands in.
    pub(crate) path: String,
    /// Where in the file its document begins.
    pub(crate) place: Place,
    /// Where in the document it stands: nowhere but at its root, unless it is an item of a list.
    pub(crate) within: Vec<String>,
}

impl Manifest {
    /// Whether what it holds must not be shown.
    #[must_use]
    pub(crate) fn is_secret(&self) -> bool {
        is_secret(&self.key)
    }
}

/// Whether what the object at `key` holds must not be shown.
#[must_use]
pub(crate) fn is_secret(key: &Key) -> bool {
    key.kind == "Secret" && key.group.is_empty()
}

/// Whether the object at `key` is configuration of pods.
#[must_use]
pub(crate) fn is_config(key: &Key) -> bool {
    key.group.is_empty() && matches!(key.kind.as_str(), "ConfigMap" | "Secret")
}

/// All objects that Git wants, each once.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Manifests {
    /// By identity.
    pub(crate) objects: BTreeMap<Key, Manifest>,
    /// What was passed over because it is no manifest, by file.
    pub(crate) skipped: Vec<Skipped>,
    /// The files that objects stand in, by path.
    pub(crate) sources: BTreeMap<String, Bytes>,
}

impl Manifests {
    /// The manifest of `key`.
    #[must_use]
    pub(crate) fn get(&self, key: &Key) -> Option<&Manifest> {
        self.objects.get(key)
    }

    /// Where the field at `path` of `manifest` stands, or the nearest field above it.
    #[must_use]
    pub(crate) fn locate(&self, manifest: &Manifest, path: &[&str]) -> Place {
        let whole: Vec<&str> =
            manifest.within.iter().map(String::as_str).chain(path.iter().copied()).collect();
        let source = self.sources.get(&manifest.path);
        source.and_then(|text| yaml::locate(text, manifest.place, &whole)).unwrap_or(manifest.place)
    }

    /// A mistake in the field of the object at `key` that `field` names as an API server does.
    #[must_use]
    pub(crate) fn problem(&self, key: &Key, field: &str, what: String, help: &str) -> Problem {
        let Some(manifest) = self.get(key) else { return Problem::at("", None, what, help) };
        let path = field::parts(field);
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        Problem::at(&manifest.path, Some(self.locate(manifest, &path)), what, help)
    }

    /// The pod template a Rollout wants, its own or that of the workload it refers to.
    #[must_use]
    pub(crate) fn pod_template(&self, rollout: &Key) -> Option<&Value> {
        pod_template(rollout, |key| self.get(key).map(|m| &*m.value))
    }
}

/// The workload that a Rollout refers to, if it does.
#[must_use]
pub(crate) fn workload_of(rollout: &Key, value: &Value) -> Option<Key> {
    let reference = value.pointer("/spec/workloadRef").filter(|r| r.is_object())?;
    let text = |k: &str| reference.get(k).and_then(Value::as_str).unwrap_or_default();
    Some(Key::of(&Target::new(text("apiVersion"), text("kind"), &rollout.namespace, text("name"))))
}

/// The pod template of a Rollout among the objects that `get` finds, its own or that of the workload it refers to.
#[must_use]
pub(crate) fn pod_template<'v>(rollout: &Key, get: impl Fn(&Key) -> Option<&'v Value>) -> Option<&'v Value> {
    let (holder, pointer) = template_place(rollout, &get)?;
    get(&holder)?.pointer(pointer)
}

/// Where that template stands: the object, and the pointer in it.
#[must_use]
pub(crate) fn template_place<'v>(
    rollout: &Key,
    get: impl Fn(&Key) -> Option<&'v Value>,
) -> Option<(Key, &'static str)> {
    let value = get(rollout)?;
    if value.pointer("/spec/template").is_some_and(|t| !t.is_null()) {
        return Some((rollout.clone(), "/spec/template"));
    }
    let workload = workload_of(rollout, value)?;
    let object = get(&workload)?;
    let pointer = ["/spec/template", "/template"].into_iter().find(|p| object.pointer(p).is_some())?;
    Some((workload, pointer))
}

/// Puts an annotation on an object.
pub(crate) fn annotate(value: &mut Value, key: &str, text: &str) {
    mark(value, "annotations", key, text);
}

/// Sets one of the labels or annotations (`which`) of an object.
pub(crate) fn mark(value: &mut Value, which: &str, key: &str, text: &str) {
    let Some(map) = value.as_object_mut() else { return };
    let meta = map.entry("metadata").or_insert_with(|| json!({}));
    let Some(meta) = meta.as_object_mut() else { return };
    let marks = meta.entry(which).or_insert_with(|| json!({}));
    if marks.is_null() {
        *marks = json!({});
    }
    if let Some(marks) = marks.as_object_mut() {
        marks.insert(key.to_owned(), json!(text));
    }
}

/// The text of an annotation of an object.
#[must_use]
pub(crate) fn annotation<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get("metadata")?.get("annotations")?.get(key)?.as_str()
}

/// The objects that a document stands for, each with where in the document it stands: a `List` stands for its items, those
/// of lists among them too, anything else for itself.
pub(crate) fn objects_of(document: Value) -> Vec<(Vec<String>, Value)> {
    let mut found = Vec::new();
    let mut waiting = vec![(Vec::new(), document)];
    while let Some((within, mut value)) = waiting.pop() {
        let is_list = value.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("List"));
        if let Some(Value::Array(items)) = value.get_mut("items").filter(|_| is_list) {
            let items = std::mem::take(items).into_iter().enumerate().rev(); // the first is taken up next
            waiting.extend(items.map(|(at, item)| {
                let place = [within.as_slice(), &["items".to_owned(), at.to_string()]].concat();
                (place, item)
            }));
        } else {
            found.push((within, value));
        }
    }
    found
}

/// Takes away what only a cluster writes, so that it is never compared nor sent.
pub(crate) fn strip(value: &mut Value) {
    let Some(map) = value.as_object_mut() else { return };
    map.remove("status");
    if let Some(meta) = map.get_mut("metadata").and_then(Value::as_object_mut) {
        for word in [
            "managedFields",
            "resourceVersion",
            "uid",
            "generation",
            "selfLink",
            "creationTimestamp",
            "deletionTimestamp",
        ] {
            meta.remove(word);
        }
        meta.retain(|_, v| !v.is_null());
    }
}
