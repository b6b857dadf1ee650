//! Decides what a run does now: which measurements to take, and what it writes after them.
//! It never asks anybody; it names the actions, and [`task`] reads what came of them.

use crate::api::analysis::{Metric, SecretKeyRef};
use crate::api::event::Event;
use crate::api::run::{AnalysisRun, Phase};
use crate::api::time::Time;
use crate::api::write::Write;
use crate::logic::analysis::metrics::Checked;
use crate::logic::analysis::task::{Report, Task};
use crate::logic::analysis::view::RunView;
use crate::logic::analysis::{due, judge, metrics, providers, record, status, task};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What is to be done before the run can be judged. It may hold values from Secrets, so it cannot be printed.
#[derive(Default)]
pub(crate) struct MeasurementPlan {
    /// Measurements to be taken now.
    pub(crate) tasks: Vec<Task>,
    /// Secrets to be read before; the tasks are then empty.
    pub(crate) secrets: Vec<SecretKeyRef>,
}

/// What a run writes after its measurements.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Conclusion {
    /// Writes: the status, the deletion of the run.
    pub(crate) writes: Vec<Write>,
    /// Deletions of what nobody looks at any more; the run does not depend on them.
    pub(crate) garbage: Vec<Write>,
    /// Whether nothing more is measured.
    pub(crate) is_over: bool,
    /// When to reconcile again.
    pub(crate) wake: Option<Timestamp>,
    /// Events.
    pub(crate) events: Vec<Event>,
}

/// Decides what to measure now.
#[must_use]
pub(crate) fn plan(view: &RunView, now: Timestamp) -> MeasurementPlan {
    let run = &view.run;
    if run.status.phase().is_completed() || run.metadata.deletion_timestamp.is_some() {
        return MeasurementPlan::default();
    }
    let Ok(Checked { metrics, dry, .. }) = metrics::checked(view) else { return MeasurementPlan::default() };
    let terminating = judge::is_terminating(run, &dry);
    let is_due = |m: &&Metric| !view.asked.contains(&m.name) && due::is_due(run, m, terminating, now);
    let due: Vec<&Metric> = metrics.iter().filter(is_due).collect();
    let secrets = view.secret_refs();
    if !due.is_empty() && !secrets.is_empty() && !view.secrets_read {
        return MeasurementPlan { tasks: Vec::new(), secrets };
    }
    let tasks = due.into_iter().map(|m| task::begin(view, m, terminating, now)).collect();
    MeasurementPlan { tasks, secrets: Vec::new() }
}

/// Puts what was measured into the status and decides what the run writes (source: analysis/analysis.go,
/// `reconcileAnalysisRun`).
#[must_use]
pub(crate) fn conclude(view: &RunView, reports: Vec<Report>, now: Timestamp) -> Conclusion {
    let run = &view.run;
    if run.metadata.deletion_timestamp.is_some() {
        return Conclusion { is_over: true, ..Conclusion::default() };
    }
    if run.status.phase().is_completed() {
        return outlived(run, now);
    }
    let mut after = AnalysisRun::clone(run);
    let checked = match metrics::checked(view) {
        Ok(checked) => checked,
        Err(why) => {
            after.status.phase = Some(Phase::Error);
            after.status.message = why.to_string();
            after.status.completed_at = Some(Time::of(now));
            return written(run, &after, vec![ended_event(Phase::Error)], None);
        }
    };
    let Checked { metrics, dry, .. } = &checked;
    after.status.started_at.get_or_insert_with(|| Time::of(now));
    let idle = reports.is_empty();
    for report in reports {
        record::put(&mut after, dry, report);
    }
    let events = settle(&mut after, metrics, dry, now);
    record::trim(&mut after, &checked);
    let stopping = judge::is_terminating(&after, dry) && !after.status.phase().is_completed();
    // What this pass has stopped waits for no event: the next one ends its open measurements.
    let wake = if stopping && idle && has_work(view, &after, now) {
        Some(now)
    } else {
        let may_be_due = |m: &&Metric| !due::is_ended(&after, &m.name) && !view.asked.contains(&m.name);
        metrics.iter().filter(may_be_due).filter_map(|m| due::next(&after, m)).min()
    };
    Conclusion { garbage: garbage(view, &after, metrics), ..written(run, &after, events, wake) }
}

/// Deletes what belongs to measurements that are kept no more.
fn garbage(view: &RunView, after: &AnalysisRun, metrics: &[Metric]) -> Vec<Write> {
    let of_metric =
        |m: &Metric| Some((providers::of(&m.provider)?.garbage)(view, after.status.result(&m.name)?));
    metrics.iter().filter_map(of_metric).flatten().collect()
}

fn has_work(view: &RunView, after: &AnalysisRun, now: Timestamp) -> bool {
    let plan = plan(&RunView { run: Arc::new(after.clone()), ..view.clone() }, now);
    !plan.tasks.is_empty() || !plan.secrets.is_empty()
}

/// Judges until nothing changes: an end of one metric may end the others, unless something of theirs is under way, which
/// is stopped first. Answers the events.
fn settle(after: &mut AnalysisRun, metrics: &[Metric], dry: &BTreeSet<String>, now: Timestamp) -> Vec<Event> {
    let mut events = Vec::new();
    for _ in 0..2 {
        let is_open = |m: &Metric| !due::is_ended(after, &m.name) && due::under_way(after, &m.name).is_some();
        if judge::is_terminating(after, dry) && metrics.iter().any(is_open) {
            break;
        }
        let verdict = judge::run(after, metrics, dry);
        for (name, phase) in &verdict.ended {
            let message = format!("Metric '{name}' Completed. Result: {}", phase.word());
            events.push(event(*phase, &format!("Metric{}", phase.word()), message));
        }
        let state = &mut after.status;
        state.metric_results = verdict.results;
        state.run_summary = verdict.summary;
        state.dry_run_summary = Some(verdict.dry_run_summary);
        if state.phase != Some(verdict.phase) {
            state.phase = Some(verdict.phase);
            state.message = verdict.message;
        }
        if verdict.phase.is_completed() {
            state.completed_at.get_or_insert_with(|| Time::of(now));
            events.push(ended_event(verdict.phase));
            break;
        }
    }
    events
}

fn event(phase: Phase, reason: &str, message: String) -> Event {
    match phase {
        Phase::Error | Phase::Failed => Event::warning(reason, message),
        _ => Event::normal(reason, message),
    }
}

fn ended_event(phase: Phase) -> Event {
    let message = format!("Analysis Completed. Result: {}", phase.word());
    event(phase, &format!("AnalysisRun{}", phase.word()), message)
}

/// Deletes a finished run when its time has come.
fn outlived(run: &AnalysisRun, now: Timestamp) -> Conclusion {
    let over = Conclusion { is_over: true, ..Conclusion::default() };
    match status::outlived_at(run) {
        None => over,
        Some(at) if at > now => Conclusion { wake: Some(at), ..over },
        Some(_) => Conclusion { writes: vec![status::delete(run)], ..over },
    }
}

fn written(
    before: &AnalysisRun,
    after: &AnalysisRun,
    events: Vec<Event>,
    wake: Option<Timestamp>,
) -> Conclusion {
    let is_over = after.status.phase().is_completed();
    let writes = status::patch(before, after).into_iter().collect();
    Conclusion { writes, is_over, wake: wake.filter(|_| !is_over), events, ..Conclusion::default() }
}
