//! Which commits go back, and in which words.

use jiff::Timestamp;
use serde_json::json;
use std::collections::BTreeSet;
use switchback::api::commit::{CommitRecord, FileChange};
use switchback::api::key::Key;
use switchback::api::names;
use switchback::api::podhash::same::template_key;
use switchback::logic::revert::select::{self, Extent, Pick};
use switchback::logic::revert::{PendingRevert, RevertReason, Safety, message, pending};
use switchback::logic::rollout::view::{AnalysisRunRow, ReplicaSet, View};
use switchback::logic::rollout::weight::Reached;

fn commit(n: u32, text: &str) -> CommitRecord {
    CommitRecord {
        id: format!("{n:040x}"),
        author: "Ada".into(),
        time: Timestamp::UNIX_EPOCH,
        message: text.into(),
        parents: Vec::new(),
    }
}

fn whole(commit: CommitRecord) -> Pick {
    Pick { commit, extent: Extent::Whole }
}

fn rollout(image: &str) -> Vec<u8> {
    format!("apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {{name: web, namespace: shop}}\nspec: {{image: {image}}}\n").into_bytes()
}

fn config(value: &str) -> Vec<u8> {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: cfg}}\ndata: {{x: {value}}}\n").into_bytes()
}

fn change(path: &str, old: Option<Vec<u8>>, new: Option<Vec<u8>>) -> FileChange {
    FileChange { path: path.into(), old, new }
}

fn chosen(history: &[(CommitRecord, Vec<FileChange>)]) -> Vec<String> {
    let keys: BTreeSet<Key> = [Key::rollout("shop", "web"), Key::core("ConfigMap", "shop", "cfg")].into();
    let mut selection = select::Selection::new(&keys, "shop");
    history.iter().rev().for_each(|(commit, changes)| selection.take(commit, changes));
    selection.commits().into_iter().map(|c| c.message).collect()
}

#[test]
fn commits_that_touch_the_rollout_or_what_its_pods_use_go_back() {
    let history = [
        (commit(5, "image"), vec![change("web/r.yaml", Some(rollout("v1")), Some(rollout("v2")))]),
        (commit(4, "readme"), vec![change("README.md", None, Some(b"web cfg".to_vec()))]),
        (commit(3, "config"), vec![change("c.yaml", Some(config("1")), Some(config("2")))]),
        (
            commit(2, "comment only"),
            vec![change(
                "web/r.yaml",
                Some(rollout("v1")),
                Some([b"# x\n".to_vec(), rollout("v1")].concat()),
            )],
        ),
        (
            commit(1, "other app"),
            vec![change("other.yaml", None, Some(b"kind: ConfigMap\nmetadata: {name: x}\n".to_vec()))],
        ),
    ];
    assert_eq!(chosen(&history), ["image", "config"]);
}

#[test]
fn what_is_reverted_already_is_left_alone_and_a_revert_of_a_revert_counts() {
    let bad = commit(1, "bad");
    let back = commit(2, &format!("Revert \"bad\"\n\nThis reverts commit {}.\n", bad.id));
    let again = commit(3, &format!("Revert \"Revert \"bad\"\"\n\nThis reverts commit {}.\n", back.id));
    let up = || vec![change("r.yaml", Some(rollout("v1")), Some(rollout("v2")))];
    let down = || vec![change("r.yaml", Some(rollout("v2")), Some(rollout("v1")))];
    assert!(chosen(&[(back.clone(), down()), (bad.clone(), up())]).is_empty());
    let alone = [(commit(3, &again.message), up())];
    assert_eq!(chosen(&alone), [alone[0].0.message.clone()]);
    assert_eq!(
        chosen(&[(again, up()), (back, down()), (bad, up())]),
        ["bad"],
        "the pair cancels out, the first is left"
    );
}

