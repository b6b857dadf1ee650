//! Branches come together: a pull that brings others' work in, and a pull request that turns out badly.
//! What went back is only what was bad; none of it depends on who is first in a merge.

use crate::rig::Sim;
use crate::shop::{canary, with};
use crate::story::canary::release;
use crate::story::going_back::names;
use crate::trouble::Plan;

/// A colleague works on an older state, pulls and pushes; what the pull brought in stays.
pub async fn pull(plan: &Plan) -> Sim {
    let mut sim = Sim::new(plan, &canary()).await;
    sim.settles_at("v1").await;
    let (start, text) = (sim.repo.head(), sim.repo.text("web/rollout.yaml"));
    let good = release(&sim, "v1", "v2", None);
    sim.settles_at("v2").await;
    let bad = with(&text, "dev/errors: \"0.01\"", "dev/errors: \"0.25\"");
    let bad = sim.repo.commit_as("Bob", &start, "other errors", &[("web/rollout.yaml", Some(bad))]);
    let merge = sim.repo.merge_as("Bob", "Merge branch 'main'", &bad, &good);
    sim.until("what the colleague did goes back, what was promoted stays", |s| {
        s.repo.head() != merge && s.is_healthy_at("v2") && s.applied() == s.repo.head()
    })
    .await;
    sim.rest().await;
    let reverts = sim.reverts();
    assert_eq!((reverts.len(), names(&reverts[0].message)), (1, 1), "{reverts:?}");
    assert!(reverts[0].message.contains(&format!("This reverts commit {bad}.")), "{}", reverts[0].message);
    assert_eq!(sim.repo.files_of(&sim.repo.head()), sim.repo.files_of(&good));
    sim
}

/// A pull request of two commits is merged; both go back as one.
pub async fn request(plan: &Plan) -> Sim {
    let mut sim = Sim::new(plan, &canary()).await;
    sim.settles_at("v1").await;
    let start = sim.repo.head();
    let rollout = with(&sim.repo.text("web/rollout.yaml"), "web:v1", "web:v2");
    let rollout = with(&rollout, "dev/errors: \"0.01\"", "dev/errors: \"0.25\"");
    let config = with(&sim.repo.text("web/config.yaml"), "welcome", "hello from v2");
    let first = sim.repo.commit_as("Bob", &start, "web: v2", &[("web/rollout.yaml", Some(rollout))]);
    let branch = sim.repo.commit_as("Bob", &first, "its greeting", &[("web/config.yaml", Some(config))]);
    let readme = ("README.md", Some("A shop.\n".to_owned()));
    let main = sim.repo.push_as("Rita", "readme", &[readme]);
    let merge = sim.repo.merge_as("Ada", "Merge pull request 7", &main, &branch);
    sim.until("the pull request goes back", |s| {
        s.repo.head() != merge && s.is_healthy_at("v1") && s.applied() == s.repo.head()
    })
    .await;
    sim.rest().await;
    let reverts = sim.reverts();
    assert_eq!(reverts.len(), 1, "{reverts:?}");
    let words = format!("This reverts commit {merge}, reversing\nchanges made to {main}.");
    assert!(reverts[0].message.contains(&words), "{}", reverts[0].message);
    assert_eq!(sim.repo.files_of(&sim.repo.head()), sim.repo.files_of(&main));
    sim
}
