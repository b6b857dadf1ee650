//! Ways back that wait for nobody, and an abort of what is promoted: nothing is left of it.
//! None of them is told how the engine decides.

use crate::repo::Files;
use crate::rig::{Sim, simulate};
use crate::shop::{NAMESPACE, blue_green, may_be_undecided, with};
use crate::story::canary::release;
use crate::story::going_back::settled;
use crate::trouble::Plan;
use crate::world::{hash_of, text, wanted_hash};
use serde_json::{Value, json};

const FILE: &str = "web/rollout.yaml";

fn paused_at(sim: &Sim, reason: &str) -> bool {
    sim.rollout(|r| text(r, "/status/pauseConditions/0/reason") == reason)
}

fn resume(sim: &Sim) {
    sim.edit_status(|s| s["pauseConditions"] = Value::Null);
}

/// Blue-green with an analysis, whose switch waits for a person, and with `more` in its spec.
fn by_hand(analysis: &str, more: &str) -> Files {
    let mut files = blue_green(analysis);
    let text = String::from_utf8(files[FILE].to_vec()).unwrap();
    let text = with(
        &text,
        "      scaleDownDelaySeconds",
        "      autoPromotionEnabled: false\n      scaleDownDelaySeconds",
    );
    files.insert(FILE.to_owned(), with(&text, "  replicas: 3\n", &format!("  replicas: 3\n{more}")).into());
    files
}

/// The hash that users reach.
fn active(sim: &Sim) -> String {
    sim.witness.look(|w| w.selected(NAMESPACE, "web-stable"))
}

#[test]
fn who_returns_to_the_stable_revision_after_a_switch_waits_for_nobody() {
    simulate(async {
        let mut files = by_hand("postPromotionAnalysis", "");
        may_be_undecided(&mut files);
        let mut sim = Sim::new(&Plan::default(), &files).await;
        sim.settles_at("v1").await;
        let (first, stable) = (sim.repo.text(FILE), active(&sim));
        release(&sim, "v1", "v2", Some("0.1"));
        sim.until("it waits for a person", |s| paused_at(s, "BlueGreenPause")).await;
        resume(&sim);
        sim.until("it is undecided", |s| paused_at(s, "InconclusiveAnalysisRun")).await;
        assert_ne!(active(&sim), stable, "users reach what is undecided");
        sim.repo.push_as("Ada", "back to v1", &[(FILE, Some(first))]);
        sim.settles_at("v1").await;
        assert_eq!(active(&sim), stable);
        sim.rest().await;
    });
}

#[test]
fn who_returns_within_the_window_waits_for_nobody_although_the_pods_are_gone() {
    simulate(async {
        let files = by_hand("prePromotionAnalysis", "  rollbackWindow: {revisions: 3}\n");
        let mut sim = Sim::new(&Plan::default(), &files).await;
        sim.settles_at("v1").await;
        let first = sim.repo.text(FILE);
        release(&sim, "v1", "v2", None);
        sim.until("it waits for a person", |s| paused_at(s, "BlueGreenPause")).await;
        resume(&sim);
        sim.settles_at("v2").await;
        sim.wait(30).await;
        let old_pods = |s: &Sim| {
            s.witness.look(|w| {
                let rollout = w.get("Rollout", NAMESPACE, "web");
                let wanted = wanted_hash(rollout);
                let sets = w.sets(rollout).into_iter().filter(|s| hash_of(s) != wanted);
                sets.map(|s| w.pods(s).len()).sum::<usize>()
            })
        };
        assert_eq!(old_pods(&sim), 0);
        sim.repo.push_as("Ada", "back to v1", &[(FILE, Some(first))]);
        sim.settles_at("v1").await;
        sim.rest().await;
    });
}

#[test]
fn an_abort_of_what_is_promoted_leaves_nothing_behind() {
    simulate(async {
        let mut sim = settled().await;
        let head = sim.repo.head();
        sim.edit_status(|s| s["abort"] = json!(true));
        sim.until("it is lifted", |s| s.rollout(|r| r["status"].get("abort").is_none())).await;
        assert!(sim.is_healthy_at("v1"));
        sim.rest().await;
        assert!(sim.is_healthy_at("v1"));
        assert_eq!((sim.repo.head(), sim.reverts().len()), (head, 0));
    });
}
