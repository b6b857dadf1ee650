//! Decides what a run does now: which metrics to ask, which Jobs to make, what the answers amount to.
//! It never asks anybody; it names the questions and reads the answers.

use crate::api::analysis::{Metric, SecretKeyRef};
use crate::api::names;
use crate::api::run::{AnalysisRun, Measurement, MetricResult, Phase, RunState};
use crate::api::sample::{Answer, Question};
use crate::api::time::Time;
use crate::api::write::{Note, Patch, Target, Write};
use crate::base::duration;
use crate::logic::analysis::{args, judge, measure, validate};
use jiff::Timestamp;
use regex::Regex;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Measurements kept of a metric without a rule of its own.
const KEPT: usize = 10;
/// Seconds after an error until the next try.
const ERROR_RETRY: i64 = 10;

/// All facts about one run.
#[derive(Clone, Debug, Default)]
pub struct RunView {
    /// The run.
    pub run: AnalysisRun,
    /// Its Jobs, by name.
    pub jobs: BTreeMap<String, JobState>,
    /// Values of the Secrets it uses; only those that exist.
    pub secrets: BTreeMap<SecretKeyRef, String>,
    /// Whether the Secrets were read.
    pub secrets_read: bool,
    /// Address of Prometheus for metrics that name none.
    pub prometheus: Option<String>,
}

/// What is known of a Job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobState {
    /// Namespace.
    pub namespace: String,
    /// Uid.
    pub uid: String,
    /// When it was made.
    pub created: Option<Time>,
    /// `Successful`, `Failed`, or none while it runs.
    pub end: Option<Phase>,
}

/// One metric to be measured now.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// Name of the metric.
    pub metric: String,
    /// What to do.
    pub work: TaskWork,
}

/// What a measurement takes.
#[derive(Clone, Debug, PartialEq)]
pub enum TaskWork {
    /// Ask over HTTP.
    Ask(Question),
    /// Create a Job.
    CreateJob(Value),
    /// Read how a Job has ended.
    ReadJob(JobState),
    /// Stop a Job.
    StopJob(Target, String),
    /// The question itself is wrong.
    Fail(String),
}

/// What came of a task.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The provider's answer, or why there is none.
    Answered(Result<Answer, String>),
    /// The Job was made (or was there already), stopped or read; or why not.
    Done(Result<(), String>),
}

/// A task with what came of it and when it was begun and ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The task.
    pub task: Task,
    /// What came of it.
    pub outcome: Outcome,
    /// When it was begun.
    pub began: Timestamp,
    /// When it was ended.
    pub ended: Timestamp,
}

/// What is to be done before the run can be judged.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Metrics to be measured now.
    pub tasks: Vec<Task>,
    /// Secrets to be read before; the tasks are then empty.
    pub secrets: Vec<SecretKeyRef>,
}

/// What a run writes after its measurements.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Conclusion {
    /// Writes: the status, deletions.
    pub writes: Vec<Write>,
    /// When to look again.
    pub wake: Option<Timestamp>,
    /// Events.
    pub events: Vec<Note>,
}

fn dry_metrics(run: &AnalysisRun) -> Result<BTreeSet<String>, String> {
    let mut dry = BTreeSet::new();
    for rule in &run.spec.dry_run {
        let pattern = Regex::new(&rule.metric_name).map_err(|e| format!("dryRun rule: {e}"))?;
        let matched: Vec<&Metric> = run.spec.metrics.iter().filter(|m| pattern.is_match(&m.name)).collect();
        if matched.is_empty() {
            return Err(format!("dryRun metric name rule '{}' matches no metric", rule.metric_name));
        }
        for metric in matched {
            if !dry.insert(metric.name.clone()) {
                return Err(format!("two Dry-Run metric rules match the metric '{}'", metric.name));
            }
        }
    }
    Ok(dry)
}

