//! Decides which metric is measured when.
//! It never decides how it is measured.

use crate::api::analysis::Metric;
use crate::api::run::{AnalysisRun, Measurement, Phase};
use crate::base::duration;
use jiff::{SignedDuration, Timestamp};

/// Seconds after an error until the next try (source: analysis/analysis.go, `DefaultErrorRetryInterval`).
const ERROR_RETRY: i64 = 10;

/// The measurement of the metric called `name` that is under way, if one is.
#[must_use]
pub(crate) fn under_way<'r>(run: &'r AnalysisRun, name: &str) -> Option<&'r Measurement> {
    run.status.result(name)?.measurements.last().filter(|last| last.finished_at.is_none())
}

/// Whether a measurement of `metric` is to be begun or continued now (source: analysis/analysis.go,
/// `generateMetricTasks`).
#[must_use]
pub(crate) fn is_due(run: &AnalysisRun, metric: &Metric, terminating: bool, now: Timestamp) -> bool {
    if is_ended(run, &metric.name) {
        return false;
    }
    if let Some(open) = under_way(run, &metric.name) {
        return terminating || open.resume_at.is_none_or(|at| at.at() <= now);
    }
    !terminating && next(run, metric).is_some_and(|at| at <= now)
}

/// Whether nothing more is measured of the metric called `name`.
#[must_use]
pub(crate) fn is_ended(run: &AnalysisRun, name: &str) -> bool {
    run.status.result(name).is_some_and(|r| r.phase.is_completed())
}

/// When something of `metric` is due by the clock: its next measurement, or going on with the one under way. None
/// when it has enough, or only an event can move it.
#[must_use]
pub(crate) fn next(run: &AnalysisRun, metric: &Metric) -> Option<Timestamp> {
    let span = |text: &str| duration::parse_go(text).ok().and_then(|d| SignedDuration::try_from(d).ok());
    let result = run.status.result(&metric.name);
    let Some(last) = result.and_then(|r| r.measurements.last()) else {
        if metric.initial_delay.is_empty() {
            return Some(Timestamp::MIN);
        }
        let start = run.status.started_at?.at();
        return start.checked_add(span(&metric.initial_delay)?).ok();
    };
    let Some(finished) = last.finished_at else { return Some(last.resume_at?.at()) };
    let count = result.map_or(0, |r| i64::from(r.count));
    if metric.effective_count().is_some_and(|n| count >= n) {
        return None;
    }
    let wait = if last.phase == Phase::Error || metric.interval.is_empty() {
        SignedDuration::from_secs(ERROR_RETRY)
    } else {
        span(&metric.interval)?
    };
    finished.at().checked_add(wait).ok()
}
