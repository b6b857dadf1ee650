//! Stories of rollouts told to the pure decision alone: pods obey at once, time moves when told.

mod desk;

use desk::Desk;
use serde_json::json;
use std::time::Duration;

const CANARY: &str = r#"{"canary": {"maxSurge": 1, "maxUnavailable": 0, "steps": [
    {"setWeight": 20}, {"pause": {"duration": 10}}, {"setWeight": 60}, {"pause": {}}]}}"#;

fn canary() -> Desk {
    Desk::new(5, serde_json::from_str(CANARY).unwrap())
}

#[test]
fn the_first_revision_is_deployed_whole_and_at_once() {
    let mut desk = canary();
    desk.settle();
    assert_eq!(desk.phase(), "Healthy");
    assert_eq!(desk.pods(), [("v1".into(), 5)]);
    assert_eq!(desk.status()["currentStepIndex"], 4);
    assert_eq!(desk.annotation("rollout.argoproj.io/revision"), "1");
    assert_eq!(desk.count("create ReplicaSet"), 1);
    assert!(desk.count("") <= 4, "more writes than needed: {:?}", desk.log);
    assert_eq!(desk.events, ["RolloutCompleted"]);
}

#[test]
fn counts_wait_for_more_and_longer_while_the_first_revision_comes_up() {
    let mut desk = canary();
    desk.patience(0);
    desk.settle();
    assert_eq!(desk.patience(2), Some(Duration::from_secs(10)));
    desk.deadline(20);
    desk.settle();
    assert_eq!(desk.patience(3), Some(Duration::from_secs(1)), "a twentieth of the deadline");
    desk.deadline(2);
    desk.settle();
    assert_eq!(desk.patience(4), Some(Duration::from_millis(400)), "but long enough to be worth it");
    assert_eq!(desk.patience(5), None, "all ready is no mere count");
}

#[test]
fn a_canary_climbs_in_steps_and_waits_where_told() {
    let mut desk = canary();
    desk.settle();
    desk.image("v2");
    desk.settle();
    assert_eq!((desk.phase(), desk.status()["currentStepIndex"].clone()), ("Paused".into(), json!(1)));
    assert_eq!(desk.pods(), [("v1".into(), 4), ("v2".into(), 1)]);
    assert!(desk.wake().is_some(), "a timed pause must wake the controller");
    desk.pass_seconds(9);
    desk.settle();
    assert_eq!(desk.status()["currentStepIndex"], 1, "nine of ten seconds");
    desk.pass_seconds(1);
    desk.settle();
    assert_eq!((desk.phase(), desk.status()["currentStepIndex"].clone()), ("Paused".into(), json!(3)));
    assert_eq!(desk.pods(), [("v1".into(), 2), ("v2".into(), 3)]);
    desk.pass_seconds(100_000);
    desk.settle();
    assert_eq!(desk.status()["currentStepIndex"], 3, "an indefinite pause waits for a user");
    desk.patch_status(json!({"pauseConditions": null}));
    desk.settle();
    assert_eq!(desk.phase(), "Healthy");
    assert_eq!(desk.pods(), [("v2".into(), 5)]);
    assert_eq!(desk.events.last().unwrap(), "RolloutCompleted");
    assert!(desk.most_pods <= 6, "surge of 1 over 5: {}", desk.most_pods);
    assert!(desk.least_available >= 5, "nothing may be unavailable: {}", desk.least_available);
}

#[test]
fn an_abort_returns_to_stable_and_a_retry_starts_over() {
    let mut desk = canary();
    desk.settle();
    desk.image("v2");
    desk.settle();
    desk.patch_status(json!({"abort": true}));
    desk.settle();
    assert_eq!(desk.phase(), "Degraded");
    assert_eq!(desk.pods(), [("v1".into(), 5)]);
    assert_eq!(desk.status()["currentStepIndex"], 0);
    assert_eq!(desk.status()["message"], "RolloutAborted: Rollout aborted update to revision 2");
    assert!(desk.status()["abortedAt"].is_string());
    desk.patch_status(json!({"abort": false}));
    desk.settle();
    assert_eq!(desk.phase(), "Paused");
    assert_eq!(desk.pods(), [("v1".into(), 4), ("v2".into(), 1)]);
    desk.patch_status(json!({"promoteFull": true}));
    desk.settle();
    assert_eq!(desk.phase(), "Healthy");
    assert_eq!(desk.pods(), [("v2".into(), 5)]);
}

