//! Disruption budgets.
//! Each test decides on one rule; none knows how the rule is kept.

use super::world::{World, deployment, options, pod, replicaset};
use serde_json::{Value, json};

fn budget(name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
        "metadata": {"name": name, "namespace": "shop"}, "spec": spec,
    })
}

/// Healthy, wanted, expected, allowed.
fn numbers(world: &World, name: &str) -> [i64; 4] {
    let status = &world.get("policy/v1", "PodDisruptionBudget", name).unwrap()["status"];
    ["currentHealthy", "desiredHealthy", "expectedPods", "disruptionsAllowed"]
        .map(|f| status[f].as_i64().unwrap())
}

#[test]
fn numbers_follow_the_pods_and_their_owners() {
    let mut world = World::new(options(1));
    let selector = json!({"matchLabels": {"app": "web"}});
    world.create(deployment(5));
    world.create(budget("least", json!({"minAvailable": 4, "selector": selector})));
    world.create(budget("part", json!({"minAvailable": "50%", "selector": selector})));
    world.create(budget("most", json!({"maxUnavailable": "30%", "selector": selector})));
    world.create(budget("nobody", json!({"minAvailable": 1, "selector": {"matchLabels": {"app": "none"}}})));
    world.create(budget("unset", json!({"minAvailable": 0})));
    world.settle();
    assert_eq!(numbers(&world, "least"), [0, 4, 5, 0]);
    world.pass(2.0);
    assert_eq!(numbers(&world, "least"), [5, 4, 5, 1]);
    assert_eq!(numbers(&world, "part"), [5, 3, 5, 2]);
    assert_eq!(numbers(&world, "most"), [5, 3, 5, 2]);
    assert_eq!(numbers(&world, "nobody"), [0, 1, 0, 0]);
    assert_eq!(numbers(&world, "unset"), [0, 0, 0, 0]);
    let name = world.all("Pod")[0]["metadata"]["name"].as_str().unwrap().to_owned();
    world.edit("v1", "Pod", &name, |p| {
        p["metadata"]["annotations"] = json!({"sandbox.switchback.dev/ready": "false"});
    });
    world.settle();
    assert_eq!(numbers(&world, "least"), [4, 4, 5, 0]);
    let told =
        world.get("policy/v1", "PodDisruptionBudget", "least").unwrap()["status"]["conditions"][0].clone();
    assert_eq!((&told["status"], &told["reason"]), (&json!("False"), &json!("InsufficientPods")));
}

#[test]
fn an_empty_selector_takes_all_and_an_evicted_pod_counts_as_gone() {
    let mut world = World::new(options(1));
    world.create(replicaset("web", 2));
    world.create(pod("alone", "x"));
    world.create(budget("all", json!({"minAvailable": 1, "selector": {}})));
    world.pass(2.0);
    assert_eq!(numbers(&world, "all"), [3, 1, 3, 2]);
    let mut object = world.get("policy/v1", "PodDisruptionBudget", "all").unwrap().clone();
    object["status"]["disruptedPods"] =
        json!({"alone": "2026-01-01T00:00:02Z", "ghost": "2026-01-01T00:00:02Z"});
    world.tell_status(object);
    world.settle();
    assert_eq!(numbers(&world, "all"), [2, 1, 3, 1]);
    let left = &world.get("policy/v1", "PodDisruptionBudget", "all").unwrap()["status"]["disruptedPods"];
    assert_eq!(left, &json!({"alone": "2026-01-01T00:00:02Z"}));
}
