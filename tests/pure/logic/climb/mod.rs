//! Stories of rollouts told to the pure decision alone: pods obey at once, time moves when told.

mod begins;
mod metadata;
mod rig;
mod ways_back;

use rig::Rig;
use serde_json::json;
use std::time::Duration;

const CANARY: &str = r#"{"canary": {"maxSurge": 1, "maxUnavailable": 0, "steps": [
    {"setWeight": 20}, {"pause": {"duration": 10}}, {"setWeight": 60}, {"pause": {}}]}}"#;

fn canary() -> Rig {
    Rig::new(5, serde_json::from_str(CANARY).unwrap())
}

#[test]
fn the_first_revision_is_deployed_whole_and_at_once() {
    let mut rig = canary();
    rig.settle();
    assert_eq!(rig.phase(), "Healthy");
    assert_eq!(rig.pods(), [("v1".into(), 5)]);
    assert_eq!(rig.status()["currentStepIndex"], 4);
    assert_eq!(rig.annotation("rollout.argoproj.io/revision"), "1");
    assert_eq!(rig.count("create ReplicaSet"), 1);
    assert!(rig.count("") <= 4, "more writes than needed: {:?}", rig.log);
    assert_eq!(rig.events.last().unwrap(), "RolloutCompleted");
}

#[test]
fn counts_wait_for_more_and_longer_while_the_first_revision_comes_up() {
    let mut rig = canary();
    rig.debounce(0);
    rig.settle();
    assert_eq!(rig.debounce(2), Some(Duration::from_secs(10)));
    rig.deadline(20);
    rig.settle();
    assert_eq!(rig.debounce(3), Some(Duration::from_secs(1)), "a twentieth of the deadline");
    rig.deadline(2);
    rig.settle();
    assert_eq!(rig.debounce(4), Some(Duration::from_millis(400)), "but long enough to be worth it");
    assert_eq!(rig.debounce(5), None, "all ready is no mere count");
}

#[test]
fn a_canary_climbs_in_steps_and_waits_where_told() {
    let mut rig = canary();
    rig.settle();
    rig.image("v2");
    rig.settle();
    assert_eq!((rig.phase(), rig.status()["currentStepIndex"].clone()), ("Paused".into(), json!(1)));
    assert_eq!(rig.pods(), [("v1".into(), 4), ("v2".into(), 1)]);
    assert!(rig.wake().is_some(), "a timed pause must wake the controller");
    rig.pass_seconds(9);
    rig.settle();
    assert_eq!(rig.status()["currentStepIndex"], 1, "nine of ten seconds");
    rig.pass_seconds(1);
    rig.settle();
    assert_eq!((rig.phase(), rig.status()["currentStepIndex"].clone()), ("Paused".into(), json!(3)));
    assert_eq!(rig.pods(), [("v1".into(), 2), ("v2".into(), 3)]);
    rig.pass_seconds(100_000);
    rig.settle();
    assert_eq!(rig.status()["currentStepIndex"], 3, "an indefinite pause waits for a user");
    rig.patch_status(json!({"pauseConditions": null}));
    rig.settle();
    assert_eq!(rig.phase(), "Healthy");
    assert_eq!(rig.pods(), [("v2".into(), 5)]);
    assert_eq!(rig.events.last().unwrap(), "RolloutCompleted");
    assert!(rig.most_pods <= 6, "surge of 1 over 5: {}", rig.most_pods);
    assert!(rig.least_available >= 5, "nothing may be unavailable: {}", rig.least_available);
}

#[test]
fn a_new_size_that_comes_with_a_new_image_skips_no_step() {
    for returns in [false, true] {
        let mut rig = canary();
        rig.settle();
        if returns {
            rig.image("v2");
            rig.settle();
            rig.patch_status(json!({"promoteFull": true}));
            rig.settle();
            assert_eq!((rig.phase(), rig.pods()), ("Healthy".into(), vec![("v2".into(), 5)]));
        }
        rig.most_of("v1");
        rig.spec("replicas", json!(10));
        rig.image(if returns { "v1" } else { "v2" });
        rig.settle();
        assert_eq!(rig.status()["currentStepIndex"], 1);
        let two_of_ten =
            if returns { [("v1".into(), 2), ("v2".into(), 8)] } else { [("v1".into(), 8), ("v2".into(), 2)] };
        assert_eq!(rig.pods(), two_of_ten);
        let new = if returns { "v1" } else { "v2" };
        let most = rig.most_of(new);
        assert_eq!(most, 2, "pods of {new} at 20 %");
    }
}

