//! Rollouts as the cluster holds them, and how they look.
//! Nothing here asks a cluster; every test draws a picture of given objects.

use super::draw::{line, tree};
use super::picture::{ContainerPicture, Picture};
use super::table::{AS_UPSTREAM, Layout, ROLLOUTS, Wanted};
use jiff::Timestamp;
use serde_json::{Value, json};

fn now() -> Timestamp {
    "2026-01-01T00:10:00Z".parse().unwrap()
}

fn meta(name: &str, owner: &str, revision: &str, hash: &str) -> Value {
    json!({"name": name, "namespace": "shop", "uid": format!("uid-{name}"),
        "creationTimestamp": "2026-01-01T00:08:00Z", "labels": {"rollouts-pod-template-hash": hash},
        "annotations": {"rollout.argoproj.io/revision": revision},
        "ownerReferences": [{"uid": format!("uid-{owner}"), "name": owner, "kind": "X", "controller": true}]})
}

fn rollout(strategy: Value, status: Value) -> Value {
    json!({"metadata": {"name": "web", "namespace": "shop", "uid": "uid-web", "generation": 7,
            "creationTimestamp": "2026-01-01T00:00:00Z", "annotations": {
                "rollout.argoproj.io/revision": "7", "switchback.dev/commit": "3f2c9a1".repeat(6),
                "switchback.dev/commit-subject": "web: new checkout (Ada)"}},
        "spec": {"replicas": 5, "strategy": strategy}, "status": status})
}

fn replica_set(name: &str, revision: &str, hash: &str, replicas: i64, image: &str) -> Value {
    json!({"metadata": meta(name, "web", revision, hash),
        "spec": {"replicas": replicas, "template": {"spec": {"containers": [{"image": image}]}}},
        "status": {"readyReplicas": replicas, "availableReplicas": replicas}})
}

fn pod(name: &str, replica_set: &str, state: Value) -> Value {
    let mut pod = json!({"metadata": meta(name, replica_set, "", ""), "status": state});
    pod["metadata"]["labels"] = json!({});
    pod
}

fn canary() -> Picture {
    let steps = json!([{"setWeight": 20}, {"pause": {"duration": "2m"}},
        {"analysis": {"templates": [{"templateName": "errors"}]}}, {"setWeight": 60}]);
    let status = json!({"phase": "Paused", "message": "CanaryPauseStep", "observedGeneration": "7",
        "currentStepIndex": 1, "currentPodHash": "new", "stableRS": "old", "controllerPause": true,
        "pauseConditions": [{"reason": "CanaryPauseStep", "startTime": "2026-01-01T00:09:12Z"}],
        "replicas": 5, "availableReplicas": 5, "updatedReplicas": 1, "readyReplicas": 5});
    let replica_sets = [
        replica_set("web-new", "7", "new", 1, "example/web:v3"),
        replica_set("web-old", "6", "old", 4, "example/web:v2"),
        replica_set("web-older", "5", "older", 0, "example/web:v1"),
    ];
    let ready = json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]});
    let broken = json!({"phase": "Pending", "containerStatuses": [{"restartCount": 3,
        "state": {"waiting": {"reason": "ImagePullBackOff"}}}]});
    let pods = [pod("web-new-a", "web-new", ready), pod("web-old-b", "web-old", broken)];
    let run = json!({"metadata": meta("web-new-7-2", "web", "7", "new"),
        "spec": {"metrics": [{"name": "errors", "count": 3, "interval": "1s", "provider": {},
            "successCondition": "result[0] < 0.05"}]},
        "status": {"phase": "Running", "metricResults": [{"name": "errors", "phase": "Running", "count": 2,
            "successful": 2, "measurements": [{"phase": "Successful", "value": "[0.012]"}]}]}});
    let foreign = json!({"metadata": meta("other-1-2", "other", "7", ""), "spec": {}, "status": {}});
    let strategy = json!({"canary": {"steps": steps}});
    Picture::of(&rollout(strategy, status), &replica_sets, &pods, &[run, foreign], now())
}

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

#[test]
fn a_paused_canary_shows_where_it_is_what_it_came_from_and_what_comes_next() {
    let wanted = "\
web  shop/web  ⏸ paused at step 2/4, pause 2m   revision 7 ← 3f2c9a1 \"web: new checkout\" (Ada, 2m)
  canary  20 % ████░░░░░░░░░░░░░░░░ stable  80 %   5/5 pods available     next: analysis errors in 72s
  ├─ revision 7  web-new   1/1 ready   canary   image example/web:v3
  │   └─ web-new-a  running, ready
  ├─ revision 6  web-old   4/4 ready   stable   image example/web:v2
  │   └─ web-old-b  ImagePullBackOff   restarts 3
  ├─ analysis web-new-7-2   ● running   2/3 ok   errors 0.012, wanted < 0.05
  └─ older revisions, scaled to zero: 5
  switchback promote web -n shop · switchback abort web -n shop";
    assert_eq!(plain(&tree(&canary(), now(), "default")), wanted);
    assert!(
        plain(&tree(&canary(), now(), "shop")).ends_with("switchback promote web · switchback abort web")
    );
    let one =
        "web  revision 7  canary  20 % ████░░░░░░░░░░░░░░░░  paused at step 2/4, pause 2m  5/5 available";
    assert_eq!(line(&canary()), one);
}

