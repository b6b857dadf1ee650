//! Workloads as clusters show them, and how it goes with each of them.
//! Nothing here is waited for.

use super::workload;
use crate::api::key::Key;
use crate::api::meta::Meta;
use crate::api::names;
use crate::api::rollout::Rollout;
use crate::logic::health::rollout;
use crate::logic::health::row::Health;
use crate::logic::rollout::view::ReplicaSet;
use serde_json::{Value, json};

fn of(group: &str, kind: &str, spec: Value, status: Value) -> Health {
    let key = Key { group: group.to_owned(), ..Key::core(kind, "shop", "web") };
    let object = json!({"metadata": {"generation": 2}, "spec": spec, "status": status});
    workload(&key).unwrap().health(Some(&object))
}

fn app(kind: &str, spec: Value, mut status: Value) -> Health {
    status["observedGeneration"] = json!(2);
    of("apps", kind, spec, status)
}

fn waits(why: &str) -> Health {
    Health::Progressing(why.to_owned())
}

#[test]
fn what_was_not_seen_yet_or_is_not_there_is_waited_for() {
    let all = json!({"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1});
    for kind in ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"] {
        let unseen = waits("its controller has not seen it as it is now");
        assert_eq!(of("apps", kind, json!({}), all.clone()), unseen, "{kind}");
        assert_eq!(of("apps", kind, json!({}), json!({})), unseen, "{kind}");
        let row = workload(&Key { group: "apps".to_owned(), ..Key::core(kind, "shop", "web") }).unwrap();
        assert_eq!(row.health(None), waits("it is not there"));
        let going = json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}});
        assert_eq!(row.health(Some(&going)), waits("it is being deleted"));
    }
    assert!(workload(&Key::core("ConfigMap", "shop", "web")).is_none());
}