#[test]
fn an_abort_returns_to_stable_and_a_retry_starts_over() {
    let mut rig = canary();
    rig.settle();
    rig.image("v2");
    rig.settle();
    rig.patch_status(json!({"abort": true}));
    rig.settle();
    assert_eq!(rig.phase(), "Degraded");
    assert_eq!(rig.pods(), [("v1".into(), 5)]);
    assert_eq!(rig.status()["currentStepIndex"], 0);
    assert_eq!(rig.status()["message"], "RolloutAborted: Rollout aborted update to revision 2");
    assert!(rig.status()["abortedAt"].is_string());
    rig.patch_status(json!({"abort": false}));
    rig.settle();
    assert_eq!(rig.phase(), "Paused");
    assert_eq!(rig.pods(), [("v1".into(), 4), ("v2".into(), 1)]);
    rig.patch_status(json!({"promoteFull": true}));
    rig.settle();
    assert_eq!(rig.phase(), "Healthy");
    assert_eq!(rig.pods(), [("v2".into(), 5)]);
}

#[test]
fn going_back_to_stable_skips_the_steps() {
    let mut rig = canary();
    rig.settle();
    rig.image("v2");
    rig.settle();
    rig.image("v1");
    rig.settle();
    assert_eq!(rig.phase(), "Healthy");
    assert_eq!(rig.pods(), [("v1".into(), 5)]);
    assert!(rig.events.contains(&"SkipSteps".to_owned()));
    assert_eq!(rig.annotation("rollout.argoproj.io/revision"), "3", "an old template gets a new number");
}

#[test]
fn a_third_revision_in_the_middle_drains_the_second_first() {
    let mut rig = canary();
    rig.settle();
    rig.image("v2");
    rig.settle();
    rig.image("v3");
    rig.settle();
    assert_eq!(rig.pods(), [("v1".into(), 4), ("v3".into(), 1)]);
    assert!(rig.most_pods <= 6);
}

#[test]
fn pods_that_never_become_ready_miss_the_deadline_and_abort_when_asked() {
    let mut rig = canary();
    rig.spec("progressDeadlineSeconds", json!(30));
    rig.spec("progressDeadlineAbort", json!(true));
    rig.settle();
    rig.broken = Some("bad".into());
    rig.image("bad");
    rig.settle();
    assert_eq!(rig.phase(), "Progressing");
    rig.pass_seconds(32);
    rig.settle();
    assert_eq!(rig.phase(), "Degraded");
    let message = rig.status()["message"].as_str().unwrap_or_default().to_owned();
    assert!(message.contains("has timed out progressing"), "why it was aborted is lost: {message}");
    assert_eq!(rig.pods(), [("v1".into(), 5)]);
    assert!(rig.least_available >= 5);
}

#[test]
fn a_user_pause_stops_everything_and_scaling_still_works() {
    let mut rig = canary();
    rig.settle();
    rig.spec("paused", json!(true));
    rig.image("v2");
    rig.settle();
    assert_eq!(rig.phase(), "Paused");
    assert_eq!(rig.pods(), [("v1".into(), 5)]);
    rig.spec("paused", json!(false));
    rig.settle();
    assert_eq!(rig.pods(), [("v1".into(), 4), ("v2".into(), 1)]);
    rig.spec("replicas", json!(10));
    rig.settle();
    assert_eq!(rig.pods(), [("v1".into(), 8), ("v2".into(), 2)]);
    assert_eq!(rig.status()["currentStepIndex"], 1, "scaling is no step");
}

#[test]
fn blue_green_previews_waits_switches_and_keeps_the_old_pods_for_a_while() {
    let strategy = json!({"blueGreen": {"activeService": "active", "previewService": "preview",
        "autoPromotionEnabled": false, "scaleDownDelaySeconds": 20}});
    let mut rig = Rig::new(3, strategy);
    rig.settle();
    assert_eq!(rig.phase(), "Healthy");
    rig.image("v2");
    rig.settle();
    assert_eq!((rig.phase(), rig.status()["message"].clone()), ("Paused".into(), json!("BlueGreenPause")));
    assert_eq!((rig.selected("active"), rig.selected("preview")), ("v1".into(), "v2".into()));
    assert_eq!(rig.pods(), [("v1".into(), 3), ("v2".into(), 3)]);
    rig.patch_status(json!({"pauseConditions": null}));
    rig.settle();
    assert_eq!(rig.phase(), "Healthy");
    assert_eq!(rig.selected("active"), "v2");
    assert_eq!(rig.pods(), [("v1".into(), 3), ("v2".into(), 3)], "the old pods stay for 20 s");
    rig.pass_seconds(21);
    rig.settle();
    assert_eq!(rig.pods(), [("v2".into(), 3)]);
}

