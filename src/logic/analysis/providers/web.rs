//! Decides how any server is asked over HTTP, and which value of its answer counts.
//! It never sends a request.

use crate::api::provider::header::pairs;
use crate::api::provider::lenient;
use crate::api::provider::web::WebMetric;
use crate::api::run::{Measurement, Phase};
use crate::api::sample::{Question, Sample};
use crate::base::jsonpath;
use crate::logic::analysis::condition;
use crate::logic::analysis::error::AnalysisError;
use crate::logic::analysis::providers::provider::{
    MetricContext, Next, Provider, ProviderAction, Received, Reply,
};
use serde_json::Value;
use std::collections::BTreeMap;

/// Seconds to wait for an answer when the metric does not say.
const TIMEOUT: u64 = 10;

/// The provider (source: metricproviders/webmetric/webmetric.go). A measurement takes one question, so one that is
/// under way was begun by another program: it is asked anew.
pub(crate) const PROVIDER: Provider = Provider {
    word: "web",
    takes_secrets: true,
    metadata: |_| BTreeMap::new(),
    validate,
    start: ask,
    resume: ask,
    stop: ask,
    read,
};

fn method(settings: &WebMetric) -> &str {
    if settings.method.is_empty() { "GET" } else { &settings.method }
}

fn validate(context: &MetricContext<'_>) -> Result<(), AnalysisError> {
    let settings: WebMetric = lenient::settings(context.settings);
    let method = method(&settings);
    if !["GET", "POST", "PUT"].contains(&method) {
        return Err(AnalysisError::settings(format!(
            "method {method} is not supported; use GET, POST or PUT"
        )));
    }
    let (has_json, has_text) = (settings.json_body.is_some(), !settings.body.is_empty());
    if has_json && has_text {
        return Err(AnalysisError::settings("use either body or jsonBody, not both"));
    }
    if (has_json || has_text) && method == "GET" {
        return Err(AnalysisError::settings("body and jsonBody need the method POST or PUT"));
    }
    if settings.authentication.oauth2.contains_key("tokenUrl") {
        return Err(AnalysisError::settings(
            "authentication.oauth2 is not supported by this version; use a header",
        ));
    }
    Ok(())
}

fn ask(context: &MetricContext<'_>, _: &mut Measurement) -> Result<Next, AnalysisError> {
    let settings: WebMetric = lenient::settings(context.settings);
    let method = method(&settings).to_owned();
    let mut headers = pairs(settings.headers);
    if settings.json_body.is_some() {
        headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
    }
    let plain = Some(settings.body).filter(|b| !b.is_empty());
    Ok(Next::act(ProviderAction::Ask(Question {
        method,
        url: settings.url,
        headers,
        body: settings.json_body.as_ref().map(Value::to_string).or(plain),
        timeout_seconds: if settings.timeout_seconds > 0 { settings.timeout_seconds } else { TIMEOUT },
        insecure: settings.insecure,
    })))
}

/// An answer that is no JSON is a success (source: metricproviders/webmetric/webmetric.go, `parseResponse`).
fn read(
    context: &MetricContext<'_>,
    measurement: &mut Measurement,
    received: Received<'_>,
) -> Result<Next, AnalysisError> {
    let Reply::Answered(answer) = received.reply else { return Err(AnalysisError::Unfitting) };
    if !(200..300).contains(&answer.status) {
        return Err(AnalysisError::Status(answer.status));
    }
    let Ok(body) = serde_json::from_slice::<Value>(&answer.body) else {
        measurement.phase = Phase::Successful;
        measurement.value = String::from_utf8_lossy(&answer.body).into_owned();
        return Ok(Next::Rest);
    };
    let shown = context.metric.provider.named().map(|(_, settings)| lenient::settings::<WebMetric>(settings));
    let path = shown.map(|s| s.json_path).filter(|p| !p.is_empty()).unwrap_or_else(|| "{$}".to_owned());
    let first = jsonpath::find(&body, &path)?.into_iter().next();
    let value = first.ok_or(AnalysisError::answer("result of web metric produced no value"))?;
    condition::apply(measurement, context.metric, &Sample::Json(value), context.now)?;
    Ok(Next::Rest)
}
