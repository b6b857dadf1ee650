//! Configuration alone: a good change of a ConfigMap climbs, a bad one fails and goes back, with their pods each.
//! It never changes an image.

use crate::repo::Files;
use crate::rig::Sim;
use crate::shop::{NAMESPACE, canary, with};
use crate::trouble::Plan;
use crate::world::{World, desired, list, text};
use bytes::Bytes;
use serde_json::Value;

/// The shop, whose pods get the errors that they make from their ConfigMap.
fn shop() -> Files {
    let mut all = canary();
    let said = |all: &Files, path: &str| String::from_utf8(all[path].to_vec()).unwrap();
    let marked = "  namespace: shop\n  annotations: {switchback.dev/config: versioned}\nspec:\n  replicas";
    let rollout = with(&said(&all, "web/rollout.yaml"), "  namespace: shop\nspec:\n  replicas", marked);
    let config = format!("{}  errors: \"0.01\"\n", said(&all, "web/config.yaml"));
    all.insert("web/rollout.yaml".to_owned(), Bytes::from(rollout));
    all.insert("web/config.yaml".to_owned(), Bytes::from(config));
    all
}

/// The ConfigMap that `pod` takes its values from.
pub fn config_of<'w>(world: &'w World, pod: &Value) -> &'w Value {
    world.get("ConfigMap", NAMESPACE, text(pod, "/spec/containers/0/envFrom/0/configMapRef/name"))
}

/// Whether every pod greets so, and all of them are there.
fn greets(sim: &Sim, greeting: &str) -> bool {
    sim.is_healthy_at("v1")
        && sim.witness.look(|w| {
            let rollout = w.get("Rollout", NAMESPACE, "web");
            let pods: Vec<&Value> = w.sets(rollout).into_iter().flat_map(|s| w.pods(s)).collect();
            let all = pods.iter().filter(|p| text(config_of(w, p), "/data/GREETING") == greeting);
            all.count() as i64 == desired(rollout)
        })
}

/// The versions of the ConfigMap, with their uids.
fn versions(sim: &Sim) -> Vec<(String, String)> {
    sim.witness.look(|w| {
        let all = w.all("ConfigMap").filter(|c| text(c, "/metadata/name").starts_with("web-config"));
        all.map(|c| (text(c, "/data/GREETING").to_owned(), text(c, "/metadata/uid").to_owned())).collect()
    })
}

fn uid(sim: &Sim, greeting: &str) -> String {
    let found = versions(sim).into_iter().find(|(words, _)| words == greeting);
    found.map(|(_, uid)| uid).unwrap_or_default()
}

/// The story, up to the settled end.
pub async fn tell(plan: &Plan) -> Sim {
    let mut sim = Sim::new(plan, &shop()).await;
    sim.settles_at("v1").await;
    let config = sim.repo.text("web/config.yaml");
    let hello = with(&config, "welcome", "hello");
    let good = sim.repo.push_as("Ada", "another greeting", &[("web/config.yaml", Some(hello.clone()))]);
    sim.until("all pods say hello", |s| greets(s, "hello") && s.applied() == good).await;
    let before = uid(&sim, "hello");
    let bad = with(&with(&hello, "hello", "boo"), "0.01", "0.25");
    let bad = sim.repo.push_as("Bob", "a bad greeting", &[("web/config.yaml", Some(bad))]);
    sim.until("back at hello, in Git too", |s| {
        let head = s.repo.head();
        head != bad && s.applied() == head && greets(s, "hello")
    })
    .await;
    sim.rest().await; // although older versions are kept with their revisions
    let reverts = sim.reverts();
    assert_eq!(reverts.len(), 1, "{reverts:?}");
    assert!(reverts[0].message.contains(&format!("This reverts commit {bad}.")), "{}", reverts[0].message);
    assert!(reverts[0].message.contains("Switchback-Verdict: errors"), "{}", reverts[0].message);
    assert_eq!(sim.repo.files_of(&sim.repo.head()), sim.repo.files_of(&good));
    assert_eq!(uid(&sim, "hello"), before, "what stable pods use was there all the time");
    let names = sim.witness.look(|w| {
        let sets = w.sets(w.get("Rollout", NAMESPACE, "web")).into_iter();
        sets.map(|s| list(s, "/spec/template/spec/containers/0/envFrom").len()).sum::<usize>()
    });
    assert_eq!((versions(&sim).len(), names), (3, 3), "one for each revision, and none by its own name");
    sim
}
