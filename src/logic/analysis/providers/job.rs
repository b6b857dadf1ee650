//! Decides the Job that measures a metric, and what its end means.
//! It never creates or deletes one.

use crate::api::names;
use crate::api::provider::job::JobMetric;
use crate::api::provider::lenient;
use crate::api::run::{Measurement, Phase};
use crate::api::write::Target;
use crate::logic::analysis::error::AnalysisError;
use crate::logic::analysis::providers::provider::{
    MetricContext, Next, Provider, ProviderAction, Received, Reply,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Longest name of a Job: Kubernetes puts it into a label.
const MOST_NAME: usize = 63;
/// Key of the Job's name in the measurement.
const NAME: &str = "job-name";
/// Key of the Job's namespace in the measurement.
const NAMESPACE: &str = "job-namespace";

/// The provider (source: metricproviders/job/job.go). It takes no Secrets, as whoever reads Jobs would read them.
pub(crate) const PROVIDER: Provider = Provider {
    word: "job",
    takes_secrets: false,
    metadata: |_| BTreeMap::new(),
    unsupported: |_| None,
    validate: |_| Ok(()),
    start,
    resume,
    stop,
    read,
};

fn start(context: &MetricContext<'_>, _: &mut Measurement) -> Result<Next, AnalysisError> {
    Ok(Next::act(ProviderAction::Create(job(context))))
}

fn resume(context: &MetricContext<'_>, measurement: &mut Measurement) -> Result<Next, AnalysisError> {
    // A Job that we do not see may be just made: it is waited for.
    let state = context.view.jobs.get(name_of(measurement)?);
    measurement.phase = state.and_then(|s| s.end).unwrap_or(Phase::Running);
    Ok(Next::Rest)
}

fn stop(context: &MetricContext<'_>, measurement: &mut Measurement) -> Result<Next, AnalysisError> {
    let name = name_of(measurement)?;
    let Some(state) = context.view.jobs.get(name) else {
        measurement.phase = Phase::Successful;
        return Ok(Next::Rest);
    };
    if let Some(end) = state.end {
        measurement.phase = end;
        return Ok(Next::Rest);
    }
    let target = Target::new("batch/v1", "Job", &state.namespace, name);
    Ok(Next::act(ProviderAction::Delete(target, state.uid.clone())))
}

fn name_of(measurement: &Measurement) -> Result<&str, AnalysisError> {
    let name = measurement.metadata.get(NAME).map(String::as_str);
    name.ok_or(AnalysisError::Lost("job metadata reference missing".into()))
}

fn read(
    _: &MetricContext<'_>,
    measurement: &mut Measurement,
    received: Received<'_>,
) -> Result<Next, AnalysisError> {
    match (received.action, received.reply) {
        (ProviderAction::Create(job), Reply::Done) => {
            let text = |p: &str| job.pointer(p).and_then(Value::as_str).unwrap_or_default().to_owned();
            measurement.phase = Phase::Running;
            measurement.metadata.insert(NAME.to_owned(), text("/metadata/name"));
            measurement.metadata.insert(NAMESPACE.to_owned(), text("/metadata/namespace"));
        }
        (ProviderAction::Delete(..), Reply::Done) => {
            measurement.phase = Phase::Successful;
            measurement.message = "Metric Terminated".to_owned();
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
        "apiVersion": "batch/v1",
        "kind": "Job",
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
        "spec": settings.spec.unwrap_or_else(|| json!({})),
    })
}
