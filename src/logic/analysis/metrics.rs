//! Decides the metrics of a run: their arguments put in and checked, and which of them do not decide.
//! It never measures and never counts.

use crate::api::analysis::Metric;
use crate::api::run::AnalysisRun;
use crate::logic::analysis::error::AnalysisError;
use crate::logic::analysis::{args, validate};
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};

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

/// The names of the metrics that are measured but do not decide (source: utils/analysis/helpers.go,
/// `GetDryRunMetrics`).
///
/// # Errors
/// A rule that is no regular expression or matches no metric, and two rules for one metric.
pub(crate) fn dry(run: &AnalysisRun) -> Result<BTreeSet<String>, AnalysisError> {
    let mut dry = BTreeSet::new();
    for rule in &run.spec.dry_run {
        let pattern = Regex::new(&rule.metric_name).map_err(AnalysisError::DryRunPattern)?;
        let matched: Vec<&Metric> = run.spec.metrics.iter().filter(|m| pattern.is_match(&m.name)).collect();
        if matched.is_empty() {
            return Err(AnalysisError::DryRunUnused(rule.metric_name.clone()));
        }
        for metric in matched {
            if !dry.insert(metric.name.clone()) {
                return Err(AnalysisError::DryRunTwice(metric.name.clone()));
            }
        }
    }
    Ok(dry)
}
