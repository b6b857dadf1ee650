//! Deployments from the first rollout to the last rollback.
//! Each test decides on one rule; none knows how the rule is kept.

use super::world::{World, deployment, options, ready};
use crate::actors::{Action, Key};
use crate::propagation::Propagation;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const API: &str = "apps/v1";

fn web(world: &World) -> &Value {
    world.get(API, "Deployment", "web").unwrap()
}

fn condition(world: &World, kind: &str) -> (String, String, String) {
    let all = web(world)["status"]["conditions"].as_array().unwrap();
    let found = all.iter().find(|c| c["type"] == kind).unwrap();
    let text = |f: &str| found[f].as_str().unwrap().to_owned();
    (text("status"), text("reason"), text("message"))
}

fn image(world: &mut World, image: &str) {
    world.edit(API, "Deployment", "web", |d| {
        d["spec"]["template"]["spec"]["containers"][0]["image"] = json!(image);
    });
}

/// Image, size and revision of every ReplicaSet.
fn sets(world: &World) -> BTreeMap<String, (i64, String)> {
    let one = |s: &&Value| {
        let image = s["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap().to_owned();
        let revision = s["metadata"]["annotations"]["deployment.kubernetes.io/revision"].as_str().unwrap();
        (image, (s["spec"]["replicas"].as_i64().unwrap(), revision.to_owned()))
    };
    world.all("ReplicaSet").iter().map(one).collect()
}

/// Panics when a rolling update leaves its bounds.
fn watch_bounds(world: &mut World, replicas: i64, surge: i64, unavailable: i64) {
    world.looks = Box::new(move |objects: &BTreeMap<Key, Value>| {
        let sets: Vec<&Value> = objects.values().filter(|o| o["kind"] == "ReplicaSet").collect();
        let wanted: i64 = sets.iter().map(|s| s["spec"]["replicas"].as_i64().unwrap()).sum();
        assert!(wanted <= replicas + surge, "{wanted} pods wanted");
        let pods = objects.values().filter(|o| o["kind"] == "Pod");
        let serving = pods.filter(|p| ready(p) && !p["metadata"]["deletionTimestamp"].is_string()).count();
        assert!(i64::try_from(serving).unwrap() >= replicas - unavailable, "{serving} pods serve");
    });
}

#[test]
fn the_first_rollout() {
    let mut world = World::new(options(1));
    world.create(deployment(3));
    world.settle();
    let (status, reason, _) = condition(&world, "Progressing");
    assert_eq!((status.as_str(), reason.as_str()), ("True", "ReplicaSetUpdated"));
    assert_eq!(condition(&world, "Available").1, "MinimumReplicasUnavailable");
    world.pass(2.0);
    let name = world.all("ReplicaSet")[0]["metadata"]["name"].as_str().unwrap().to_owned();
    let status = &web(&world)["status"];
    assert_eq!(status["replicas"], 3);
    assert_eq!(status["updatedReplicas"], 3);
    assert_eq!(status["readyReplicas"], 3);
    assert_eq!(status["availableReplicas"], 3);
    assert_eq!(status["observedGeneration"], 1);
    assert_eq!(status["terminatingReplicas"], 0);
    assert!(status.get("unavailableReplicas").is_none());
    let progressed = format!("ReplicaSet \"{name}\" has successfully progressed.");
    assert_eq!(
        condition(&world, "Progressing"),
        ("True".into(), "NewReplicaSetAvailable".into(), progressed)
    );
    assert_eq!(condition(&world, "Available").1, "MinimumReplicasAvailable");
    assert_eq!(web(&world)["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "1");
    let set = world.all("ReplicaSet")[0];
    let hash = set["metadata"]["labels"]["pod-template-hash"].as_str().unwrap();
    assert_eq!(name, format!("web-{hash}"));
    assert_eq!(set["spec"]["selector"]["matchLabels"], json!({"app": "web", "pod-template-hash": hash}));
    assert_eq!(set["metadata"]["annotations"]["deployment.kubernetes.io/max-replicas"], "4");
    assert_eq!(
        world.told("web"),
        [("ScalingReplicaSet".into(), format!("Scaled up replica set {name} from 0 to 3"), 1)]
    );
    let writes = world.writes;
    world.pass(600.0);
    assert_eq!(world.writes, writes);
}

#[test]
fn a_rolling_update_stays_within_its_bounds() {
    for (surge, unavailable) in [(json!(1), json!(0)), (json!(0), json!(1)), (json!("50%"), json!("50%"))] {
        let mut world = World::new(options(1));
        let mut object = deployment(4);
        object["spec"]["strategy"] =
            json!({"rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}});
        world.create(object);
        world.pass(2.0);
        let number = |v: &Value| v.as_i64().unwrap_or(2);
        watch_bounds(&mut world, 4, number(&surge), number(&unavailable));
        image(&mut world, "nginx:2");
        world.pass(30.0);
        assert_eq!(sets(&world)["nginx:2"], (4, "2".into()));
        assert_eq!(sets(&world)["nginx"], (0, "1".into()));
        assert_eq!(web(&world)["status"]["updatedReplicas"], 4);
        assert_eq!(condition(&world, "Progressing").1, "NewReplicaSetAvailable");
    }
}

#[test]
fn a_bad_image_stops_and_times_out_without_harm() {
    let mut world = World::new(options(1));
    world.create(deployment(4));
    world.pass(2.0);
    watch_bounds(&mut world, 4, 1, 1);
    image(&mut world, "does-not-exist");
    world.pass(59.0);
    assert_eq!(
        sets(&world),
        BTreeMap::from([
            ("does-not-exist".to_owned(), (2, "2".to_owned())),
            ("nginx".to_owned(), (3, "1".to_owned())),
        ])
    );
    assert_eq!(condition(&world, "Progressing").1, "ReplicaSetUpdated");
    world.pass(5.0);
    let (status, reason, message) = condition(&world, "Progressing");
    assert_eq!((status.as_str(), reason.as_str()), ("False", "ProgressDeadlineExceeded"));
    assert!(message.ends_with("has timed out progressing."));
    assert_eq!(condition(&world, "Available").0, "True");
    image(&mut world, "nginx");
    world.pass(10.0);
    assert_eq!(sets(&world)["nginx"], (4, "3".into()));
    assert_eq!(sets(&world)["does-not-exist"].0, 0);
    let old = world.all("ReplicaSet").into_iter().find(|s| s["spec"]["replicas"] == 4).unwrap();
    assert_eq!(old["metadata"]["annotations"]["deployment.kubernetes.io/revision-history"], "1");
    assert_eq!(web(&world)["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "3");
    assert_eq!(condition(&world, "Progressing").1, "NewReplicaSetAvailable");
}

#[test]
fn recreation_never_mixes_templates() {
    let mut world = World::new(options(1));
    let mut object = deployment(3);
    object["spec"]["strategy"] = json!({"type": "Recreate"});
    world.create(object);
    world.pass(2.0);
    world.looks = Box::new(|objects| {
        let images: std::collections::BTreeSet<String> = objects
            .values()
            .filter(|o| o["kind"] == "Pod")
            .map(|p| p["spec"]["containers"][0]["image"].to_string())
            .collect();
        assert!(images.len() <= 1, "{images:?}");
    });
    image(&mut world, "nginx:2");
    world.pass(10.0);
    assert_eq!(sets(&world)["nginx:2"], (3, "2".into()));
    assert_eq!(web(&world)["status"]["availableReplicas"], 3);
}

#[test]
fn a_pause_holds_the_template_back_and_not_the_size() {
    let mut world = World::new(options(1));
    world.create(deployment(2));
    world.pass(2.0);
    world.edit(API, "Deployment", "web", |d| d["spec"]["paused"] = json!(true));
    image(&mut world, "nginx:2");
    world.edit(API, "Deployment", "web", |d| d["spec"]["replicas"] = json!(3));
    world.pass(10.0);
    assert_eq!(sets(&world), BTreeMap::from([("nginx".to_owned(), (3, "1".to_owned()))]));
    assert_eq!(condition(&world, "Progressing").1, "DeploymentPaused");
    world.edit(API, "Deployment", "web", |d| d["spec"]["paused"] = json!(false));
    world.pass(10.0);
    assert_eq!(sets(&world)["nginx:2"], (3, "2".into()));
    assert_eq!(condition(&world, "Progressing").1, "NewReplicaSetAvailable");
}

#[test]
fn a_change_of_size_in_the_midst_is_shared() {
    let mut world = World::new(options(1));
    let mut object = deployment(10);
    object["spec"]["strategy"] = json!({"rollingUpdate": {"maxSurge": 3, "maxUnavailable": 2}});
    world.create(object);
    world.pass(2.0);
    image(&mut world, "does-not-exist");
    world.pass(5.0);
    assert_eq!((sets(&world)["nginx"].0, sets(&world)["does-not-exist"].0), (8, 5));
    world.edit(API, "Deployment", "web", |d| d["spec"]["replicas"] = json!(15));
    world.settle();
    // The worked example of Kubernetes' documentation.
    assert_eq!((sets(&world)["nginx"].0, sets(&world)["does-not-exist"].0), (11, 7));
    world.edit(API, "Deployment", "web", |d| d["spec"]["replicas"] = json!(0));
    world.pass(5.0);
    assert_eq!((sets(&world)["nginx"].0, sets(&world)["does-not-exist"].0), (0, 0));
}

#[test]
fn history_is_kept_to_its_limit() {
    let mut world = World::new(options(1));
    let mut object = deployment(1);
    object["spec"]["revisionHistoryLimit"] = json!(2);
    world.create(object);
    for i in 0..5 {
        world.pass(5.0);
        image(&mut world, &format!("nginx:{i}"));
    }
    world.pass(10.0);
    let kept: Vec<String> = sets(&world).into_keys().collect();
    assert_eq!(kept, ["nginx:2", "nginx:3", "nginx:4"]);
}

#[test]
fn annotations_and_min_ready_seconds_go_over_to_the_set() {
    let mut world = World::new(options(1));
    let mut object = deployment(1);
    object["metadata"]["annotations"] =
        json!({"team": "a", "kubectl.kubernetes.io/last-applied-configuration": "{}"});
    world.create(object);
    world.pass(2.0);
    world.edit(API, "Deployment", "web", |d| {
        d["metadata"]["annotations"]["team"] = json!("b");
        d["spec"]["minReadySeconds"] = json!(7);
    });
    world.pass(1.0);
    let set = world.all("ReplicaSet")[0];
    assert_eq!(set["metadata"]["annotations"]["team"], "b");
    assert!(set["metadata"]["annotations"].get("kubectl.kubernetes.io/last-applied-configuration").is_none());
    assert_eq!(set["spec"]["minReadySeconds"], 7);
    assert_eq!(world.all("ReplicaSet").len(), 1);
}

#[test]
fn a_name_that_is_taken_is_counted_as_a_collision() {
    let mut world = World::new(options(1));
    let mut first = true;
    world.refuses = Box::new(move |e| match &e.action {
        Action::Create { object } if object["kind"] == "ReplicaSet" && std::mem::take(&mut first) => {
            Some(("AlreadyExists".into(), "taken".into()))
        }
        _ => None,
    });
    world.create(deployment(1));
    world.pass(5.0);
    assert_eq!(web(&world)["status"]["collisionCount"], 1);
    assert_eq!(web(&world)["status"]["availableReplicas"], 1);
}

#[test]
fn failures_of_sets_and_of_creation_are_told() {
    let mut world = World::new(options(1));
    world.refuses = Box::new(|e| match &e.action {
        Action::Create { object } if object["kind"] == "Pod" => Some(("Forbidden".into(), "no room".into())),
        _ => None,
    });
    world.create(deployment(1));
    world.pass(3.0);
    assert_eq!(condition(&world, "ReplicaFailure"), ("True".into(), "FailedCreate".into(), "no room".into()));
    let mut world = World::new(options(1));
    world.refuses = Box::new(|e| match &e.action {
        Action::Create { object } if object["kind"] == "ReplicaSet" => {
            Some(("Forbidden".into(), "no set".into()))
        }
        _ => None,
    });
    world.create(deployment(1));
    world.writes = 0;
    world.pass(60.0);
    assert_eq!(
        condition(&world, "Progressing"),
        ("False".into(), "ReplicaSetCreateError".into(), "no set".into())
    );
    assert!(world.writes < 60, "{}", world.writes);
    assert!(world.told("web").iter().any(|(reason, ..)| reason == "ReplicaSetCreateError"));
}

#[test]
fn deletion_takes_everything_along() {
    for propagation in [Propagation::Background, Propagation::Foreground] {
        let mut world = World::new(options(1));
        world.create(deployment(2));
        world.pass(2.0);
        world.delete(API, "Deployment", "web", propagation);
        world.pass(5.0);
        for kind in ["Deployment", "ReplicaSet", "Pod"] {
            assert!(world.all(kind).is_empty(), "{kind}");
        }
    }
}

#[test]
fn a_set_without_an_owner_is_adopted() {
    let mut world = World::new(options(1));
    world.create(deployment(2));
    world.pass(2.0);
    world.delete(API, "Deployment", "web", Propagation::Orphan);
    world.pass(2.0);
    let uid = world.all("ReplicaSet")[0]["metadata"]["uid"].clone();
    world.create(deployment(2));
    world.pass(2.0);
    let set = world.all("ReplicaSet")[0];
    assert_eq!((&set["metadata"]["uid"], world.all("ReplicaSet").len()), (&uid, 1));
    assert_eq!(set["metadata"]["ownerReferences"][0]["uid"], web(&world)["metadata"]["uid"]);
    assert_eq!(web(&world)["status"]["availableReplicas"], 2);
}

#[derive(Clone, Debug)]
enum Edit {
    Image(u8),
    Size(i64),
    Pause(bool),
    Strategy(u8),
}

fn edits() -> impl Strategy<Value = Vec<(Edit, f64)>> {
    let edit = prop_oneof![
        (0_u8..4).prop_map(Edit::Image),
        (0_i64..7).prop_map(Edit::Size),
        any::<bool>().prop_map(Edit::Pause),
        (0_u8..4).prop_map(Edit::Strategy),
    ];
    prop::collection::vec((edit, 0.0_f64..4.0), 1..8)
}

fn apply(world: &mut World, edit: &Edit) {
    let images = ["nginx", "nginx:2", "x:does-not-exist", "x:error"];
    world.edit(API, "Deployment", "web", |d| match edit {
        Edit::Image(i) => {
            d["spec"]["template"]["spec"]["containers"][0]["image"] = json!(images[usize::from(*i)]);
        }
        Edit::Size(size) => d["spec"]["replicas"] = json!(size),
        Edit::Pause(paused) => d["spec"]["paused"] = json!(paused),
        Edit::Strategy(0) => d["spec"]["strategy"] = json!({"type": "Recreate"}),
        Edit::Strategy(1) => {
            d["spec"]["strategy"] = json!({"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 2}})
        }
        Edit::Strategy(2) => {
            d["spec"]["strategy"] = json!({"rollingUpdate": {"maxSurge": "80%", "maxUnavailable": 0}})
        }
        Edit::Strategy(_) => drop(d["spec"].as_object_mut().unwrap().remove("strategy")),
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn whatever_happened_the_last_wish_comes_true(edits in edits(), seed: u64, unlucky in 0_u64..4) {
        let run = || {
            let mut world = World::new(options(seed));
            let mut dice = seed;
            world.refuses = Box::new(move |_| {
                dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                ((dice >> 33) % 10 < unlucky).then(|| ("Conflict".into(), String::new()))
            });
            world.create(deployment(2));
            for (edit, pause) in &edits {
                apply(&mut world, edit);
                world.pass(*pause);
            }
            world.edit(API, "Deployment", "web", |d| {
                d["spec"]["paused"] = json!(false);
                d["spec"]["template"]["spec"]["containers"][0]["image"] = json!("good");
            });
            world.pass(600.0);
            world
        };
        let world = run();
        let size = web(&world)["spec"]["replicas"].as_i64().unwrap();
        let status = &web(&world)["status"];
        for field in ["replicas", "updatedReplicas", "availableReplicas"] {
            prop_assert_eq!(status[field].as_i64().unwrap_or(0), size, "{}", field);
        }
        prop_assert_eq!(i64::try_from(world.all("Pod").len()).unwrap(), size);
        prop_assert_eq!(condition(&world, "Progressing").1, "NewReplicaSetAvailable");
        prop_assert_eq!(&run().objects, &world.objects, "the same seed gives the same world");
    }
}
