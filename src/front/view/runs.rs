//! Decides what there is to show of a Rollout's analyses: how far each metric is and what it measured last.
//! It never judges a value.

use crate::api::analysis::Metric;
use crate::api::meta::Meta;
use crate::api::run::{AnalysisRun, MetricResult, Phase};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// One analysis.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct RunPicture {
    /// Namespace.
    #[serde(skip)]
    pub(crate) namespace: String,
    /// Name.
    pub(crate) name: String,
    /// Revision it measures.
    pub(crate) revision: i64,
    /// Phase.
    pub(crate) phase: Phase,
    /// Why; may be empty.
    pub(crate) message: String,
    /// When it was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) created: Option<Timestamp>,
    /// Its metrics.
    pub(crate) metrics: Vec<MetricPicture>,
}

/// One metric.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct MetricPicture {
    /// Name.
    pub(crate) name: String,
    /// Phase.
    pub(crate) phase: Phase,
    /// Good measurements.
    pub(crate) successful: i32,
    /// Bad measurements.
    pub(crate) failed: i32,
    /// Measurements that could not be taken.
    pub(crate) error: i32,
    /// Measurements wanted; none without end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) count: Option<i64>,
    /// What was measured last, or why it could not be.
    pub(crate) value: String,
    /// What is wanted of it: `< 0.05`.
    pub(crate) wanted: String,
}

/// The runs that the Rollout of `owner` manages, newest first.
#[must_use]
pub(crate) fn of(owner: &Meta, runs: &[Value]) -> Vec<RunPicture> {
    let mut found: Vec<RunPicture> = runs
        .iter()
        .filter_map(|r| serde_json::from_value::<AnalysisRun>(r.clone()).ok())
        .filter(|r| r.metadata.is_controlled_by(&owner.uid))
        .map(|r| picture(&r))
        .collect();
    found.sort_by(|a, b| (b.created, &b.name).cmp(&(a.created, &a.name)));
    found
}

/// The picture of one run.
#[must_use]
pub(crate) fn picture(run: &AnalysisRun) -> RunPicture {
    let metrics = run.spec.metrics.iter();
    RunPicture {
        namespace: run.metadata.namespace.clone(),
        name: run.metadata.name.clone(),
        revision: run.metadata.revision(),
        phase: run.status.phase(),
        message: run.status.message.clone(),
        created: run.metadata.creation_timestamp.map(|t| t.at()),
        metrics: metrics.map(|m| metric(m, run.status.result(&m.name))).collect(),
    }
}

fn metric(metric: &Metric, result: Option<&MetricResult>) -> MetricPicture {
    let (success, failure) = (metric.success_condition.as_str(), metric.failure_condition.as_str());
    let wanted = match (success, failure) {
        ("", "") => String::new(),
        ("", bad) => format!("not {}", bare_condition(bad)),
        (good, _) => bare_condition(good),
    };
    let Some(result) = result else {
        let count = metric.effective_count();
        return MetricPicture {
            name: metric.name.clone(),
            phase: Phase::Pending,
            count,
            wanted,
            ..MetricPicture::default()
        };
    };
    let last = result.measurements.last();
    MetricPicture {
        name: metric.name.clone(),
        phase: result.phase,
        successful: result.successful,
        failed: result.failed,
        error: result.error,
        count: metric.effective_count(),
        value: last
            .map(|m| if m.value.is_empty() { m.message.clone() } else { bare(&m.value) })
            .unwrap_or_default(),
        wanted,
    }
}

/// `result[0] < 0.05` without what is said anyway.
fn bare_condition(text: &str) -> String {
    let rest = text.strip_prefix("result[0] ").or_else(|| text.strip_prefix("result "));
    rest.unwrap_or(text).to_owned()
}

/// A list of one as its one value.
fn bare(value: &str) -> String {
    let inner = value.strip_prefix('[').and_then(|v| v.strip_suffix(']')).filter(|v| !v.contains(','));
    inner.unwrap_or(value).to_owned()
}