#[test]
fn blue_green_promotes_itself_and_an_abort_leads_back() {
    let strategy = json!({"blueGreen": {"activeService": "active", "autoPromotionSeconds": 30}});
    let mut rig = Rig::new(2, strategy);
    rig.settle();
    rig.image("v2");
    rig.settle();
    assert_eq!(rig.phase(), "Paused");
    rig.patch_status(json!({"abort": true}));
    rig.settle();
    assert_eq!(rig.phase(), "Degraded");
    assert_eq!(rig.selected("active"), "v1");
    rig.pass_seconds(31);
    rig.settle();
    assert_eq!(rig.pods(), [("v1".into(), 2)], "the new pods go after the abort delay");
    rig.patch_status(json!({"abort": false}));
    rig.settle();
    rig.pass_seconds(31);
    rig.settle();
    assert_eq!((rig.phase(), rig.selected("active")), ("Healthy".into(), "v2".into()));
}

fn switched_by_hand() -> Rig {
    let strategy = json!({"blueGreen": {"activeService": "active", "previewService": "preview",
        "autoPromotionEnabled": false, "scaleDownDelaySeconds": 60}});
    let mut rig = Rig::new(2, strategy);
    rig.settle();
    rig.image("v2");
    rig.settle();
    rig.patch_status(json!({"pauseConditions": null}));
    rig.settle();
    assert_eq!((rig.phase(), rig.selected("active")), ("Healthy".into(), "v2".into()));
    rig
}

#[test]
fn what_comes_back_within_its_delay_is_active_at_once() {
    let mut rig = switched_by_hand();
    rig.image("v1");
    rig.settle();
    assert_eq!((rig.phase(), rig.selected("active")), ("Healthy".into(), "v1".into()));
    assert_eq!(rig.status()["stableRS"], "v1");
    let mut rig = switched_by_hand();
    rig.pass_seconds(61);
    rig.settle();
    rig.image("v1");
    rig.settle();
    assert_eq!((rig.phase(), rig.selected("active")), ("Paused".into(), "v2".into()), "its pods are gone");
}

#[test]
fn what_was_aborted_is_not_active_at_once_when_it_is_tried_again() {
    let mut rig = switched_by_hand();
    rig.image("v3");
    rig.settle();
    rig.patch_status(json!({"abort": true}));
    rig.settle();
    assert_eq!((rig.phase(), rig.selected("active")), ("Degraded".into(), "v2".into()));
    rig.patch_status(json!({"abort": false}));
    rig.settle();
    assert_eq!(
        (rig.phase(), rig.selected("active")),
        ("Paused".into(), "v2".into()),
        "its deadline is none of a way back"
    );
}

#[test]
fn an_invalid_spec_is_said_and_nothing_moves() {
    for (strategy, words) in [
        (json!({}), "spec.strategy: Required value: Rollout has missing field"),
        (json!({"canary": {}, "blueGreen": {"activeService": "active"}}), "Multiple Strategies"),
        (json!({"canary": {"steps": [{"setWeight": 120}]}}), "steps[0].setWeight: Invalid value: 120"),
        (
            json!({"canary": {"steps": [{"setWeight": 1, "pause": {}}]}}),
            "Step must have one of the following set",
        ),
        (json!({"canary": {"stableService": "missing"}}), "service \"missing\" not found"),
        (
            json!({"canary": {"canaryService": "a", "stableService": "b", "trafficRouting": {"nginx": {}}}}),
            "does not act on it yet",
        ),
        (json!({"blueGreen": {}}), "name the Service that users reach"),
    ] {
        let mut rig = Rig::new(2, strategy);
        rig.settle();
        assert_eq!(rig.phase(), "Degraded");
        let message = rig.status()["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with("InvalidSpec: The Rollout \"web\" is invalid: "), "{message}");
        assert!(message.contains(words), "{message} lacks {words}");
        assert!(rig.pods().is_empty());
        assert!(!rig.events.contains(&"InvalidSpec".to_owned()), "the condition alone says so");
    }
}

