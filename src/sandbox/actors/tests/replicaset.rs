//! A ReplicaSet's pods and status.
//! Each test decides on one rule; none knows how the rule is kept.

use super::world::{World, options, pod, ready, replicaset};
use crate::actors::{Action, Options};
use proptest::prelude::*;
use serde_json::{Value, json};

fn status(world: &World, name: &str) -> Value {
    world.get("apps/v1", "ReplicaSet", name).unwrap()["status"].clone()
}

#[test]
fn pods_are_made_become_ready_and_are_counted() {
    let mut world = World::new(options(1));
    world.create(replicaset("web", 3));
    world.settle();
    assert_eq!(world.all("Pod").len(), 3);
    assert_eq!(
        status(&world, "web"),
        json!({"replicas": 3, "fullyLabeledReplicas": 3, "observedGeneration": 1, "terminatingReplicas": 0})
    );
    world.pass(0.9);
    assert!(!world.all("Pod").iter().any(|p| ready(p)));
    world.pass(0.1);
    assert!(world.all("Pod").iter().all(|p| ready(p)));
    let done = json!({
        "replicas": 3, "fullyLabeledReplicas": 3, "readyReplicas": 3, "availableReplicas": 3,
        "observedGeneration": 1, "terminatingReplicas": 0,
    });
    assert_eq!(status(&world, "web"), done);
    let owner = &world.all("Pod")[0]["metadata"]["ownerReferences"][0];
    assert_eq!((&owner["kind"], &owner["controller"]), (&json!("ReplicaSet"), &json!(true)));
    let told = world.told("web");
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told.iter().all(|(reason, message, count)| reason == "SuccessfulCreate"
        && message.starts_with("Created pod: web-")
        && *count == 1));
    let writes = world.writes;
    world.pass(600.0);
    assert_eq!(world.writes, writes, "a settled world stays as it is");
}

#[test]
fn another_template_concerns_new_pods_alone_and_labels_that_old_ones_lack_are_counted() {
    let mut world = World::new(options(1));
    world.create(replicaset("web", 2));
    world.pass(2.0);
    let old: Vec<Value> = world.all("Pod").into_iter().cloned().collect();
    world.edit("apps/v1", "ReplicaSet", "web", |rs| {
        rs["spec"]["template"]["metadata"]["labels"]["role"] = json!("stable");
        rs["spec"]["replicas"] = json!(3);
    });
    world.settle();
    let all = world.all("Pod");
    assert!(all.len() == 3 && old.iter().all(|pod| all.contains(&pod)), "{all:#?}");
    let said: Vec<&Value> =
        all.iter().map(|pod| &pod["metadata"]["labels"]["role"]).filter(|r| !r.is_null()).collect();
    assert_eq!(said, [&json!("stable")]);
    let counts = status(&world, "web");
    assert_eq!((&counts["fullyLabeledReplicas"], &counts["observedGeneration"]), (&json!(1), &json!(2)));
}

#[test]
fn scaling_down_takes_the_pods_that_serve_least() {
    let mut world = World::new(options(1));
    world.create(replicaset("web", 4));
    world.pass(2.0);
    let names: Vec<String> =
        world.all("Pod").iter().map(|p| p["metadata"]["name"].as_str().unwrap().to_owned()).collect();
    world.edit("v1", "Pod", &names[2], |p| {
        p["metadata"]["annotations"] = json!({"sandbox.switchback.dev/ready": "false"});
    });
    world.edit("v1", "Pod", &names[0], |p| {
        p["metadata"]["annotations"] = json!({"controller.kubernetes.io/pod-deletion-cost": "-10"});
    });
    world.settle();
    assert_eq!(status(&world, "web")["readyReplicas"], 3);
    world.edit("apps/v1", "ReplicaSet", "web", |rs| rs["spec"]["replicas"] = json!(2));
    world.settle();
    assert_eq!(status(&world, "web")["terminatingReplicas"], 2);
    assert_eq!(status(&world, "web")["replicas"], 2);
    world.pass(1.0);
    let left: Vec<&str> = world.all("Pod").iter().map(|p| p["metadata"]["name"].as_str().unwrap()).collect();
    assert_eq!(left, [names[1].as_str(), names[3].as_str()]);
    assert_eq!(status(&world, "web")["terminatingReplicas"], 0);
    assert_eq!(world.told("web").iter().filter(|(r, ..)| r == "SuccessfulDelete").count(), 2);
}

#[test]
fn availability_waits_for_min_ready_seconds() {
    let mut world = World::new(options(1));
    let mut set = replicaset("web", 2);
    set["spec"]["minReadySeconds"] = json!(5);
    world.create(set);
    world.pass(5.9);
    assert_eq!(status(&world, "web")["readyReplicas"], 2);
    assert!(status(&world, "web").get("availableReplicas").is_none());
    world.pass(0.1);
    assert_eq!(status(&world, "web")["availableReplicas"], 2);
}

#[test]
fn pods_are_adopted_released_and_replaced() {
    let mut world = World::new(options(1));
    world.create(pod("stray", "web"));
    world.create(pod("other", "else"));
    world.pass(2.0);
    world.create(replicaset("web", 2));
    world.pass(2.0);
    assert_eq!(world.all("Pod").len(), 3);
    assert_eq!(world.get("v1", "Pod", "stray").unwrap()["metadata"]["ownerReferences"][0]["name"], "web");
    assert!(world.get("v1", "Pod", "other").unwrap()["metadata"].get("ownerReferences").is_none());
    world.edit("v1", "Pod", "stray", |p| p["metadata"]["labels"] = json!({"app": "loose"}));
    world.pass(2.0);
    assert!(world.get("v1", "Pod", "stray").unwrap()["metadata"].get("ownerReferences").is_none());
    assert_eq!(world.all("Pod").len(), 4);
    assert_eq!(status(&world, "web")["availableReplicas"], 2);
}

