//! Decides what an object looks like just before it is checked and stored: which fields the writer may not
//! touch, generation, managed fields, finalizers that are done. It never refuses and never looks at other objects.

use super::field::FieldError;
use super::object::{self, meta};
use super::place::Place;
use super::refuse::Refusal;
use super::request::Writer;
use super::served::{Generation, Served};
use crate::base::json;
use serde_json::{Value, json};

/// The base of a generated name, short enough for its suffix.
#[must_use]
pub(crate) fn name_base(prefix: &str) -> &str {
    prefix.char_indices().nth(58).and_then(|(end, _)| prefix.get(..end)).unwrap_or(prefix)
}

/// Drops owner references that occur twice, with a warning.
pub(crate) fn dedup_owners(object: &mut Value, w: &mut Writer) {
    let Some(Value::Array(owners)) = object.pointer_mut("/metadata/ownerReferences") else { return };
    let mut kept: Vec<Value> = Vec::with_capacity(owners.len());
    let mut twice: Vec<String> = Vec::new();
    for owner in owners.drain(..) {
        if kept.contains(&owner) {
            twice.push(json::text(&owner, "/uid").to_owned());
        } else {
            kept.push(owner);
        }
    }
    *owners = kept;
    if !twice.is_empty() {
        w.warn(format!(
            ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and \
             may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: {}",
            twice.join(", ")
        ));
    }
}

/// Prepares a new object: no status where it is a subresource, first generation.
pub(crate) fn create(served: &Served, object: &mut Value) {
    if served.manners.status {
        let status = first_status(served, object);
        object::set_field(object, "status", status);
    }
    if served.manners.generation != Generation::None {
        object::set_meta(object, "generation", Some(1.into()));
    }
    if served.is("", "Namespace") {
        new_namespace(object);
    }
    if served.is("batch", "Job") {
        super::admit::batch::own_selector(object);
    }
}

/// A namespace is finalized by the server, and labelled with its name.
fn new_namespace(object: &mut Value) {
    let name = meta(object, "name").to_owned();
    let spec = object::fields_mut(object, "spec");
    let finalizers = spec.entry("finalizers").or_insert_with(|| json!([]));
    if let Value::Array(all) = finalizers
        && !all.contains(&json!("kubernetes"))
    {
        all.push("kubernetes".into());
    }
    label_namespace(object, &name);
}

fn label_namespace(object: &mut Value, name: &str) {
    let labels = object::meta_mut(object).entry("labels").or_insert(Value::Null);
    object::as_fields(labels).insert("kubernetes.io/metadata.name".to_owned(), name.into());
}

/// The status an object begins with; `None` where it begins without one.
fn first_status(served: &Served, object: &Value) -> Option<Value> {
    if !served.is_built_in() {
        return None;
    }
    Some(match served.kind.kind.as_str() {
        "Pod" => json!({"phase": "Pending", "qosClass": super::admit::pod::qos_class(object)}),
        "Namespace" => json!({"phase": "Active"}),
        "PersistentVolume" | "PersistentVolumeClaim" => json!({"phase": "Pending"}),
        "Service" | "Ingress" => json!({"loadBalancer": {}}),
        "ReplicaSet" | "StatefulSet" | "ReplicationController" => json!({"replicas": 0}),
        "DaemonSet" => json!({"currentNumberScheduled": 0, "desiredNumberScheduled": 0,
            "numberMisscheduled": 0, "numberReady": 0}),
        "HorizontalPodAutoscaler" => json!({"currentMetrics": null, "desiredReplicas": 0}),
        "PodDisruptionBudget" => json!({"currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0,
            "expectedPods": 0}),
        "CustomResourceDefinition" => json!({"acceptedNames": {"kind": "", "plural": ""}, "conditions": null,
            "storedVersions": stored_versions(object)}),
        "Node" => return object.get("status").cloned(),
        _ => json!({}),
    })
}

/// The versions a definition stores: the one marked `storage`.
fn stored_versions(object: &Value) -> Vec<&str> {
    let versions = json::list(object, "/spec/versions").iter();
    let storage = versions.filter(|v| v.get("storage").and_then(Value::as_bool) == Some(true));
    storage.map(|v| json::text(v, "/name")).take(1).collect()
}

