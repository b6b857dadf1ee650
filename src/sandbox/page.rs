//! Decides the answers to requests that are not about objects: version, health, what is served.
//! It never changes anything.

use super::answer::Reply;
use super::refuse::Refusal;
use super::request::Call;
use super::state::State;
use serde_json::json;

/// The version this server says it is.
pub const MINOR: &str = "35";

/// Answers a request for a page.
#[must_use]
pub fn answer(_state: &mut State, call: &Call) -> Reply {
    let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        ["version"] => Reply::json(200, &version()),
        ["healthz" | "readyz" | "livez", ..] => Reply::text(200, "ok"),
        _ => unknown(call, Refusal::no_resource()),
    }
}

fn version() -> serde_json::Value {
    json!({"major": "1", "minor": MINOR, "gitVersion": format!("v1.{MINOR}.4"), "gitCommit": "", "gitTreeState": "",
        "buildDate": "1970-01-01T00:00:00Z", "goVersion": "", "compiler": "", "platform": "linux/amd64",
        "emulationMajor": "1", "emulationMinor": MINOR, "minCompatibilityMajor": "1", "minCompatibilityMinor": "34"})
}

/// The answer to a path or method that leads nowhere.
#[must_use]
pub fn unknown(_call: &Call, refusal: Refusal) -> Reply {
    match refusal.code {
        404 => Reply::text(404, "404 page not found\n"),
        _ => refusal.into(),
    }
}
