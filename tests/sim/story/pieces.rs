//! Revisions that are more than a Rollout's own template: shared configuration, a workload it refers to, fields of others,
//! and a commit of which only a part can be applied. None of it is lost on the way back.

use crate::repo::Files;
use crate::rig::Sim;
use crate::shop::{NAMESPACE, canary, with};
use crate::story::canary::release;
use crate::trouble::Plan;
use crate::world::{hash_of, number, text};
use bytes::Bytes;
use serde_json::{Value, json};
use switchback::api::names;

/// Pods of v1 cannot start while their ConfigMap lacks its greeting, as kubelet would have it; answers nothing.
fn kubelet(sim: &Sim) {
    let config = sim.sandbox.get(("v1", "ConfigMap"), NAMESPACE, "web-config").unwrap_or_default();
    let is_whole = config.pointer("/data/GREETING").is_some();
    for mut pod in sim.sandbox.snapshot("v1", "Pod", NAMESPACE) {
        let is_held = pod.pointer("/metadata/annotations/sandbox.switchback.dev~1ready").is_some();
        let is_new = !crate::world::is_ready(&pod);
        let is_old_image = text(&pod, "/spec/containers/0/image").ends_with(":v1");
        if !is_whole && is_new && is_old_image && !is_held {
            pod["metadata"]["annotations"]["sandbox.switchback.dev/ready"] = json!("false");
        } else if is_whole && is_held {
            let notes = pod["metadata"]["annotations"].as_object_mut().unwrap();
            notes.remove("sandbox.switchback.dev/ready");
        } else {
            continue;
        }
        let _gone = sim.sandbox.update("kubelet", pod);
    }
}

/// The bad commit also takes away what the stable pods need to start: it goes back although they cannot become whole.
pub async fn shared_configuration(plan: &Plan) -> Sim {
    let mut sim = Sim::new(plan, &canary()).await;
    sim.settles_at("v1").await;
    let good = sim.repo.head();
    let rollout = with(&sim.repo.text("web/rollout.yaml"), "web:v1", "web:v2");
    let rollout = with(&rollout, "dev/errors: \"0.01\"", "dev/errors: \"0.25\"");
    let config = with(&sim.repo.text("web/config.yaml"), "GREETING", "WORDS");
    let edits = [("web/rollout.yaml", Some(rollout)), ("web/config.yaml", Some(config))];
    let bad = sim.repo.push_as("Bob", "web: v2, other keys", &edits);
    sim.until("back at v1, in Git too", |s| {
        kubelet(s);
        s.repo.head() != bad && s.is_healthy_at("v1") && s.applied() == s.repo.head()
    })
    .await;
    sim.went_back_once(&good).await;
    sim
}

/// Half of a commit is refused, and people take it back: nothing of it is left.
pub async fn applied_in_part(plan: &Plan) -> Sim {
    let mut sim = Sim::new(plan, &canary()).await;
    sim.settles_at("v1").await;
    let good = sim.repo.head();
    let mut taken: Value = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"value": "theirs"}});
    taken["metadata"] = json!({"name": "zz-taken", "namespace": NAMESPACE,
        "annotations": {names::SOURCE: "somebody-else"}});
    sim.sandbox.create("somebody", taken).unwrap();
    let config = sim.repo.text("web/config.yaml") + "  EXTRA: \"2\"\n";
    let ours =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: zz-taken, namespace: shop}\ndata: {value: ours}\n";
    let edits = [("web/config.yaml", Some(config)), ("web/taken.yaml", Some(ours.to_owned()))];
    let bad = sim.repo.push_as("Bob", "half of it cannot be applied", &edits);
    let extra = |s: &Sim| {
        let of = |w: &crate::world::World| {
            w.get("ConfigMap", NAMESPACE, "web-config").pointer("/data/EXTRA").cloned()
        };
        s.witness.look(of).is_some()
    };
    sim.until("half of it is applied", extra).await;
    sim.wait(15).await;
    sim.repo.revert_as("Bob", &bad);
    sim.until("nothing of it is left", |s| {
        !extra(s) && s.is_healthy_at("v1") && s.applied() == s.repo.head()
    })
    .await;
    sim.rest().await;
    assert_eq!((sim.reverts().len(), sim.repo.files_of(&sim.repo.head())), (0, sim.repo.files_of(&good)));
    let taken = sim.sandbox.get(("v1", "ConfigMap"), NAMESPACE, "zz-taken").unwrap();
    assert_eq!(taken["data"]["value"], "theirs");
    sim
}