#[test]
fn the_message_is_gits_and_ours() {
    let pending = PendingRevert {
        rollout: Key::rollout("shop", "web"),
        revision: 7,
        reason: RevertReason::Analysis,
        reached: Some(Reached { step: 3, of: 5, weight: Some(20) }),
        verdict: "errors 0.41, 0.38, wanted result[0] < 0.05 (2 of 2 failed,\n limit 1)".into(),
        run: None,
        uid: String::new(),
        stays: None,
        made_by: None,
        policy: None,
        template: serde_json::Value::Null.into(),
        template_key: String::new(),
        safety: Safety::Safe,
    };
    let one =
        message::compose(&[whole(commit(10, "web: new checkout\n\nbody"))], std::slice::from_ref(&pending));
    assert!(one.starts_with("Revert \"web: new checkout\"\n\nThis reverts commit 000000000000000000000000000000000000000a.\n\nRollout shop/web failed at step 3 of 5 (20 %): errors 0.41"));
    assert!(one.ends_with("\n\nSwitchback-Rollout: shop/web\nSwitchback-Revision: 7\nSwitchback-Verdict: errors 0.41, 0.38, wanted result[0] < 0.05 (2 of 2 failed, limit 1)\n"));
    assert!(one.lines().filter(|l| !l.starts_with("Switchback-")).all(|l| l.chars().count() <= 72));
    assert_eq!(select::reverted_by(&one), [format!("{:040x}", 10)]);
    let two = message::compose(&[whole(commit(2, "b")), whole(commit(1, "a"))], &[pending]);
    assert!(two.starts_with("Revert \"b\" and 1 more\n"));
    assert_eq!(select::reverted_by(&two).len(), 2);
}

#[test]
fn a_failed_step_is_pending_with_how_far_it_had_come() {
    let rollout = serde_json::from_value(json!({
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"replicas": 1, "strategy": {"canary": {"steps":
            [{"setWeight": 20}, {"pause": {}}, {"analysis": {"templates": [{"templateName": "errors"}]}}]}}},
        "status": {"abort": true, "currentPodHash": "new", "stableRS": "old", "canary":
            {"currentStepAnalysisRunStatus": {"name": "web-new-2-2", "status": "Failed"}}},
    }))
    .unwrap();
    let mut run = AnalysisRunRow::default();
    run.meta.name = "web-new-2-2".into();
    run.meta.labels.insert(names::STEP_INDEX.into(), "2".into());
    let mut stable = ReplicaSet { hash: "old".into(), available: 1, ..ReplicaSet::default() };
    stable.meta.annotations.insert(names::COMMIT.into(), "c1".into());
    let template = json!({"spec": {"containers": [{"name": "c", "image": "web:2"}]}});
    let mut view = View {
        rollout,
        template: template.clone().into(),
        pod_hash: "new".into(),
        replica_sets: vec![stable],
        analysis_runs: vec![run],
        ..View::default()
    };
    let pending = pending::of(&view).unwrap();
    assert_eq!(pending.reached.map(|r| r.to_string()).as_deref(), Some("step 3 of 3 (20 %)"));
    assert_eq!((pending.run.as_deref(), pending.made_by.as_deref()), (Some("web-new-2-2"), Some("c1")));
    assert_eq!((pending.safety, &pending.template_key), (Safety::Safe, &template_key(&template)));
    view.analysis_runs.clear();
    assert_eq!(pending::of(&view).unwrap().reached, None, "the run is gone");
    view.pod_hash = "hashed otherwise".into();
    assert_eq!(pending::of(&view), None, "it is another template that failed");
    view.template_key = "key".into();
    view.replica_sets.push(ReplicaSet {
        hash: "new".into(),
        template_key: "key".into(),
        ..ReplicaSet::default()
    });
    assert!(pending::of(&view).is_some(), "whichever version has hashed it");
}

#[test]
fn pods_that_the_cluster_lets_nobody_take_away_hold_a_revert_up_for_a_while_only() {
    let pending_with = |reason: &str| {
        let time = "2026-11-21T12:00:00Z";
        let rollout = serde_json::from_value(json!({
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"replicas": 1, "strategy": {"canary": {}}},
            "status": {"abort": true, "abortedAt": time, "currentPodHash": "new", "stableRS": "old", "conditions": [
                {"type": "ReplicaFailure", "status": "True", "lastUpdateTime": time, "lastTransitionTime": time,
                    "reason": reason, "message": "frozen"}]},
        }));
        let set =
            |hash: &str| ReplicaSet { hash: hash.into(), replicas: 1, available: 1, ..ReplicaSet::default() };
        let replica_sets = vec![set("old"), set("new")];
        pending::of(&View {
            rollout: rollout.unwrap(),
            pod_hash: "new".into(),
            replica_sets,
            ..View::default()
        })
    };
    let half_a_minute_later = "2026-11-21T12:00:30Z".parse().unwrap();
    assert_eq!(pending_with("FailedCreate").unwrap().safety, Safety::Unsafe);
    assert_eq!(pending_with("ReplicaSetUpdateError").unwrap().safety, Safety::From(half_a_minute_later));
}