#[test]
fn finished_pods_do_not_count() {
    let mut world = World::new(options(1));
    world.create(replicaset("web", 1));
    world.pass(2.0);
    let mut first = world.all("Pod")[0].clone();
    first["status"]["phase"] = json!("Failed");
    world.actors.observe(crate::actors::Seen::Modified, &first, world.now);
    world.pass(2.0);
    assert_eq!(world.all("Pod").len(), 2);
}

#[test]
fn a_refused_creation_is_told_and_tried_ever_later() {
    let mut world = World::new(options(1));
    world.refuses = Box::new(|e| match &e.action {
        Action::Create { object } if object["kind"] == "Pod" => {
            Some(("Forbidden".into(), "pods \"web\" is forbidden: exceeded quota: q".into()))
        }
        _ => None,
    });
    world.create(replicaset("web", 2));
    world.writes = 0;
    world.pass(60.0);
    assert!(world.writes < 60, "{} writes in a minute are too many", world.writes);
    let failure = status(&world, "web")["conditions"][0].clone();
    assert_eq!((&failure["type"], &failure["reason"]), (&json!("ReplicaFailure"), &json!("FailedCreate")));
    assert_eq!(failure["message"], "pods \"web\" is forbidden: exceeded quota: q");
    let told = world.told("web");
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].1, "Error creating: pods \"web\" is forbidden: exceeded quota: q");
    assert!(told[0].2 > 3);
    world.refuses = Box::new(|_| None);
    world.pass(120.0);
    assert_eq!(status(&world, "web")["availableReplicas"], 2);
    assert!(status(&world, "web").get("conditions").is_none());
}

#[test]
fn many_similar_events_are_told_in_one() {
    let mut world = World::new(options(1));
    world.create(replicaset("web", 30));
    world.pass(2.0);
    let told = world.told("web");
    assert_eq!(told.len(), 10);
    let last = told.last().unwrap();
    assert!(last.1.starts_with("(combined from similar events): Created pod: web-"));
    assert_eq!(last.2, 21);
}

#[test]
fn without_events_nothing_is_told() {
    let mut world = World::new(Options { events: false, ..options(1) });
    world.create(replicaset("web", 3));
    world.pass(2.0);
    assert!(world.all("Event").is_empty());
    assert_eq!(status(&world, "web")["availableReplicas"], 3);
}

#[test]
fn events_are_taken_away_after_an_hour() {
    let mut world = World::new(options(1));
    world.create(replicaset("web", 1));
    world.pass(3500.0);
    assert!(!world.all("Event").is_empty());
    world.pass(200.0);
    assert!(world.all("Event").is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn any_series_of_scalings_ends_with_the_last_one(
        sizes in prop::collection::vec((0_i64..12, 0.0_f64..3.0), 1..8), seed: u64, unlucky in 0_u64..5,
    ) {
        let run = || {
            let mut world = World::new(options(seed));
            let mut dice = seed;
            world.refuses = Box::new(move |_| {
                dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                ((dice >> 33) % 10 < unlucky).then(|| ("Conflict".into(), String::new()))
            });
            world.create(replicaset("web", 1));
            for (size, pause) in &sizes {
                world.edit("apps/v1", "ReplicaSet", "web", |rs| rs["spec"]["replicas"] = json!(size));
                world.pass(*pause);
            }
            world.pass(600.0);
            world
        };
        let world = run();
        let (size, _) = sizes.last().unwrap();
        prop_assert_eq!(i64::try_from(world.all("Pod").len()).unwrap(), *size);
        prop_assert_eq!(status(&world, "web")["availableReplicas"].as_i64().unwrap_or(0), *size);
        prop_assert_eq!(&run().objects, &world.objects, "the same seed gives the same world");
    }
}

#[test]
fn another_seed_gives_other_names() {
    let names = |seed| {
        let mut world = World::new(options(seed));
        world.create(replicaset("web", 2));
        world.settle();
        world.all("Pod").iter().map(|p| p["metadata"]["name"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(5), names(5));
    assert_ne!(names(5), names(6));
}

#[test]
fn many_sets_cost_as_much_as_one_set_many_times() {
    let cost = |sets: usize| {
        let mut world = World::new(Options { events: false, ..options(1) });
        for i in 0..sets {
            world.create(replicaset(&format!("web-{i}"), 5));
        }
        world.pass(5.0);
        assert_eq!(world.all("Pod").len(), sets * 5);
        (world.writes, world.reads.get())
    };
    // 5 creations, 5 bindings and 2 statuses a pod, and a few of the set's own.
    let ((writes, reads), (many_writes, many_reads)) = (cost(20), cost(200));
    assert!(many_writes <= writes * 10 + 10, "{writes} writes for 20 sets, {many_writes} for 200");
    assert!(many_reads <= reads * 10 + 10, "{reads} reads for 20 sets, {many_reads} for 200");
    assert!(many_writes < 200 * 25, "{many_writes} writes");
}
