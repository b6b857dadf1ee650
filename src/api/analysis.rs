//! Decides the shape of analyses: how a Rollout refers to them, their templates and their runs.
//! It never measures and never judges.

use crate::intstr::IntOrString;
use crate::meta::Meta;
use crate::pod_metadata::PodMetadata;
use crate::provider::MetricProvider;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a Rollout asks for an analysis.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct AnalysisRef {
    /// The templates, merged into one run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub templates: Vec<TemplateRef>,
    /// Values for the templates' arguments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<RolloutArg>,
    /// Metrics that are measured but do not decide.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dry_run: Vec<DryRun>,
    /// How many measurements to keep.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub measurement_retention: Vec<Retention>,
    /// Labels and annotations of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub analysis_run_metadata: Option<PodMetadata>,
}

/// An analysis in the background of the steps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct BackgroundAnalysis {
    /// What to run.
    #[serde(flatten)]
    pub analysis: AnalysisRef,
    /// Index of the step at which it starts; the first when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starting_step: Option<i32>,
}

/// A reference to a template.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct TemplateRef {
    /// Name of the template.
    pub template_name: String,
    /// Whether it is a ClusterAnalysisTemplate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_scope: Option<bool>,
}

/// A value that a Rollout hands to an analysis.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RolloutArg {
    /// Name of the argument.
    pub name: String,
    /// The value.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value: String,
    /// Where to take the value from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_from: Option<RolloutArgSource>,
}

/// Where a Rollout takes a value from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RolloutArgSource {
    /// `Stable` or `Latest`: the hash of that revision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_template_hash_value: Option<String>,
    /// A field of the Rollout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field_ref: Option<FieldRef>,
}

/// A field of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct FieldRef {
    /// Path such as `metadata.labels['env']`.
    pub field_path: String,
}

/// Metrics that are measured but do not decide.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct DryRun {
    /// Regular expression over metric names.
    pub metric_name: String,
}

/// How many measurements to keep.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Retention {
    /// Regular expression over metric names.
    pub metric_name: String,
    /// Number of measurements.
    pub limit: i32,
}

/// An AnalysisTemplate or ClusterAnalysisTemplate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AnalysisTemplate {
    /// Metadata.
    pub metadata: Meta,
    /// What to measure.
    pub spec: TemplateSpec,
}

/// What a template measures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct TemplateSpec {
    /// The metrics.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<Metric>,
    /// Arguments with their defaults.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<Argument>,
    /// Metrics that are measured but do not decide.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dry_run: Vec<DryRun>,
    /// How many measurements to keep.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub measurement_retention: Vec<Retention>,
    /// Further templates to merge.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub templates: Vec<TemplateRef>,
}

/// An argument of a template or run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Argument {
    /// Name.
    pub name: String,
    /// Value or default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Where to take the value from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_from: Option<ArgumentSource>,
}

/// Where an argument takes its value from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ArgumentSource {
    /// A key of a Secret; its value never appears in the status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_key_ref: Option<SecretKeyRef>,
    /// A field of the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field_ref: Option<FieldRef>,
}

/// A key of a Secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SecretKeyRef {
    /// Name of the Secret.
    pub name: String,
    /// The key.
    pub key: String,
}

/// One metric.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Metric {
    /// Name, unique in the run.
    pub name: String,
    /// Time between measurements, such as `30s`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub interval: String,
    /// Time before the first measurement.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub initial_delay: String,
    /// Number of measurements; without one, 1 without an interval and unlimited with one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<IntOrString>,
    /// Expression over `result` that a good measurement meets.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub success_condition: String,
    /// Expression over `result` that a bad measurement meets.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub failure_condition: String,
    /// Failed measurements allowed; 0 when absent, unlimited when -1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_limit: Option<IntOrString>,
    /// Inconclusive measurements allowed; 0 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inconclusive_limit: Option<IntOrString>,
    /// Errors in a row allowed; 4 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consecutive_error_limit: Option<IntOrString>,
    /// Where the number comes from: exactly one provider.
    #[schemars(schema_with = "crate::schema::any_object")]
    pub provider: MetricProvider,
    /// Successes in a row that end the metric; off when absent or 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consecutive_success_limit: Option<IntOrString>,
}

impl Metric {
    /// Number of measurements after which the metric ends; none when unlimited.
    #[must_use]
    pub fn effective_count(&self) -> Option<i64> {
        match self.count.as_ref().map(IntOrString::int_value) {
            None | Some(0) if self.interval.is_empty() => Some(1),
            None | Some(0) => None,
            other => other,
        }
    }
}
