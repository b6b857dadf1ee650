//! Decides what to ask a provider about a metric, and what its answer means under the metric's conditions.
//! It never sends a question.

use crate::api::analysis::Metric;
use crate::api::names;
use crate::api::run::{AnalysisRun, Measurement, Phase};
use crate::api::sample::{Answer, Question, Sample};
use crate::base::expr::{self, Env, Program};
use crate::base::jsonpath;
use crate::logic::analysis::decide::{Outcome, Report, TaskWork};
use crate::logic::analysis::prometheus;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Longest name of a Job.
const MOST_NAME: usize = 63;

/// The provider of a metric: its word and its settings.
#[must_use]
pub fn provider(metric: &Metric) -> Option<(&str, &Value)> {
    metric.provider.as_object()?.iter().find(|(_, v)| !v.is_null()).map(|(k, v)| (k.as_str(), v))
}

/// The question to ask for `metric`, whose arguments are put in.
///
/// # Errors
/// Settings that make no question, or a provider this version does not know.
pub fn question(metric: &Metric, prometheus: Option<&str>) -> Result<Question, String> {
    match provider(metric) {
        Some(("prometheus", settings)) => prometheus::question(settings, prometheus),
        Some(("web", settings)) => web_question(settings),
        Some((other, _)) => {
            Err(format!("provider \"{other}\" is not supported by this version; use prometheus, web or job"))
        }
        None => Err("no provider specified".to_owned()),
    }
}

/// Headers of a question, as providers write them.
#[must_use]
pub fn headers(settings: &Value) -> Vec<(String, String)> {
    let text = |h: &Value, k: &str| h.get(k).and_then(Value::as_str).unwrap_or_default().to_owned();
    let list = settings.get("headers").and_then(Value::as_array);
    list.into_iter().flatten().map(|h| (text(h, "key"), text(h, "value"))).collect()
}

fn web_question(settings: &Value) -> Result<Question, String> {
    let text = |key: &str| settings.get(key).and_then(Value::as_str).unwrap_or_default();
    let method = if text("method").is_empty() { "GET" } else { text("method") };
    if !["GET", "POST", "PUT"].contains(&method) {
        return Err(format!("method {method} is not supported; use GET, POST or PUT"));
    }
    let json_body = settings.get("jsonBody").filter(|b| !b.is_null());
    let plain = Some(text("body").to_owned()).filter(|b| !b.is_empty());
    if json_body.is_some() && plain.is_some() {
        return Err("use either body or jsonBody, not both".to_owned());
    }
    if (json_body.is_some() || plain.is_some()) && method == "GET" {
        return Err("body and jsonBody need the method POST or PUT".to_owned());
    }
    if settings.pointer("/authentication/oauth2/tokenUrl").is_some() {
        return Err("authentication.oauth2 is not supported by this version; use a header".to_owned());
    }
    let mut headers = headers(settings);
    if json_body.is_some() {
        headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
    }
    let timeout = settings.get("timeoutSeconds").and_then(Value::as_u64).filter(|n| *n > 0).unwrap_or(10);
    Ok(Question {
        method: method.to_owned(),
        url: text("url").to_owned(),
        headers,
        body: json_body.map(Value::to_string).or(plain),
        timeout_seconds: timeout,
        insecure: settings.get("insecure").and_then(Value::as_bool).unwrap_or(false),
    })
}

/// The Job that measures `metric` for the `number`th time.
#[must_use]
pub fn job(run: &AnalysisRun, metric: &Metric, settings: &Value, number: i32) -> Value {
    let strings = |path: &str| -> BTreeMap<String, String> {
        settings.pointer(path).and_then(|v| serde_json::from_value(v.clone()).ok()).unwrap_or_default()
    };
    let (mut labels, mut annotations) = (strings("/metadata/labels"), strings("/metadata/annotations"));
    let meta = &run.metadata;
    labels.insert(names::JOB_RUN_UID.to_owned(), meta.uid.clone());
    annotations.insert(names::JOB_RUN_NAME.to_owned(), meta.name.clone());
    annotations.insert(names::JOB_RUN_NAMESPACE.to_owned(), meta.namespace.clone());
    annotations.insert(names::JOB_METRIC.to_owned(), metric.name.clone());
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
        "spec": settings.get("spec").cloned().unwrap_or_else(|| json!({})),
    })
}

