//! What is remembered and forgotten: a refused push that people resolved, automation that insists, a lost inventory.
//! A template that failed is not obeyed twice unless somebody means it.

use crate::rig::Sim;
use crate::shop::canary;
use crate::story::canary::release;
use crate::trouble::Plan;
use crate::world::number;

/// The push of a revert is refused, people revert by hand, and land the same again later: it has its chance.
pub async fn resolved_by_hand(plan: &Plan) -> Sim {
    let mut sim = Sim::new(plan, &canary()).await;
    sim.settles_at("v1").await;
    sim.repo.weather(|w| w.refuses = Some("the branch is protected".into()));
    let bad = release(&sim, "v1", "v2", Some("0.25"));
    sim.until("v2 is tried", |s| s.rollout(|r| number(r, "/status/updatedReplicas")) == 1).await;
    sim.until("applied from here", |s| s.is_healthy_at("v1")).await;
    sim.wait(15).await;
    sim.repo.revert_as("Ada", &bad);
    sim.settles_at("v1").await;
    sim.wait(60).await;
    assert!(sim.reverts().is_empty());
    sim.repo.weather(|w| w.refuses = None);
    let again = release(&sim, "v1", "v2", Some("0.25"));
    sim.until("it is tried again", |s| s.rollout(|r| number(r, "/status/updatedReplicas")) == 1).await;
    sim.settles_at("v1").await;
    sim.rest().await;
    let reverts = sim.reverts();
    assert_eq!(reverts.len(), 1, "{reverts:?}");
    assert!(reverts[0].message.contains(&again), "{}", reverts[0].message);
    sim
}

/// Automation commits the version that failed again and again: it is taken back once more, and then left and told.
pub async fn automation(plan: &Plan) -> Sim {
    let mut sim = Sim::new(plan, &canary()).await;
    sim.settles_at("v1").await;
    release(&sim, "v1", "v2", Some("0.25"));
    sim.until("v2 is tried", |s| s.rollout(|r| number(r, "/status/updatedReplicas")) == 1).await;
    sim.settles_at("v1").await;
    let second = release(&sim, "v1", "v2", Some("0.25"));
    sim.until("it is taken back", |s| s.repo.head() != second).await;
    sim.settles_at("v1").await;
    assert_eq!(sim.reverts().len(), 2);
    let last = sim.reverts()[0].id.to_string();
    let third = release(&sim, "v1", "v2", Some("0.25"));
    let words = format!("git revert {}", &last[..7]);
    sim.until("people are told", |s| s.problems().iter().any(|p| p.contains(&words))).await;
    sim.wait(120).await;
    assert_eq!((sim.repo.head(), sim.reverts().len()), (third, 2), "no third commit");
    assert!(sim.is_healthy_at("v1"), "it never runs again");
    let fixed = sim.repo.text("web/rollout.yaml").replace("web:v2", "web:v3").replace("0.25", "0.01");
    sim.repo.push_as("Ada", "web: v3", &[("web/rollout.yaml", Some(fixed))]);
    sim.settles_at("v3").await;
    sim.rest().await;
    assert_eq!(sim.reverts().len(), 2);
    sim
}

/// The inventory is deleted: what is there is taken over, and the next failure goes back as ever.
pub async fn inventory_lost(plan: &Plan) -> Sim {
    let mut sim = Sim::new(plan, &canary()).await;
    sim.settles_at("v1").await;
    sim.delete("/api/v1/namespaces/default/secrets/switchback-shop-0").await;
    let good = release(&sim, "v1", "v2", None);
    sim.settles_at("v2").await;
    let bad = release(&sim, "v2", "v3", Some("0.25"));
    sim.until("back at v2, in Git too", |s| {
        s.repo.head() != bad && s.is_healthy_at("v2") && s.applied() == s.repo.head()
    })
    .await;
    sim.went_back_once(&good).await;
    sim
}
