//! A cluster that denies a write for a minute: it is tried a few times, nothing else is written, and then it goes on.
//! It never depends on when the first of them is denied.

use crate::rig::{Sim, simulate};
use crate::shop::canary;
use crate::story::canary::release;
use crate::trouble::Plan;
use crate::webhook::Webhook;
use crate::world::text;
use switchback::sandbox::route::Ask;

/// Whether the Rollout says that a change of a ReplicaSet is denied.
fn is_told(sim: &Sim) -> bool {
    sim.rollout(|r| {
        let all = r["status"]["conditions"].as_array();
        all.into_iter().flatten().any(|c| text(c, "/reason") == "ReplicaSetUpdateError")
    })
}

#[test]
fn a_denied_write_is_tried_a_few_times_a_minute() {
    simulate(async {
        let mut sim = Sim::new(&Plan::default(), &canary()).await;
        sim.settles_at("v1").await;
        let stable = sim.witness.look(|w| {
            let all = w.all("ReplicaSet").map(|r| text(r, "/metadata/name").to_owned());
            all.collect::<Vec<_>>()
        });
        let webhook = Webhook::denies(&sim, move |a| {
            (a.ask, a.resource.as_str()) == (Ask::Patch, "replicasets.apps") && !stable.contains(&a.name)
        });
        release(&sim, "v1", "v2", None);
        sim.until("it is told", is_told).await;
        let before = (webhook.tries(), sim.meddler.totals().0);
        sim.wait(60).await;
        let after = (webhook.tries(), sim.meddler.totals().0);
        assert!((3..=8).contains(&(after.0 - before.0)), "tries in a minute: {}", after.0 - before.0);
        assert!(after.1 - before.1 <= 4, "other writes in a minute: {}", after.1 - before.1);
        webhook.goes();
        sim.settles_at("v2").await;
        assert!(!is_told(&sim));
        sim.rest().await;
    });
}