/// The metrics with all arguments but secret ones put in, checked.
fn resolved(run: &AnalysisRun) -> Result<Vec<Metric>, String> {
    let known: Vec<_> = run.spec.args.iter().map(args::with_placeholder).collect();
    let none = BTreeMap::new();
    let metrics = run
        .spec
        .metrics
        .iter()
        .map(|m| args::resolve(m, &known, &none))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| format!("Unable to resolve metric arguments: {e}"))?;
    validate::metrics(&metrics).map_err(|e| format!("Analysis spec invalid: {e}"))?;
    Ok(metrics)
}

fn secret_refs(run: &AnalysisRun) -> Vec<SecretKeyRef> {
    let of = |a: &crate::api::analysis::Argument| a.value_from.as_ref()?.secret_key_ref.clone();
    run.spec.args.iter().filter_map(of).collect()
}

/// Decides what to measure now.
#[must_use]
pub fn plan(view: &RunView, now: Timestamp) -> Plan {
    let run = &view.run;
    if run.status.phase().is_completed() || run.metadata.deletion_timestamp.is_some() {
        return Plan::default();
    }
    let (Ok(metrics), Ok(dry)) = (resolved(run), dry_metrics(run)) else { return Plan::default() };
    let terminating = judge::is_terminating(run, &dry);
    let due: Vec<&Metric> = metrics.iter().filter(|m| is_due(run, m, terminating, now)).collect();
    let secrets = secret_refs(run);
    if !due.is_empty() && !secrets.is_empty() && !view.secrets_read {
        return Plan { tasks: Vec::new(), secrets };
    }
    let tasks = due.into_iter().map(|m| task(view, m, terminating)).collect();
    Plan { tasks, secrets: Vec::new() }
}

/// Whether a measurement of `metric` is to be begun or continued now.
fn is_due(run: &AnalysisRun, metric: &Metric, terminating: bool, now: Timestamp) -> bool {
    let result = run.status.result(&metric.name);
    if result.is_some_and(|r| r.phase.is_completed()) {
        return false;
    }
    if result.and_then(|r| r.measurements.last()).is_some_and(|l| l.finished_at.is_none()) {
        return true;
    }
    !terminating && next(run, metric).is_some_and(|at| at <= now)
}

/// When the next measurement of `metric` is due; none when it has enough, or one is under way.
fn next(run: &AnalysisRun, metric: &Metric) -> Option<Timestamp> {
    let span =
        |text: &str| duration::parse_go(text).ok().and_then(|d| jiff::SignedDuration::try_from(d).ok());
    let result = run.status.result(&metric.name);
    let Some(last) = result.and_then(|r| r.measurements.last()) else {
        if metric.initial_delay.is_empty() {
            return Some(Timestamp::MIN);
        }
        let start = run.status.started_at?.at();
        return start.checked_add(span(&metric.initial_delay)?).ok();
    };
    let finished = last.finished_at?.at();
    let count = result.map_or(0, |r| i64::from(r.count));
    if metric.effective_count().is_some_and(|n| count >= n) {
        return None;
    }
    let wait = if last.phase == Phase::Error || metric.interval.is_empty() {
        jiff::SignedDuration::from_secs(ERROR_RETRY)
    } else {
        span(&metric.interval)?
    };
    finished.checked_add(wait).ok()
}

fn task(view: &RunView, metric: &Metric, terminating: bool) -> Task {
    let run = &view.run;
    let work = match measure::provider(metric) {
        Some(("job", job)) => job_work(view, metric, job, terminating),
        _ => {
            let by_name: BTreeMap<String, String> = run
                .spec
                .args
                .iter()
                .filter_map(|a| {
                    let key = a.value_from.as_ref()?.secret_key_ref.as_ref()?;
                    Some((a.name.clone(), view.secrets.get(key)?.clone()))
                })
                .collect();
            let missing = secret_refs(run).into_iter().find(|r| !view.secrets.contains_key(r));
            match missing {
                Some(key) => TaskWork::Fail(format!(
                    "key '{}' does not exist in secret '{}'; create it in namespace {}",
                    key.key, key.name, run.metadata.namespace
                )),
                None => {
                    let original = run.spec.metrics.iter().find(|m| m.name == metric.name).unwrap_or(metric);
                    args::resolve(original, &run.spec.args, &by_name)
                        .and_then(|m| measure::question(&m, view.prometheus.as_deref()))
                        .map_or_else(TaskWork::Fail, TaskWork::Ask)
                }
            }
        }
    };
    Task { metric: metric.name.clone(), work }
}

