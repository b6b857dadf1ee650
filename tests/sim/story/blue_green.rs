//! The blue-green story: a good version is promoted after its analysis, a bad one never, and goes back in Git.
//! It never depends on when something happens, only on what comes of it.

use crate::rig::Sim;
use crate::shop::blue_green;
use crate::story::canary::{plant, release, release_bad, went_back};
use crate::trouble::Plan;

/// The story with an analysis before or after the switch, up to the settled end.
pub async fn tell(plan: &Plan, analysis: &str) -> Sim {
    let mut sim = Sim::new(plan, &blue_green(analysis)).await;
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
    sim
}