#[test]
fn at_rest_there_is_nothing_to_do() {
    let mut rig = canary();
    rig.settle();
    let writes = rig.log.len();
    rig.pass_seconds(100_000);
    rig.settle();
    assert_eq!(rig.log.len(), writes);
    assert_eq!(rig.wake(), None);
}

#[test]
fn the_workload_hands_its_pods_over_as_it_was_told() {
    let over = |how: &str| {
        let mut rig = canary();
        rig.workload = Some(5);
        rig.spec(
            "workloadRef",
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "scaleDown": how}),
        );
        rig.ready_at_most = 2;
        rig.settle();
        let early = rig.workload.unwrap();
        rig.ready_at_most = 5;
        rig.settle();
        (early, rig)
    };
    for (how, early, late) in [("never", 5, 5), ("onsuccess", 5, 0), ("progressively", 3, 0)] {
        let (seen, mut rig) = over(how);
        assert_eq!((seen, rig.workload), (early, Some(late)), "{how}");
        rig.image("v2");
        rig.workload = Some(1);
        rig.settle();
        assert_eq!(rig.workload, Some(1), "{how}: a later revision leaves the workload alone");
    }
}

#[test]
fn a_refused_replica_set_is_told_once_and_its_deadline_runs_to_an_abort() {
    let mut rig = canary();
    rig.settle();
    rig.image("v2");
    rig.settle();
    assert_eq!(rig.pods(), [("v1".into(), 4), ("v2".into(), 1)]);
    rig.spec("progressDeadlineAbort", json!(true));
    rig.spec("progressDeadlineSeconds", json!(100));
    rig.refused = Some("v3".into());
    rig.image("v3");
    rig.settle();
    let told = "Failed to create new replica set \"web-v3\": no latest tags";
    assert_eq!(rig.condition("Progressing"), ("ReplicaSetCreateError".into(), told.into()));
    assert_eq!(rig.events.iter().filter(|e| *e == "ReplicaSetCreateError").count(), 1);
    assert_eq!(rig.annotation("rollout.argoproj.io/revision"), "3");
    assert!(rig.wake().is_some(), "its deadline has it reconciled again");
    let writes = rig.log.len();
    rig.pass_seconds(50);
    rig.settle();
    assert_eq!(rig.log.len(), writes, "nothing is written while nothing changes: {:?}", &rig.log[writes..]);
    rig.pass_seconds(51);
    rig.settle();
    let aborted = "Rollout aborted update to revision 3: Rollout \"web\" has timed out progressing.";
    assert_eq!(rig.condition("Progressing"), ("RolloutAborted".into(), aborted.into()));
    assert_eq!((rig.phase(), rig.status()["abort"].clone()), ("Degraded".into(), json!(true)));
    assert_eq!(rig.pods(), [("v1".into(), 5)], "what the update before had left goes");
    rig.image("v1");
    rig.settle();
    assert_eq!((rig.phase(), rig.condition("ReplicaFailure").0), ("Healthy".into(), String::new()));
}

#[test]
fn a_refused_replica_set_takes_no_pods_from_the_stable_one_and_a_later_success_climbs() {
    let mut rig = canary();
    rig.refused = Some("v1".into());
    rig.settle();
    assert_eq!(
        (rig.phase(), rig.pods()),
        ("Progressing".into(), Vec::new()),
        "the first one is not promoted"
    );
    rig.refused = None;
    rig.settle();
    assert_eq!(rig.phase(), "Healthy");
    rig.refused = Some("v2".into());
    rig.image("v2");
    rig.settle();
    rig.spec("replicas", json!(6));
    rig.settle();
    assert_eq!(rig.pods(), [("v1".into(), 6)], "an emergency is seen to");
    rig.refused = None;
    rig.settle();
    assert_eq!((rig.phase(), rig.pods().len()), ("Paused".into(), 2));
    assert_eq!(rig.condition("ReplicaFailure").0, "");
}

#[test]
fn a_refused_blue_green_revision_leaves_the_services_alone() {
    let strategy = json!({"blueGreen": {"activeService": "active", "previewService": "preview"}});
    let mut rig = Rig::new(2, strategy);
    rig.settle();
    rig.refused = Some("v2".into());
    rig.spec("progressDeadlineAbort", json!(true));
    rig.image("v2");
    rig.settle();
    rig.pass_seconds(700);
    rig.settle();
    assert_eq!((rig.selected("active"), rig.selected("preview")), ("v1".into(), "v1".into()));
    assert_eq!((rig.status()["abort"].clone(), rig.pods()), (json!(true), vec![("v1".into(), 2)]));
}
