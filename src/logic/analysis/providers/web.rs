//! Decides how any server is asked over HTTP, and which value of its answer counts.
//! It never sends a request.

use crate::api::provider::header::asked;
use crate::api::provider::lenient;
use crate::api::provider::web::WebMetric;
use crate::api::run::Measurement;
use crate::api::sample::{Question, QuestionHeader, Sample};
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
/// The path of the whole answer.
const WHOLE: &str = "{$}";

/// The provider (source: metricproviders/webmetric/webmetric.go). A measurement takes one question, so one that is
/// under way was begun by another program: it is asked anew.
pub(crate) const PROVIDER: Provider = Provider {
    word: "web",
    metadata: |_| BTreeMap::new(),
    unsupported,
    validate,
    start: ask,
    resume: ask,
    stop: ask,
    garbage: |_, _| Vec::new(),
    read,
};

fn unsupported(settings: &Value) -> Option<&'static str> {
    let settings: WebMetric = lenient::settings(settings);
    settings.authentication.fetches_token().then_some("authentication.oauth2")
}

fn method(settings: &WebMetric) -> &str {
    if settings.method.is_empty() { "GET" } else { &settings.method }
}

fn validate(context: &MetricContext<'_>) -> Result<(), AnalysisError> {
    let settings: WebMetric = lenient::settings(context.settings);
    let method = method(&settings);
    let (has_json, has_text) = (settings.json_body.is_some(), !settings.body.is_empty());
    if has_json && has_text {
        return Err(AnalysisError::settings("use either body or jsonBody, not both"));
    }
    if (has_json || has_text) && method == "GET" {
        return Err(AnalysisError::settings("body and jsonBody need the method POST or PUT"));
    }
    Ok(())
}

fn ask(context: &MetricContext<'_>, _: &mut Measurement) -> Result<Next, AnalysisError> {
    let settings: WebMetric = lenient::settings(context.settings);
    let shown: WebMetric = context.shown();
    let method = method(&settings).to_owned();
    let (body, secret_body) = (body(&settings), body(&settings) != body(&shown));
    let mut headers = asked(settings.headers, &shown.headers);
    if settings.json_body.is_some() {
        let (name, value) = ("Content-Type".to_owned(), "application/json".to_owned());
        headers.push(QuestionHeader { name, value, is_secret: false });
    }
    Ok(Next::act(ProviderAction::Ask(Question {
        method,
        url: settings.url,
        headers,
        body,
        secret_body,
        timeout_seconds: if settings.timeout_seconds > 0 { settings.timeout_seconds } else { TIMEOUT },
        insecure: settings.insecure,
    })))
}

fn body(settings: &WebMetric) -> Option<String> {
    let plain = Some(&settings.body).filter(|b| !b.is_empty()).cloned();
    settings.json_body.as_ref().map(Value::to_string).or(plain)
}

/// An answer that is no JSON is judged as the text it is (source: metricproviders/webmetric/webmetric.go,
/// `parseResponse`).
fn read(
    context: &MetricContext<'_>,
    measurement: &mut Measurement,
    received: Received<'_>,
) -> Result<Next, AnalysisError> {
    let Reply::Answered(answer) = received.reply else { return Err(AnalysisError::Unfitting) };
    if !(200..300).contains(&answer.status) {
        return Err(AnalysisError::Status(answer.status));
    }
    let path = Some(context.shown::<WebMetric>().json_path).filter(|p| !p.is_empty());
    let path = path.unwrap_or_else(|| WHOLE.to_owned());
    let sample = match serde_json::from_slice::<Value>(&answer.body) {
        Ok(body) => {
            let first = jsonpath::find(&body, &path)?.into_iter().next();
            Sample::Json(first.ok_or(AnalysisError::answer("result of web metric produced no value"))?)
        }
        Err(_) if path == WHOLE => Sample::Text(String::from_utf8_lossy(&answer.body).into_owned()),
        Err(_) => return Err(AnalysisError::NoJson { path }),
    };
    condition::apply(measurement, context.metric, &sample, context.now)?;
    Ok(Next::Rest)
}
