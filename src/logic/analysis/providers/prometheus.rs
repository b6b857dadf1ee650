//! Decides how Prometheus is asked and what its answers mean.
//! It never sends a request.

use crate::api::provider::header::asked;
use crate::api::provider::lenient;
use crate::api::provider::prometheus::PrometheusMetric;
use crate::api::run::Measurement;
use crate::api::sample::{Answer, Question, QuestionHeader, Sample};
use crate::base::percent::encode;
use crate::logic::analysis::condition;
use crate::logic::analysis::error::AnalysisError;
use crate::logic::analysis::providers::provider::{
    MetricContext, Next, Provider, ProviderAction, Received, Reply,
};
use serde_json::Value;
use std::collections::BTreeMap;

/// Seconds to wait for an answer when the metric does not say.
const TIMEOUT: u64 = 30;
/// What is in the address of every Prometheus that Amazon runs.
const AMAZON: &str = "aps-workspaces";

/// The provider (source: metricproviders/prometheus/prometheus.go). A measurement takes one question, so one that
/// is under way was begun by another program: it is asked anew.
pub(crate) const PROVIDER: Provider = Provider {
    word: "prometheus",
    metadata,
    unsupported,
    validate,
    start: ask,
    resume: ask,
    stop: ask,
    garbage: |_, _| Vec::new(),
    read,
};

/// The query that is asked (source: metricproviders/prometheus/prometheus.go, `GetMetadata`).
fn metadata(settings: &Value) -> BTreeMap<String, String> {
    let query = lenient::settings::<PrometheusMetric>(settings).query;
    let shown = Some(query).filter(|q| !q.is_empty());
    shown.map(|q| ("ResolvedPrometheusQuery".to_owned(), q)).into_iter().collect()
}

/// Argo Rollouts signs only what it asks Amazon's own service (source: metricproviders/prometheus/prometheus.go,
/// `NewPrometheusAPI`); without an address of its own, a metric with a signature means that one.
fn unsupported(settings: &Value) -> Option<&'static str> {
    let settings: PrometheusMetric = lenient::settings(settings);
    let (own, address) = (&settings.authentication, settings.address.as_str());
    let is_amazons = address.is_empty() || address.contains(AMAZON);
    let all = [
        ("rangeQuery", settings.range_query.is_some()),
        ("authentication.oauth2", own.fetches_token()),
        ("authentication.sigv4", own.signs() && is_amazons),
        ("authentication.basicAuth", own.has_password()),
    ];
    all.into_iter().find(|(_, is_set)| *is_set).map(|(field, _)| field)
}

/// The address to ask, from the metric or the controller.
fn address<'a>(settings: &'a PrometheusMetric, context: &'a MetricContext<'_>) -> Option<&'a str> {
    let own = Some(settings.address.as_str()).filter(|a| !a.is_empty());
    own.or(context.view.defaults.prometheus_address.as_deref())
}

fn validate(context: &MetricContext<'_>) -> Result<(), AnalysisError> {
    let settings: PrometheusMetric = lenient::settings(context.settings);
    let address = address(&settings, context).ok_or(AnalysisError::settings(
        "prometheus address is not configured; set provider.prometheus.address or --prometheus-address",
    ))?;
    let is_url = address.split_once("://").is_some_and(|(s, rest)| !s.is_empty() && !rest.is_empty());
    if !is_url {
        let why = format!("prometheus address {address:?} is no URL; write it like http://host:9090");
        return Err(AnalysisError::settings(why));
    }
    if settings.timeout.is_some_and(|n| n < 0) {
        return Err(AnalysisError::settings("prometheus timeout should not be negative"));
    }
    Ok(())
}

fn ask(context: &MetricContext<'_>, _: &mut Measurement) -> Result<Next, AnalysisError> {
    let settings: PrometheusMetric = lenient::settings(context.settings);
    let address = address(&settings, context).unwrap_or_default();
    let url = format!("{}/api/v1/query", address.trim_end_matches('/'));
    let body = format!("query={}", form_encode(&settings.query));
    let shown: PrometheusMetric = context.shown();
    let mut headers = asked(settings.headers, &shown.headers);
    let (name, value) = ("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned());
    headers.push(QuestionHeader { name, value, is_secret: false });
    let timeout = settings.timeout.and_then(|n| u64::try_from(n).ok()).filter(|n| *n > 0);
    Ok(Next::act(ProviderAction::Ask(Question {
        method: "POST".to_owned(),
        url,
        headers,
        body: Some(body),
        secret_body: settings.query != shown.query,
        timeout_seconds: timeout.unwrap_or(TIMEOUT),
        insecure: settings.insecure,
    })))
}

/// `text` as a form holds it, where a space is a plus.
fn form_encode(text: &str) -> String {
    encode(text).replace("%20", "+")
}

fn read(
    context: &MetricContext<'_>,
    measurement: &mut Measurement,
    received: Received<'_>,
) -> Result<Next, AnalysisError> {
    let Reply::Answered(answer) = received.reply else { return Err(AnalysisError::Unfitting) };
    condition::apply(measurement, context.metric, &sample(&answer)?, context.now)?;
    Ok(Next::Rest)
}

/// What Prometheus answered (source: metricproviders/prometheus/prometheus.go, `processResponse`).
fn sample(answer: &Answer) -> Result<Sample, AnalysisError> {
    let body: Value = serde_json::from_slice(&answer.body).map_err(|_| {
        let status = answer.status;
        AnalysisError::answer(format!(
            "the answer with status {status} is not Prometheus'; check the address"
        ))
    })?;
    let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default();
    if text("status") != "success" {
        let kind = if text("errorType").is_empty() { "server_error" } else { text("errorType") };
        let why =
            if text("error").is_empty() { format!("status {}", answer.status) } else { text("error").into() };
        return Err(AnalysisError::answer(format!("{kind}: {why}")));
    }
    let result = body.pointer("/data/result");
    let series = |values: Vec<&Value>| -> Result<Sample, AnalysisError> {
        values.into_iter().map(value_of).collect::<Result<_, _>>().map(Sample::Series)
    };
    let all = result.and_then(Value::as_array).into_iter().flatten();
    match body.pointer("/data/resultType").and_then(Value::as_str) {
        Some("scalar") => {
            let pair = result.ok_or(AnalysisError::answer("empty answer"))?;
            value_of(pair).map(Sample::Scalar)
        }
        Some("vector") => series(all.filter_map(|s| s.get("value")).collect()),
        Some("matrix") => {
            series(all.filter_map(|s| s.get("values").and_then(Value::as_array)).flatten().collect())
        }
        _ => Err(AnalysisError::answer("Prometheus metric type not supported")),
    }
}

/// The number in a pair of moment and text.
fn value_of(pair: &Value) -> Result<f64, AnalysisError> {
    let text = pair.get(1).and_then(Value::as_str).unwrap_or_default();
    number(text).ok_or_else(|| AnalysisError::answer(format!("{text:?} is no number")))
}

fn number(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "+Inf" | "Inf" => Some(f64::INFINITY),
        "-Inf" => Some(f64::NEG_INFINITY),
        other => other.parse().ok(),
    }
}
