//! Decides the shape of the settings under `provider.job`.
//! It never looks into the Job's own specification.

use crate::provider::lenient;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// A Job that measures by how it ends (source: `v1alpha1`, `JobMetric`).
#[derive(Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct JobMetric {
    /// What the Job bears.
    #[serde(deserialize_with = "lenient::object")]
    pub metadata: JobMetadata,
    /// The Job's specification as it was written.
    #[serde(deserialize_with = "lenient::present")]
    pub spec: Option<Value>,
}

/// What a Job bears.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct JobMetadata {
    /// Labels; none when one of them is no text.
    #[serde(deserialize_with = "lenient::field")]
    pub labels: BTreeMap<String, String>,
    /// Annotations; none when one of them is no text.
    #[serde(deserialize_with = "lenient::field")]
    pub annotations: BTreeMap<String, String>,
}
