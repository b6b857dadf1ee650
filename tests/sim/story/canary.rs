//! The demo's story: a first version, a good one that climbs, and a bad one that goes back in the cluster and in Git.
//! It never depends on when something happens, only on what comes of it.

use crate::rig::Sim;
use crate::shop::{canary, with};
use crate::trouble::Plan;
use crate::world::text;
use serde_json::json;
use switchback::api::names;

/// Fields that others put into our objects.
pub async fn plant(sim: &mut Sim) {
    let note = json!("of-somebody-else");
    sim.edit((names::ARGO, "Rollout"), "web", |o| {
        o["metadata"]["annotations"]["example.com/note"] = note.clone()
    });
    sim.edit(("v1", "Service"), "web-stable", |o| o["metadata"]["labels"]["example.com-note"] = note.clone());
    sim.edit(("v1", "ConfigMap"), "web-config", |o| o["data"]["FOREIGN"] = note.clone());
    let field = |kind: &str, name: &str, pointer: &str| {
        (kind.to_owned(), format!("shop/{name}"), pointer.to_owned(), note.clone())
    };
    sim.witness.foreign(vec![
        field("Rollout", "web", "/metadata/annotations/example.com~1note"),
        field("Service", "web-stable", "/metadata/labels/example.com-note"),
        field("ConfigMap", "web-config", "/data/FOREIGN"),
    ]);
    // what stands on a Rollout is copied to its current ReplicaSet
    let copied = |s: &Sim| {
        s.witness.look(|w| {
            w.all("ReplicaSet").any(|r| r["metadata"]["annotations"].get("example.com/note").is_some())
        })
    };
    sim.until("the note is seen", copied).await;
}

/// Commits version `tag` with so many errors; answers the commit.
pub fn release(sim: &Sim, from: &str, to: &str, errors: Option<&str>) -> String {
    let mut rollout = with(&sim.repo.text("web/rollout.yaml"), &format!("web:{from}"), &format!("web:{to}"));
    if let Some(errors) = errors {
        rollout = with(&rollout, "dev/errors: \"0.01\"", &format!("dev/errors: \"{errors}\""));
    }
    sim.repo.push_as("Ada", &format!("web: {to}"), &[("web/rollout.yaml", Some(rollout))])
}

/// A bad v3 with a new greeting.
pub fn release_bad(sim: &Sim) -> String {
    let rollout = with(&sim.repo.text("web/rollout.yaml"), "web:v2", "web:v3");
    let rollout = with(&rollout, "dev/errors: \"0.01\"", "dev/errors: \"0.25\"");
    let config = with(&sim.repo.text("web/config.yaml"), "welcome", "hello from v3");
    let edits = [("web/rollout.yaml", Some(rollout)), ("web/config.yaml", Some(config))];
    sim.repo.push_as("Bob", "web: v3, a new greeting", &edits)
}

/// What the last revert says, that there is only one, and that the files are those of `good`.
pub fn went_back(sim: &Sim, bad: &str, good: &str) {
    let reverts = sim.reverts();
    assert_eq!(reverts.len(), 1, "{reverts:?}");
    let message = &reverts[0].message;
    assert!(message.contains(&format!("This reverts commit {bad}.")), "{message}");
    assert!(message.contains("Switchback-Rollout: shop/web"), "{message}");
    assert!(message.contains("Switchback-Revision: 3"), "{message}");
    assert!(message.contains("Switchback-Verdict: errors"), "{message}");
    assert_eq!(sim.repo.head(), reverts[0].id);
    assert_eq!(sim.repo.files_of(&reverts[0].id), sim.repo.files_of(good));
}

/// The story, up to the settled end.
pub async fn tell(plan: &Plan) -> Sim {
    let mut sim = Sim::new(plan, &canary()).await;
    sim.settles_at("v1").await;
    plant(&mut sim).await;
    let good = release(&sim, "v1", "v2", None);
    sim.settles_at("v2").await;
    assert_eq!(sim.repo.head(), good, "v2 was not promoted");
    let bad = release_bad(&sim);
    sim.until("back at v2, in Git too", |s| {
        s.repo.head() != bad && s.is_healthy_at("v2") && s.applied() == s.repo.head()
    })
    .await;
    sim.rest().await;
    went_back(&sim, &bad, &good);
    assert!(sim.is_healthy_at("v2"));
    let config =
        sim.witness.look(|w| text(w.get("ConfigMap", "shop", "web-config"), "/data/GREETING").to_owned());
    assert_eq!(config, "welcome");
    sim
}
