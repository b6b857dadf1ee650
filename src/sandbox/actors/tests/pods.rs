//! The life of pods.
//! Each test decides on one rule; none knows how the rule is kept.

use super::world::{World, options, pod, ready};
use crate::propagation::Propagation;
use serde_json::{Value, json};

fn with(name: &str, change: impl FnOnce(&mut Value)) -> Value {
    let mut pod = pod(name, name);
    change(&mut pod);
    pod
}

fn at<'a>(world: &'a World, name: &str) -> &'a Value {
    world.get("v1", "Pod", name).unwrap()
}

fn waiting(world: &World, name: &str) -> String {
    at(world, name)["status"]["containerStatuses"][0]["state"]["waiting"]["reason"]
        .as_str()
        .unwrap_or("")
        .to_owned()
}

#[test]
fn a_plain_pod_goes_from_pending_to_ready() {
    let mut world = World::new(options(1));
    world.create(pod("a", "a"));
    world.settle();
    assert_eq!(at(&world, "a")["spec"]["nodeName"], "sandbox");
    assert_eq!(at(&world, "a")["status"]["phase"], "Pending");
    assert_eq!(waiting(&world, "a"), "ContainerCreating");
    world.pass(1.0);
    let status = &at(&world, "a")["status"];
    assert_eq!(status["phase"], "Running");
    let types: Vec<&str> =
        status["conditions"].as_array().unwrap().iter().map(|c| c["type"].as_str().unwrap()).collect();
    assert_eq!(
        types,
        ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"]
    );
    assert!(status["conditions"].as_array().unwrap().iter().all(|c| c["status"] == "True"));
    assert_eq!(status["podIP"], status["podIPs"][0]["ip"]);
    assert!(status["podIP"].as_str().unwrap().starts_with("10.244."));
    assert_eq!((&status["hostIP"], &status["qosClass"]), (&json!("172.18.0.2"), &json!("BestEffort")));
    let container = &status["containerStatuses"][0];
    assert_eq!(container["state"]["running"]["startedAt"], "2026-01-01T00:00:01Z");
    assert!(container["containerID"].as_str().unwrap().starts_with("containerd://"));
    assert!(container["imageID"].as_str().unwrap().starts_with("nginx@sha256:"));
    let reasons: Vec<String> = world.told("a").into_iter().map(|(reason, ..)| reason).collect();
    assert_eq!(reasons, ["Scheduled", "Pulled", "Created", "Started"]);
}

#[test]
fn a_probe_delays_readiness_and_not_the_start() {
    let mut world = World::new(options(1));
    world.create(with("a", |p| {
        p["spec"]["containers"][0]["readinessProbe"] = json!({"initialDelaySeconds": 5});
    }));
    world.pass(5.9);
    assert_eq!(at(&world, "a")["status"]["phase"], "Running");
    assert!(!ready(at(&world, "a")));
    world.pass(0.1);
    assert!(ready(at(&world, "a")));
    assert!(world.told("a").iter().any(|(reason, ..)| reason == "Unhealthy"));
}

#[test]
fn an_image_that_does_not_exist_is_never_pulled() {
    let mut world = World::new(options(1));
    world.create(with("a", |p| p["spec"]["containers"][0]["image"] = json!("x:does-not-exist")));
    world.pass(0.3);
    assert_eq!(waiting(&world, "a"), "ErrImagePull");
    world.pass(60.0);
    assert_eq!(waiting(&world, "a"), "ImagePullBackOff");
    assert_eq!(at(&world, "a")["status"]["phase"], "Pending");
    world.edit("v1", "Pod", "a", |p| p["spec"]["containers"][0]["image"] = json!("x:2"));
    world.pass(1.0);
    assert!(ready(at(&world, "a")));
}

#[test]
fn a_crashing_pod_restarts_ever_later() {
    let mut world = World::new(options(1));
    world.create(with("a", |p| p["spec"]["containers"][0]["image"] = json!("argoproj/demo:error")));
    world.pass(0.5);
    let restarts = |w: &World| at(w, "a")["status"]["containerStatuses"][0]["restartCount"].clone();
    assert_eq!((waiting(&world, "a"), restarts(&world)), ("CrashLoopBackOff".to_owned(), json!(1)));
    assert_eq!(at(&world, "a")["status"]["phase"], "Running");
    let mut seen = Vec::new();
    for _ in 0..5 {
        world.pass(20.0);
        seen.push(restarts(&world).as_i64().unwrap());
    }
    assert_eq!(seen, [2, 3, 3, 4, 4]);
    assert!(!ready(at(&world, "a")));
    let told = world.told("a");
    assert!(told.iter().any(|(reason, _, count)| reason == "BackOff" && *count == 4), "{told:?}");
}

#[test]
fn a_late_crash_is_ready_first() {
    let mut world = World::new(options(1));
    world.create(with("a", |p| {
        p["spec"]["containers"][0]["command"] = json!(["sh", "-c", "sleep 30; exit 1"])
    }));
    world.pass(30.0);
    assert!(ready(at(&world, "a")));
    world.pass(1.0);
    assert!(!ready(at(&world, "a")));
    assert_eq!(waiting(&world, "a"), "CrashLoopBackOff");
    world.pass(11.0);
    assert!(ready(at(&world, "a")));
    assert_eq!(at(&world, "a")["status"]["containerStatuses"][0]["restartCount"], 1);
    world.pass(30.0);
    assert_eq!(at(&world, "a")["status"]["containerStatuses"][0]["restartCount"], 2);
}

