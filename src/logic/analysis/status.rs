//! Decides how the status of a run is written, and when a finished run is deleted.
//! It never decides what the status says.

use crate::api::names;
use crate::api::run::{AnalysisRun, Phase, RunState};
use crate::api::write::{Patch, Target, Write};
use crate::merge::json::diff;
use jiff::Timestamp;
use serde_json::json;

/// What is written to bring the status from `before` to that of `after`; none when nothing changes.
#[must_use]
pub(crate) fn patch(before: &AnalysisRun, after: &AnalysisRun) -> Option<Write> {
    let json_of = |state: &RunState| serde_json::to_value(state).unwrap_or_default();
    let change = diff(&json_of(&before.status), &json_of(&after.status));
    change.as_object().is_some_and(|m| !m.is_empty()).then(|| Write::Patch {
        target: target(before),
        subresource: "",
        patch: Patch::Merge(json!({"status": change})),
        expect: Some(before.metadata.resource_version.clone()).filter(|v| !v.is_empty()),
    })
}

/// When a finished run is to be deleted; none when it stays (source: analysis/analysis.go,
/// `maybeGarbageCollectAnalysisRun`).
#[must_use]
pub(crate) fn outlived_at(run: &AnalysisRun) -> Option<Timestamp> {
    let ttl = run.spec.ttl_strategy.as_ref()?;
    let by_end = match run.status.phase() {
        Phase::Successful => ttl.seconds_after_success,
        Phase::Failed => ttl.seconds_after_failure,
        _ => None,
    };
    let seconds = by_end.or(ttl.seconds_after_completion)?;
    Some(run.status.completed_at?.plus_seconds(i64::from(seconds)))
}

/// Deletes the run.
#[must_use]
pub(crate) fn delete(run: &AnalysisRun) -> Write {
    Write::Delete { target: target(run), uid: run.metadata.uid.clone(), expect: None, foreground: false }
}

fn target(run: &AnalysisRun) -> Target {
    Target::new(names::ARGO, "AnalysisRun", &run.metadata.namespace, &run.metadata.name)
}
