//! Jobs from their first pod to their last count.
//! Each test decides on one rule; none knows how the rule is kept.

use super::world::{World, options};
use crate::propagation::Propagation;
use proptest::prelude::*;
use serde_json::{Value, json};

fn job(command: &str, change: impl FnOnce(&mut Value)) -> Value {
    let mut object = json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once", "namespace": "shop"},
        "spec": {
            "completions": 1, "parallelism": 1, "backoffLimit": 6,
            "template": {"spec": {
                "restartPolicy": "Never",
                "containers": [{"name": "c", "image": "busybox", "command": ["sh", "-c", command]}],
            }},
        },
    });
    change(&mut object["spec"]);
    object
}

fn status(world: &World) -> &Value {
    &world.get("batch/v1", "Job", "once").unwrap()["status"]
}

/// The types of the conditions that hold, and the reason of the last.
fn verdict(world: &World) -> (Vec<String>, String) {
    let all = status(world)["conditions"].as_array().cloned().unwrap_or_default();
    let holding: Vec<&Value> = all.iter().filter(|c| c["status"] == "True").collect();
    let text = |c: &Value, f: &str| c[f].as_str().unwrap().to_owned();
    (
        holding.iter().map(|c| text(c, "type")).collect(),
        holding.last().map(|c| text(c, "reason")).unwrap_or_default(),
    )
}

fn tracked(world: &World) -> usize {
    world
        .all("Pod")
        .iter()
        .filter(|p| p["metadata"]["finalizers"].as_array().is_some_and(|f| !f.is_empty()))
        .count()
}

#[test]
fn a_job_runs_to_its_end() {
    let mut world = World::new(options(1));
    world.create(job("sleep 2 && exit 0", |_| ()));
    world.pass(1.0);
    assert_eq!((&status(&world)["active"], &status(&world)["ready"]), (&json!(1), &json!(1)));
    let pod = world.all("Pod")[0];
    assert_eq!(pod["metadata"]["labels"]["batch.kubernetes.io/job-name"], "once");
    assert_eq!(pod["metadata"]["finalizers"], json!(["batch.kubernetes.io/job-tracking"]));
    world.pass(5.0);
    let expected = json!({
        "succeeded": 1, "ready": 0, "terminating": 0, "uncountedTerminatedPods": {},
        "startTime": "2026-01-01T00:00:00Z", "completionTime": "2026-01-01T00:00:03Z",
        "conditions": status(&world)["conditions"],
    });
    assert_eq!(status(&world), &expected);
    assert_eq!(
        verdict(&world),
        (vec!["SuccessCriteriaMet".into(), "Complete".into()], "CompletionsReached".into())
    );
    assert_eq!((tracked(&world), world.all("Pod").len()), (0, 1));
    let reasons: Vec<String> = world.told("once").into_iter().map(|(reason, ..)| reason).collect();
    assert_eq!(reasons, ["SuccessfulCreate", "Completed"]);
}

