//! Decides the hash that Argo Rollouts gives a pod template, which names its ReplicaSet and labels its pods.
//! It never applies defaults; two templates that differ only in defaults have two hashes.
//!
//! The hash is FNV-1a over the bytes that Go's `json.Marshal` gives for `corev1.PodTemplateSpec`: the fields of Go's
//! types in Go's order, unknown fields dropped, empty ones left out as each type says, quantities canonical,
//! `resources:{}` in every container. The tables follow k8s.io/api v0.35; v0.34 lacks only `spec.workloadRef` and
//! `userAnnotations` of projected pod certificates.
//!
//! * `pod`, `containers`, `volumes`: the tables of fields, in Go's order
//! * `shape`: what kinds of fields there are, and when Go leaves one out
//! * `encode`: a template written through these tables, or [`Unfit`]
//! * [`same`]: when two templates mean the same

mod containers;
mod encode;
mod pod;
pub mod same;
mod shape;
mod volumes;

use crate::base::digest::{fnv1a32, safe_encode};
use encode::Amounts;
pub use encode::Unfit;
use serde_json::Value;

/// The bytes that Go writes for the pod template.
///
/// # Errors
/// A field whose value Go's type cannot hold, with its path: `template.spec.containers[0].image: want a string, found 5`.
pub fn canonical_json(template: &Value) -> Result<Vec<u8>, Unfit> {
    encode::encode(pod::POD_TEMPLATE_SPEC, template, Amounts::Canonical).map(String::into_bytes)
}

/// The template as Go's types hold it: unknown and empty fields dropped, amounts canonical.
///
/// # Errors
/// As [`canonical_json`].
pub fn stored_form(template: &Value) -> Result<Value, Unfit> {
    let text = encode::encode(pod::POD_TEMPLATE_SPEC, template, Amounts::Canonical)?;
    serde_json::from_str(&text).map_err(|e| Unfit { path: String::new(), why: e.to_string() })
}

/// A text that two templates share exactly when Go's types hold equal values for both, amounts compared by worth.
///
/// # Errors
/// As [`canonical_json`].
pub fn comparable_form(template: &Value) -> Result<String, Unfit> {
    encode::encode(pod::POD_TEMPLATE_SPEC, template, Amounts::Worth)
}

/// The pod-template-hash of `template`, for example `674d8cf959`.
///
/// `collision_count` is `status.collisionCount`; with `Some(n)` the number enters the hash, even 0.
///
/// # Errors
/// As [`canonical_json`].
pub fn hash(template: &Value, collision_count: Option<i32>) -> Result<String, Unfit> {
    let mut bytes = canonical_json(template)?;
    if let Some(count) = collision_count {
        bytes.extend(count.to_le_bytes());
        bytes.extend([0; 4]);
    }
    Ok(safe_encode(&fnv1a32(&bytes).to_string()))
}