#[test]
fn a_deployment_is_healthy_when_all_its_pods_are_new_and_available() {
    let deployment = |spec: Value, all: i64, updated: i64, available: i64, conditions: Value| {
        let status = json!({"replicas": all, "updatedReplicas": updated, "availableReplicas": available,
            "conditions": conditions});
        app("Deployment", spec, status)
    };
    let two = || json!({"replicas": 2});
    assert_eq!(deployment(two(), 2, 2, 2, json!([])), Health::Healthy);
    assert_eq!(deployment(json!({}), 1, 1, 1, json!([])), Health::Healthy);
    assert_eq!(deployment(two(), 2, 1, 2, json!([])), waits("1 of 2 pods updated"));
    assert_eq!(deployment(two(), 3, 2, 2, json!([])), waits("1 old pods still there"));
    assert_eq!(deployment(two(), 2, 2, 0, json!([])), waits("0 of 2 pods available"));
    let paused = deployment(json!({"replicas": 2, "paused": true}), 2, 0, 2, json!([]));
    assert_eq!(paused, waits("0 of 2 pods updated, and it is paused; go on with: kubectl rollout resume"));
    assert_eq!(deployment(json!({"replicas": 2, "paused": true}), 2, 2, 2, json!([])), Health::Healthy);

    let late = json!([{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]);
    let failed = "0 of 2 pods available, and no progress within its deadline".to_owned();
    assert_eq!(deployment(two(), 2, 2, 0, late.clone()), Health::Failed(failed));
    assert_eq!(deployment(json!({"replicas": 0}), 0, 0, 0, late), Health::Healthy, "a Rollout has its pods");
    let quota = json!([{"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"}]);
    assert_eq!(deployment(two(), 0, 0, 0, quota), waits("0 of 2 pods updated; exceeded quota"));
}

#[test]
fn a_stateful_set_is_healthy_when_the_pods_beyond_its_partition_are_new() {
    let set = |spec: Value, ready: i64, updated: i64, revisions: [&str; 2]| {
        let status = json!({"replicas": ready.max(2), "readyReplicas": ready, "updatedReplicas": updated,
            "currentRevision": revisions[0], "updateRevision": revisions[1]});
        app("StatefulSet", spec, status)
    };
    let partition = |p: i64| json!({"replicas": 2, "updateStrategy": {"rollingUpdate": {"partition": p}}});
    assert_eq!(set(partition(0), 2, 2, ["b", "b"]), Health::Healthy);
    assert_eq!(set(partition(0), 2, 1, ["a", "b"]), waits("1 of 2 pods updated"));
    assert_eq!(set(partition(1), 2, 1, ["a", "b"]), Health::Healthy);
    assert_eq!(set(partition(1), 2, 0, ["a", "b"]), waits("0 of 1 pods updated"));
    assert_eq!(set(partition(0), 1, 1, ["b", "b"]), waits("1 of 2 pods available"));
    assert_eq!(set(partition(0), 3, 3, ["b", "b"]), waits("1 pods too many still there"));
    let by_hand = json!({"replicas": 2, "updateStrategy": {"type": "OnDelete"}});
    assert_eq!(set(by_hand, 2, 0, ["a", "b"]), Health::Healthy);
}

#[test]
fn daemon_sets_and_replica_sets_are_healthy_when_their_pods_are_available() {
    let daemons = |updated: i64, available: i64| {
        let status = json!({"desiredNumberScheduled": 3, "updatedNumberScheduled": updated,
            "numberAvailable": available});
        app("DaemonSet", json!({}), status)
    };
    assert_eq!(daemons(3, 3), Health::Healthy);
    assert_eq!(daemons(2, 3), waits("2 of 3 pods updated"));
    assert_eq!(daemons(3, 2), waits("2 of 3 pods available"));
    let set = |all: i64, available: i64| {
        app("ReplicaSet", json!({"replicas": 2}), json!({"replicas": all, "availableReplicas": available}))
    };
    assert_eq!(set(2, 2), Health::Healthy);
    assert_eq!(set(2, 1), waits("1 of 2 pods available"));
    assert_eq!(set(3, 3), waits("1 pods too many still there"));
}

#[test]
fn a_job_is_healthy_when_it_is_complete_suspended_or_gone() {
    let job = |spec: Value, kind: &str| {
        let condition = json!({"type": kind, "status": "True", "reason": "BackoffLimitExceeded",
            "message": "too often"});
        of("batch", "Job", spec, json!({"succeeded": 1, "conditions": [condition]}))
    };
    assert_eq!(job(json!({"completions": 3}), "Complete"), Health::Healthy);
    assert_eq!(job(json!({"completions": 3}), "Other"), waits("1 of 3 pods have succeeded"));
    assert_eq!(job(json!({"suspend": true}), "Suspended"), Health::Healthy);
    let failed = "it failed: BackoffLimitExceeded: too often".to_owned();
    assert_eq!(job(json!({}), "Failed"), Health::Failed(failed));
    let key = Key { group: "batch".to_owned(), ..Key::core("Job", "shop", "migrate") };
    assert_eq!(workload(&key).unwrap().health(None), Health::Healthy);
}

#[test]
fn a_healthy_rollout_is_so_once_its_pods_are_counted() {
    let mut shown: Rollout = serde_json::from_value(json!({
        "metadata": {"name": "web", "namespace": "shop", "generation": 2},
        "spec": {"replicas": 2, "strategy": {"canary": {}}},
        "status": {"phase": "Healthy", "observedGeneration": "2", "replicas": 5}
    }))
    .unwrap();
    let mut set = ReplicaSet { replicas: 2, current: 5, ..ReplicaSet::default() };
    set.meta.name = "web-1".to_owned();
    let health = |shown: &Rollout, set: &ReplicaSet| rollout::health(shown, std::slice::from_ref(set));
    assert_eq!(health(&shown, &set), waits("web-1 is still scaled to 2 pods"));
    set.current = 2;
    assert_eq!(health(&shown, &set), waits("its status counts 5 pods of 2"));
    shown.status.replicas = 2;
    assert_eq!(health(&shown, &set), Health::Healthy);
    let note = (names::STALE_METADATA.to_owned(), "{}".to_owned());
    let labelled =
        ReplicaSet { meta: Meta { annotations: [note].into(), ..set.meta.clone() }, ..set.clone() };
    assert_eq!(health(&shown, &labelled), waits("the pods of web-1 are being labelled"));
    set.meta.generation = 3;
    assert_eq!(health(&shown, &set), waits("web-1 is still scaled to 2 pods"));
}

#[test]
fn a_pause_that_only_a_person_ends_says_so() {
    let paused = |step: Value, reason: &str| {
        let shown: Rollout = serde_json::from_value(json!({
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"strategy": {"canary": {"steps": [step]}}},
            "status": {"phase": "Paused", "message": reason, "currentStepIndex": 0,
                "pauseConditions": [{"reason": reason, "startTime": "2026-01-01T00:00:00Z"}]}
        }))
        .unwrap();
        rollout::health(&shown, &[])
    };
    let person = "it is paused and waits for a person; go on with: switchback promote web -n shop";
    assert_eq!(paused(json!({"pause": {}}), "CanaryPauseStep"), waits(person));
    let timed = waits("it is paused: CanaryPauseStep");
    assert_eq!(paused(json!({"pause": {"duration": "5m"}}), "CanaryPauseStep"), timed);
    let undecided = paused(json!({"pause": {"duration": "5m"}}), "InconclusiveAnalysisRun");
    assert_eq!(undecided, waits(person));
}
