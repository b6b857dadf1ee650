//! Pods that say what their revision is: they are labelled for its role, again when the role or the wish changes, and not
//! at all once nobody wishes it. What must come of it is said by an invariant.

use crate::repo::Files;
use crate::rig::{Sim, simulate};
use crate::shop::{NAMESPACE, blue_green, canary, with};
use crate::story::canary::{release, release_bad};
use crate::trouble::Plan;
use crate::webhook::Webhook;
use crate::world::text;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use switchback::sandbox::route::Ask;

const FILE: &str = "web/rollout.yaml";

const CANARY: &str = r"      canaryMetadata: {labels: {role: canary, tier: new}, annotations: {note: it climbs}}
      stableMetadata: {labels: {role: stable}}
";
const OTHER: &str = r"      canaryMetadata: {labels: {role: canary}}
      stableMetadata: {labels: {place: first}, annotations: {note: it stays}}
";
const BLUE_GREEN: &str = r"      previewMetadata: {labels: {role: preview, tier: new}}
      activeMetadata: {labels: {role: active}, annotations: {note: it is seen}}
";

/// `files` with a label of the template's own, and with `more` in the strategy `strategy`.
fn marked(mut files: Files, strategy: &str, more: &str) -> Files {
    let text = String::from_utf8(files[FILE].to_vec()).unwrap();
    let text = with(&text, &format!("    {strategy}:\n"), &format!("    {strategy}:\n{more}"));
    let text = with(
        &text,
        "        app: web\n      annotations",
        "        app: web\n        tier: own\n      annotations",
    );
    files.insert(FILE.to_owned(), text.into());
    files
}

/// The values that the label `key` has on pods of the image `tag`; empty where it is missing.
fn labels(sim: &Sim, tag: &str, key: &str) -> BTreeSet<String> {
    sim.witness.look(|w| {
        let is_of = |pod: &&Value| text(pod, "/spec/containers/0/image").ends_with(tag);
        w.all("Pod")
            .filter(is_of)
            .map(|pod| text(pod, &format!("/metadata/labels/{key}")).to_owned())
            .collect()
    })
}

fn is(sim: &Sim, tag: &str, key: &str, value: &str) -> bool {
    labels(sim, tag, key) == [value.to_owned()].into()
}

/// Somebody writes `to` for `from` in the strategy.
fn wish(sim: &Sim, from: &str, to: &str) {
    sim.repo.push_as("Rita", "other words for pods", &[(FILE, Some(with(&sim.repo.text(FILE), from, to)))]);
}

async fn went_back(sim: &mut Sim, role: &str) {
    let bad = release_bad(sim);
    sim.until("the bad ones say what they are", |s| is(s, "v3", "role", role)).await;
    sim.until("back at v2, in Git too", |s| {
        s.repo.head() != bad && s.is_healthy_at("v2") && s.applied() == s.repo.head()
    })
    .await;
}

/// How many revisions there ever were.
fn revisions(sim: &Sim) -> usize {
    sim.witness.look(|w| w.sets(w.get("Rollout", NAMESPACE, "web")).len())
}

/// A canary becomes stable, then nobody wishes for words, then somebody for others, and a bad one goes back.
pub async fn roles(plan: &Plan) -> Sim {
    let mut sim = Sim::new(plan, &marked(canary(), "canary", CANARY)).await;
    sim.settles_at("v1").await;
    assert!(is(&sim, "v1", "role", "stable") && is(&sim, "v1", "tier", "own"));
    release(&sim, "v1", "v2", None);
    sim.until("canaries say so", |s| is(s, "v2", "role", "canary") && is(s, "v2", "tier", "new")).await;
    assert!(is(&sim, "v1", "role", "stable"));
    sim.settles_at("v2").await;
    sim.until("they are stable", |s| is(s, "v2", "role", "stable") && is(s, "v2", "tier", "own")).await;
    wish(&sim, CANARY, "");
    sim.until("no words", |s| is(s, "v2", "role", "")).await;
    sim.settles_at("v2").await;
    sim.rest().await;
    wish(&sim, "    canary:\n", &format!("    canary:\n{OTHER}"));
    sim.until("other words", |s| is(s, "v2", "place", "first")).await;
    went_back(&mut sim, "canary").await;
    sim.rest().await;
    assert!(is(&sim, "v2", "place", "first"));
    assert_eq!(revisions(&sim), 3);
    sim
}

