//! The collector and the namespaces.
//! Each test decides on one rule; none knows how the rule is kept.

use super::world::{World, options, replicaset};
use crate::propagation::Propagation;
use serde_json::{Value, json};

fn thing(name: &str, owners: Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "shop", "ownerReferences": owners},
    })
}

fn owner(object: &Value, blocks: bool) -> Value {
    json!({
        "apiVersion": object["apiVersion"], "kind": object["kind"], "name": object["metadata"]["name"],
        "uid": object["metadata"]["uid"], "blockOwnerDeletion": blocks,
    })
}

fn names(world: &World) -> Vec<&str> {
    let all = world.all("ConfigMap").into_iter().map(|o| o["metadata"]["name"].as_str().unwrap());
    all.filter(|n| *n != "kube-root-ca.crt").collect()
}

#[test]
fn what_a_deleted_object_owns_follows_it() {
    let mut world = World::new(options(1));
    let top = world.create(thing("top", json!([])));
    let mid = world.create(thing("mid", json!([owner(&top, false)])));
    world.create(thing("low", json!([owner(&mid, false)])));
    world.pass(1.0);
    assert_eq!(names(&world), ["low", "mid", "top"]);
    world.delete("v1", "ConfigMap", "top", Propagation::Background);
    world.pass(1.0);
    assert!(names(&world).is_empty());
}

#[test]
fn in_the_foreground_the_owner_goes_last() {
    let mut world = World::new(options(1));
    world.create(replicaset("web", 2));
    world.pass(2.0);
    world.delete("apps/v1", "ReplicaSet", "web", Propagation::Foreground);
    world.settle();
    assert!(world.get("apps/v1", "ReplicaSet", "web").is_some());
    assert!(world.all("Pod").iter().all(|p| p["metadata"]["deletionTimestamp"].is_string()));
    world.pass(1.0);
    assert!(world.all("Pod").is_empty() && world.get("apps/v1", "ReplicaSet", "web").is_none());
}

#[test]
fn an_object_that_does_not_block_is_not_waited_for() {
    let mut world = World::new(options(1));
    let top = world.create(thing("top", json!([])));
    let mut held = thing("held", json!([owner(&top, false)]));
    held["metadata"]["finalizers"] = json!(["example.com/hold"]);
    world.create(held);
    world.delete("v1", "ConfigMap", "top", Propagation::Foreground);
    world.settle();
    assert_eq!(names(&world), ["held"]);
    assert!(world.get("v1", "ConfigMap", "held").unwrap()["metadata"]["deletionTimestamp"].is_string());
}

#[test]
fn orphans_stay_and_lose_their_owner() {
    let mut world = World::new(options(1));
    world.create(replicaset("web", 2));
    world.pass(2.0);
    world.delete("apps/v1", "ReplicaSet", "web", Propagation::Orphan);
    world.pass(2.0);
    assert!(world.get("apps/v1", "ReplicaSet", "web").is_none());
    assert_eq!(world.all("Pod").len(), 2);
    assert!(world.all("Pod").iter().all(|p| p["metadata"].get("ownerReferences").is_none()));
}

#[test]
fn an_owner_that_never_was_takes_its_objects_along() {
    let mut world = World::new(options(1));
    let ghost = |api: &str, kind: &str| json!([{"apiVersion": api, "kind": kind, "name": "ghost", "uid": "no-such-uid"}]);
    world.create(thing("a", ghost("apps/v1", "Deployment")));
    world.create(thing("b", ghost("example.com/v1", "Unknown")));
    world.settle();
    assert_eq!(names(&world), ["b"], "nothing is collected for an owner of a kind that is not served");
    world.create(json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "unknowns.example.com"},
        "spec": {"group": "example.com", "names": {"kind": "Unknown"}},
    }));
    world.create(thing("c", ghost("example.com/v1", "Unknown")));
    world.settle();
    assert_eq!(names(&world), ["b"]);
}

#[test]
fn one_living_owner_is_enough() {
    let mut world = World::new(options(1));
    let (a, b) = (world.create(thing("a", json!([]))), world.create(thing("b", json!([]))));
    world.create(thing("c", json!([owner(&a, true), owner(&b, true)])));
    world.delete("v1", "ConfigMap", "a", Propagation::Background);
    world.settle();
    let left = world.get("v1", "ConfigMap", "c").unwrap()["metadata"]["ownerReferences"].clone();
    assert_eq!(left, json!([owner(&b, true)]));
    world.delete("v1", "ConfigMap", "b", Propagation::Foreground);
    world.settle();
    assert!(names(&world).is_empty());
}

#[test]
fn an_owner_in_another_namespace_is_no_owner() {
    let mut world = World::new(options(1));
    let mut far = thing("far", json!([]));
    far["metadata"]["namespace"] = json!("elsewhere");
    let far = world.create(far);
    world.create(thing("near", json!([owner(&far, false)])));
    world.settle();
    assert!(names(&world).is_empty());
}

#[test]
fn custom_objects_own_and_are_owned() {
    let mut world = World::new(options(1));
    let custom = |name: &str, owners: Value| {
        json!({
            "apiVersion": "example.com/v1", "kind": "Thing",
            "metadata": {"name": name, "namespace": "shop", "ownerReferences": owners},
        })
    };
    let top = world.create(custom("top", json!([])));
    world.create(custom("low", json!([owner(&top, true)])));
    world.delete("example.com/v1", "Thing", "top", Propagation::Background);
    world.settle();
    // No definition gives the kind, but its objects were seen: the one that is gone is gone.
    assert!(world.all("Thing").is_empty());
}

#[test]
fn namespaces_are_furnished_and_emptied() {
    let mut world = World::new(options(1));
    assert!(world.get("v1", "ServiceAccount", "default").is_some());
    world.delete("v1", "ConfigMap", "kube-root-ca.crt", Propagation::Background);
    world.settle();
    assert!(world.get("v1", "ConfigMap", "kube-root-ca.crt").is_some());
    world.create(replicaset("web", 3));
    world.create(thing("settings", json!([])));
    world.pass(2.0);
    world.delete("v1", "Namespace", "shop", Propagation::Background);
    world.settle();
    let namespace = world.get("v1", "Namespace", "shop").unwrap();
    assert_eq!(namespace["status"]["phase"], "Terminating");
    world.pass(2.0);
    assert!(world.get("v1", "Namespace", "shop").is_none());
    assert!(world.objects.keys().all(|k| k.namespace != "shop"), "{:?}", world.objects.keys());
}

#[test]
fn the_node_registers_itself_and_comes_back() {
    let mut world = World::new(options(1));
    let node = world.get("v1", "Node", "sandbox").unwrap();
    let conditions = node["status"]["conditions"].as_array().unwrap();
    assert!(conditions.iter().any(|c| c["type"] == "Ready" && c["status"] == "True"));
    let uid = node["metadata"]["uid"].clone();
    world.delete_cluster("v1", "Node", "sandbox");
    world.settle();
    let again = world.get("v1", "Node", "sandbox").unwrap();
    assert_ne!(again["metadata"]["uid"], uid);
    assert!(again["status"].is_object());
}
