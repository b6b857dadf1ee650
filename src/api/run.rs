//! Decides the shape of an AnalysisRun and of what it has measured so far.
//! It never measures and never judges.

use crate::analysis::{Argument, DryRun, Metric, Retention};
use crate::meta::Meta;
use crate::time::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

fn is_zero(n: &i32) -> bool {
    *n == 0
}

/// An AnalysisRun.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AnalysisRun {
    /// Metadata.
    pub metadata: Meta,
    /// What to measure.
    pub spec: RunSpec,
    /// What was measured.
    pub status: RunState,
}

/// What a run measures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RunSpec {
    /// The metrics.
    pub metrics: Vec<Metric>,
    /// Arguments with their values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<Argument>,
    /// Whether to stop measuring.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub terminate: bool,
    /// Metrics that are measured but do not decide.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dry_run: Vec<DryRun>,
    /// How many measurements to keep.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub measurement_retention: Vec<Retention>,
    /// When to delete the finished run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl_strategy: Option<TtlStrategy>,
}

/// When to delete a finished run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct TtlStrategy {
    /// Seconds after any end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds_after_completion: Option<i32>,
    /// Seconds after a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds_after_failure: Option<i32>,
    /// Seconds after a success.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds_after_success: Option<i32>,
}

/// Phase of a run, a metric or a measurement. The order is from good to bad, as runs are judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Phase {
    /// All went well.
    Successful,
    /// Measuring.
    Running,
    /// Not begun.
    #[default]
    #[serde(alias = "")]
    Pending,
    /// Neither good nor bad.
    Inconclusive,
    /// Could not be measured.
    Error,
    /// Bad.
    Failed,
}

impl Phase {
    /// The phase that `word` names; none when it is no such word, the empty one among them.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        let all =
            [Self::Successful, Self::Running, Self::Pending, Self::Inconclusive, Self::Error, Self::Failed];
        all.into_iter().find(|phase| phase.word() == word)
    }

    /// Whether nothing more will happen.
    #[must_use]
    pub fn is_completed(self) -> bool {
        !matches!(self, Self::Running | Self::Pending)
    }

    /// The word on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Successful => "Successful",
            Self::Running => "Running",
            Self::Pending => "Pending",
            Self::Inconclusive => "Inconclusive",
            Self::Error => "Error",
            Self::Failed => "Failed",
        }
    }
}

/// State of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RunState {
    /// Phase; absent before the first look.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "empty_is_none")]
    #[schemars(with = "Option<String>")]
    pub phase: Option<Phase>,
    /// Why it is in this phase.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Results by metric.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metric_results: Vec<MetricResult>,
    /// When measuring began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Time>,
    /// Metrics counted by how they ended.
    #[serde(skip_serializing_if = "RunSummary::is_empty")]
    pub run_summary: RunSummary,
    /// The same of metrics in dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_run_summary: Option<RunSummary>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Time>,
}

fn empty_is_none<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Option<Phase>, D::Error> {
    let word = Option::<String>::deserialize(d)?.filter(|w| !w.is_empty());
    word.map(|w| serde_json::from_value(w.into()).map_err(serde::de::Error::custom)).transpose()
}

impl RunState {
    /// The phase; `Pending` before the first look.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.phase.unwrap_or(Phase::Pending)
    }

    /// The result of the metric called `name`.
    #[must_use]
    pub fn result(&self, name: &str) -> Option<&MetricResult> {
        self.metric_results.iter().find(|r| r.name == name)
    }
}

/// Metrics counted by how they ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RunSummary {
    /// Number of metrics.
    #[serde(skip_serializing_if = "is_zero")]
    pub count: i32,
    /// Ended well.
    #[serde(skip_serializing_if = "is_zero")]
    pub successful: i32,
    /// Ended badly.
    #[serde(skip_serializing_if = "is_zero")]
    pub failed: i32,
    /// Ended undecided.
    #[serde(skip_serializing_if = "is_zero")]
    pub inconclusive: i32,
    /// Could not be measured.
    #[serde(skip_serializing_if = "is_zero")]
    pub error: i32,
}

impl RunSummary {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What one metric has measured so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct MetricResult {
    /// Name of the metric.
    pub name: String,
    /// Phase.
    #[schemars(with = "String")]
    pub phase: Phase,
    /// The latest measurements, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub measurements: Vec<Measurement>,
    /// Why it is in this phase.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Measurements that gave a value.
    #[serde(skip_serializing_if = "is_zero")]
    pub count: i32,
    /// Good ones.
    #[serde(skip_serializing_if = "is_zero")]
    pub successful: i32,
    /// Bad ones.
    #[serde(skip_serializing_if = "is_zero")]
    pub failed: i32,
    /// Undecided ones.
    #[serde(skip_serializing_if = "is_zero")]
    pub inconclusive: i32,
    /// Errors.
    #[serde(skip_serializing_if = "is_zero")]
    pub error: i32,
    /// Errors in a row up to now.
    #[serde(skip_serializing_if = "is_zero")]
    pub consecutive_error: i32,
    /// Whether the metric does not decide.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// Facts of the provider, such as the resolved query.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// Successes in a row up to now.
    #[serde(skip_serializing_if = "is_zero")]
    pub consecutive_success: i32,
}

/// One measurement.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Measurement {
    /// Phase.
    #[schemars(with = "String")]
    pub phase: Phase,
    /// Why it is in this phase.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Time>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Time>,
    /// What was measured, as text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value: String,
    /// Facts of the provider, such as the name of a Job.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// When to look again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resume_at: Option<Time>,
}

#[cfg(test)]
mod tests {
    use super::Phase;
    use crate::status::RunStatus;

    #[test]
    fn phases_are_read_from_their_words() {
        let words = ["Successful", "Running", "Pending", "Inconclusive", "Error", "Failed"];
        for word in words {
            assert_eq!(Phase::of(word).map(Phase::word), Some(word));
        }
        assert_eq!(Phase::of(""), None);
        assert_eq!(Phase::of("failed"), None);
        let status = RunStatus { status: "Inconclusive".to_owned(), ..RunStatus::default() };
        assert_eq!(status.phase(), Some(Phase::Inconclusive));
        assert_eq!(RunStatus::default().phase(), None);
    }
}
