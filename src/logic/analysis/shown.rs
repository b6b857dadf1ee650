//! Decides what metrics say of an AnalysisRun: how it and each of its metrics stand (source: controller/metrics/analysis.go).
//! It never judges.

use crate::api::analysis::Metric;
use crate::api::provider::MetricProvider;
use crate::api::run::{MetricResult, Phase, RunSpec};
use regex::Regex;

/// What upstream calls the providers, by the word in a metric (source: metricproviders, the constants `ProviderType`).
const PROVIDERS: [(&str, &str); 12] = [
    ("prometheus", "Prometheus"),
    ("job", "Job"),
    ("kayenta", "Kayenta"),
    ("web", "Web"),
    ("datadog", "Datadog"),
    ("wavefront", "Wavefront"),
    ("newRelic", "NewRelic"),
    ("cloudWatch", "CloudWatch"),
    ("graphite", "Graphite"),
    ("influxdb", "Influxdb"),
    ("skywalking", "skywalking"),
    ("plugin", "RPCPlugin"),
];

/// How an AnalysisRun stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ShownRun {
    /// Its phase; none before anybody has looked at it.
    pub(crate) phase: Option<Phase>,
    /// Its metrics, in their order.
    pub(crate) metrics: Vec<ShownMetric>,
}

/// How a metric of it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ShownMetric {
    /// Its name.
    pub(crate) name: String,
    /// What its provider is called.
    pub(crate) provider: &'static str,
    /// Whether it does not decide.
    pub(crate) is_dry: bool,
    /// Its phase; none before it was measured.
    pub(crate) phase: Option<Phase>,
}

/// What the provider that a metric names is called.
#[must_use]
pub(crate) fn provider(named: &MetricProvider) -> &'static str {
    let word = named.named().map(|(word, _)| word);
    PROVIDERS.iter().find(|(known, _)| Some(*known) == word).map_or("Unknown Provider", |(_, name)| name)
}

/// How the run of this spec stands, whose metrics have come to `results`.
#[must_use]
pub(crate) fn shown(spec: &RunSpec, phase: Option<Phase>, results: &[MetricResult]) -> ShownRun {
    let rules: Vec<Regex> =
        spec.dry_run.iter().filter_map(|rule| Regex::new(&rule.metric_name).ok()).collect();
    let metric = |metric: &Metric| ShownMetric {
        name: metric.name.clone(),
        provider: provider(&metric.provider),
        is_dry: rules.iter().any(|rule| rule.is_match(&metric.name)),
        phase: results.iter().find(|r| r.name == metric.name).map(|r| r.phase),
    };
    ShownRun { phase, metrics: spec.metrics.iter().map(metric).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn metrics_are_shown_with_their_provider_and_whether_they_decide() {
        let spec = json!({"metrics": [
            {"name": "errors", "provider": {"prometheus": {}}},
            {"name": "load", "provider": {"job": {}}},
            {"name": "other", "provider": {"tarot": {}}},
        ], "dryRun": [{"metricName": "lo.*"}, {"metricName": "["}]});
        let results = json!([{"name": "load", "phase": "Failed"}]);
        let (spec, results): (RunSpec, Vec<MetricResult>) =
            (serde_json::from_value(spec).unwrap(), serde_json::from_value(results).unwrap());
        let run = shown(&spec, Some(Phase::Running), &results);
        let metrics: Vec<_> =
            run.metrics.iter().map(|m| (m.name.as_str(), m.provider, m.is_dry, m.phase)).collect();
        let wanted = [
            ("errors", "Prometheus", false, None),
            ("load", "Job", true, Some(Phase::Failed)),
            ("other", "Unknown Provider", false, None),
        ];
        assert_eq!((run.phase, metrics.as_slice()), (Some(Phase::Running), &wanted[..]));
    }
}
