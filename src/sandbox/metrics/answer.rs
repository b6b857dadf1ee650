//! Decides the answer to a request: its status code and its JSON, as Prometheus' HTTP API gives them.
//! It never reads a request.

use super::evaluate::{Scene, evaluate};
use super::grammar::type_of;
use super::number::{duration, read, show};
use super::parse::parse;
use super::series;
use super::tree::{Sample, Type, Worth, Wrong};
use jiff::Timestamp;
use serde_json::{Value, json};

/// The most moments of a range, as in Prometheus.
const MOST_POINTS: f64 = 11_000.0;

/// An answer of the metrics server.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The HTTP status: 200, 400 for a query that cannot be read, 422 for one that cannot be carried out.
    pub status: u16,
    /// The body.
    pub body: Value,
}

/// Answers `GET /api/v1/query`: the worth of `text` over `pods` (whole Pod objects) at `now`.
///
/// ```text
/// query("sum(errors) / sum(requests)", &pods, now).body ==
///   {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": [1.5, "0.02"]}]}}
/// ```
#[must_use]
pub fn query(text: &str, pods: &[Value], now: Timestamp) -> Answer {
    let at = seconds(now);
    let worth = match worth(text, pods, at) {
        Ok(worth) => worth,
        Err(wrong) => return refusal(text, &wrong),
    };
    match worth {
        Worth::Scalar(number) => success("scalar", point(at, number)),
        Worth::Text(text) => success("string", json!([time(at), text])),
        Worth::Vector(samples) => {
            let one = |s: &Sample| json!({"metric": s.labels, "value": point(at, s.value)});
            success("vector", samples.iter().map(one).collect())
        }
        Worth::Range(samples) => {
            let one = |s: &Sample| json!({"metric": s.labels, "values": [point(at, s.value)]});
            success("matrix", samples.iter().map(one).collect())
        }
    }
}

/// Answers `GET /api/v1/query_range`: the present worth, repeated from `start` to `end` every `step`.
///
/// The three are texts as they stand in the request: times in seconds since 1970 or in RFC 3339, the step in
/// seconds or as a duration.
#[must_use]
pub(crate) fn query_range(text: &str, start: &str, end: &str, step: &str, pods: &[Value]) -> Answer {
    let Some(start) = moment(start) else { return bad("start", start, "timestamp") };
    let Some(end) = moment(end) else { return bad("end", end, "timestamp") };
    let length = read(step).or_else(|| duration(step).map(|d| d.as_secs_f64()));
    let Some(step) = length.filter(|s| s.is_finite()) else { return bad("step", step, "duration") };
    if end < start {
        return error(
            400,
            "bad_data",
            "invalid parameter \"end\": end timestamp must not be before start time",
        );
    }
    if step <= 0.0 {
        let what = "zero or negative query resolution step widths are not accepted. Try a positive integer";
        return error(400, "bad_data", &format!("invalid parameter \"step\": {what}"));
    }
    if (end - start) / step > MOST_POINTS {
        let what = "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)";
        return error(400, "bad_data", what);
    }
    let samples = match ranged(text, pods, end) {
        Ok(samples) => samples,
        Err(wrong) => return refusal(text, &wrong),
    };
    let moments: Vec<f64> =
        (0..=11_000_u16).map(|i| start + f64::from(i) * step).take_while(|at| *at <= end + 1e-9).collect();
    let one = |s: &Sample| {
        let values: Vec<Value> = moments.iter().map(|at| point(*at, s.value)).collect();
        json!({"metric": s.labels, "values": values})
    };
    success("matrix", samples.iter().map(one).collect())
}

fn ranged(text: &str, pods: &[Value], at: f64) -> Result<Vec<Sample>, Wrong> {
    let got = type_of(&parse(text)?);
    if !matches!(got, Type::Scalar | Type::Vector) {
        let what = "invalid expression type {} for range query, must be Scalar or instant Vector";
        return Err(Wrong::parse(0, what.replace("{}", &format!("{:?}", got.title()))));
    }
    Ok(match worth(text, pods, at)? {
        Worth::Scalar(value) => vec![Sample { labels: std::collections::BTreeMap::new(), value }],
        other => other.samples(),
    })
}

fn worth(text: &str, pods: &[Value], now: f64) -> Result<Worth, Wrong> {
    let expr = parse(text)?;
    evaluate(&expr, &Scene { series: series::of(pods), now })
}

/// Seconds since 1970, to the millisecond.
#[allow(clippy::cast_precision_loss)] // milliseconds stay below 2^52 for 140 000 years
fn seconds(now: Timestamp) -> f64 {
    now.as_millisecond() as f64 / 1000.0
}

fn moment(text: &str) -> Option<f64> {
    read(text).filter(|s| s.is_finite()).or_else(|| text.parse::<Timestamp>().ok().map(seconds))
}

/// A time in JSON: without a fraction when it has none.
#[allow(clippy::cast_possible_truncation)] // rounded, and checked against the loss
fn time(at: f64) -> Value {
    let at = (at * 1000.0).round() / 1000.0;
    let whole = at as i64;
    #[allow(clippy::cast_precision_loss, clippy::float_cmp)]
    if whole as f64 == at { json!(whole) } else { json!(at) }
}

fn point(at: f64, value: f64) -> Value {
    json!([time(at), show(value)])
}

fn success(kind: &str, result: Value) -> Answer {
    Answer { status: 200, body: json!({"status": "success", "data": {"resultType": kind, "result": result}}) }
}

fn error(status: u16, kind: &str, what: &str) -> Answer {
    Answer { status, body: json!({"status": "error", "errorType": kind, "error": what}) }
}

fn bad(parameter: &str, text: &str, kind: &str) -> Answer {
    let what = format!("invalid parameter {parameter:?}: cannot parse {text:?} to a valid {kind}");
    error(400, "bad_data", &what)
}

fn refusal(text: &str, wrong: &Wrong) -> Answer {
    match wrong {
        Wrong::Execution(what) => error(422, "execution", what),
        Wrong::Parse { at, what } => {
            let before = text.get(..*at).unwrap_or(text);
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            let what = format!("invalid parameter \"query\": {line}:{column}: parse error: {what}");
            error(400, "bad_data", &what)
        }
    }
}