/// A preview becomes active, and a bad one goes back.
pub async fn preview(plan: &Plan) -> Sim {
    let mut sim = Sim::new(plan, &marked(blue_green("prePromotionAnalysis"), "blueGreen", BLUE_GREEN)).await;
    sim.settles_at("v1").await;
    release(&sim, "v1", "v2", None);
    sim.until("previews say so", |s| is(s, "v2", "role", "preview") && is(s, "v2", "tier", "new")).await;
    assert!(is(&sim, "v1", "role", "active"));
    sim.settles_at("v2").await;
    sim.until("they are active", |s| is(s, "v2", "role", "active") && is(s, "v2", "tier", "own")).await;
    went_back(&mut sim, "preview").await;
    sim.rest().await;
    assert!(is(&sim, "v2", "role", "active"));
    assert_eq!(revisions(&sim), 3);
    sim
}

#[test]
fn pods_say_what_their_revision_is() {
    simulate(async {
        roles(&Plan::default()).await;
        preview(&Plan::default()).await;
    });
}

#[test]
fn who_denies_the_labels_of_pods_stops_nothing_else_and_is_asked_a_few_times_a_minute() {
    denied(Ask::Patch);
}

#[test]
fn who_does_not_let_pods_be_read_stops_nothing_else_either() {
    denied(Ask::List);
}

/// The cluster denies that pods are asked so, until the new ones are stable and for a minute longer.
fn denied(ask: Ask) {
    simulate(async {
        let mut sim = Sim::new(&Plan::default(), &marked(canary(), "canary", CANARY)).await;
        sim.settles_at("v1").await;
        let webhook = Webhook::denies(&sim, move |a| (a.ask, a.resource.as_str()) == (ask, "pods"));
        release(&sim, "v1", "v2", None);
        sim.settles_at("v2").await;
        let is_told = |s: &Sim| {
            let of = |c: &Value| text(c, "/type") == "WriteDenied" && text(c, "/message").contains("Pod");
            s.rollout(|r| r["status"]["conditions"].as_array().unwrap().iter().any(of))
        };
        sim.until("it is told", is_told).await;
        let requests = |s: &Sim| s.sandbox.requests().values().sum::<u64>();
        let before = (webhook.tries(), requests(&sim));
        sim.wait(60).await;
        let after = (webhook.tries(), requests(&sim));
        assert!((2..=8).contains(&(after.0 - before.0)), "tries in a minute: {}", after.0 - before.0);
        assert!(after.1 - before.1 < 60, "requests in a minute: {}", after.1 - before.1);
        assert!(is(&sim, "v2", "role", "canary"));
        webhook.goes();
        sim.until("they are labelled", |s| is(s, "v2", "role", "stable") && !is_told(s)).await;
        sim.rest().await;
    });
}

#[test]
fn what_argo_rollouts_has_given_is_taken_away_by_us_and_nothing_else_is() {
    simulate(async {
        let mut sim = Sim::new(&Plan::default(), &canary()).await;
        sim.settles_at("v1").await;
        sim.stop().await;
        let set = sim.witness.look(|w| w.sets(w.get("Rollout", NAMESPACE, "web"))[0].clone());
        sim.edit(("apps/v1", "ReplicaSet"), text(&set, "/metadata/name"), |set| {
            set["metadata"]["annotations"]["rollout.argoproj.io/ephemeral-metadata"] =
                json!(r#"{"labels":{"role":"x"}}"#);
            set["spec"]["template"]["metadata"]["labels"]["role"] = json!("x");
        });
        let pods = sim.witness.look(|w| w.pods(&set).into_iter().cloned().collect::<Vec<Value>>());
        for pod in &pods {
            sim.edit(("v1", "Pod"), text(pod, "/metadata/name"), |pod| {
                pod["metadata"]["labels"]["role"] = json!("x")
            });
        }
        sim.edit(("v1", "Pod"), text(&pods[0], "/metadata/name"), |pod| {
            pod["metadata"]["labels"]["mine"] = json!("y")
        });
        sim.start();
        sim.until("it is gone", |s| is(s, "v1", "role", "")).await;
        sim.wait(30).await;
        let own = |name: &str| {
            sim.sandbox.get(("v1", "Pod"), NAMESPACE, name).unwrap()["metadata"]["labels"]["mine"].clone()
        };
        assert_eq!(own(text(&pods[0], "/metadata/name")), "y", "a label of somebody's stays");
        assert_eq!(sim.witness.look(|w| w.all("Pod").count()), pods.len(), "no pod was made anew");
        let note =
            sim.sandbox.get(("apps/v1", "ReplicaSet"), NAMESPACE, text(&set, "/metadata/name")).unwrap();
        let keys: Vec<&String> = note["metadata"]["annotations"].as_object().unwrap().keys().collect();
        assert!(keys.iter().all(|key| !key.ends_with("-metadata")), "{keys:?}");
    });
}
