//! Decides what measurements amount to: of one metric, and of a whole run.
//! It never measures and never reads a clock.

use crate::api::analysis::Metric;
use crate::api::intstr::IntOrString;
use crate::api::run::{AnalysisRun, MetricResult, Phase, RunSummary};
use std::collections::BTreeSet;

/// What was found out about a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Phase of the run.
    pub phase: Phase,
    /// Why.
    pub message: String,
    /// Metrics counted by how they ended.
    pub(crate) summary: RunSummary,
    /// The same of metrics in dry run.
    pub(crate) dry_run_summary: RunSummary,
    /// Results with their phases and messages brought up to date.
    pub results: Vec<MetricResult>,
    /// Metrics that ended just now, with how.
    pub ended: Vec<(String, Phase)>,
}

fn limit(value: Option<&IntOrString>, default: i64) -> i64 {
    value.map_or(default, IntOrString::int_value)
}

/// The bad end that the counts of `result` amount to, if any, with the reason in words.
#[must_use]
pub(crate) fn bad_end(metric: &Metric, result: &MetricResult) -> Option<(Phase, String)> {
    let mut end = None;
    let failures = limit(metric.failure_limit.as_ref(), 0);
    if failures >= 0 && i64::from(result.failed) > failures {
        end = Some((Phase::Failed, format!("failed ({}) > failureLimit ({failures})", result.failed)));
    }
    let undecided = limit(metric.inconclusive_limit.as_ref(), 0);
    if i64::from(result.inconclusive) > undecided {
        let why = format!("inconclusive ({}) > inconclusiveLimit ({undecided})", result.inconclusive);
        end = Some((Phase::Inconclusive, why));
    }
    let errors = limit(metric.consecutive_error_limit.as_ref(), 4);
    if i64::from(result.consecutive_error) > errors {
        let why =
            format!("consecutiveErrors ({}) > consecutiveErrorLimit ({errors})", result.consecutive_error);
        end = Some((Phase::Error, why));
    }
    end
}

/// The phase of one metric (source: analysis/analysis.go, `assessMetricStatus`).
#[must_use]
pub fn metric(metric: &Metric, result: &MetricResult, terminating: bool) -> Phase {
    if result.phase.is_completed() {
        return result.phase;
    }
    let Some(last) = result.measurements.last() else {
        return if terminating { Phase::Successful } else { Phase::Pending };
    };
    if !last.phase.is_completed() {
        return Phase::Running;
    }
    if let Some((phase, _)) = bad_end(metric, result) {
        return phase;
    }
    let successes = limit(metric.consecutive_success_limit.as_ref(), 0);
    if successes > 0 && i64::from(result.consecutive_success) >= successes {
        return Phase::Successful;
    }
    if metric.effective_count().is_some_and(|n| i64::from(result.count) >= n) {
        let failures_decide = limit(metric.failure_limit.as_ref(), 0) >= 0;
        return match (failures_decide, successes > 0) {
            (true, true) => Phase::Inconclusive,
            (false, true) => Phase::Failed,
            _ => Phase::Successful,
        };
    }
    if terminating { Phase::Successful } else { Phase::Running }
}

/// Whether the run is to end early: it was asked to, or a metric that decides has ended badly (source:
/// utils/analysis/helpers.go, `IsTerminating`).
#[must_use]
pub(crate) fn is_terminating(run: &AnalysisRun, dry: &BTreeSet<String>) -> bool {
    run.spec.terminate
        || run.status.metric_results.iter().any(|r| {
            !dry.contains(&r.name) && matches!(r.phase, Phase::Failed | Phase::Error | Phase::Inconclusive)
        })
}

/// Judges a run by its results. `metrics` have their arguments put in; `dry` names those that do not decide.
#[must_use]
pub(crate) fn run(run: &AnalysisRun, metrics: &[Metric], dry: &BTreeSet<String>) -> Verdict {
    let terminating = is_terminating(run, dry);
    let mut verdict = Verdict {
        phase: Phase::Running,
        message: String::new(),
        summary: RunSummary::default(),
        dry_run_summary: RunSummary::default(),
        results: run.status.metric_results.clone(),
        ended: Vec::new(),
    };
    let mut worst: Option<Phase> = None;
    let mut why = if run.spec.terminate { "Run Terminated".to_owned() } else { String::new() };
    let mut all_ended = true;
    for m in metrics {
        let is_dry = dry.contains(&m.name);
        let summary = if is_dry { &mut verdict.dry_run_summary } else { &mut verdict.summary };
        summary.count += 1;
        let Some(result) = verdict.results.iter_mut().find(|r| r.name == m.name) else {
            all_ended = false;
            continue;
        };
        let phase = metric(m, result, terminating);
        if phase != result.phase {
            result.phase = phase;
            result.message = result.measurements.last().map(|l| l.message.clone()).unwrap_or_default();
            if phase.is_completed() {
                verdict.ended.push((m.name.clone(), phase));
            }
        }
        if !phase.is_completed() {
            all_ended = false;
            continue;
        }
        let end = bad_end(m, result);
        match end.as_ref().map(|(phase, _)| *phase) {
            Some(Phase::Error) => summary.error += 1,
            Some(Phase::Failed) => summary.failed += 1,
            Some(Phase::Inconclusive) => summary.inconclusive += 1,
            _ => summary.successful += 1,
        }
        if is_dry {
            worst = worst.or(Some(Phase::Successful));
            if let Some((_, reason)) = end {
                result.message = format!("Metric assessed {} due to {reason}", phase.word());
            }
        } else if worst.is_none_or(|w| phase > w) {
            worst = Some(phase);
            if let Some((_, reason)) = end {
                why = format!("Metric \"{}\" assessed {} due to {reason}", m.name, phase.word());
                if !result.message.is_empty() {
                    why = format!("{why}: \"Error Message: {}\"", result.message);
                }
            }
        }
    }
    if terminating {
        verdict.phase = worst.unwrap_or(Phase::Successful);
        verdict.message = why;
    } else if let Some(phase) = worst.filter(|_| all_ended) {
        verdict.phase = phase;
        verdict.message = why;
    }
    verdict
}
