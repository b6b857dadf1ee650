//! Decides what is kept of each object that a watch brings: a row with what decisions read.
//! It never keeps the object.

use crate::api::condition::{Condition, ConditionType};
use crate::api::meta::Meta;
use crate::api::names;
use crate::api::podhash::same;
use crate::api::run::{Phase, RunSpec};
use crate::api::time::Time;
use crate::logic::analysis::compose;
use crate::logic::analysis::view::JobState;
use crate::logic::rollout::view::{AnalysisRunRow, ReplicaSet, Service};
use serde_json::Value;

fn number(value: &Value, path: &str) -> i32 {
    value.pointer(path).and_then(Value::as_i64).and_then(|n| i32::try_from(n).ok()).unwrap_or(0)
}

/// Metadata of an object; empty when it has none.
#[must_use]
pub fn meta(value: &Value) -> Meta {
    value.get("metadata").and_then(Meta::of).unwrap_or_default()
}

/// The row of a ReplicaSet. `template_key` is that of the row before, if the object is the same one.
#[must_use]
pub fn set(value: &Value, template_key: Option<String>) -> ReplicaSet {
    let meta = meta(value);
    let selector = value
        .pointer("/spec/selector")
        .and_then(|s| serde_json::from_value::<crate::api::selector::LabelSelector>(s.clone()).ok())
        .map(|s| s.to_string())
        .unwrap_or_default();
    let conditions = value.pointer("/status/conditions").and_then(Value::as_array);
    let failure = conditions
        .into_iter()
        .flatten()
        .find(|c| c.get("type").and_then(Value::as_str) == Some(ConditionType::ReplicaFailure.as_str()));
    ReplicaSet {
        hash: meta.labels.get(names::POD_HASH).cloned().unwrap_or_default(),
        template_key: template_key
            .unwrap_or_else(|| same::template_key(value.pointer("/spec/template").unwrap_or(&Value::Null))),
        replicas: value.pointer("/spec/replicas").map_or(1, |_| number(value, "/spec/replicas")),
        min_ready_seconds: number(value, "/spec/minReadySeconds"),
        selector,
        current: number(value, "/status/replicas"),
        ready: number(value, "/status/readyReplicas"),
        available: number(value, "/status/availableReplicas"),
        observed_generation: value.pointer("/status/observedGeneration").and_then(Value::as_i64).unwrap_or(0),
        failure: failure.and_then(condition),
        is_new: false,
        meta,
    }
}

/// A condition of a ReplicaSet as a Rollout repeats it.
fn condition(value: &Value) -> Option<Condition> {
    let text = |k: &str| value.get(k).and_then(Value::as_str).unwrap_or_default();
    let at = Time::parse(text("lastTransitionTime"))?;
    Some(Condition {
        r#type: text("type").into(),
        status: text("status").into(),
        last_update_time: at,
        last_transition_time: at,
        reason: text("reason").into(),
        message: text("message").to_owned(),
    })
}

/// The row of a Service.
#[must_use]
pub fn service(value: &Value) -> Service {
    let meta = meta(value);
    let selector = value.pointer("/spec/selector").and_then(Value::as_object).cloned().unwrap_or_default();
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    Service {
        hash: selector.get(names::POD_HASH).map(text),
        managed_by: meta.annotation(names::MANAGED_BY).map(str::to_owned),
        selector: selector
            .iter()
            .filter(|(k, _)| *k != names::POD_HASH)
            .map(|(k, v)| (k.clone(), text(v)))
            .collect(),
        name: meta.name,
        resource_version: meta.resource_version,
    }
}

/// The row of an AnalysisRun.
#[must_use]
pub fn run(value: &Value) -> AnalysisRunRow {
    let text = |p: &str| value.pointer(p).and_then(Value::as_str).unwrap_or_default();
    let phase = serde_json::from_value::<Phase>(Value::String(text("/status/phase").to_owned()));
    let spec = value.get("spec").and_then(|s| serde_json::from_value::<RunSpec>(s.clone()).ok());
    AnalysisRunRow {
        meta: meta(value),
        phase: phase.unwrap_or(Phase::Pending),
        message: text("/status/message").to_owned(),
        terminate: value.pointer("/spec/terminate").and_then(Value::as_bool).unwrap_or(false),
        spec_digest: spec.map(|s| compose::digest(&s)).unwrap_or_default(),
    }
}

/// The row of a Job that measures.
#[must_use]
pub fn job(value: &Value) -> JobState {
    let meta = meta(value);
    let conditions = value.pointer("/status/conditions").and_then(Value::as_array);
    let end = conditions.into_iter().flatten().find_map(|c| {
        let text = |k: &str| c.get(k).and_then(Value::as_str).unwrap_or_default();
        match (text("type"), text("status")) {
            ("Complete", "True") => Some(Phase::Successful),
            ("Failed", "True") => Some(Phase::Failed),
            _ => None,
        }
    });
    JobState { namespace: meta.namespace, uid: meta.uid, created: meta.creation_timestamp, end }
}
