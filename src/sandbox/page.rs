//! Decides the answers to requests that are not about objects: version, health, what is served.
//! It never changes anything.

use super::accept;
use super::discover::{self, MINOR};
use super::metrics;
use super::openapi;
use super::refuse::Refusal;
use super::reply::Reply;
use super::request::{Call, Query};
use super::state::State;
use http::Method;
use serde_json::{Value, json};

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// Answers a request for a page.
#[must_use]
pub(crate) fn answer(state: &mut State, call: &Call) -> Reply {
    let kinds = &state.kinds;
    let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    if let ["prometheus", "api", "v1", what @ ("query" | "query_range")] = segments.as_slice() {
        return measured(state, call, what);
    }
    let found = match segments.as_slice() {
        ["version"] => Some(Reply::json(200, &version())),
        ["healthz" | "readyz" | "livez", ..] => Some(Reply::text(200, "ok")),
        [] => Some(Reply::json(200, &json!({ "paths": paths(state) }))),
        ["api"] if accept::aggregated(&call.accept) => Some(aggregated(&discover::aggregated(kinds, false))),
        ["apis"] if accept::aggregated(&call.accept) => Some(aggregated(&discover::aggregated(kinds, true))),
        ["api"] => Some(Reply::json(200, &discover::core(&call.host))),
        ["apis"] => Some(Reply::json(200, &discover::group_list(kinds))),
        ["apis", group] => json_page(discover::group(kinds, group, true)),
        ["api", version] => json_page(discover::resource_list(kinds, "", version)),
        ["apis", group, version] => json_page(discover::resource_list(kinds, group, version)),
        ["openapi", "v3"] => Some(Reply::json(200, &openapi::index(kinds))),
        ["openapi", "v3", "api", version] => json_page(openapi::document(kinds, "", version)),
        ["openapi", "v3", "apis", group, version] => json_page(openapi::document(kinds, group, version)),
        _ => None,
    };
    match found {
        Some(_) if !matches!(call.method, Method::GET | Method::HEAD) => Refusal::method_not_allowed().into(),
        Some(reply) => reply,
        None => unknown(state, call, Refusal::no_resource()),
    }
}

/// Answers a question about the pods' metrics, asked in the URL or in a form as Prometheus' clients do.
fn measured(state: &State, call: &Call, what: &str) -> Reply {
    let query = match call.method {
        Method::GET => call.query.clone(),
        Method::POST => Query::parse(&String::from_utf8_lossy(&call.body)),
        _ => return Refusal::method_not_allowed().into(),
    };
    let pods = state.snapshot("v1", "Pod", "");
    let answer = if what == "query" {
        metrics::query(query.text("query"), &pods, state.clock.now())
    } else {
        let (start, end, step) = (query.text("start"), query.text("end"), query.text("step"));
        metrics::query_range(query.text("query"), start, end, step, &pods)
    };
    Reply::json(answer.status, &answer.body)
}

fn json_page(value: Option<Value>) -> Option<Reply> {
    value.map(|v| Reply::json(200, &v))
}

fn aggregated(value: &Value) -> Reply {
    Reply { content_type: AGGREGATED, ..Reply::json(200, value) }
}

fn version() -> Value {
    json!({"major": "1", "minor": MINOR, "gitVersion": format!("v1.{MINOR}.4"), "gitCommit": "", "gitTreeState": "",
        "buildDate": "1970-01-01T00:00:00Z", "goVersion": "", "compiler": "", "platform": "linux/amd64",
        "emulationMajor": "1", "emulationMinor": MINOR, "minCompatibilityMajor": "1", "minCompatibilityMinor": "34"})
}

fn paths(state: &State) -> Vec<String> {
    let mut all: Vec<String> =
        ["/api", "/api/v1", "/apis", "/healthz", "/livez", "/openapi/v3", "/readyz", "/version"]
            .map(str::to_owned)
            .into();
    for group in discover::groups(&state.kinds) {
        for version in discover::versions(&state.kinds, &group) {
            all.push(format!("/apis/{group}/{version}"));
        }
        all.push(format!("/apis/{group}"));
    }
    all.sort();
    all
}

/// The answer to a path or method that leads nowhere: a Status inside a version that is served, text elsewhere.
#[must_use]
pub(crate) fn unknown(state: &State, call: &Call, refusal: Refusal) -> Reply {
    if refusal.code != 404 {
        return refusal.into();
    }
    let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    let built_in = |group: &str| state.kinds.all().any(|s| s.kind.group == group && s.is_built_in());
    let known = match segments.as_slice() {
        ["api", _, ..] => true,
        ["apis", group, _, ..] => built_in(group),
        _ => false,
    };
    if known { refusal.into() } else { Reply::text(404, "404 page not found\n") }
}