#[test]
fn failures_wait_ever_longer_until_the_limit() {
    let mut world = World::new(options(1));
    world.create(job("sleep 1 && exit 3", |s| s["backoffLimit"] = json!(2)));
    world.pass(5.0);
    assert_eq!((world.all("Pod").len(), &status(&world)["failed"]), (1, &json!(1)));
    world.pass(10.0);
    assert_eq!(world.all("Pod").len(), 2);
    world.pass(15.0);
    assert_eq!(world.all("Pod").len(), 2);
    world.pass(30.0);
    assert_eq!((world.all("Pod").len(), &status(&world)["failed"]), (3, &json!(3)));
    assert_eq!(
        verdict(&world),
        (vec!["FailureTarget".into(), "Failed".into()], "BackoffLimitExceeded".into())
    );
    let pod = world.all("Pod")[0];
    assert_eq!(pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"], 3);
    assert!(world.told("once").iter().any(|(reason, ..)| reason == "BackoffLimitExceeded"));
    let writes = world.writes;
    world.pass(600.0);
    assert_eq!(world.writes, writes);
}

#[test]
fn a_deadline_stops_what_runs() {
    let mut world = World::new(options(1));
    world.create(job("sleep infinity", |s| {
        s["activeDeadlineSeconds"] = json!(5);
        s["parallelism"] = json!(2);
        s["completions"] = json!(2);
    }));
    world.pass(4.9);
    assert_eq!(status(&world)["active"], 2);
    world.pass(2.0);
    assert_eq!(verdict(&world), (vec!["FailureTarget".into(), "Failed".into()], "DeadlineExceeded".into()));
    assert!(world.all("Pod").is_empty());
    assert_eq!(status(&world)["failed"], 2);
    assert!(status(&world).get("active").is_none());
}

#[test]
fn completions_run_in_parallel() {
    let mut world = World::new(options(1));
    world.create(job("sleep 1 && exit 0", |s| {
        s["parallelism"] = json!(2);
        s["completions"] = json!(5);
    }));
    world.settle();
    assert_eq!(world.all("Pod").len(), 2);
    world.pass(3.0);
    assert_eq!(status(&world)["succeeded"], 2);
    world.pass(10.0);
    assert_eq!((&status(&world)["succeeded"], world.all("Pod").len()), (&json!(5), 5));
    assert_eq!(verdict(&world).1, "CompletionsReached");
}

#[test]
fn a_work_queue_ends_when_the_first_succeeds_and_all_are_done() {
    let mut world = World::new(options(1));
    world.create(job("sleep 1 && exit 0", |s| {
        s.as_object_mut().unwrap().remove("completions");
        s["parallelism"] = json!(3);
    }));
    world.pass(10.0);
    assert_eq!((&status(&world)["succeeded"], world.all("Pod").len()), (&json!(3), 3));
    assert!(verdict(&world).0.contains(&"Complete".to_owned()));
}

#[test]
fn indexes_are_completed_once_each() {
    let mut world = World::new(options(1));
    world.create(job("sleep 1 && exit 0", |s| {
        s["completionMode"] = json!("Indexed");
        s["parallelism"] = json!(2);
        s["completions"] = json!(4);
    }));
    world.pass(30.0);
    assert_eq!(
        (&status(&world)["succeeded"], &status(&world)["completedIndexes"]),
        (&json!(4), &json!("0-3"))
    );
    let mut hosts: Vec<&str> =
        world.all("Pod").iter().map(|p| p["spec"]["hostname"].as_str().unwrap()).collect();
    hosts.sort_unstable();
    assert_eq!(hosts, ["once-0", "once-1", "once-2", "once-3"]);
    let pod = world.all("Pod")[0];
    assert_eq!(pod["spec"]["containers"][0]["env"][0]["name"], "JOB_COMPLETION_INDEX");
}

#[test]
fn a_suspended_job_runs_nothing() {
    let mut world = World::new(options(1));
    world.create(job("sleep 5 && exit 0", |s| s["suspend"] = json!(true)));
    world.pass(2.0);
    assert!(world.all("Pod").is_empty());
    assert_eq!(verdict(&world), (vec!["Suspended".into()], "JobSuspended".into()));
    assert!(status(&world).get("startTime").is_none(), "it has not begun");
    world.edit("batch/v1", "Job", "once", |j| j["spec"]["suspend"] = json!(false));
    world.pass(2.0);
    assert_eq!(status(&world)["active"], 1);
    world.edit("batch/v1", "Job", "once", |j| j["spec"]["suspend"] = json!(true));
    world.pass(2.0);
    assert!(world.all("Pod").is_empty());
    assert!(status(&world).get("failed").is_none(), "stopped pods have not failed");
    world.edit("batch/v1", "Job", "once", |j| j["spec"]["suspend"] = json!(false));
    world.pass(10.0);
    assert!(verdict(&world).0.contains(&"Complete".to_owned()));
    let reasons: Vec<String> = world.told("once").into_iter().map(|(reason, ..)| reason).collect();
    assert!(reasons.contains(&"Suspended".to_owned()) && reasons.contains(&"Resumed".to_owned()));
}

#[test]
fn an_ended_job_is_deleted_after_its_time() {
    let mut world = World::new(options(1));
    world.create(job("", |s| s["ttlSecondsAfterFinished"] = json!(20)));
    world.pass(20.0);
    assert!(world.get("batch/v1", "Job", "once").is_some());
    world.pass(5.0);
    assert!(world.get("batch/v1", "Job", "once").is_none());
    assert!(world.all("Pod").is_empty());
}

#[test]
fn a_deleted_pod_counts_as_failed_and_is_replaced() {
    let mut world = World::new(options(1));
    world.create(job("sleep 3 && exit 0", |_| ()));
    world.pass(1.0);
    let name = world.all("Pod")[0]["metadata"]["name"].as_str().unwrap().to_owned();
    world.delete("v1", "Pod", &name, Propagation::Background);
    world.pass(30.0);
    assert_eq!((&status(&world)["failed"], &status(&world)["succeeded"]), (&json!(1), &json!(1)));
    assert_eq!(world.all("Pod").len(), 1);
}

#[test]
fn deletion_takes_the_pods_along() {
    for propagation in [Propagation::Background, Propagation::Foreground] {
        let mut world = World::new(options(1));
        world.create(job("sleep infinity", |s| {
            s["parallelism"] = json!(3);
            s["completions"] = json!(3);
        }));
        world.pass(1.0);
        world.delete("batch/v1", "Job", "once", propagation);
        world.pass(2.0);
        assert!(world.all("Pod").is_empty(), "{propagation:?}");
        assert!(world.all("Job").is_empty());
    }
}

#[test]
fn orphaned_pods_are_nobodys() {
    let mut world = World::new(options(1));
    world.create(job("sleep infinity", |_| ()));
    world.pass(1.0);
    world.delete("batch/v1", "Job", "once", Propagation::Orphan);
    world.pass(1.0);
    assert_eq!((world.all("Pod").len(), world.all("Job").len(), tracked(&world)), (1, 0, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn every_pod_counts_once(
        parallel in 1_i64..5, completions in 1_i64..7, fails: bool, limit in 0_i64..4, seed: u64, unlucky in 0_u64..4,
    ) {
        let mut world = World::new(options(seed));
        let mut dice = seed;
        world.refuses = Box::new(move |_| {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((dice >> 33) % 10 < unlucky).then(|| ("Conflict".into(), String::new()))
        });
        let command = if fails { "exit 1" } else { "exit 0" };
        world.create(job(command, |s| {
            s["parallelism"] = json!(parallel);
            s["completions"] = json!(completions);
            s["backoffLimit"] = json!(limit);
        }));
        world.pass(3600.0);
        let pods = world.all("Pod");
        let ended = |phase: &str| i64::try_from(pods.iter().filter(|p| p["status"]["phase"] == phase).count()).unwrap();
        prop_assert_eq!(status(&world)["succeeded"].as_i64().unwrap_or(0), ended("Succeeded"));
        prop_assert_eq!(tracked(&world), 0);
        prop_assert_eq!(&status(&world)["uncountedTerminatedPods"], &json!({}));
        if fails {
            prop_assert!(verdict(&world).0.contains(&"Failed".to_owned()));
            prop_assert!(status(&world)["failed"].as_i64().unwrap() > limit);
        } else {
            prop_assert!(verdict(&world).0.contains(&"Complete".to_owned()));
            prop_assert_eq!(ended("Succeeded"), completions);
        }
    }
}
