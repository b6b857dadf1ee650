//! Decides whether metrics make sense before anything is measured.
//! It never reads a measurement.

use crate::api::analysis::Metric;
use crate::api::intstr::IntOrString;
use crate::base::duration;
use crate::logic::analysis::error::AnalysisError;
use crate::logic::analysis::providers;
use std::collections::BTreeSet;

/// Checks the metrics of a run after its arguments were put in (source: utils/analysis/factory.go,
/// `ValidateMetrics`).
///
/// # Errors
/// The first thing that is wrong, with the index of the metric.
pub fn metrics(metrics: &[Metric]) -> Result<(), AnalysisError> {
    if metrics.is_empty() {
        return Err(AnalysisError::NoMetrics);
    }
    let mut names = BTreeSet::new();
    for (index, metric) in metrics.iter().enumerate() {
        let checked = if names.insert(&metric.name) {
            limits(metric).and_then(|()| times(metric)).and_then(|()| provider(metric))
        } else {
            Err(AnalysisError::DuplicateName(metric.name.clone()))
        };
        checked.map_err(|e| AnalysisError::Metric { index, source: Box::new(e) })?;
    }
    Ok(())
}

fn limits(metric: &Metric) -> Result<(), AnalysisError> {
    let number = |v: &Option<IntOrString>| v.as_ref().map_or(0, IntOrString::int_value);
    let check = |holds: bool, error: AnalysisError| if holds { Ok(()) } else { Err(error) };
    let count = number(&metric.count);
    let failures = number(&metric.failure_limit);
    let successes = number(&metric.consecutive_success_limit);
    let undecided = number(&metric.inconclusive_limit);
    let errors = number(&metric.consecutive_error_limit);
    check(successes >= 0, AnalysisError::NegativeLimit("consecutiveSuccessLimit"))?;
    check(failures >= -1, AnalysisError::FailureLimit)?;
    check(successes > 0 || failures >= 0, AnalysisError::LimitsDisabled)?;
    check(undecided >= 0, AnalysisError::NegativeLimit("inconclusiveLimit"))?;
    check(errors >= 0, AnalysisError::NegativeLimit("consecutiveErrorLimit"))?;
    if count > 0 {
        if failures >= 0 {
            let error = AnalysisError::CountBelowBoth { count, failures, successes };
            check(count >= failures + successes, error)?;
        } else {
            check(count >= successes, AnalysisError::CountBelow("consecutiveSuccessLimit"))?;
        }
        check(count >= undecided, AnalysisError::CountBelow("inconclusiveLimit"))?;
    }
    check(count <= 1 || !metric.interval.is_empty(), AnalysisError::NoInterval)
}

fn times(metric: &Metric) -> Result<(), AnalysisError> {
    for (text, what) in [(&metric.interval, "interval"), (&metric.initial_delay, "startDelay")] {
        if !text.is_empty() {
            duration::parse_go(text).map_err(|source| AnalysisError::Span { what, source })?;
        }
    }
    Ok(())
}

fn provider(metric: &Metric) -> Result<(), AnalysisError> {
    match metric.provider.count() {
        0 => Err(AnalysisError::NoProvider),
        1 => providers::askable(&metric.provider),
        _ => Err(AnalysisError::SeveralProviders),
    }
}
