//! Decides the Job that measures a metric, and what its end means.
//! It never creates or deletes one.

use crate::api::names;
use crate::api::provider::job::JobMetric;
use crate::api::provider::lenient;
use crate::api::run::{Measurement, MetricResult, Phase};
use crate::api::time::Time;
use crate::api::write::{Target, Write};
use crate::base::json::{at, list, text};
use crate::logic::analysis::error::AnalysisError;
use crate::logic::analysis::providers::provider::{
    MetricContext, Next, Provider, ProviderAction, Received, Reply,
};
use crate::logic::analysis::view::{JobState, RunView};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Longest name of a Job: Kubernetes puts it into a label.
const MOST_NAME: usize = 63;
/// Key of the Job's name in the measurement.
const NAME: &str = "job-name";
/// Key of the Job's namespace in the measurement.
const NAMESPACE: &str = "job-namespace";
const VERSION: &str = "batch/v1";
const KIND: &str = "Job";

/// Seconds at least until a Job is looked at again that nobody tells us of.
const LEAST_WAIT: i64 = 1;

/// The provider (source: metricproviders/job/job.go).
pub(crate) const PROVIDER: Provider = Provider {
    word: "job",
    metadata: |_| BTreeMap::new(),
    unsupported: |_| None,
    validate: |_| Ok(()),
    start,
    resume,
    stop,
    garbage,
    read,
};

fn start(context: &MetricContext<'_>, _: &mut Measurement) -> Result<Next, AnalysisError> {
    Ok(Next::act(ProviderAction::Create(job(context))))
}

fn resume(context: &MetricContext<'_>, measurement: &mut Measurement) -> Result<Next, AnalysisError> {
    measurement.resume_at = None;
    let target = target(context, measurement)?;
    let Some(state) = context.view.jobs.get(&target.name) else {
        // It may be gone, or so new that we have not heard of it.
        return Ok(Next::act(ProviderAction::Read(target)));
    };
    match (state.end, &state.stuck) {
        (Some(end), _) => measurement.phase = end,
        (None, Some(why)) => {
            measurement.phase = Phase::Inconclusive;
            measurement.message.clone_from(why);
        }
        (None, None) => measurement.phase = Phase::Running,
    }
    Ok(Next::Rest)
}

fn stop(context: &MetricContext<'_>, measurement: &mut Measurement) -> Result<Next, AnalysisError> {
    let target = target(context, measurement)?;
    let state = context.view.jobs.get(&target.name);
    if let Some(end) = state.and_then(|s| s.end) {
        measurement.phase = end;
        return Ok(Next::Rest);
    }
    let uid = state.map(|s| s.uid.clone()).unwrap_or_default();
    Ok(Next::act(ProviderAction::Delete(target, uid)))
}

/// The Jobs of measurements older than the oldest that is kept (source: metricproviders/job/job.go, `GarbageCollect`,
/// which counts the Jobs of all metrics together and may so delete one that runs).
fn garbage(view: &RunView, result: &MetricResult) -> Vec<Write> {
    let names = result.measurements.iter().filter_map(|m| m.metadata.get(NAME));
    let Some(oldest) = names.filter_map(|name| number(name)).min() else { return Vec::new() };
    let is_old = |(name, job): &(&String, &JobState)| {
        job.metric == result.name && !job.is_going && number(name).is_some_and(|n| n < oldest)
    };
    let delete = |(name, job): (&String, &JobState)| Write::Delete {
        target: Target::new(VERSION, KIND, &job.namespace, name),
        uid: job.uid.clone(),
        expect: None,
        foreground: true,
    };
    view.jobs.iter().filter(is_old).map(delete).collect()
}

/// The number of the measurement that a Job's name ends with.
fn number(name: &str) -> Option<u64> {
    name.rsplit('.').next()?.parse().ok()
}

/// How the Job with this status ended; none while it runs.
#[must_use]
pub(crate) fn end(status: &Value) -> Option<Phase> {
    list(status, "/conditions").iter().find_map(|c| match (text(c, "/type"), text(c, "/status")) {
        ("Complete", "True") => Some(Phase::Successful),
        ("Failed", "True") => Some(Phase::Failed),
        _ => None,
    })
}

