//! Decides whether a write is allowed and what the server itself puts into an object: admission and validation.
//! It never stores and never decides in which order the checks run.

pub mod at;
pub mod batch;
pub mod config;
pub mod container;
pub mod custom;
pub mod definition;
pub mod metadata;
pub mod network;
pub mod others;
pub mod plugins;
pub mod pod;
pub mod resources;
pub mod service;
pub mod workload;

use super::field::FieldError;
use super::object::meta;
use super::refuse::{Cause, Refusal};
use super::request::Writer;
use super::served::Served;
use super::state::State;
use super::write::Place;
use at::At;
use serde_json::Value;

/// Refuses new objects in a namespace that does not exist or is going.
///
/// # Errors
/// 404 or 403 with a real server's text.
pub fn namespace(state: &State, place: &Place, object: &Value) -> Result<(), Refusal> {
    if !place.served.kind.namespaced {
        return Ok(());
    }
    let missing = || Refusal::not_found("", "namespaces", &place.namespace);
    let namespaces = state.kinds.named("v1", "Namespace").ok_or_else(missing)?;
    let found = state.stored(&namespaces, "", &place.namespace).ok_or_else(missing)?;
    if found.head.fields.get("status.phase").is_none_or(|p| p != "Terminating") {
        return Ok(());
    }
    let why = format!(
        "unable to create new content in namespace {} because it is being terminated",
        place.namespace
    );
    let mut refusal = refused(place, object, &why);
    if let Some(details) = &mut refusal.details {
        details.causes.push(Cause {
            reason: "NamespaceTerminating".to_owned(),
            message: format!("namespace {} is being terminated", place.namespace),
            field: "metadata.namespace".to_owned(),
        });
    }
    Err(refusal)
}

/// Refuses to delete what must stay.
///
/// # Errors
/// 403.
pub fn deletion(place: &Place) -> Result<(), Refusal> {
    let immortal = matches!(place.name.as_str(), "default" | "kube-system" | "kube-public");
    if place.served.is("", "Namespace") && immortal {
        return Err(Refusal::forbidden("", "namespaces", &place.name, "this namespace may not be deleted"));
    }
    Ok(())
}

/// Puts into an object what admission plugins put there.
///
/// # Errors
/// 403 for a reference that leads nowhere.
pub fn mutate(state: &State, place: &Place, object: &mut Value, live: Option<&Value>) -> Result<(), Refusal> {
    plugins::run(state, place, object, live)
}

/// 403 by an admission plugin.
fn refused(place: &Place, object: &Value, why: &str) -> Refusal {
    let kind = &place.served.kind;
    let names = [&place.name, meta(object, "name"), meta(object, "generateName"), "Unknown"];
    let name = names.into_iter().find(|n| !n.is_empty()).unwrap_or_default();
    Refusal::forbidden(&kind.group, &kind.plural, name, why)
}

/// Gives a Service its addresses and ports.
///
/// # Errors
/// 422 for an address or port that is taken or outside the range.
pub fn allocate(
    state: &mut State,
    served: &Served,
    object: &mut Value,
    live: Option<&Value>,
) -> Result<(), Refusal> {
    if !served.is("", "Service") {
        return Ok(());
    }
    let mut taken = service::Taken::default();
    let own = (meta(object, "namespace").to_owned(), meta(object, "name").to_owned());
    let others = state.look(served).into_iter().flat_map(|s| s.range("", None));
    for (_, stored) in others.filter(|(_, s)| (&s.head.namespace, &s.head.name) != (&own.0, &own.1)) {
        taken.add(&super::state::read(served, stored));
    }
    service::allocate(object, live, &taken, &mut state.chance)
}

/// The faults of a kind's own fields.
fn check_kind(served: &Served, object: &Value) -> Vec<FieldError> {
    let root = At::root(object);
    match (served.kind.group.as_str(), served.kind.kind.as_str()) {
        ("", "ConfigMap") => config::map(object),
        ("", "Secret") => config::secret(object),
        ("", "Service") => service::check(object),
        ("", "Pod") => pod::spec(&root.field("spec")),
        ("", "PodTemplate") => pod::template(&root.field("template")),
        ("", "PersistentVolumeClaim") => others::claim(object),
        ("", "Namespace") => others::namespace(object),
        ("apps", "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet")
        | ("", "ReplicationController") => workload::spec(&served.kind.kind, &root.field("spec")),
        ("batch", "Job") => batch::job(object),
        ("batch", "CronJob") => batch::cron_job(object),
        ("networking.k8s.io", "Ingress") => network::ingress(object),
        ("autoscaling", "HorizontalPodAutoscaler") => others::autoscaler(object),
        ("policy", "PodDisruptionBudget") => others::budget(object),
        ("rbac.authorization.k8s.io", kind @ ("Role" | "ClusterRole")) => {
            others::role(object, kind == "Role")
        }
        ("rbac.authorization.k8s.io", kind @ ("RoleBinding" | "ClusterRoleBinding")) => {
            others::binding(object, kind == "RoleBinding")
        }
        ("coordination.k8s.io", "Lease") => others::lease(object),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition::check(object),
        _ => Vec::new(),
    }
}

/// The faults of a change of a kind's own fields.
fn check_kind_change(served: &Served, object: &Value, live: &Value) -> Vec<FieldError> {
    let (new, old) = (At::root(object), At::root(live));
    match (served.kind.group.as_str(), served.kind.kind.as_str()) {
        ("", "ConfigMap" | "Secret") => config::change(object, live),
        ("", "Service") => service::change(object, live),
        ("", "Pod") => pod::change(&new, &old),
        ("apps", kind) => workload::change(kind, &new.field("spec"), &old.field("spec")),
        ("batch", "Job") => batch::change(object, live),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition::change(object, live),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => {
            others::binding_change(object, live)
        }
        _ => Vec::new(),
    }
}

/// The faults of a new object.
#[must_use]
pub fn check_create(_state: &State, served: &Served, object: &Value, _w: &mut Writer) -> Vec<FieldError> {
    let mut errors = metadata::check(served, object);
    match &served.custom {
        None => errors.extend(check_kind(served, object)),
        Some(_) => errors.extend(custom::check(served, object, false)),
    }
    errors
}

/// The faults of a changed object. A real server looks at metadata twice, and so names each fault of it twice.
#[must_use]
pub fn check_update(
    _state: &State,
    place: &Place,
    object: &Value,
    live: &Value,
    _w: &mut Writer,
) -> Vec<FieldError> {
    let served = &place.served;
    let mut errors = metadata::check(served, object);
    errors.extend(metadata::check_change(object, live));
    errors.extend(metadata::check_change(object, live));
    if !served.is_built_in() {
        errors.extend(custom::change(served, object, live, place.sub == "status"));
        return errors;
    }
    match place.sub.as_str() {
        "status" => errors.extend(workload::status(&served.kind.kind, &At::root(object).field("status"))),
        // its own handler has checked the rest
        "binding" | "finalize" | "resize" | "ephemeralcontainers" => {}
        _ => {
            let change_first = matches!(served.kind.kind.as_str(), "ConfigMap" | "Secret" | "Service");
            let change = check_kind_change(served, object, live);
            let kind = check_kind(served, object);
            errors.extend(if change_first { [change, kind].concat() } else { [kind, change].concat() });
        }
    }
    errors
}