#[test]
fn readiness_gates_hold_readiness_back() {
    let mut world = World::new(options(1));
    world.create(with("a", |p| p["spec"]["readinessGates"] = json!([{"conditionType": "example.com/open"}])));
    world.pass(2.0);
    let holds = |w: &World, kind: &str| {
        let all = at(w, "a")["status"]["conditions"].as_array().unwrap().clone();
        all.iter().any(|c| c["type"] == kind && c["status"] == "True")
    };
    assert!(holds(&world, "ContainersReady") && !holds(&world, "Ready"));
    for (status, expected) in [("True", true), ("False", false)] {
        let mut pod = at(&world, "a").clone();
        let mut all = pod["status"]["conditions"].as_array().unwrap().clone();
        all.retain(|c| c["type"] != "example.com/open");
        all.push(json!({"type": "example.com/open", "status": status}));
        pod["status"]["conditions"] = json!(all);
        world.tell_status(pod);
        world.settle();
        assert_eq!(ready(at(&world, "a")), expected);
        assert_eq!(holds(&world, "example.com/open"), expected, "conditions of others stay");
    }
}

#[test]
fn annotations_steer_a_pod() {
    let mut world = World::new(options(1));
    let key = |k: &str| format!("sandbox.switchback.dev/{k}");
    world.create(with("a", |p| p["metadata"]["annotations"] = json!({key("ready"): "false"})));
    world.create(with("b", |p| p["metadata"]["annotations"] = json!({key("ready-after"): "5s"})));
    world.create(with("c", |p| p["metadata"]["annotations"] = json!({key("outcome"): "crash"})));
    world.pass(4.9);
    assert!(!ready(at(&world, "a")) && !ready(at(&world, "b")));
    assert_eq!(at(&world, "a")["status"]["phase"], "Running");
    assert_eq!(waiting(&world, "c"), "CrashLoopBackOff");
    world.pass(0.1);
    assert!(ready(at(&world, "b")));
    world.edit("v1", "Pod", "a", |p| p["metadata"]["annotations"] = json!({}));
    world.settle();
    assert!(ready(at(&world, "a")));
    world.edit("v1", "Pod", "a", |p| p["metadata"]["annotations"] = json!({key("ready"): "false"}));
    world.settle();
    assert!(!ready(at(&world, "a")));
}

#[test]
fn a_deleted_pod_stops_after_its_hook_and_within_its_grace() {
    let mut world = World::new(options(1));
    let hook = json!({"preStop": {"exec": {"command": ["sleep", "10"]}}});
    world.create(with("a", |p| p["spec"]["containers"][0]["lifecycle"] = hook.clone()));
    world.create(with("b", |p| {
        p["spec"]["containers"][0]["lifecycle"] = hook;
        p["spec"]["terminationGracePeriodSeconds"] = json!(3);
    }));
    world.pass(2.0);
    for name in ["a", "b"] {
        world.delete("v1", "Pod", name, Propagation::Background);
    }
    world.pass(2.9);
    assert_eq!(world.all("Pod").len(), 2);
    assert!(
        world
            .told("a")
            .iter()
            .any(|(reason, message, _)| reason == "Killing" && message == "Stopping container c")
    );
    world.pass(0.1);
    assert_eq!(world.all("Pod").len(), 1);
    world.pass(7.1);
    assert_eq!(world.all("Pod").len(), 1);
    world.pass(0.2);
    assert!(world.all("Pod").is_empty());
}

#[test]
fn gated_and_foreign_pods_wait() {
    let mut world = World::new(options(1));
    world.create(with("a", |p| p["spec"]["schedulingGates"] = json!([{"name": "x"}])));
    world.create(with("b", |p| p["spec"]["schedulerName"] = json!("mine")));
    world.pass(5.0);
    assert!(world.all("Pod").iter().all(|p| p["spec"].get("nodeName").is_none()));
    world.edit("v1", "Pod", "a", |p| p["spec"]["schedulingGates"] = json!([]));
    world.pass(2.0);
    assert!(ready(at(&world, "a")));
}

#[test]
fn init_containers_and_sidecars_have_their_own_statuses() {
    let mut world = World::new(options(1));
    world.create(with("a", |p| {
        p["spec"]["initContainers"] =
            json!([{"name": "i", "image": "x"}, {"name": "s", "image": "y", "restartPolicy": "Always"}]);
    }));
    world.settle();
    assert_eq!(
        at(&world, "a")["status"]["initContainerStatuses"][0]["state"]["waiting"]["reason"],
        "PodInitializing"
    );
    world.pass(1.0);
    let status = &at(&world, "a")["status"]["initContainerStatuses"];
    assert_eq!(status[0]["state"]["terminated"]["reason"], "Completed");
    assert!(status[1]["state"]["running"].is_object());
}

#[test]
fn qualities_of_service() {
    let mut world = World::new(options(1));
    let cases = [
        ("none", json!({}), "BestEffort"),
        ("some", json!({"requests": {"cpu": "1"}}), "Burstable"),
        ("full", json!({"limits": {"cpu": 1, "memory": "1Gi"}}), "Guaranteed"),
        ("less", json!({"limits": {"cpu": 1, "memory": "1Gi"}, "requests": {"cpu": "500m"}}), "Burstable"),
    ];
    for (name, resources, _) in &cases {
        world.create(with(name, |p| p["spec"]["containers"][0]["resources"] = resources.clone()));
    }
    world.pass(1.0);
    for (name, _, class) in cases {
        assert_eq!(at(&world, name)["status"]["qosClass"], class, "{name}");
    }
}

#[test]
fn a_broken_pod_harms_nobody() {
    let mut world = World::new(options(1));
    world.create(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "namespace": "shop"}}));
    world.create(json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "y", "namespace": "shop", "labels": [1], "ownerReferences": "z", "finalizers": {}},
        "spec": {"containers": "none", "nodeName": 4}, "status": [],
    }));
    world.create(pod("a", "a"));
    world.pass(2.0);
    assert!(ready(at(&world, "a")));
}
