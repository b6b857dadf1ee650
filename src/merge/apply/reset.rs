//! Decides which fields each door of an API server ignores: `status` on the object itself, `spec` on its status.
//! It never changes an object; whoever serves the door resets them.

use crate::fields::FieldSet;

/// The fields that nobody comes to own through this door of a kind.
///
/// Of kinds that are not Kubernetes' own it is assumed that they have a status subresource; one without it ignores
/// nothing, and its caller passes an empty set instead.
#[must_use]
pub fn reset_fields(api_version: &str, kind: &str, subresource: &str) -> FieldSet {
    let no_status = matches!(
        kind,
        "ConfigMap"
            | "Secret"
            | "Endpoints"
            | "Event"
            | "LimitRange"
            | "ServiceAccount"
            | "PodTemplate"
            | "Lease"
            | "ControllerRevision"
            | "EndpointSlice"
            | "IngressClass"
            | "NetworkPolicy"
            | "PriorityClass"
            | "ClusterRole"
            | "ClusterRoleBinding"
            | "Role"
            | "RoleBinding"
            | "StorageClass"
            | "RuntimeClass"
            | "MutatingWebhookConfiguration"
            | "ValidatingWebhookConfiguration"
            | "ValidatingAdmissionPolicyBinding"
    );
    match (api_version, kind, subresource) {
        _ if no_status => FieldSet::default(),
        (_, "CertificateSigningRequest", "") => FieldSet::of(&[&["spec"], &["status"]]),
        ("apps/v1", "Deployment", "status") => FieldSet::of(&[&["spec"], &["metadata", "labels"]]),
        ("v1", "Pod", "status") => {
            FieldSet::of(&[&["spec"], &["metadata", "deletionTimestamp"], &["metadata", "ownerReferences"]])
        }
        (
            "apiextensions.k8s.io/v1"
            | "flowcontrol.apiserver.k8s.io/v1"
            | "resource.k8s.io/v1"
            | "storage.k8s.io/v1",
            _,
            "status",
        ) => FieldSet::of(&[&["metadata"], &["spec"]]),
        ("v1", "Namespace", "finalize") => FieldSet::of(&[&["status"]]),
        (_, _, "") => FieldSet::of(&[&["status"]]),
        (_, _, "status") => FieldSet::of(&[&["spec"]]),
        _ => FieldSet::default(),
    }
}
