//! How a Rollout begins: what is told of its first revision, and when that is the stable one.

use super::canary;
use super::rig::Rig;
use serde_json::json;

fn blue_green() -> Rig {
    let strategy = json!({"blueGreen": {"activeService": "active"}});
    Rig::new(3, strategy)
}

#[test]
fn the_first_blue_green_revision_is_stable_before_it_is_active() {
    let mut rig = blue_green();
    rig.ready_at_most = 1;
    rig.settle();
    assert_eq!((rig.status()["stableRS"].clone(), rig.selected("active")), (json!("v1"), String::new()));
    assert_eq!(rig.status()["message"], "updated replicas are still becoming available");
    rig.patch_status(json!({"abort": true}));
    rig.settle();
    assert_eq!((rig.phase(), rig.status().get("abort")), ("Progressing".into(), None));
    assert_eq!(rig.selected("active"), "", "an abort makes nothing active before its time");
    rig.ready_at_most = 3;
    rig.settle();
    assert_eq!((rig.phase(), rig.selected("active")), ("Healthy".into(), "v1".into()));
}

#[test]
fn a_first_blue_green_revision_that_failed_stays_until_another_is_active() {
    let mut rig = blue_green();
    rig.broken = Some("v1".into());
    rig.settle();
    rig.image("v2");
    rig.settle();
    assert_eq!((rig.phase(), rig.selected("active")), ("Healthy".into(), "v2".into()));
    assert_eq!(rig.status()["stableRS"], "v2");
}

#[test]
fn the_events_of_a_first_canary_are_told_in_order() {
    let mut rig = canary();
    rig.settle();
    let told = [
        "RolloutAddedToInformer",
        "RolloutUpdated",
        "NewReplicaSetCreated",
        "RolloutNotCompleted",
        "ScalingReplicaSet",
        "RolloutCompleted",
    ];
    assert_eq!(rig.events, told);
    rig.image("v2");
    rig.settle();
    let told = [
        "RolloutUpdated",
        "NewReplicaSetCreated",
        "RolloutNotCompleted",
        "ScalingReplicaSet",
        "ScalingReplicaSet",
        "RolloutStepCompleted",
        "RolloutPaused",
    ];
    assert_eq!(rig.events[6..], told);
}

#[test]
fn the_events_of_blue_green_are_told_in_order() {
    let mut rig = blue_green();
    rig.settle();
    let first = [
        "RolloutAddedToInformer",
        "RolloutUpdated",
        "NewReplicaSetCreated",
        "ScalingReplicaSet",
        "RolloutCompleted",
        "SwitchService",
    ];
    assert_eq!(rig.events, first);
    rig.image("v2");
    rig.settle();
    let next = [
        "RolloutUpdated",
        "NewReplicaSetCreated",
        "RolloutNotCompleted",
        "ScalingReplicaSet",
        "SwitchService",
        "RolloutCompleted",
    ];
    assert_eq!(rig.events[6..], next);
}

#[test]
fn a_run_whose_name_was_taken_before_the_rollout_was_made_gets_another() {
    let strategy = json!({"canary": {"steps": [{"analysis": {"templates": [{"templateName": "errors"}]}}]}});
    let mut rig = Rig::new(2, strategy);
    rig.template("errors", &json!({}));
    rig.left = vec!["web-v2-2-0".to_owned(), "web-v2-2-0.1".to_owned()];
    rig.settle();
    rig.image("v2");
    rig.settle();
    assert_eq!(rig.runs(), ["web-v2-2-0.2"]);
    assert_eq!(rig.status()["canary"]["currentStepAnalysisRunStatus"]["name"], "web-v2-2-0.2");
}
