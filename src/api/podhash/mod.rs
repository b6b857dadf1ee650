//! Decides the hash that Argo Rollouts gives a pod template, which names its ReplicaSet and labels its pods.
//! It never applies defaults; two templates that differ only in defaults have two hashes.
//!
//! The hash is FNV-1a over the bytes that Go's `json.Marshal` gives for `corev1.PodTemplateSpec`: the fields of Go's
//! types in Go's order, unknown fields dropped, empty ones left out as each type says, quantities canonical,
//! `resources:{}` in every container. The tables follow k8s.io/api v0.35; v0.34 lacks only `spec.workloadRef` and
//! `userAnnotations` of projected pod certificates.

mod containers;
mod encode;
mod pod;
mod shape;
mod volumes;

use crate::base::digest::{fnv1a32, safe_encode};
use serde_json::Value;

/// The bytes that Go writes for the pod template.
///
/// # Errors
/// A field whose value Go's type cannot hold, with its path: `template.spec.containers[0].image: want a string, found 5`.
pub fn canonical_json(template: &Value) -> Result<Vec<u8>, String> {
    let mut out = String::new();
    encode::write(shape::Shape::Object(pod::POD_TEMPLATE_SPEC), template, "template", &mut out)?;
    Ok(out.into_bytes())
}

/// The pod-template-hash of `template`, for example `674d8cf959`.
///
/// `collision_count` is `status.collisionCount`; with `Some(n)` the number enters the hash, even 0.
///
/// # Errors
/// As [`canonical_json`].
pub fn hash(template: &Value, collision_count: Option<i32>) -> Result<String, String> {
    let mut bytes = canonical_json(template)?;
    if let Some(count) = collision_count {
        bytes.extend(count.to_le_bytes());
        bytes.extend([0; 4]);
    }
    Ok(safe_encode(&fnv1a32(&bytes).to_string()))
}
