//! Volume claims, volumes and definitions that are to go, each kept by a finalizer until nothing needs it.
//! Each test decides on one rule; none knows how the rule is kept.

use super::world::{World, options, pod};
use crate::actors::Key;
use crate::propagation::Propagation;
use serde_json::{Value, json};

const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";

fn claim(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": "shop", "finalizers": ["kubernetes.io/pvc-protection"]},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    })
}

#[test]
fn a_claim_that_no_pod_uses_goes_and_one_that_is_used_waits() {
    let mut world = World::new(options(1));
    let mut user = pod("user", "web");
    user["spec"]["volumes"] = json!([{"name": "a", "persistentVolumeClaim": {"claimName": "used"}},
        {"name": "own", "ephemeral": {"volumeClaimTemplate": {}}}, {"name": "c", "emptyDir": {}}]);
    world.create(user);
    for name in ["used", "user-own", "idle", "c"] {
        world.create(claim(name));
    }
    world.pass(2.0);
    for name in ["used", "user-own", "idle", "c"] {
        assert_eq!(world.get("v1", "PersistentVolumeClaim", name).unwrap()["status"]["phase"], "Bound");
        world.delete("v1", "PersistentVolumeClaim", name, Propagation::Background);
    }
    world.pass(2.0);
    let left = |world: &World| -> Vec<String> {
        let all = world.all("PersistentVolumeClaim");
        all.iter().map(|c| c["metadata"]["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(left(&world), ["used", "user-own"]);
    world.delete("v1", "Pod", "user", Propagation::Background);
    world.pass(60.0);
    assert_eq!(left(&world), Vec::<String>::new());
}

#[test]
fn a_volume_goes_unless_a_claim_is_bound_to_it() {
    let mut world = World::new(options(1));
    for (name, phase) in [("free", "Available"), ("held", "Bound")] {
        let meta = json!({"name": name, "finalizers": ["kubernetes.io/pv-protection"]});
        world.create(json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": meta,
            "spec": {}, "status": {"phase": phase}}));
        world.delete_cluster("v1", "PersistentVolume", name);
    }
    world.settle();
    let is_there = |name: &str| world.objects.contains_key(&Key::new("v1", "PersistentVolume", "", name));
    assert_eq!((is_there("free"), is_there("held")), (false, true));
}

#[test]
fn a_definition_goes_with_its_objects_and_after_them() {
    let mut world = World::new(options(1));
    let api = "apiextensions.k8s.io/v1";
    for (kind, plural) in [("Gadget", "gadgets"), ("Widget", "widgets")] {
        world.create(json!({"apiVersion": api, "kind": "CustomResourceDefinition",
            "metadata": {"name": format!("{plural}.example.test"), "finalizers": [CLEANUP]},
            "spec": {"group": "example.test", "names": {"kind": kind, "plural": plural}}}));
        for name in ["a", "b"] {
            let finalizers = if name == "b" { json!(["example.test/keep"]) } else { json!([]) };
            let meta = json!({"name": name, "namespace": "shop", "finalizers": finalizers});
            world.create(json!({"apiVersion": "example.test/v1", "kind": kind, "metadata": meta}));
        }
    }
    world.settle();
    let name = "gadgets.example.test";
    world.delete_cluster(api, "CustomResourceDefinition", name);
    world.settle();
    let is_there =
        |world: &World| world.objects.contains_key(&Key::new(api, "CustomResourceDefinition", "", name));
    assert_eq!((world.all("Gadget").len(), world.all("Widget").len()), (1, 2));
    assert!(is_there(&world), "one of its objects is kept by somebody else");
    world.edit("example.test/v1", "Gadget", "b", |b| b["metadata"]["finalizers"] = json!([]));
    world.settle();
    assert_eq!((world.all("Gadget").len(), world.all("Widget").len(), is_there(&world)), (0, 2, false));
}
