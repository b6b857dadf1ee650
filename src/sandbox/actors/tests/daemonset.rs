//! DaemonSets on the one node.
//! Each test decides on one rule; none knows how the rule is kept.

use super::world::{World, options, replicaset};
use crate::propagation::Propagation;
use serde_json::{Value, json};

fn set(change: impl FnOnce(&mut Value)) -> Value {
    let mut object = replicaset("probe", 0);
    object["kind"] = json!("DaemonSet");
    object["spec"].as_object_mut().unwrap().remove("replicas");
    change(&mut object["spec"]);
    object
}

fn status(world: &World) -> &Value {
    &world.get("apps/v1", "DaemonSet", "probe").unwrap()["status"]
}

#[test]
fn one_pod_runs_on_the_node() {
    let mut world = World::new(options(1));
    world.create(set(|_| ()));
    world.settle();
    assert_eq!(status(&world)["numberUnavailable"], 1);
    world.pass(2.0);
    let expected = json!({
        "currentNumberScheduled": 1, "numberMisscheduled": 0, "desiredNumberScheduled": 1, "numberReady": 1,
        "observedGeneration": 1, "updatedNumberScheduled": 1, "numberAvailable": 1,
    });
    assert_eq!(status(&world), &expected);
    let pod = world.all("Pod")[0];
    assert_eq!(pod["metadata"]["labels"]["pod-template-generation"], "1");
    assert_eq!(pod["spec"]["tolerations"].as_array().unwrap().len(), 6);
    let name = pod["metadata"]["name"].as_str().unwrap().to_owned();
    world.delete("v1", "Pod", &name, Propagation::Background);
    world.pass(5.0);
    assert_eq!((world.all("Pod").len(), &status(&world)["numberReady"]), (1, &json!(1)));
    assert_ne!(world.all("Pod")[0]["metadata"]["name"], json!(name));
}

#[test]
fn a_new_template_replaces_the_pod_unless_it_waits_for_a_deletion() {
    let mut world = World::new(options(1));
    world.create(set(|_| ()));
    world.pass(2.0);
    let image = |w: &mut World, image: &str| {
        w.edit("apps/v1", "DaemonSet", "probe", |s| {
            s["spec"]["template"]["spec"]["containers"][0]["image"] = json!(image);
        });
        w.pass(5.0);
        w.all("Pod")[0]["spec"]["containers"][0]["image"].as_str().unwrap().to_owned()
    };
    assert_eq!(image(&mut world, "nginx:2"), "nginx:2");
    assert_eq!(world.all("ControllerRevision").len(), 2);
    world
        .edit("apps/v1", "DaemonSet", "probe", |s| s["spec"]["updateStrategy"] = json!({"type": "OnDelete"}));
    assert_eq!(image(&mut world, "nginx:3"), "nginx:2");
    assert!(status(&world).get("updatedNumberScheduled").is_none());
}

#[test]
fn a_node_selector_keeps_the_pod_away() {
    let mut world = World::new(options(1));
    world.create(set(|s| s["template"]["spec"]["nodeSelector"] = json!({"disk": "fast"})));
    world.pass(2.0);
    assert!(world.all("Pod").is_empty());
    assert_eq!(status(&world)["desiredNumberScheduled"], 0);
    world.edit("apps/v1", "DaemonSet", "probe", |s| {
        s["spec"]["template"]["spec"]["nodeSelector"] = json!({"kubernetes.io/os": "linux"});
    });
    world.pass(2.0);
    assert_eq!(world.all("Pod").len(), 1);
}
