//! Decides the metrics of a run: their arguments put in and checked, which of them do not decide, and how much is kept.
//! It never measures and never counts.

use crate::api::analysis::Metric;
use crate::api::run::AnalysisRun;
use crate::logic::analysis::error::AnalysisError;
use crate::logic::analysis::view::RunView;
use crate::logic::analysis::{args, validate};
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};

/// The metrics of a run that can be measured.
pub(crate) struct Checked {
    /// All, in their order, with stand-ins for what comes from Secrets.
    pub(crate) metrics: Vec<Metric>,
    /// Names of those that are measured but do not decide.
    pub(crate) dry: BTreeSet<String>,
    /// How many measurements of a metric are kept, where a rule says so.
    pub(crate) kept: BTreeMap<String, usize>,
}

/// The metrics of a run.
///
/// # Errors
/// An argument that cannot be resolved, metrics that make no sense, or a rule for none of them: the run is then over.
pub(crate) fn checked(view: &RunView) -> Result<Checked, AnalysisError> {
    let run = &view.run;
    let metrics = resolved(run)?;
    let invalid = |e| AnalysisError::Invalid(Box::new(e));
    let (dry, kept) = (dry(run, &metrics).map_err(invalid)?, kept(run, &metrics).map_err(invalid)?);
    match view.missing_secret() {
        Some(missing) => Err(AnalysisError::Arguments(Box::new(missing))),
        None => Ok(Checked { metrics, dry, kept }),
    }
}

/// The metrics with all arguments but secret ones put in, checked.
///
/// # Errors
/// An argument that cannot be resolved, or metrics that make no sense.
pub(crate) fn resolved(run: &AnalysisRun) -> Result<Vec<Metric>, AnalysisError> {
    let known: Vec<_> = run.spec.args.iter().map(args::with_placeholder).collect();
    let none = BTreeMap::new();
    let all: Result<Vec<_>, _> = run.spec.metrics.iter().map(|m| args::resolve(m, &known, &none)).collect();
    let metrics = all.map_err(|e| AnalysisError::Arguments(Box::new(e)))?;
    validate::metrics(&metrics).map_err(|e| AnalysisError::Invalid(Box::new(e)))?;
    Ok(metrics)
}

/// The names of the metrics that are measured but do not decide; a metric may be meant by several rules (source:
/// utils/analysis/helpers.go, `GetDryRunMetrics`).
fn dry(run: &AnalysisRun, metrics: &[Metric]) -> Result<BTreeSet<String>, AnalysisError> {
    let mut dry = BTreeSet::new();
    for (index, rule) in run.spec.dry_run.iter().enumerate() {
        dry.extend(meant(("dryRun", index), &rule.metric_name, metrics)?);
    }
    Ok(dry)
}

/// How many measurements are kept of each metric that a rule means; the last such rule counts (source:
/// utils/analysis/helpers.go, `GetMeasurementRetentionMetrics`).
fn kept(run: &AnalysisRun, metrics: &[Metric]) -> Result<BTreeMap<String, usize>, AnalysisError> {
    let mut kept = BTreeMap::new();
    for (index, rule) in run.spec.measurement_retention.iter().enumerate() {
        let limit = usize::try_from(rule.limit).unwrap_or(0);
        for name in meant(("measurementRetention", index), &rule.metric_name, metrics)? {
            kept.insert(name, limit);
        }
    }
    kept.retain(|_, limit| *limit > 0);
    Ok(kept)
}

/// The names of the metrics that a rule means.
///
/// # Errors
/// A rule that means none.
fn meant(
    (rules, index): (&'static str, usize),
    pattern: &str,
    metrics: &[Metric],
) -> Result<Vec<String>, AnalysisError> {
    let pattern = Regex::new(pattern).ok();
    let is_meant = |m: &&Metric| pattern.as_ref().is_some_and(|p| p.is_match(&m.name));
    let names: Vec<String> = metrics.iter().filter(is_meant).map(|m| m.name.clone()).collect();
    if names.is_empty() { Err(AnalysisError::RuleUnused { rules, index }) } else { Ok(names) }
}