/// Prepares the next state of `live`: what this endpoint may not write comes from `live`, and so do the fields
/// that only the server sets; the generation rises when what was asked for has changed.
pub(crate) fn update(served: &Served, sub: &str, object: &mut Value, live: &Value) {
    object::copy_meta(object, live, "generation");
    match sub {
        "status" => keep_for_status(served, object, live),
        _ if served.manners.status => keep_status(served, object, live),
        _ => {}
    }
    if served.is("", "Namespace") {
        let name = meta(live, "name").to_owned();
        label_namespace(object, &name);
        if sub.is_empty() {
            let kept = live.pointer("/spec/finalizers").cloned();
            object::set_field(
                object,
                "spec",
                Some(kept.map_or_else(|| json!({}), |f| json!({ "finalizers": f }))),
            );
        }
    }
    if has_new_generation(served, object, live) {
        let next = json::number(live, "/metadata/generation").unwrap_or(0) + 1;
        object::set_meta(object, "generation", Some(next.into()));
    }
    if meta(object, "uid").is_empty() {
        object::copy_meta(object, live, "uid");
    }
    object::copy_meta(object, live, "creationTimestamp");
    if object::is_deleting(live) {
        object::copy_meta(object, live, "deletionTimestamp");
    }
    if json::number(object, "/metadata/deletionGracePeriodSeconds").is_none() {
        object::copy_meta(object, live, "deletionGracePeriodSeconds");
    }
}

fn keep_status(served: &Served, object: &mut Value, live: &Value) {
    object::set_field(object, "status", live.get("status").cloned());
    if served.is("apiextensions.k8s.io", "CustomResourceDefinition") {
        add_stored_versions(object);
    }
}

fn add_stored_versions(object: &mut Value) {
    let wanted: Vec<String> = stored_versions(object).into_iter().map(str::to_owned).collect();
    let status = object::fields_mut(object, "status");
    let kept = status.entry("storedVersions").or_insert_with(|| json!([]));
    if let Value::Array(kept) = kept {
        for version in wanted.into_iter().map(Value::from) {
            if !kept.contains(&version) {
                kept.push(version);
            }
        }
    }
}

/// Takes everything that a status write may not change from `live`.
fn keep_for_status(served: &Served, object: &mut Value, live: &Value) {
    if !served.is_built_in() {
        let status = object.get("status").cloned();
        let managed = object.pointer("/metadata/managedFields").cloned();
        let revision = object.pointer("/metadata/resourceVersion").cloned();
        *object = live.clone();
        object::set_field(object, "status", status);
        object::set_meta(object, "managedFields", managed);
        object::set_meta(object, "resourceVersion", revision);
        return;
    }
    object::set_field(object, "spec", live.get("spec").cloned());
    match served.kind.kind.as_str() {
        "Deployment" => object::copy_meta(object, live, "labels"),
        "Pod" => {
            object::copy_meta(object, live, "ownerReferences");
            object::set_meta(object, "deletionTimestamp", None);
            if json::text(object, "/status/qosClass").is_empty() {
                let class = live.pointer("/status/qosClass").cloned().unwrap_or_default();
                object::fields_mut(object, "status").insert("qosClass".to_owned(), class);
            }
        }
        _ => {}
    }
}

fn without(object: &Value, fields: &[&str]) -> Value {
    let Value::Object(all) = object else { return Value::Null };
    Value::Object(
        all.iter()
            .filter(|(k, _)| !fields.contains(&k.as_str()))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect(),
    )
}

fn has_new_generation(served: &Served, object: &Value, live: &Value) -> bool {
    let differs = |pointer: &str| {
        object.pointer(pointer).filter(|v| !v.is_null()) != live.pointer(pointer).filter(|v| !v.is_null())
    };
    match served.manners.generation {
        Generation::None | Generation::Fixed => false,
        Generation::Field(field) => differs(&format!("/{field}")),
        Generation::SpecOrAnnotations => differs("/spec") || differs("/metadata/annotations"),
        Generation::Content => {
            let status = if served.manners.status { "status" } else { "" };
            without(object, &["metadata", status]) != without(live, &["metadata", status])
        }
        Generation::ContentOrLabels => {
            without(object, &["metadata"]) != without(live, &["metadata"])
                || differs("/metadata/labels")
                || differs("/metadata/annotations")
        }
    }
}

