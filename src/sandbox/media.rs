//! Decides what the media types of bodies and answers are called.
//! It never decides which of them a request may use.

/// JSON, in which most answers are given.
pub(crate) const JSON: &str = "application/json";
/// YAML.
pub(crate) const YAML: &str = "application/yaml";
/// Protobuf as Kubernetes wraps it, which clients send and we do not read.
pub(crate) const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";
/// The media types of objects that a real server knows, as its refusals list them.
pub(crate) const OFFERED: &[&str] = &[JSON, YAML, PROTOBUF];

/// RFC 6902.
pub(crate) const JSON_PATCH: &str = "application/json-patch+json";
/// RFC 7396.
pub(crate) const MERGE_PATCH: &str = "application/merge-patch+json";
/// Kubernetes' strategic merge patch.
pub(crate) const STRATEGIC_PATCH: &str = "application/strategic-merge-patch+json";
/// Server-side apply.
pub(crate) const APPLY: &str = "application/apply-patch+yaml";