/// The Job of a measurement.
fn target(context: &MetricContext<'_>, measurement: &Measurement) -> Result<Target, AnalysisError> {
    let noted = |key: &str| measurement.metadata.get(key).map(String::as_str).filter(|t| !t.is_empty());
    let name = noted(NAME).ok_or(AnalysisError::Lost("job metadata reference missing".into()))?;
    let namespace = noted(NAMESPACE).unwrap_or(&context.view.run.metadata.namespace);
    Ok(Target::new(VERSION, KIND, namespace, name))
}

fn read(
    context: &MetricContext<'_>,
    measurement: &mut Measurement,
    received: Received<'_>,
) -> Result<Next, AnalysisError> {
    match (received.action, received.reply) {
        (ProviderAction::Create(job), Reply::Done) => {
            measurement.phase = Phase::Running;
            measurement.metadata.insert(NAME.to_owned(), text(job, "/metadata/name").to_owned());
            measurement.metadata.insert(NAMESPACE.to_owned(), text(job, "/metadata/namespace").to_owned());
        }
        (ProviderAction::Delete(..), Reply::Done) => {
            measurement.phase = Phase::Inconclusive;
            measurement.message = "Metric Terminated".to_owned();
        }
        (ProviderAction::Read(target), Reply::Found(None)) => {
            return Err(AnalysisError::Lost(format!("job.batch \"{}\" not found", target.name).into()));
        }
        (ProviderAction::Read(_), Reply::Found(Some(job))) => {
            measurement.phase = end(at(&job, "/status").unwrap_or(&Value::Null)).unwrap_or(Phase::Running);
            // Nothing tells of it where Jobs cannot be watched.
            let began = measurement.started_at.map_or(context.now, Time::at);
            let elapsed = context.now.duration_since(began).as_secs();
            let wait = elapsed.saturating_mul(2).isqrt().max(LEAST_WAIT);
            measurement.resume_at = Some(Time::of(Time::of(context.now).plus_seconds(wait)));
        }
        _ => return Err(AnalysisError::Unfitting),
    }
    Ok(Next::Rest)
}

/// The Job that measures the metric this time (source: metricproviders/job/job.go, `newMetricJob`).
fn job(context: &MetricContext<'_>) -> Value {
    let settings: JobMetric = lenient::settings(context.settings);
    let (metric, run) = (context.metric, &context.view.run);
    let (mut labels, mut annotations) = (settings.metadata.labels, settings.metadata.annotations);
    let meta = &run.metadata;
    labels.insert(names::JOB_RUN_UID.to_owned(), meta.uid.clone());
    annotations.insert(names::JOB_RUN_NAME.to_owned(), meta.name.clone());
    annotations.insert(names::JOB_RUN_NAMESPACE.to_owned(), meta.namespace.clone());
    annotations.insert(names::JOB_METRIC.to_owned(), metric.name.clone());
    // All measurements ever taken, and this one: so no name is used twice, and a repeated pass finds its Job.
    let number = run.status.result(&metric.name).map_or(1, |r| r.count + r.error + 1);
    let tail = format!(".{number}");
    let room = MOST_NAME.saturating_sub(meta.uid.len() + 1 + tail.len());
    let short: String = metric.name.chars().take(room).collect();
    json!({
        "apiVersion": VERSION,
        "kind": KIND,
        "metadata": {
            "name": format!("{}.{short}{tail}", meta.uid),
            "namespace": meta.namespace,
            "labels": labels,
            "annotations": annotations,
            "ownerReferences": [{
                "apiVersion": names::ARGO, "kind": "AnalysisRun", "name": meta.name, "uid": meta.uid,
                "controller": true, "blockOwnerDeletion": true,
            }],
        },
        "spec": spec(settings.spec, &meta.uid),
    })
}

/// The Job's specification, with a label by which its pods are found.
fn spec(written: Option<Value>, uid: &str) -> Value {
    let mut spec = written.filter(Value::is_object).unwrap_or_else(|| json!({}));
    let mut here = &mut spec;
    for word in ["template", "metadata", "labels"] {
        let Some(map) = here.as_object_mut() else { return spec };
        let next = map.entry(word).or_insert_with(|| json!({}));
        if next.is_null() {
            *next = json!({});
        }
        here = next;
    }
    if let Some(labels) = here.as_object_mut() {
        labels.insert(names::JOB_RUN_UID.to_owned(), uid.into());
    }
    spec
}