fn job_work(view: &RunView, metric: &Metric, job: &Value, terminating: bool) -> TaskWork {
    let run = &view.run;
    let result = run.status.result(&metric.name);
    let under_way = result.and_then(|r| r.measurements.last()).filter(|l| l.finished_at.is_none());
    let Some(open) = under_way else {
        let number = result.map_or(1, |r| r.count + r.error + 1);
        return TaskWork::CreateJob(measure::job(run, metric, job, number));
    };
    let Some(name) = open.metadata.get("job-name") else {
        return TaskWork::Fail("job metadata reference missing".to_owned());
    };
    match view.jobs.get(name) {
        Some(state) if terminating && state.end.is_none() => {
            TaskWork::StopJob(Target::new("batch/v1", "Job", &state.namespace, name), state.uid.clone())
        }
        Some(state) => TaskWork::ReadJob(state.clone()),
        None if terminating => {
            TaskWork::ReadJob(JobState { end: Some(Phase::Successful), ..JobState::default() })
        }
        None => TaskWork::ReadJob(JobState::default()),
    }
}

/// Reads what came of the tasks and decides what the run writes.
#[must_use]
pub fn conclude(view: &RunView, reports: &[Report], now: Timestamp) -> Conclusion {
    let run = &view.run;
    if run.metadata.deletion_timestamp.is_some() {
        return Conclusion::default();
    }
    if run.status.phase().is_completed() {
        return outlived(run, now);
    }
    let mut after = run.clone();
    let checked = resolved(run).and_then(|metrics| Ok((metrics, dry_metrics(run)?)));
    let (metrics, dry) = match checked {
        Ok(pair) => pair,
        Err(why) => {
            after.status.phase = Some(Phase::Error);
            after.status.message = why;
            after.status.completed_at = Some(Time::of(now));
            return write(run, &after, vec![ended_note(Phase::Error)], None);
        }
    };
    after.status.started_at.get_or_insert_with(|| Time::of(now));
    let secrets: Vec<&str> = view.secrets.values().map(String::as_str).collect();
    for report in reports {
        record(&mut after, &metrics, &dry, report, &secrets);
    }
    let mut events = Vec::new();
    for _ in 0..2 {
        let verdict = judge::run(&after, &metrics, &dry);
        for (name, phase) in &verdict.ended {
            let message = format!("Metric '{name}' Completed. Result: {}", phase.word());
            events.push(note(*phase, &format!("Metric{}", phase.word()), message));
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
            events.push(ended_note(verdict.phase));
            break;
        }
    }
    trim(&mut after, &metrics);
    let open_work = !plan(&RunView { run: after.clone(), ..view.clone() }, now).tasks.is_empty();
    let stopping = judge::is_terminating(&after, &dry) && !after.status.phase().is_completed();
    let wake = if stopping && open_work && reports.is_empty() {
        Some(now)
    } else {
        metrics.iter().filter(|m| !is_ended(&after, &m.name)).filter_map(|m| next(&after, m)).min()
    };
    write(run, &after, events, wake)
}

fn is_ended(run: &AnalysisRun, name: &str) -> bool {
    run.status.result(name).is_some_and(|r| r.phase.is_completed())
}

fn note(phase: Phase, reason: &str, message: String) -> Note {
    match phase {
        Phase::Error | Phase::Failed => Note::warning(reason, message),
        _ => Note::normal(reason, message),
    }
}

fn ended_note(phase: Phase) -> Note {
    let message = format!("Analysis Completed. Result: {}", phase.word());
    note(phase, &format!("AnalysisRun{}", phase.word()), message)
}

