//! Decides how Prometheus is asked and what its answers mean.
//! It never sends a request.

use crate::api::sample::{Answer, Question, Sample};
use crate::logic::analysis::measure;
use serde_json::Value;

/// Seconds to wait for an answer when the metric does not say.
const TIMEOUT: u64 = 30;

/// The question for a metric whose arguments are put in; `default` is the address for metrics without one.
///
/// # Errors
/// No address, or settings this version does not support.
pub fn question(settings: &Value, default: Option<&str>) -> Result<Question, String> {
    let text = |key: &str| settings.get(key).and_then(Value::as_str).filter(|t| !t.is_empty());
    let address = text("address").or(default).ok_or(
        "prometheus address is not configured; set provider.prometheus.address or --prometheus-address",
    )?;
    let is_url = address.split_once("://").is_some_and(|(s, rest)| !s.is_empty() && !rest.is_empty());
    if !is_url {
        return Err(format!("prometheus address {address:?} is no URL; write it like http://host:9090"));
    }
    for unsupported in ["rangeQuery"] {
        if settings.get(unsupported).is_some_and(|v| !v.is_null()) {
            return Err(format!("prometheus.{unsupported} is not supported by this version"));
        }
    }
    let authentication = settings.get("authentication");
    if ["oauth2", "sigv4"].iter().any(|k| authentication.and_then(|a| a.get(k)).is_some_and(has_text)) {
        return Err("prometheus.authentication is not supported by this version; use a header".to_owned());
    }
    let mut headers = measure::headers(settings);
    headers.push(("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned()));
    let timeout = settings.get("timeout").and_then(Value::as_i64);
    if timeout.is_some_and(|n| n < 0) {
        return Err("prometheus timeout should not be negative".to_owned());
    }
    Ok(Question {
        method: "POST".to_owned(),
        url: format!("{}/api/v1/query", address.trim_end_matches('/')),
        headers,
        body: Some(format!("query={}", form_encode(text("query").unwrap_or_default()))),
        timeout_seconds: timeout.and_then(|n| u64::try_from(n).ok()).filter(|n| *n > 0).unwrap_or(TIMEOUT),
        insecure: settings.get("insecure").and_then(Value::as_bool).unwrap_or(false),
    })
}

fn has_text(value: &Value) -> bool {
    value.as_object().is_some_and(|m| m.values().any(|v| v.as_str().is_some_and(|t| !t.is_empty())))
}

fn form_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

/// What Prometheus answered.
///
/// # Errors
/// An error of Prometheus, or an answer that is none of its own.
pub fn sample(answer: &Answer) -> Result<Sample, String> {
    let body: Value = serde_json::from_slice(&answer.body).map_err(|_| {
        format!("the answer with status {} is not Prometheus'; check the address", answer.status)
    })?;
    let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default();
    if text("status") != "success" {
        let kind = if text("errorType").is_empty() { "server_error" } else { text("errorType") };
        let why =
            if text("error").is_empty() { format!("status {}", answer.status) } else { text("error").into() };
        return Err(format!("{kind}: {why}"));
    }
    let result = body.pointer("/data/result");
    let value_of = |pair: &Value| -> Result<f64, String> {
        let text = pair.get(1).and_then(Value::as_str).unwrap_or_default();
        number(text).ok_or_else(|| format!("{text:?} is no number"))
    };
    let series = |values: Vec<&Value>| -> Result<Sample, String> {
        values.into_iter().map(value_of).collect::<Result<_, _>>().map(Sample::Series)
    };
    let all = result.and_then(Value::as_array);
    match body.pointer("/data/resultType").and_then(Value::as_str) {
        Some("scalar") => result.ok_or("empty answer".to_owned()).and_then(value_of).map(Sample::Scalar),
        Some("vector") => series(all.into_iter().flatten().filter_map(|s| s.get("value")).collect()),
        Some("matrix") => series(
            all.into_iter()
                .flatten()
                .filter_map(|s| s.get("values").and_then(Value::as_array))
                .flatten()
                .collect(),
        ),
        _ => Err("Prometheus metric type not supported".to_owned()),
    }
}

fn number(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "+Inf" | "Inf" => Some(f64::INFINITY),
        "-Inf" => Some(f64::NEG_INFINITY),
        other => other.parse().ok(),
    }
}
