//! Decides what a pod template is in Go's types: its bytes, its stored form, and the hash over the bytes.
//! It never decides which fields there are, and never applies defaults.

use super::encode::{Amounts, Unfit, encode};
use super::pod;
use crate::base::digest::{fnv1a32, safe_encode};
use serde_json::Value;

/// The bytes that Go writes for the pod template.
///
/// # Errors
/// A field whose value Go's type cannot hold, with its path: `template.spec.containers[0].image: want a string, found 5`.
pub fn canonical_json(template: &Value) -> Result<Vec<u8>, Unfit> {
    encode(pod::POD_TEMPLATE_SPEC, template, Amounts::Canonical).map(String::into_bytes)
}

/// The template as Go's types hold it: unknown and empty fields dropped, amounts canonical.
///
/// # Errors
/// As [`canonical_json`].
pub fn stored_form(template: &Value) -> Result<Value, Unfit> {
    let text = encode(pod::POD_TEMPLATE_SPEC, template, Amounts::Canonical)?;
    serde_json::from_str(&text).map_err(|e| Unfit { path: String::new(), why: e.to_string() })
}

/// A text that two templates share exactly when Go's types hold equal values for both, amounts compared by worth.
///
/// # Errors
/// As [`canonical_json`].
pub(crate) fn comparable_form(template: &Value) -> Result<String, Unfit> {
    encode(pod::POD_TEMPLATE_SPEC, template, Amounts::Worth)
}

/// The pod-template-hash of `template`, for example `674d8cf959`
/// (source: pkg/controller/controller_utils.go, `ComputeHash`).
///
/// `collision_count` is `status.collisionCount`; with `Some(n)` the number enters the hash, even 0.
///
/// ```
/// use serde_json::json;
/// use switchback_api::podhash::hash;
///
/// let template = json!({"spec": {"containers": [{"name": "web", "image": "web:1"}]}});
/// let reordered = json!({"spec": {"containers": [{"image": "web:1", "name": "web", "unknown": true}]}});
/// assert_eq!(hash(&template, None)?, hash(&reordered, None)?);
/// assert_ne!(hash(&template, None)?, hash(&template, Some(0))?);
/// # Ok::<(), switchback_api::podhash::Unfit>(())
/// ```
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
