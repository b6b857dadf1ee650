//! StatefulSets and their claims.
//! Each test decides on one rule; none knows how the rule is kept.

use super::world::{World, options, ready, replicaset};
use crate::propagation::Propagation;
use serde_json::{Value, json};

const API: &str = "apps/v1";

fn set(replicas: i64, change: impl FnOnce(&mut Value)) -> Value {
    let mut object = replicaset("db", replicas);
    object["kind"] = json!("StatefulSet");
    object["spec"]["serviceName"] = json!("db");
    change(&mut object["spec"]);
    object
}

fn names(world: &World) -> Vec<&str> {
    world.all("Pod").iter().map(|p| p["metadata"]["name"].as_str().unwrap()).collect()
}

fn status(world: &World) -> &Value {
    &world.get(API, "StatefulSet", "db").unwrap()["status"]
}

fn images(world: &World) -> Vec<&str> {
    world.all("Pod").iter().map(|p| p["spec"]["containers"][0]["image"].as_str().unwrap()).collect()
}

fn image(world: &mut World, image: &str) {
    world.edit(API, "StatefulSet", "db", |s| {
        s["spec"]["template"]["spec"]["containers"][0]["image"] = json!(image);
    });
}

#[test]
fn pods_come_one_after_the_other() {
    let mut world = World::new(options(1));
    world.create(set(3, |_| ()));
    world.settle();
    assert_eq!(names(&world), ["db-0"]);
    world.pass(1.5);
    assert_eq!(names(&world), ["db-0", "db-1"]);
    world.pass(5.0);
    assert_eq!(names(&world), ["db-0", "db-1", "db-2"]);
    let revision = status(&world)["updateRevision"].as_str().unwrap().to_owned();
    let expected = json!({
        "observedGeneration": 1, "replicas": 3, "readyReplicas": 3, "availableReplicas": 3, "currentReplicas": 3,
        "updatedReplicas": 3, "currentRevision": revision, "updateRevision": revision, "collisionCount": 0,
    });
    assert_eq!(status(&world), &expected);
    let pod = world.get("v1", "Pod", "db-1").unwrap();
    assert_eq!((&pod["spec"]["hostname"], &pod["spec"]["subdomain"]), (&json!("db-1"), &json!("db")));
    assert_eq!(pod["metadata"]["labels"]["apps.kubernetes.io/pod-index"], "1");
    assert_eq!(pod["metadata"]["labels"]["controller-revision-hash"], json!(revision));
    let writes = world.writes;
    world.pass(600.0);
    assert_eq!(world.writes, writes);
}

#[test]
fn in_parallel_they_come_at_once() {
    let mut world = World::new(options(1));
    world.create(set(3, |s| {
        s["podManagementPolicy"] = json!("Parallel");
        s["ordinals"] = json!({"start": 5});
    }));
    world.settle();
    assert_eq!(names(&world), ["db-5", "db-6", "db-7"]);
}

#[test]
fn they_go_from_the_last_and_keep_their_claims() {
    let mut world = World::new(options(1));
    world.create(set(3, |s| {
        s["volumeClaimTemplates"] = json!([{
            "metadata": {"name": "data"},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
        }]);
    }));
    world.pass(10.0);
    let claims = world.all("PersistentVolumeClaim");
    assert_eq!(claims.len(), 3);
    assert_eq!(
        (&claims[0]["metadata"]["name"], &claims[0]["status"]["phase"]),
        (&json!("data-db-0"), &json!("Bound"))
    );
    assert_eq!(claims[0]["status"]["capacity"]["storage"], "1Gi");
    let volume = &world.get("v1", "Pod", "db-2").unwrap()["spec"]["volumes"][0];
    assert_eq!(volume, &json!({"name": "data", "persistentVolumeClaim": {"claimName": "data-db-2"}}));
    world.edit(API, "StatefulSet", "db", |s| s["spec"]["replicas"] = json!(1));
    world.settle();
    let going: Vec<&str> = world
        .all("Pod")
        .iter()
        .filter(|p| p["metadata"]["deletionTimestamp"].is_string())
        .map(|p| p["metadata"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(going, ["db-2"]);
    world.pass(5.0);
    assert_eq!((names(&world), world.all("PersistentVolumeClaim").len()), (vec!["db-0"], 3));
}

#[test]
fn an_update_goes_from_the_last_to_the_first() {
    let mut world = World::new(options(1));
    world.create(set(3, |_| ()));
    world.pass(10.0);
    let before = status(&world)["currentRevision"].clone();
    image(&mut world, "nginx:2");
    world.pass(1.0);
    assert_eq!(images(&world), ["nginx", "nginx", "nginx:2"]);
    assert_eq!(status(&world)["currentRevision"], before);
    assert_ne!(status(&world)["updateRevision"], before);
    world.pass(20.0);
    assert_eq!(images(&world), ["nginx:2"; 3]);
    assert_eq!(status(&world)["currentRevision"], status(&world)["updateRevision"]);
    let revisions = |w: &World| {
        let mut all: Vec<i64> =
            w.all("ControllerRevision").iter().map(|r| r["revision"].as_i64().unwrap()).collect();
        all.sort_unstable();
        all
    };
    assert_eq!(revisions(&world), [1, 2]);
    image(&mut world, "nginx");
    world.pass(20.0);
    assert_eq!((images(&world), revisions(&world)), (vec!["nginx"; 3], vec![2, 3]));
}

#[test]
fn a_partition_holds_the_lower_numbers_back() {
    let mut world = World::new(options(1));
    world.create(set(3, |s| s["updateStrategy"] = json!({"rollingUpdate": {"partition": 2}})));
    world.pass(10.0);
    image(&mut world, "nginx:2");
    world.pass(20.0);
    assert_eq!(images(&world), ["nginx", "nginx", "nginx:2"]);
    world.delete("v1", "Pod", "db-0", Propagation::Background);
    world.pass(5.0);
    assert_eq!(images(&world), ["nginx", "nginx", "nginx:2"]);
    assert_eq!(status(&world)["updatedReplicas"], 1);
    world.edit(API, "StatefulSet", "db", |s| s["spec"]["updateStrategy"] = json!({"type": "OnDelete"}));
    world.pass(20.0);
    assert_eq!(images(&world), ["nginx", "nginx", "nginx:2"]);
    world.delete("v1", "Pod", "db-1", Propagation::Background);
    world.pass(20.0);
    assert_eq!(images(&world), ["nginx", "nginx:2", "nginx:2"]);
}

#[test]
fn a_pod_that_is_not_ready_holds_the_others_back() {
    let mut world = World::new(options(1));
    world.create(set(2, |_| ()));
    world.pass(5.0);
    image(&mut world, "x:does-not-exist");
    world.pass(60.0);
    assert_eq!(images(&world), ["nginx", "x:does-not-exist"]);
    assert!(ready(world.get("v1", "Pod", "db-0").unwrap()));
    image(&mut world, "nginx:3");
    world.pass(60.0);
    // As in a cluster, a broken pod is not replaced by itself: its number is not healthy.
    assert_eq!(images(&world), ["nginx", "x:does-not-exist"]);
    world.delete("v1", "Pod", "db-1", Propagation::Background);
    world.pass(60.0);
    assert_eq!(images(&world), ["nginx:3", "nginx:3"]);
}