#[test]
fn going_back_to_stable_skips_the_steps() {
    let mut desk = canary();
    desk.settle();
    desk.image("v2");
    desk.settle();
    desk.image("v1");
    desk.settle();
    assert_eq!(desk.phase(), "Healthy");
    assert_eq!(desk.pods(), [("v1".into(), 5)]);
    assert!(desk.events.contains(&"SkipSteps".to_owned()));
    assert_eq!(desk.annotation("rollout.argoproj.io/revision"), "3", "an old template gets a new number");
}

#[test]
fn a_third_revision_in_the_middle_drains_the_second_first() {
    let mut desk = canary();
    desk.settle();
    desk.image("v2");
    desk.settle();
    desk.image("v3");
    desk.settle();
    assert_eq!(desk.pods(), [("v1".into(), 4), ("v3".into(), 1)]);
    assert!(desk.most_pods <= 6);
}

#[test]
fn pods_that_never_become_ready_miss_the_deadline_and_abort_when_asked() {
    let mut desk = canary();
    desk.spec("progressDeadlineSeconds", json!(30));
    desk.spec("progressDeadlineAbort", json!(true));
    desk.settle();
    desk.broken = Some("bad".into());
    desk.image("bad");
    desk.settle();
    assert_eq!(desk.phase(), "Progressing");
    desk.pass_seconds(32);
    desk.settle();
    assert_eq!(desk.phase(), "Degraded");
    let message = desk.status()["message"].as_str().unwrap_or_default().to_owned();
    assert!(message.contains("has timed out progressing"), "why it was aborted is lost: {message}");
    assert_eq!(desk.pods(), [("v1".into(), 5)]);
    assert!(desk.least_available >= 5);
}

#[test]
fn a_user_pause_stops_everything_and_scaling_still_works() {
    let mut desk = canary();
    desk.settle();
    desk.spec("paused", json!(true));
    desk.image("v2");
    desk.settle();
    assert_eq!(desk.phase(), "Paused");
    assert_eq!(desk.pods(), [("v1".into(), 5)]);
    desk.spec("paused", json!(false));
    desk.settle();
    assert_eq!(desk.pods(), [("v1".into(), 4), ("v2".into(), 1)]);
    desk.spec("replicas", json!(10));
    desk.settle();
    assert_eq!(desk.pods(), [("v1".into(), 8), ("v2".into(), 2)]);
    assert_eq!(desk.status()["currentStepIndex"], 1, "scaling is no step");
}

#[test]
fn blue_green_previews_waits_switches_and_keeps_the_old_pods_for_a_while() {
    let strategy = json!({"blueGreen": {"activeService": "active", "previewService": "preview",
        "autoPromotionEnabled": false, "scaleDownDelaySeconds": 20}});
    let mut desk = Desk::new(3, strategy);
    desk.settle();
    assert_eq!(desk.phase(), "Healthy");
    desk.image("v2");
    desk.settle();
    assert_eq!((desk.phase(), desk.status()["message"].clone()), ("Paused".into(), json!("BlueGreenPause")));
    assert_eq!((desk.selected("active"), desk.selected("preview")), ("v1".into(), "v2".into()));
    assert_eq!(desk.pods(), [("v1".into(), 3), ("v2".into(), 3)]);
    desk.patch_status(json!({"pauseConditions": null}));
    desk.settle();
    assert_eq!(desk.phase(), "Healthy");
    assert_eq!(desk.selected("active"), "v2");
    assert_eq!(desk.pods(), [("v1".into(), 3), ("v2".into(), 3)], "the old pods stay for 20 s");
    desk.pass_seconds(21);
    desk.settle();
    assert_eq!(desk.pods(), [("v2".into(), 3)]);
}

#[test]
fn blue_green_promotes_itself_and_an_abort_leads_back() {
    let strategy = json!({"blueGreen": {"activeService": "active", "autoPromotionSeconds": 30}});
    let mut desk = Desk::new(2, strategy);
    desk.settle();
    desk.image("v2");
    desk.settle();
    assert_eq!(desk.phase(), "Paused");
    desk.patch_status(json!({"abort": true}));
    desk.settle();
    assert_eq!(desk.phase(), "Degraded");
    assert_eq!(desk.selected("active"), "v1");
    desk.pass_seconds(31);
    desk.settle();
    assert_eq!(desk.pods(), [("v1".into(), 2)], "the new pods go after the abort delay");
    desk.patch_status(json!({"abort": false}));
    desk.settle();
    desk.pass_seconds(31);
    desk.settle();
    assert_eq!((desk.phase(), desk.selected("active")), ("Healthy".into(), "v2".into()));
}