const WORKLOAD: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec:\n  replicas: 0\n  \
                        selector: {matchLabels: {app: web}}\n  template:\n";

/// The shop whose Rollout refers to a Deployment.
fn referring() -> Files {
    let mut all = canary();
    let rollout = String::from_utf8(all["web/rollout.yaml"].to_vec()).unwrap();
    let (head, template) = rollout.split_once("  template:\n").unwrap();
    let reference = "  workloadRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n";
    let head = with(head, "  selector:\n    matchLabels:\n      app: web\n", "");
    all.insert("web/rollout.yaml".to_owned(), Bytes::from(format!("{head}{reference}")));
    all.insert("web/workload.yaml".to_owned(), Bytes::from(format!("{WORKLOAD}{template}")));
    all
}

/// Whether all pods are of the image, and the head is applied.
fn runs(sim: &Sim, tag: &str) -> bool {
    sim.applied() == sim.repo.head()
        && sim.witness.look(|w| {
            let rollout = w.get("Rollout", NAMESPACE, "web");
            let sets = w.sets(rollout);
            let pods: Vec<&Value> = sets.iter().flat_map(|s| w.pods(s)).collect();
            text(rollout, "/status/phase") == "Healthy"
                && pods.len() == 5
                && pods.iter().all(|p| text(p, "/spec/containers/0/image").ends_with(tag))
                && sets.iter().any(|s| hash_of(s) == text(rollout, "/status/stableRS") && w.ready(s) == 5)
        })
}

/// Two good versions of a referred workload climb, and a bad one: only the bad one goes back.
pub async fn workload(plan: &Plan) -> Sim {
    let mut sim = Sim::new(plan, &referring()).await;
    sim.until("v1 runs", |s| runs(s, ":v1")).await;
    let mut good = String::new();
    for (from, to) in [(":v1", ":v2"), (":v2", ":v3")] {
        let text = with(&sim.repo.text("web/workload.yaml"), from, to);
        good = sim.repo.push_as("Ada", &format!("web{to}"), &[("web/workload.yaml", Some(text))]);
        sim.until("it runs", |s| runs(s, to)).await;
    }
    assert_eq!(sim.repo.head(), good, "good ones are promoted");
    let text = with(&sim.repo.text("web/workload.yaml"), ":v3", ":v4");
    let text = with(&text, "dev/errors: \"0.01\"", "dev/errors: \"0.25\"");
    let bad = sim.repo.push_as("Bob", "web:v4", &[("web/workload.yaml", Some(text))]);
    sim.until("back at v3, in Git too", |s| s.repo.head() != bad && runs(s, ":v3")).await;
    sim.went_back_once(&good).await;
    sim
}

/// Somebody else writes into the template of a climbing revision: its failure still goes back.
pub async fn foreign_field(plan: &Plan) -> Sim {
    let mut sim = Sim::new(plan, &canary()).await;
    sim.settles_at("v1").await;
    let good = sim.repo.head();
    let bad = release(&sim, "v1", "v2", Some("0.25"));
    sim.until("v2 climbs", |s| s.rollout(|r| number(r, "/status/updatedReplicas")) == 1).await;
    sim.edit((names::ARGO, "Rollout"), "web", |o| {
        o["spec"]["template"]["metadata"]["annotations"]["example.com/reloaded"] = json!("1");
    });
    sim.until("back at v1, in Git too", |s| {
        s.repo.head() != bad && s.is_healthy_at("v1") && s.applied() == s.repo.head()
    })
    .await;
    sim.went_back_once(&good).await;
    sim
}
