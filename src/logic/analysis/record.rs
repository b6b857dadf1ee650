//! Decides how measurements are put into the results of a run and counted, and which are dropped.
//! It never judges what the counts amount to.

use crate::api::run::{AnalysisRun, MetricResult, Phase};
use crate::api::time::Time;
use crate::logic::analysis::metrics::Checked;
use crate::logic::analysis::task::Report;
use std::collections::BTreeSet;

/// Measurements kept of a metric without a rule of its own (source: analysis/analysis.go,
/// `DefaultMeasurementHistoryLimit`).
const KEPT: usize = 10;
/// Bytes kept of what was measured, and of a message.
const MOST_TEXT: usize = 2048;
/// Bytes of all measurements together, far below what a cluster stores of one object; each counts with its frame.
const MOST_IN_ALL: usize = 512 * 1024;
const FRAME: usize = 256;

/// Puts one report into the results.
pub(crate) fn put(run: &mut AnalysisRun, dry: &BTreeSet<String>, report: Report) {
    let Report { task, began, ended } = report;
    let name = task.name();
    let results = &mut run.status.metric_results;
    if !results.iter().any(|r| r.name == name) {
        results.push(MetricResult {
            name: name.to_owned(),
            phase: Phase::Running,
            dry_run: dry.contains(name),
            metadata: task.metadata(),
            ..MetricResult::default()
        });
    }
    let Some(result) = results.iter_mut().find(|r| r.name == name) else { return };
    let mut measurement = task.into_measurement();
    if result.measurements.last().is_some_and(|l| l.finished_at.is_none()) {
        result.measurements.pop();
    } else {
        measurement.started_at = Some(Time::of(began));
    }
    cut(&mut measurement.value);
    cut(&mut measurement.message);
    if measurement.phase.is_completed() {
        measurement.finished_at.get_or_insert_with(|| Time::of(ended));
        count(result, measurement.phase);
    }
    result.measurements.push(measurement);
}

/// Cuts a text that a status has no room for, and says so.
fn cut(text: &mut String) {
    let whole = text.len();
    if whole > MOST_TEXT {
        text.truncate(text.floor_char_boundary(MOST_TEXT));
        text.push_str(&format!(" … (cut, {whole} bytes in all)"));
    }
}

fn count(result: &mut MetricResult, phase: Phase) {
    match phase {
        Phase::Successful => {
            result.successful += 1;
            result.consecutive_success += 1;
        }
        Phase::Failed => result.failed += 1,
        Phase::Inconclusive => result.inconclusive += 1,
        _ => {
            // An error is no measurement: it counts towards nothing but its own limit.
            result.error += 1;
            result.consecutive_error += 1;
            result.consecutive_success = 0;
            return;
        }
    }
    result.count += 1;
    result.consecutive_error = 0;
    if phase != Phase::Successful {
        result.consecutive_success = 0;
    }
}

/// Drops the oldest measurements beyond what is kept (source: analysis/analysis.go, `garbageCollectMeasurements`).
pub(crate) fn trim(run: &mut AnalysisRun, checked: &Checked) {
    for result in &mut run.status.metric_results {
        if !checked.metrics.iter().any(|m| m.name == result.name) {
            continue;
        }
        let limit = checked.kept.get(&result.name).copied().unwrap_or(KEPT);
        let excess = result.measurements.len().saturating_sub(limit);
        result.measurements.drain(..excess);
    }
    while size(run) > MOST_IN_ALL {
        let results = run.status.metric_results.iter_mut();
        let Some(longest) = results.max_by_key(|r| r.measurements.len()).filter(|r| r.measurements.len() > 1)
        else {
            return;
        };
        longest.measurements.drain(..longest.measurements.len() / 2);
    }
}

/// Bytes that the measurements take, roughly.
fn size(run: &AnalysisRun) -> usize {
    let all = run.status.metric_results.iter().flat_map(|r| &r.measurements);
    all.map(|m| m.value.len() + m.message.len() + FRAME).sum()
}