fn switched_by_hand() -> Desk {
    let strategy = json!({"blueGreen": {"activeService": "active", "previewService": "preview",
        "autoPromotionEnabled": false, "scaleDownDelaySeconds": 60}});
    let mut desk = Desk::new(2, strategy);
    desk.settle();
    desk.image("v2");
    desk.settle();
    desk.patch_status(json!({"pauseConditions": null}));
    desk.settle();
    assert_eq!((desk.phase(), desk.selected("active")), ("Healthy".into(), "v2".into()));
    desk
}

#[test]
fn what_comes_back_within_its_delay_is_active_at_once() {
    let mut desk = switched_by_hand();
    desk.image("v1");
    desk.settle();
    assert_eq!((desk.phase(), desk.selected("active")), ("Healthy".into(), "v1".into()));
    assert_eq!(desk.status()["stableRS"], "v1");
    let mut desk = switched_by_hand();
    desk.pass_seconds(61);
    desk.settle();
    desk.image("v1");
    desk.settle();
    assert_eq!((desk.phase(), desk.selected("active")), ("Paused".into(), "v2".into()), "its pods are gone");
}

#[test]
fn what_was_aborted_is_not_active_at_once_when_it_is_tried_again() {
    let mut desk = switched_by_hand();
    desk.image("v3");
    desk.settle();
    desk.patch_status(json!({"abort": true}));
    desk.settle();
    assert_eq!((desk.phase(), desk.selected("active")), ("Degraded".into(), "v2".into()));
    desk.patch_status(json!({"abort": false}));
    desk.settle();
    assert_eq!(
        (desk.phase(), desk.selected("active")),
        ("Paused".into(), "v2".into()),
        "its deadline is none of a way back"
    );
}

#[test]
fn an_invalid_spec_is_said_and_nothing_moves() {
    for (strategy, words) in [
        (json!({}), "spec.strategy: Invalid value: name one of"),
        (json!({"canary": {}, "blueGreen": {"activeService": "active"}}), "Multiple Strategies"),
        (json!({"canary": {"steps": [{"setWeight": 120}]}}), "steps[0].setWeight: Invalid value: 120"),
        (json!({"canary": {"steps": [{"setWeight": 1, "pause": {}}]}}), "a step does exactly one thing"),
        (json!({"canary": {"stableService": "missing"}}), "service \"missing\" not found"),
        (json!({"canary": {"trafficRouting": {"nginx": {}}}}), "does not act on it yet"),
        (json!({"blueGreen": {}}), "name the Service that users reach"),
    ] {
        let mut desk = Desk::new(2, strategy);
        desk.settle();
        assert_eq!(desk.phase(), "Degraded");
        let message = desk.status()["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with("InvalidSpec: The Rollout \"web\" is invalid: "), "{message}");
        assert!(message.contains(words), "{message} lacks {words}");
        assert!(desk.pods().is_empty());
    }
}

#[test]
fn at_rest_there_is_nothing_to_do() {
    let mut desk = canary();
    desk.settle();
    let writes = desk.log.len();
    desk.pass_seconds(100_000);
    desk.settle();
    assert_eq!(desk.log.len(), writes);
    assert_eq!(desk.wake(), None);
}

#[test]
fn the_workload_hands_its_pods_over_as_it_was_told() {
    let over = |how: &str| {
        let mut desk = canary();
        desk.workload = Some(5);
        desk.spec(
            "workloadRef",
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "scaleDown": how}),
        );
        desk.ready_at_most = 2;
        desk.settle();
        let early = desk.workload.unwrap();
        desk.ready_at_most = 5;
        desk.settle();
        (early, desk)
    };
    for (how, early, late) in [("never", 5, 5), ("onsuccess", 5, 0), ("progressively", 3, 0)] {
        let (seen, mut desk) = over(how);
        assert_eq!((seen, desk.workload), (early, Some(late)), "{how}");
        desk.image("v2");
        desk.workload = Some(1);
        desk.settle();
        assert_eq!(desk.workload, Some(1), "{how}: a later revision leaves the workload alone");
    }
}
