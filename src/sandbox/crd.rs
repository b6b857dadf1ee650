//! Decides how a CustomResourceDefinition becomes served kinds, and how it goes.
//! It never reads the objects of those kinds.

use super::custom::Custom;
use super::kept;
use super::object;
use super::served::{self, Scale, Served};
use super::shelf::Stored;
use super::state::State;
use crate::api::kinds::Kind;
use crate::base::json;
use serde_json::{Value, json};
use std::sync::Arc;

/// The finalizer that keeps a definition until its objects are gone.
pub(crate) const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";

/// Marks a definition whose deletion has been asked for.
pub(crate) fn mark_terminating(definition: &mut Value, now: &str) {
    let mut finalizers = object::meta_texts(definition, "finalizers");
    if !finalizers.iter().any(|f| f == CLEANUP) {
        finalizers.push(CLEANUP.to_owned());
    }
    object::set_meta_texts(definition, "finalizers", &finalizers);
    let message = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon";
    set_condition(definition, "Terminating", "True", "InstanceDeletionPending", message, now);
}

/// Sets a condition; its time moves only with its status.
pub(crate) fn set_condition(
    object: &mut Value,
    kind: &str,
    status: &str,
    reason: &str,
    message: &str,
    now: &str,
) {
    let conditions = object::fields_mut(object, "status").entry("conditions").or_insert(Value::Null);
    if !conditions.is_array() {
        *conditions = json!([]);
    }
    let Value::Array(all) = conditions else { return };
    let mut new = json!({"type": kind, "status": status, "reason": reason, "message": message,
        "lastTransitionTime": now});
    match all.iter_mut().find(|c| c.get("type").and_then(Value::as_str) == Some(kind)) {
        Some(old) => {
            if old.get("status") == new.get("status") {
                let since = old.get("lastTransitionTime").cloned().unwrap_or_default();
                object::set_field(&mut new, "lastTransitionTime", Some(since));
            }
            *old = new;
        }
        None => all.push(new),
    }
}

/// Fills in what a definition leaves out: names that follow from its kind, and no conversion.
pub(crate) fn defaults(definition: &mut Value) {
    let spec = object::fields_mut(definition, "spec");
    let names = names(&Value::Object(spec.clone()));
    spec.insert("names".to_owned(), names);
    spec.entry("conversion").or_insert_with(|| json!({"strategy": "None"}));
}

fn names(spec: &Value) -> Value {
    let mut names = spec.get("names").cloned().unwrap_or_default();
    let kind = json::text(&names, "/kind").to_owned();
    if json::text(&names, "/singular").is_empty() {
        object::set_field(&mut names, "singular", Some(kind.to_lowercase().into()));
    }
    if json::text(&names, "/listKind").is_empty() {
        object::set_field(&mut names, "listKind", Some(format!("{kind}List").into()));
    }
    names
}

fn texts(value: &Value, pointer: &str) -> Vec<String> {
    json::list(value, pointer).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The kinds that a definition serves, one for each served version.
#[must_use]
pub(crate) fn kinds_of(definition: &Value) -> Vec<Served> {
    let spec = definition.get("spec").cloned().unwrap_or_default();
    let edition = u64::try_from(json::number(definition, "/metadata/generation").unwrap_or(1)).unwrap_or(1);
    let names = names(&spec);
    let group = json::text(&spec, "/group").to_owned();
    let custom = Arc::new(Custom::new(edition, spec.clone()));
    let served = json::list(&spec, "/versions").iter();
    let served = served.filter(|v| v.get("served").and_then(Value::as_bool) == Some(true));
    served
        .map(|version| {
            let kind = Kind {
                group: group.clone(),
                version: json::text(version, "/name").to_owned(),
                kind: json::text(&names, "/kind").to_owned(),
                plural: json::text(&names, "/plural").to_owned(),
                singular: json::text(&names, "/singular").to_owned(),
                short: texts(&names, "/shortNames"),
                categories: texts(&names, "/categories"),
                namespaced: json::text(&spec, "/scope") == "Namespaced",
            };
            Served {
                list_kind: json::text(&names, "/listKind").to_owned(),
                shelf: kind.resource().into(),
                manners: served::custom_manners(version.pointer("/subresources/status").is_some()),
                scale: version.pointer("/subresources/scale").map(scale),
                verbs: served::VERBS,
                custom: Some(Arc::clone(&custom)),
                kind,
            }
        })
        .collect()
}

fn scale(paths: &Value) -> Scale {
    let pointer = |field: &str| json::text(paths, &format!("/{field}")).replace('.', "/");
    let selector = pointer("labelSelectorPath");
    Scale {
        spec_replicas: pointer("specReplicasPath"),
        status_replicas: pointer("statusReplicasPath"),
        selector: (!selector.is_empty()).then_some(selector),
    }
}

impl State {
    /// What follows from a stored change at once: a new definition is accepted and served.
    pub(crate) fn after(&mut self, served: &Served, stored: &Stored) {
        if !served.is("apiextensions.k8s.io", "CustomResourceDefinition") {
            return;
        }
        let definition = kept::read(served, stored);
        if !object::is_deleting(&definition) {
            self.accept(served, stored, &definition);
        }
        let (group, plural) = names_of(&definition);
        self.kinds.remove(&group, &plural);
        for kind in kinds_of(&definition) {
            self.kinds.insert(kind);
        }
    }

    /// What follows from a removal at once: a definition that is gone serves nothing.
    pub(crate) fn after_removal(&mut self, served: &Served, object: &Value) {
        if served.is("apiextensions.k8s.io", "CustomResourceDefinition") {
            let (group, plural) = names_of(object);
            self.kinds.remove(&group, &plural);
        }
    }

    /// Writes the conditions that the definition's controllers write.
    fn accept(&mut self, served: &Served, stored: &Stored, definition: &Value) {
        let now = self.now();
        let mut accepted = definition.clone();
        let names = names(definition.get("spec").unwrap_or(&Value::Null));
        object::fields_mut(&mut accepted, "status").insert("acceptedNames".to_owned(), names);
        set_condition(&mut accepted, "NamesAccepted", "True", "NoConflicts", "no conflicts found", &now);
        let message = "the initial names have been accepted";
        set_condition(&mut accepted, "Established", "True", "InitialNamesAccepted", message, &now);
        if accepted != *definition {
            self.put(served, accepted, Some((stored.clone(), definition.clone())));
        }
    }
}

fn names_of(definition: &Value) -> (String, String) {
    let text = |pointer: &str| json::text(definition, pointer).to_owned();
    (text("/spec/group"), text("/spec/names/plural"))
}
