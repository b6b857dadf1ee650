//! Decides whether the metadata of an object is well formed, and whether it may change as it does.
//! It never looks outside `metadata`.

use crate::api::check::at::At;
use crate::api::check::labels::annotations;
pub(crate) use crate::api::check::labels::{labels, selector};
use crate::base::json::{list, text};
use crate::field::FieldError;
use crate::names::{self, Rule};
use crate::object::{self, meta, meta_texts};
use crate::served::Served;
use serde_json::Value;

/// The rule for names of a kind.
#[must_use]
pub(crate) fn name_rule(served: &Served) -> Rule {
    match (served.kind.group.as_str(), served.kind.kind.as_str()) {
        ("", "Namespace") => names::label,
        ("", "Service") => names::label_1035,
        ("rbac.authorization.k8s.io", _) => names::path_segment,
        _ => names::subdomain,
    }
}

/// The faults of `metadata`.
#[must_use]
pub(crate) fn check(served: &Served, object: &Value) -> Vec<FieldError> {
    let rule = name_rule(served);
    let mut errors = Vec::new();
    let (name, prefix) = (meta(object, "name"), meta(object, "generateName"));
    if !prefix.is_empty() {
        let full = names::as_if_generated(prefix);
        errors.extend(rule(&full).iter().map(|m| FieldError::invalid("metadata.generateName", prefix, m)));
    }
    if name.is_empty() {
        errors.push(FieldError::required("metadata.name", "name or generateName is required"));
    } else {
        errors.extend(rule(name).iter().map(|m| FieldError::invalid("metadata.name", name, m)));
    }
    errors.extend(check_namespace(served, object));
    let root = At::root(object);
    errors.extend(labels(&root.at(&["metadata", "labels"])));
    errors.extend(annotations(&root.at(&["metadata", "annotations"])));
    errors.extend(owners(object));
    errors.extend(finalizers(object));
    errors
}

fn check_namespace(served: &Served, object: &Value) -> Vec<FieldError> {
    let namespace = meta(object, "namespace");
    match (served.kind.namespaced, namespace.is_empty()) {
        (true, true) => vec![FieldError::required("metadata.namespace", "")],
        (true, false) => names::label(namespace)
            .iter()
            .map(|m| FieldError::invalid("metadata.namespace", namespace, m))
            .collect(),
        (false, false) => vec![FieldError::forbidden("metadata.namespace", "not allowed on this type")],
        (false, true) => Vec::new(),
    }
}

fn owners(object: &Value) -> Vec<FieldError> {
    let path = "metadata.ownerReferences";
    let mut errors = Vec::new();
    let mut controller = String::new();
    for owner in list(object, "/metadata/ownerReferences") {
        let field = |name: &str| text(owner, &format!("/{name}"));
        let needed = [
            ("apiVersion", "version must not be empty"),
            ("kind", "must not be empty"),
            ("name", "must not be empty"),
            ("uid", "must not be empty"),
        ];
        for (name, detail) in needed.into_iter().filter(|(name, _)| field(name).is_empty()) {
            errors.push(FieldError::invalid(format!("{path}.{name}"), "", detail));
        }
        if field("apiVersion") == "v1" && field("kind") == "Event" {
            let detail = "/v1, Kind=Event is disallowed from being an owner";
            errors.push(FieldError::invalid(path, owner.clone(), detail));
        }
        if owner.get("controller").and_then(Value::as_bool) == Some(true) {
            let this = format!("{}/{}", field("kind"), field("name"));
            if controller.is_empty() {
                controller = this;
            } else {
                let all = object.pointer("/metadata/ownerReferences").cloned().unwrap_or_default();
                let detail = format!(
                    "Only one reference can have Controller set to true. Found \"true\" in references for {controller} \
                     and {this}"
                );
                errors.push(FieldError::invalid(path, all, &detail));
            }
        }
    }
    errors
}

fn finalizers(object: &Value) -> Vec<FieldError> {
    let path = "metadata.finalizers";
    let all = meta_texts(object, "finalizers");
    let mut errors = Vec::new();
    for finalizer in &all {
        let wrong = names::qualified(finalizer);
        errors.extend(wrong.iter().map(|m| FieldError::invalid(path, finalizer.as_str(), m)));
    }
    let has = |name: &str| all.iter().any(|f| f == name);
    if has("orphan") && has("foregroundDeletion") {
        let detail = "finalizer orphan and foregroundDeletion cannot be both set";
        errors.push(FieldError::invalid(path, all, detail));
    }
    errors
}

/// The faults of a change of `metadata`.
#[must_use]
pub(crate) fn check_change(object: &Value, live: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if object::is_deleting(live) {
        let old = meta_texts(live, "finalizers");
        let mut new: Vec<String> =
            meta_texts(object, "finalizers").into_iter().filter(|f| !old.contains(f)).collect();
        new.sort();
        if !new.is_empty() {
            let list: Vec<String> = new.iter().map(|f| crate::base::go_text::quote(f)).collect();
            let detail = format!(
                "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
                list.join(", ")
            );
            errors.push(FieldError::forbidden("metadata.finalizers", &detail));
        }
    }
    for field in
        ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"]
    {
        let pointer = format!("/metadata/{field}");
        let (new, old) = (object.pointer(&pointer), live.pointer(&pointer));
        if new.filter(|v| !v.is_null()) != old.filter(|v| !v.is_null()) {
            let value = new.cloned().unwrap_or_default();
            errors.push(FieldError::invalid(format!("metadata.{field}"), value, "field is immutable"));
        }
    }
    errors
}
