//! The endpoints of Services.
//! Each test decides on one rule; none knows how the rule is kept.

use super::world::{World, options, pod, ready, replicaset};
use crate::propagation::Propagation;
use serde_json::{Value, json};

fn service(spec: Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "web", "namespace": "shop", "labels": {"team": "a"}}, "spec": spec,
    })
}

fn plain() -> Value {
    service(json!({"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]}))
}

fn endpoints(world: &World) -> &Value {
    world.get("v1", "Endpoints", "web").unwrap()
}

fn slices(world: &World) -> Vec<&Value> {
    world.all("EndpointSlice")
}

/// Addresses that serve and addresses that do not, in both kinds; they must agree.
fn counts(world: &World) -> (usize, usize) {
    let subset = &endpoints(world)["subsets"][0];
    let number = |v: &Value| v.as_array().map_or(0, Vec::len);
    let old = (number(&subset["addresses"]), number(&subset["notReadyAddresses"]));
    let ends: Vec<Value> =
        slices(world).iter().flat_map(|s| s["endpoints"].as_array().cloned().unwrap_or_default()).collect();
    let living = ends.iter().filter(|e| e["conditions"]["terminating"] == false);
    let (good, bad): (Vec<&Value>, Vec<&Value>) = living.partition(|e| e["conditions"]["ready"] == true);
    assert_eq!(old, (good.len(), bad.len()));
    old
}

#[test]
fn ready_pods_serve() {
    let mut world = World::new(options(1));
    world.create(plain());
    world.settle();
    assert!(endpoints(&world).get("subsets").is_none());
    assert_eq!((slices(&world).len(), &slices(&world)[0]["endpoints"]), (1, &Value::Null));
    world.create(replicaset("web", 2));
    world.create(pod("other", "else"));
    world.pass(2.0);
    assert_eq!(counts(&world), (2, 0));
    let slice = slices(&world)[0];
    let end = &slice["endpoints"][0];
    assert_eq!(slice["ports"], json!([{"name": "http", "port": 8080, "protocol": "TCP"}]));
    assert_eq!(end["conditions"], json!({"ready": true, "serving": true, "terminating": false}));
    let target = world.get("v1", "Pod", end["targetRef"]["name"].as_str().unwrap()).unwrap();
    assert_eq!((&end["addresses"][0], &end["nodeName"]), (&target["status"]["podIP"], &json!("sandbox")));
    assert_eq!(slice["metadata"]["labels"]["kubernetes.io/service-name"], "web");
    assert_eq!(slice["metadata"]["labels"]["team"], "a");
    assert_eq!(
        endpoints(&world)["metadata"]["labels"]["endpoints.kubernetes.io/managed-by"],
        "endpoint-controller"
    );
    let writes = world.writes;
    world.pass(600.0);
    assert_eq!(world.writes, writes);
}

#[test]
fn a_pod_that_is_not_ready_or_goes_does_not_serve() {
    let mut world = World::new(options(1));
    world.create(plain());
    world.create(replicaset("web", 2));
    world.pass(2.0);
    let name = world.all("Pod")[0]["metadata"]["name"].as_str().unwrap().to_owned();
    world.edit("v1", "Pod", &name, |p| {
        p["metadata"]["annotations"] = json!({"sandbox.switchback.dev/ready": "false"});
    });
    world.settle();
    assert!(!ready(world.get("v1", "Pod", &name).unwrap()));
    assert_eq!(counts(&world), (1, 1));
    world.delete("v1", "Pod", &name, Propagation::Background);
    world.settle();
    assert_eq!(counts(&world), (1, 0));
    let going = slices(&world)[0]["endpoints"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|e| e["conditions"]["terminating"] == true);
    assert_eq!(going.count(), 1);
    world.pass(5.0);
    assert_eq!(counts(&world), (2, 0));
}

#[test]
fn named_ports_are_looked_up_in_each_pod() {
    let mut world = World::new(options(1));
    world.create(service(json!({
        "selector": {"app": "web"}, "clusterIP": "None",
        "ports": [{"name": "http", "port": 80, "targetPort": "web"}, {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": "web"}],
    })));
    for (name, port, protocol) in
        [("a", 8080, "TCP"), ("b", 9090, "TCP"), ("c", 5353, "UDP"), ("d", 1, "SCTP")]
    {
        let mut object = pod(name, "web");
        object["spec"]["containers"][0]["ports"] =
            json!([{"name": "web", "containerPort": port, "protocol": protocol}]);
        world.create(object);
    }
    world.pass(2.0);
    let mut ports: Vec<i64> =
        slices(&world).iter().map(|s| s["ports"][0]["port"].as_i64().unwrap()).collect();
    ports.sort_unstable();
    assert_eq!(ports, [5353, 8080, 9090]);
    assert_eq!(endpoints(&world)["subsets"].as_array().unwrap().len(), 3);
    assert_eq!(endpoints(&world)["metadata"]["labels"]["service.kubernetes.io/headless"], "");
}

#[test]
fn endpoints_follow_the_service() {
    let mut world = World::new(options(1));
    world.create(plain());
    world.create(replicaset("web", 1));
    world.pass(2.0);
    world.edit("v1", "Service", "web", |s| s["spec"]["selector"] = json!({"app": "else"}));
    world.settle();
    assert_eq!(counts(&world), (0, 0));
    world.edit("v1", "Service", "web", |s| {
        s["spec"]["selector"] = json!({"app": "web"});
        s["spec"]["ports"] = json!([{"port": 81}]);
    });
    world.settle();
    assert_eq!(counts(&world), (1, 0));
    assert_eq!(endpoints(&world)["subsets"][0]["ports"], json!([{"port": 81, "protocol": "TCP"}]));
    world.delete("v1", "Service", "web", Propagation::Background);
    world.pass(2.0);
    assert!(world.get("v1", "Endpoints", "web").is_none());
    assert!(slices(&world).is_empty());
}

#[test]
fn what_others_made_is_left_alone() {
    let mut world = World::new(options(1));
    world.create(json!({
        "apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "mine", "namespace": "shop"},
        "subsets": [{"addresses": [{"ip": "1.2.3.4"}]}],
    }));
    world.create(service(json!({"ports": [{"port": 80}]})));
    world.create(
        service(json!({"type": "ExternalName", "externalName": "x", "selector": {"a": "b"}})).clone_as("out"),
    );
    world.pass(5.0);
    assert!(world.get("v1", "Endpoints", "mine").is_some());
    assert_eq!(world.all("Endpoints").len(), 1);
    assert!(slices(&world).is_empty());
}

trait Renamed {
    fn clone_as(self, name: &str) -> Self;
}

impl Renamed for Value {
    fn clone_as(mut self, name: &str) -> Self {
        self["metadata"]["name"] = json!(name);
        self
    }
}

#[test]
fn very_many_pods_fill_several_slices() {
    let mut world = World::new(options(1));
    world.create(plain());
    world.create(replicaset("web", 230));
    world.pass(2.0);
    assert_eq!(counts(&world), (230, 0));
    let mut sizes: Vec<usize> =
        slices(&world).iter().map(|s| s["endpoints"].as_array().unwrap().len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [30, 100, 100]);
    world.edit("apps/v1", "ReplicaSet", "web", |rs| rs["spec"]["replicas"] = json!(20));
    world.pass(5.0);
    assert_eq!((counts(&world), slices(&world).len()), ((20, 0), 1));
}
