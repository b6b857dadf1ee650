//! Phases, progress and deadlines from spec and status alone.

use crate::logic::vectors;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;
use switchback::api::condition::{ConditionStatus, ConditionType};
use switchback::api::rollout::Rollout;
use switchback::api::status::RolloutStatus;
use switchback::api::time::Time;
use switchback::logic::rollout::{conditions, phase};

fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn moment(word: &Value) -> Value {
    match word.as_str() {
        Some("T") => json!("2026-11-21T11:00:00Z"),
        Some(text) if text.ends_with("ago") => json!("2026-11-21T11:59:00Z"),
        _ => Value::Null,
    }
}

fn rollout(case: &Value) -> Rollout {
    let strategy = match case["strategy"].as_str() {
        Some("blueGreen") => {
            let mut strategy = json!({"activeService": "active"});
            if case["postPromotionAnalysis"] == true {
                strategy["postPromotionAnalysis"] = json!({"templates": [{"templateName": "t"}]});
            }
            json!({"blueGreen": strategy})
        }
        _ => json!({"canary": {"steps": case["steps"]}}),
    };
    let at = Time::of(now()).to_string();
    let list = |key: &str| case[key].as_array().cloned().unwrap_or_default();
    let conditions: Vec<Value> = list("conditions")
        .into_iter()
        .map(|mut c| {
            c["status"] = json!("False");
            c["lastUpdateTime"] = json!(at);
            c["lastTransitionTime"] = json!(at);
            c
        })
        .collect();
    let pauses: Vec<Value> =
        list("pauseConditions").into_iter().map(|r| json!({"reason": r, "startTime": at})).collect();
    let number = |key: &str| case[key].as_i64().unwrap_or(0);
    let text = |key: &str| case[key].as_str().unwrap_or_default();
    serde_json::from_value(json!({
        "metadata": {"generation": number("generation")},
        "spec": {"replicas": case["spec_replicas"], "strategy": strategy, "restartAt": moment(&case["restartAt"])},
        "status": {
            "replicas": number("replicas"), "readyReplicas": number("ready"),
            "updatedReplicas": number("updated"), "availableReplicas": number("available"),
            "currentStepIndex": case["currentStepIndex"], "conditions": conditions, "pauseConditions": pauses,
            "stableRS": text("stableRS"), "currentPodHash": text("currentPodHash"), "phase": text("phase"),
            "message": text("message"), "controllerPause": case["controllerPause"] == true,
            "observedGeneration": text("observedGeneration"), "restartedAt": moment(&case["restartedAt"]),
            "blueGreen": {"activeSelector": text("activeSelector")},
        },
    }))
    .unwrap()
}

#[test]
fn phases_as_clients_see_them() {
    for case in vectors("rollout_phase") {
        let (word, message) = phase::observed(&rollout(&case["rollout"]));
        assert_eq!(
            (json!(word), json!(message)),
            (case["expect_phase"].clone(), case["expect_message"].clone()),
            "{case}"
        );
    }
}

fn status(v: &Value) -> RolloutStatus {
    let mut wire = json!({"blueGreen": {}});
    for (from, to) in [
        ("replicas", "replicas"),
        ("updated", "updatedReplicas"),
        ("ready", "readyReplicas"),
        ("available", "availableReplicas"),
        ("stableRS", "stableRS"),
        ("currentStepIndex", "currentStepIndex"),
        ("currentStepHash", "currentStepHash"),
    ] {
        if !v[from].is_null() {
            wire[to] = v[from].clone();
        }
    }
    for key in ["activeSelector", "previewSelector"] {
        if !v[key].is_null() {
            wire["blueGreen"][key] = v[key].clone();
        }
    }
    serde_json::from_value(wire).unwrap()
}

#[test]
fn progress_is_seen() {
    for case in vectors("rollout_progressing") {
        let rollout = rollout(&json!({"strategy": case["strategy"], "steps": []}));
        let got = conditions::shows_progress(
            &rollout.spec,
            &status(&case["current_status"]),
            &status(&case["new_status"]),
        );
        assert_eq!(json!(got), case["expect"], "{}", case["name"]);
    }
}

#[test]
fn deadlines_are_missed() {
    for case in vectors("rollout_timed_out") {
        let ten_seconds_ago = Time::of(now() - jiff::SignedDuration::from_secs(10));
        let mut rollout = rollout(&json!({"strategy": "canary", "steps": []}));
        Arc::make_mut(&mut rollout.spec).progress_deadline_seconds =
            case["progressDeadlineSeconds"].as_i64().and_then(|n| i32::try_from(n).ok());
        if let Some(reason) = case["condition"].as_str() {
            let c = conditions::make(
                ConditionType::Progressing,
                ConditionStatus::True,
                reason.into(),
                String::new(),
                ten_seconds_ago,
            );
            rollout.status.conditions.push(c);
        }
        let got = conditions::is_timed_out(&rollout.spec, &rollout.status, now());
        assert_eq!(json!(got), case["expect"], "{case}");
    }
}
