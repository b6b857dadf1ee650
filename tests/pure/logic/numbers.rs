//! Replica counts, fenceposts, thresholds, step texts and pause durations.

use crate::logic::vectors;
use serde_json::{Value, json};
use switchback::api::intstr::IntOrString;
use switchback::api::rollout::RolloutSpec;
use switchback::api::status::RolloutStatus;
use switchback::api::step::{Pause, Step};
use switchback::logic::rollout::replicas;
use switchback::logic::rollout::view::ReplicaSet;

fn int(v: &Value) -> i32 {
    i32::try_from(v.as_i64().unwrap_or_default()).unwrap()
}

fn replica_set(name: &str, v: &Value) -> Option<ReplicaSet> {
    if v.is_null() {
        return None;
    }
    let spec = if v["spec"].is_null() { 1 } else { int(&v["spec"]) };
    let mut replica_set = ReplicaSet {
        hash: name.to_owned(),
        replicas: spec,
        available: int(&v["available"]),
        ..ReplicaSet::default()
    };
    replica_set.current = if v["status_replicas"].is_null() { spec } else { int(&v["status_replicas"]) };
    replica_set.meta.name = name.to_owned();
    Some(replica_set)
}

fn spec(strategy: Value, replicas: &Value) -> RolloutSpec {
    serde_json::from_value(json!({"replicas": replicas, "strategy": strategy})).unwrap()
}

#[test]
fn basic_canary_counts() {
    for case in vectors("canary_basic_replica_counts") {
        let strategy = json!({"canary": {
            "maxSurge": case["max_surge"], "maxUnavailable": case["max_unavailable"],
            "steps": [{"setWeight": case["set_weight"]}],
        }});
        let spec = spec(strategy, &case["spec_replicas"]);
        let text = |k: &str| case[k].as_str().unwrap_or_default().to_owned();
        let status = RolloutStatus {
            promote_full: case["promote_full"] == true,
            abort: case["status_abort"] == true,
            stable_rs: text("status_stable_rs"),
            current_pod_hash: text("status_current_pod_hash"),
            ..RolloutStatus::default()
        };
        let canary = replica_set("canary", &case["canary"]);
        let stable = if case["same_rs"] == true {
            replica_set("canary", &case["stable"])
        } else {
            replica_set("stable", &case["stable"])
        };
        let older = replica_set("older", &case["older"]);
        let others: Vec<&ReplicaSet> = older.iter().collect();
        let got = replicas::basic_canary(&spec, &status, canary.as_ref(), stable.as_ref(), &others);
        let want = (int(&case["expect"]["canary"]), int(&case["expect"]["stable"]));
        assert_eq!(got, want, "{}", case["name"]);
    }
}

#[test]
fn approximations_of_weights() {
    for case in vectors("approximate_weighted_counts") {
        let n = |k: &str| int(&case[k]);
        let got = replicas::approximate(n("replicas"), n("weight"), n("maxWeight"), n("maxSurge"));
        assert_eq!(got, (n("expCanary"), n("expStable")), "{case}");
    }
}

#[test]
fn fenceposts() {
    for case in vectors("resolve_fenceposts") {
        let value = |k: &str| -> Option<IntOrString> { serde_json::from_value(case[k].clone()).unwrap() };
        let got = replicas::fenceposts(
            value("maxSurge").as_ref(),
            value("maxUnavailable").as_ref(),
            int(&case["desired"]),
        );
        assert_eq!(got.is_err(), case["expectError"] == true, "{case}");
        if let Ok(posts) = got {
            assert_eq!(posts.surge, int(&case["expectSurge"]), "{case}");
            assert_eq!(posts.unavailable, int(&case["expectUnavailable"]), "{case}");
        }
    }
    for case in vectors("max_surge_unavailable") {
        let settings = json!({"maxSurge": case["maxSurge"], "maxUnavailable": case["maxUnavailable"],
            "activeService": "active"});
        let key = case["strategy"].as_str().unwrap();
        let posts = replicas::fenceposts_of(&spec(json!({key: settings}), &case["replicas"]));
        let got = if case["fn"] == "maxSurge" { posts.surge } else { posts.unavailable };
        assert_eq!(got, int(&case["expect"]), "{case}");
    }
}

#[test]
fn steps_are_reached_at_the_desired_counts() {
    for case in vectors("at_desired_counts_canary") {
        let strategy = json!({"canary": {"maxSurge": 1, "maxUnavailable": 1,
            "steps": [{"setWeight": case["set_weight"]}]}});
        let status = RolloutStatus {
            stable_rs: "stable".into(),
            current_pod_hash: "new".into(),
            current_step_index: Some(0),
            ..RolloutStatus::default()
        };
        let older = replica_set("older", &case["older"]);
        let others: Vec<&ReplicaSet> = older.iter().collect();
        let (new, stable) = (replica_set("new", &case["new"]), replica_set("stable", &case["stable"]));
        let spec = spec(strategy, &json!(4));
        let got = replicas::at_desired_counts(&spec, &status, new.as_ref(), stable.as_ref(), &others);
        assert_eq!(json!(got), case["expect"], "{case}");
    }
}

#[test]
fn thresholds_of_progress() {
    let mut cases = vectors("replica_progress_threshold");
    cases.extend(vectors("all_desired_available"));
    for case in cases {
        let mut canary = json!({});
        if case["threshold"].is_object() {
            canary = json!({"replicaProgressThreshold": case["threshold"]});
        }
        let spec = spec(json!({"canary": canary}), &json!(10));
        let got =
            replicas::threshold_met(&spec, replica_set("new", &case["rs"]).as_ref(), int(&case["desired"]));
        assert_eq!(json!(got), case["want"], "{}", case["name"]);
    }
}

#[test]
fn steps_in_words() {
    for case in vectors("canary_step_string") {
        let step: Step = serde_json::from_value(case["step"].clone()).unwrap();
        assert_eq!(json!(step.describe()), case["expect"], "{case}");
    }
}

#[test]
fn pauses_in_seconds() {
    for case in vectors("pause_duration_seconds") {
        let pause: Pause = serde_json::from_value(json!({"duration": case["duration"]})).unwrap();
        assert_eq!(json!(pause.seconds()), case["expect"], "{case}");
    }
}

#[test]
fn hashes_of_steps() {
    let of = |steps: Value| {
        let steps: Vec<Step> = serde_json::from_value(steps).unwrap();
        switchback::logic::rollout::canary::step_hash(&steps)
    };
    assert_eq!(of(json!([{"pause": {}}, {"pause": {}}])), "79c9b9f6bf");
    assert_eq!(of(json!([{"pause": {}}])), "6b9b86fbd5");
    assert_eq!(of(json!([])), "5ffbfbbd64");
}