/// Puts one report into the results.
fn record(
    run: &mut AnalysisRun,
    metrics: &[Metric],
    dry: &BTreeSet<String>,
    report: &Report,
    secrets: &[&str],
) {
    let name = &report.task.metric;
    let Some(metric) = metrics.iter().find(|m| m.name == *name) else { return };
    let results = &mut run.status.metric_results;
    if !results.iter().any(|r| r.name == *name) {
        results.push(MetricResult {
            name: name.clone(),
            phase: Phase::Running,
            dry_run: dry.contains(name),
            metadata: measure::metadata(metric),
            ..MetricResult::default()
        });
    }
    let Some(result) = results.iter_mut().find(|r| r.name == *name) else { return };
    let open = result.measurements.last().is_some_and(|l| l.finished_at.is_none());
    let mut measurement = if open { result.measurements.pop() } else { None }.unwrap_or_else(|| {
        Measurement { started_at: Some(Time::of(report.began)), ..Measurement::default() }
    });
    measure::read(&mut measurement, metric, report);
    for secret in secrets.iter().filter(|s| !s.is_empty()) {
        measurement.message = measurement.message.replace(secret, "*****");
        measurement.value = measurement.value.replace(secret, "*****");
    }
    if measurement.phase.is_completed() {
        measurement.finished_at.get_or_insert_with(|| Time::of(report.ended));
        count(result, measurement.phase);
    }
    result.measurements.push(measurement);
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

/// Drops the oldest measurements beyond what is kept.
fn trim(run: &mut AnalysisRun, metrics: &[Metric]) {
    let rules = run.spec.measurement_retention.clone();
    for result in &mut run.status.metric_results {
        if !metrics.iter().any(|m| m.name == result.name) {
            continue;
        }
        let rule = rules.iter().find(|r| Regex::new(&r.metric_name).is_ok_and(|p| p.is_match(&result.name)));
        let limit = rule.filter(|r| r.limit > 0).and_then(|r| usize::try_from(r.limit).ok()).unwrap_or(KEPT);
        let excess = result.measurements.len().saturating_sub(limit);
        result.measurements.drain(..excess);
    }
}

/// Deletes a finished run when its time has come.
fn outlived(run: &AnalysisRun, now: Timestamp) -> Conclusion {
    let Some(ttl) = &run.spec.ttl_strategy else { return Conclusion::default() };
    let by_end = match run.status.phase() {
        Phase::Successful => ttl.seconds_after_success,
        Phase::Failed => ttl.seconds_after_failure,
        _ => None,
    };
    let (Some(seconds), Some(ended)) = (by_end.or(ttl.seconds_after_completion), run.status.completed_at)
    else {
        return Conclusion::default();
    };
    let at = ended.plus_seconds(i64::from(seconds));
    if at > now {
        return Conclusion { wake: Some(at), ..Conclusion::default() };
    }
    let target = target(run);
    let uid = run.metadata.uid.clone();
    let delete = Write::Delete { target, uid, expect: None, foreground: false };
    Conclusion { writes: vec![delete], ..Conclusion::default() }
}

fn target(run: &AnalysisRun) -> Target {
    Target::new(names::ARGO, "AnalysisRun", &run.metadata.namespace, &run.metadata.name)
}

fn write(
    before: &AnalysisRun,
    after: &AnalysisRun,
    events: Vec<Note>,
    wake: Option<Timestamp>,
) -> Conclusion {
    let json_of = |state: &RunState| serde_json::to_value(state).unwrap_or_default();
    let diff = crate::merge::json::diff(&json_of(&before.status), &json_of(&after.status));
    let mut writes = Vec::new();
    if diff.as_object().is_some_and(|m| !m.is_empty()) {
        writes.push(Write::Patch {
            target: target(before),
            subresource: "",
            patch: Patch::Merge(json!({"status": diff})),
            expect: Some(before.metadata.resource_version.clone()).filter(|v| !v.is_empty()),
        });
    }
    Conclusion { writes, wake: wake.filter(|_| !after.status.phase().is_completed()), events }
}