#[test]
fn an_aborted_one_says_why_and_how_to_go_on() {
    let status = json!({"phase": "Degraded", "message": "RolloutAborted: it failed", "observedGeneration": "7",
        "conditions": [{"type": "Progressing", "status": "False", "reason": "RolloutAborted", "message": "it failed",
            "lastUpdateTime": "2026-01-01T00:00:00Z", "lastTransitionTime": "2026-01-01T00:00:00Z"}],
        "abort": true, "currentStepIndex": 0, "currentPodHash": "new", "stableRS": "old"});
    let strategy = json!({"canary": {"steps": [{"setWeight": 20}]}});
    let picture = Picture::of(&rollout(strategy, status), &[], &[], &[], now());
    let text = plain(&tree(&picture, now(), "shop"));
    assert!(text.starts_with("web  shop/web  ✗ degraded   revision 7"), "{text}");
    assert!(text.contains("\n  RolloutAborted: it failed\n"), "{text}");
    assert!(text.ends_with("switchback retry web · switchback undo web"), "{text}");
    assert_eq!((picture.set_weight, picture.next), (0, None));
}

#[test]
fn blue_green_shows_which_revision_is_active_and_what_is_waited_for() {
    let status = json!({"phase": "Paused", "message": "BlueGreenPause", "observedGeneration": "7",
        "currentPodHash": "new", "stableRS": "old", "controllerPause": true,
        "pauseConditions": [{"reason": "BlueGreenPause", "startTime": "2026-01-01T00:09:30Z"}],
        "blueGreen": {"activeSelector": "old", "previewSelector": "new"}, "availableReplicas": 5});
    let strategy = json!({"blueGreen": {"activeService": "a", "autoPromotionSeconds": 60}});
    let replica_sets =
        [replica_set("web-new", "7", "new", 5, "v3"), replica_set("web-old", "6", "old", 5, "v2")];
    let picture = Picture::of(&rollout(strategy, status), &replica_sets, &[], &[], now());
    let text = plain(&tree(&picture, now(), "shop"));
    assert!(text.contains("active revision 6   5/5 pods available     next: switch in 30s"), "{text}");
    assert!(text.contains("web-new   5/5 ready   preview   image v3"), "{text}");
    assert!(text.contains("web-old   5/5 ready   active, stable   image v2"), "{text}");
}

#[test]
fn many_pods_are_counted_not_listed() {
    let ready = json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]});
    let pods: Vec<Value> = (0..20).map(|i| pod(&format!("p{i:02}"), "web-new", ready.clone())).collect();
    let status =
        json!({"phase": "Healthy", "observedGeneration": "7", "currentPodHash": "new", "stableRS": "new"});
    let replica_sets = [replica_set("web-new", "7", "new", 20, "v3")];
    let picture = Picture::of(&rollout(json!({"canary": {}}), status), &replica_sets, &pods, &[], now());
    let text = plain(&tree(&picture, now(), "shop"));
    assert!(text.contains("p06") && !text.contains("p07"), "{text}");
    assert!(text.contains("└─ and 13 more, 13 of them ready"), "{text}");
}

#[test]
fn the_table_has_a_row_for_each_and_the_namespace_only_when_asked() {
    let wanted = "\
NAME   STRATEGY   STATUS   STEP   WEIGHT   READY   UP-TO-DATE   REVISION   COMMIT    AGE
web    canary     Paused   1/4    20       5/5     1            7          3f2c9a1   10m
";
    let draw = |layout: &Layout<Picture>, wanted| layout.draw(&[canary()], wanted, now());
    assert_eq!(draw(ROLLOUTS, Wanted::default()), wanted);
    let namespaces = Wanted { namespaces: true, ..Wanted::default() };
    assert!(draw(ROLLOUTS, namespaces).starts_with("NAMESPACE   NAME"));
    let wanted = "\
TIMESTAMP              NAME   STRATEGY   STATUS   STEP   SET-WEIGHT   READY   DESIRED   UP-TO-DATE   AVAILABLE
2026-01-01T00:10:00Z   web    Canary     Paused   1/4    20           5/5     5         1            5
";
    assert_eq!(draw(AS_UPSTREAM, Wanted { timestamps: true, ..Wanted::default() }), wanted);
}

#[test]
fn a_wide_table_has_what_a_revision_is_made_of_besides_and_no_column_twice() {
    let mut picture = canary();
    picture.containers =
        vec![ContainerPicture { name: "main".to_owned(), image: "example/web:v3".to_owned() }];
    let wide = Wanted { wide: true, ..Wanted::default() };
    for (layout, before) in [(ROLLOUTS, 10), (AS_UPSTREAM, 9)] {
        let text = layout.draw(std::slice::from_ref(&picture), wide, now());
        let words: Vec<Vec<&str>> = text.lines().map(|l| l.split_whitespace().collect()).collect();
        let mut heads = words[0].clone();
        assert_eq!((heads.len(), words[1].len()), (before + if before == 9 { 7 } else { 4 }, heads.len()));
        assert!(words[1].ends_with(&["old", "new", "main", "example/web:v3"]), "{text}");
        heads.sort_unstable();
        heads.dedup();
        assert_eq!(heads.len(), words[0].len(), "{text}");
    }
}

#[test]
fn an_object_that_cannot_be_read_is_shown_all_the_same() {
    let spoilt = json!({"metadata": {"name": "web", "namespace": "shop"}, "spec": {"replicas": "many"}});
    let picture = Picture::of(&spoilt, &[], &[], &[], now());
    assert_eq!(picture.name, "web");
    assert!(!tree(&picture, now(), "shop").is_empty());
}