/// 422 for an update that must say which revision it changes.
#[must_use]
pub(crate) fn revision_needed(place: &Place) -> Refusal {
    let kind = &place.served.kind;
    let error = FieldError::invalid("metadata.resourceVersion", 0, "must be specified for an update");
    Refusal::invalid(&kind.group, &kind.plural, &place.name, &[error])
}

/// Why an object with another uid is not the one meant.
#[must_use]
pub(crate) fn uid_mismatch(place: &Place, asked: &str, live: &str) -> String {
    format!(
        "StorageError: invalid object, Code: 4, Key: {}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: \
         UID in precondition: {asked}, UID in object meta: {live}",
        storage_key(place)
    )
}

/// The key under which a real server stores the object.
fn storage_key(place: &Place) -> String {
    let kind = &place.served.kind;
    let folder = match (kind.group.as_str(), kind.plural.as_str()) {
        ("", "services") => "services/specs".to_owned(),
        ("", "endpoints") => "services/endpoints".to_owned(),
        ("", "nodes") => "minions".to_owned(),
        ("", "replicationcontrollers") => "controllers".to_owned(),
        ("networking.k8s.io", "ingresses") => "ingress".to_owned(),
        ("apiextensions.k8s.io", plural) => format!("apiextensions.k8s.io/{plural}"),
        (group, plural) if !place.served.is_built_in() => format!("{group}/{plural}"),
        (_, plural) => plural.to_owned(),
    };
    let object = super::shelf::key(&place.namespace, &place.name);
    format!("/registry/{folder}/{object}")
}

/// Whether an update has taken the last reason to keep an object that is being deleted.
#[must_use]
pub(crate) fn is_last_finalizer_gone(served: &Served, object: &Value, live: &Value) -> bool {
    let finalizers = json::list(object, "/metadata/finalizers");
    let grace = json::number(live, "/metadata/deletionGracePeriodSeconds").unwrap_or(0);
    if !finalizers.is_empty() || !object::is_deleting(live) || grace != 0 {
        return false;
    }
    !served.is("", "Namespace") || json::list(object, "/spec/finalizers").is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::served::Kinds;

    #[test]
    fn generation_rises_only_when_something_else_is_asked_for() {
        let kinds = Kinds::built_in();
        let live = json!({"metadata": {"generation": 4, "uid": "u"}, "spec": {"replicas": 1}, "status": {"replicas": 1}});
        let next = |kind: &str, sub: &str, change: &dyn Fn(&mut Value)| {
            let served = kinds.named("apps/v1", kind).unwrap();
            let mut object = live.clone();
            change(&mut object);
            update(&served, sub, &mut object, &live);
            object
        };
        assert_eq!(
            next("ReplicaSet", "", &|o| o["spec"]["replicas"] = 2.into())["metadata"]["generation"],
            5
        );
        let labelled: &dyn Fn(&mut Value) = &|o| o["metadata"]["annotations"] = json!({"a": "b"});
        assert_eq!(next("ReplicaSet", "", labelled)["metadata"]["generation"], 4);
        assert_eq!(next("Deployment", "", labelled)["metadata"]["generation"], 5);
        let both: &dyn Fn(&mut Value) = &|o| {
            o["spec"]["replicas"] = 9.into();
            o["status"]["replicas"] = 9.into();
        };
        assert_eq!(next("ReplicaSet", "", both)["status"]["replicas"], 1);
        let status = next("ReplicaSet", "status", both);
        assert_eq!((&status["spec"]["replicas"], &status["status"]["replicas"]), (&json!(1), &json!(9)));
        assert_eq!(status["metadata"]["generation"], 4);
    }

    #[test]
    fn long_bases_leave_room_for_the_suffix() {
        assert_eq!(name_base(&"x".repeat(80)).len(), 58);
        assert_eq!(name_base("web-"), "web-");
    }
}