/// Facts about the metric that its result keeps: what was asked, with the arguments put in but those from Secrets.
#[must_use]
pub fn metadata(resolved: &Metric) -> BTreeMap<String, String> {
    let Some(("prometheus", settings)) = provider(resolved) else { return BTreeMap::new() };
    let query = settings.get("query").and_then(Value::as_str).filter(|q| !q.is_empty());
    query.map(|q| ("ResolvedPrometheusQuery".to_owned(), q.to_owned())).into_iter().collect()
}

/// Reads what came of a task into the measurement.
pub fn read(measurement: &mut Measurement, metric: &Metric, report: &Report) {
    let mut fail = |why: String| {
        measurement.phase = Phase::Error;
        measurement.message = why;
    };
    match (&report.task.work, &report.outcome) {
        (TaskWork::Fail(why), _) => fail(why.clone()),
        (_, Outcome::Answered(Err(why)) | Outcome::Done(Err(why))) => fail(why.clone()),
        (TaskWork::CreateJob(job), Outcome::Done(Ok(()))) => {
            let text = |p: &str| job.pointer(p).and_then(Value::as_str).unwrap_or_default().to_owned();
            measurement.phase = Phase::Running;
            measurement.metadata.insert("job-name".to_owned(), text("/metadata/name"));
            measurement.metadata.insert("job-namespace".to_owned(), text("/metadata/namespace"));
        }
        (TaskWork::ReadJob(state), Outcome::Done(Ok(()))) => {
            measurement.phase = state.end.unwrap_or(Phase::Running);
        }
        (TaskWork::StopJob(..), Outcome::Done(Ok(()))) => {
            measurement.phase = Phase::Successful;
            measurement.message = "Metric Terminated".to_owned();
        }
        (_, Outcome::Answered(Ok(answer))) => match sample(metric, answer) {
            Ok(Some(sample)) => {
                measurement.value = sample.text();
                match assess(metric, &sample, report.ended) {
                    Ok(phase) => measurement.phase = phase,
                    Err(why) => fail(why),
                }
            }
            Ok(None) => {
                measurement.phase = Phase::Successful;
                measurement.value = String::from_utf8_lossy(&answer.body).into_owned();
            }
            Err(why) => fail(why),
        },
        _ => fail("the provider's answer does not fit the question; report this".to_owned()),
    }
}

/// What the answer says; none when a web answer is no JSON, which counts as success.
fn sample(metric: &Metric, answer: &Answer) -> Result<Option<Sample>, String> {
    let Some((word, settings)) = provider(metric) else { return Err("no provider specified".to_owned()) };
    if word == "prometheus" {
        return prometheus::sample(answer).map(Some);
    }
    if !(200..300).contains(&answer.status) {
        return Err(format!("received non 2xx response code: {}", answer.status));
    }
    let Ok(body) = serde_json::from_slice::<Value>(&answer.body) else { return Ok(None) };
    let path = settings.get("jsonPath").and_then(Value::as_str).filter(|p| !p.is_empty()).unwrap_or("{$}");
    let found = jsonpath::find(&body, path).map_err(|e| format!("Could not find JSONPath in body: {e}"))?;
    let first = found.into_iter().next().ok_or("result of web metric produced no value")?;
    Ok(Some(Sample::Json(first)))
}

/// The sample as conditions see it.
fn operand(sample: &Sample) -> expr::Value {
    match sample {
        Sample::Scalar(n) => expr::Value::Float(*n),
        Sample::Series(all) => expr::Value::floats(all),
        Sample::Json(value) => expr::Value::from(value),
    }
}

/// The phase that the metric's conditions give to `sample` (source: `EvaluateResult`).
///
/// # Errors
/// A condition that does not compile or cannot be evaluated on this sample.
pub fn assess(metric: &Metric, sample: &Sample, now: Timestamp) -> Result<Phase, String> {
    let holds = |condition: &str| -> Result<Option<bool>, String> {
        if condition.is_empty() {
            return Ok(None);
        }
        let program = Program::compile(condition).map_err(|e| e.message().to_owned())?;
        program.eval_bool(&Env::new(operand(sample), now)).map(Some).map_err(|e| e.message().to_owned())
    };
    let good = holds(&metric.success_condition)?;
    let bad = holds(&metric.failure_condition)?;
    Ok(match (good, bad) {
        (None, None) | (_, Some(false)) if good != Some(false) => Phase::Successful,
        (_, Some(true)) | (Some(false), None) => Phase::Failed,
        (Some(true), None) => Phase::Successful,
        _ => Phase::Inconclusive,
    })
}
