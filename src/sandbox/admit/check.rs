//! Decides which checks an object of a kind goes through, new or changed, and in which order their faults are told.
//! It never checks a field itself.

use super::{batch, config, custom, definition, metadata, network, others, pod, service, workload};
use crate::api::check::at::At;
use crate::api::check::pod::{rules::Rules, template};
use crate::field::FieldError;
use crate::place::Place;
use crate::served::Served;
use serde_json::Value;

/// The faults of a kind's own fields.
fn check_kind(served: &Served, object: &Value) -> Vec<FieldError> {
    let root = At::root(object);
    match (served.kind.group.as_str(), served.kind.kind.as_str()) {
        ("", "ConfigMap") => config::map(object),
        ("", "Secret") => config::secret(object),
        ("", "Service") => service::check(object),
        ("", "Pod") => template::spec(&root.field("spec"), Rules::ServerPod),
        ("", "PodTemplate") => template::template(&root.field("template"), Rules::Server),
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
pub(crate) fn check_create(served: &Served, object: &Value) -> Vec<FieldError> {
    let mut errors = metadata::check(served, object);
    match &served.custom {
        None => errors.extend(check_kind(served, object)),
        Some(_) => errors.extend(custom::check(served, object, false)),
    }
    errors
}

/// The faults of a changed object. A real server looks at metadata twice, and so names each fault of it twice.
#[must_use]
pub(crate) fn check_update(place: &Place, object: &Value, live: &Value) -> Vec<FieldError> {
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
