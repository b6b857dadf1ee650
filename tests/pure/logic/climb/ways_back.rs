//! Ways back that need no wait, and what is left of an abort or a lost pod once a revision was promoted.

use super::canary;
use super::rig::Rig;
use serde_json::{Value, json};
use switchback::api::run::Phase;

/// Blue-green with these settings beside the two Services, settled at `v1`.
fn blue_green(more: &Value) -> Rig {
    let mut strategy = json!({"activeService": "active", "previewService": "preview"});
    strategy.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let mut rig = Rig::new(2, json!({"blueGreen": strategy}));
    rig.template("errors", &json!({}));
    rig.settle();
    assert_eq!((rig.phase(), rig.selected("active")), ("Healthy".into(), "v1".into()));
    rig
}

fn analysis() -> Value {
    json!({"templates": [{"templateName": "errors"}]})
}

#[test]
fn a_return_to_the_stable_revision_is_active_at_once_whatever_is_measured() {
    for end in [Phase::Running, Phase::Inconclusive] {
        let mut rig = blue_green(&json!({"autoPromotionEnabled": false,
            "prePromotionAnalysis": analysis(), "postPromotionAnalysis": analysis()}));
        rig.image("v2");
        rig.settle();
        rig.judge("-pre", Phase::Successful);
        rig.settle();
        assert_eq!(rig.phase(), "Paused");
        rig.patch_status(json!({"pauseConditions": null}));
        rig.settle();
        assert_eq!((rig.selected("active"), rig.status()["stableRS"].clone()), ("v2".into(), json!("v1")));
        rig.judge("-post", end);
        rig.settle();
        rig.image("v1");
        rig.settle();
        assert_eq!((rig.phase(), rig.selected("active")), ("Healthy".into(), "v1".into()), "{end:?}");
        assert_eq!(rig.runs().len(), 2, "nothing more is measured: {:?}", rig.runs());
    }
}

#[test]
fn a_way_back_within_the_window_needs_no_wait() {
    for settings in [
        json!({"autoPromotionEnabled": false}),
        json!({"autoPromotionSeconds": 3600}),
        json!({"prePromotionAnalysis": analysis()}),
        json!({"postPromotionAnalysis": analysis()}),
    ] {
        let mut rig = blue_green(&settings);
        rig.image("v2");
        rig.settle();
        rig.patch_status(json!({"promoteFull": true}));
        rig.settle();
        rig.pass_seconds(60);
        rig.settle();
        assert_eq!(rig.pods(), [("v2".into(), 2)], "{settings}: the old pods are gone");
        rig.spec("rollbackWindow", json!({"revisions": 3}));
        rig.settle();
        rig.image("v1");
        rig.settle();
        assert_eq!((rig.phase(), rig.selected("active")), ("Healthy".into(), "v1".into()), "{settings}");
        let said = "Rollout completed update to revision 3 (v1): Rollback within window";
        assert_eq!(rig.said, said, "{settings}");
    }
}

#[test]
fn an_abort_of_what_is_promoted_is_lifted() {
    for mut rig in [canary(), blue_green(&json!({}))] {
        rig.settle();
        let writes = rig.log.len();
        rig.patch_status(json!({"abort": true}));
        rig.settle();
        assert_eq!((rig.phase(), rig.status().get("abort")), ("Healthy".into(), None));
        assert_eq!(rig.log.len() - writes, 1, "{:?}", &rig.log[writes..]);
        rig.image("v2");
        rig.settle();
        assert_ne!(rig.phase(), "Degraded", "the next update is none that was aborted");
    }
}

#[test]
fn what_was_promoted_and_loses_its_pods_is_not_aborted_and_heals() {
    let mut rig = canary();
    rig.spec("progressDeadlineAbort", json!(true));
    rig.settle();
    rig.broken = Some("v1".into());
    rig.settle();
    assert_eq!(rig.phase(), "Progressing");
    let due = rig.wake().expect("its deadline has it reconciled again");
    rig.pass_seconds(602);
    assert!(due <= rig.now());
    rig.settle();
    assert_eq!(rig.condition("Progressing").0, "ProgressDeadlineExceeded");
    assert_eq!((rig.phase(), rig.status().get("abort")), ("Degraded".into(), None));
    rig.broken = None;
    rig.settle();
    assert_eq!(rig.phase(), "Healthy");
}

#[test]
fn a_rollout_that_is_resized_while_an_abort_waits_goes_on() {
    let mut rig = blue_green(&json!({"autoPromotionEnabled": false, "abortScaleDownDelaySeconds": 60}));
    rig.image("v2");
    rig.settle();
    rig.patch_status(json!({"abort": true}));
    rig.settle();
    assert_eq!(rig.pods(), [("v1".into(), 2), ("v2".into(), 2)]);
    rig.spec("replicas", json!(3));
    rig.settle();
    assert_eq!(rig.pods(), [("v1".into(), 3), ("v2".into(), 2)], "the new pods stay as they are");
    assert_eq!(
        (&rig.status()["replicas"], &rig.status()["HPAReplicas"]),
        (&json!(5), &json!(3)),
        "it is told"
    );
    rig.pass_seconds(61);
    rig.settle();
    assert_eq!(rig.pods(), [("v1".into(), 3)]);
}

#[test]
fn an_abort_waits_no_longer_when_more_stable_pods_are_there_than_are_wanted() {
    let mut rig = blue_green(&json!({"autoPromotionEnabled": false}));
    rig.image("v2");
    rig.settle();
    rig.lingering = 1;
    rig.settle();
    rig.patch_status(json!({"abort": true}));
    rig.settle();
    rig.pass_seconds(31);
    rig.settle();
    assert_eq!(rig.pods(), [("v1".into(), 2)]);
}

#[test]
fn what_is_promoted_takes_no_steps_whatever_its_index_says() {
    let mut rig = canary();
    rig.settle();
    rig.patch_status(json!({"currentStepIndex": 1}));
    rig.settle();
    assert_eq!((rig.phase(), rig.status()["currentStepIndex"].clone()), ("Healthy".into(), json!(4)));
}
