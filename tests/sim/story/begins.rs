//! How a Rollout comes and goes: when its first revision is the stable one, and what is told of it.
//! It never depends on how long anything takes.

use crate::rig::{Sim, simulate};
use crate::shop::{NAMESPACE, blue_green, canary};
use crate::trouble::Plan;
use crate::world::{text, wanted_hash};
use serde_json::{Value, json};
use switchback::api::names;

/// The reasons of the events about the Rollout `name`, in the order in which they were told.
fn told(sim: &Sim, name: &str) -> Vec<String> {
    let mut all: Vec<Value> = sim.sandbox.snapshot("v1", "Event", NAMESPACE);
    let about = |e: &Value, field: &str| text(e, &format!("/involvedObject/{field}")).to_owned();
    all.retain(|e| about(e, "kind") == "Rollout" && about(e, "name") == name);
    // whoever watches is told in the order in which they arrive
    all.sort_by_key(|e| text(e, "/metadata/resourceVersion").parse::<u64>().unwrap());
    all.iter().map(|e| text(e, "/reason").to_owned()).collect()
}

#[test]
fn the_first_blue_green_revision_is_stable_before_it_is_active_and_cannot_be_aborted() {
    simulate(async {
        let mut sim = Sim::new(&Plan::default(), &blue_green("prePromotionAnalysis")).await;
        let is_stable = |s: &Sim| s.rollout(|r| text(r, "/status/stableRS") == wanted_hash(r));
        let active = |s: &Sim| s.witness.look(|w| w.selected(NAMESPACE, "web-stable"));
        sim.until("it is stable", |s| s.rollout(|r| !r.is_null()) && is_stable(s)).await;
        assert_eq!(active(&sim), "", "nobody reaches it yet");
        sim.edit_status(|s| s["abort"] = json!(true));
        sim.settles_at("v1").await;
        assert!(sim.rollout(|r| r["status"].get("abort").is_none()));
        sim.rest().await;
    });
}

#[test]
fn what_happens_to_a_rollout_is_told_in_order_from_its_first_moment_to_its_last() {
    simulate(async {
        for (files, first) in [
            (
                canary(),
                vec![
                    "RolloutAddedToInformer",
                    "RolloutUpdated",
                    "NewReplicaSetCreated",
                    "RolloutNotCompleted",
                    "ScalingReplicaSet",
                    "RolloutCompleted",
                ],
            ),
            (
                blue_green("prePromotionAnalysis"),
                vec![
                    "RolloutAddedToInformer",
                    "RolloutUpdated",
                    "NewReplicaSetCreated",
                    "SwitchService", // the preview
                    "ScalingReplicaSet",
                    "RolloutCompleted",
                    "SwitchService",
                ],
            ),
        ] {
            let mut sim = Sim::new(&Plan { slowest: 40, ..Plan::default() }, &files).await;
            sim.settles_at("v1").await;
            sim.wait(5).await;
            let all = told(&sim, "web");
            assert_eq!(all[..first.len()], first, "{all:?}");
            sim.stop().await;
            sim.start();
            sim.wait(60).await;
            assert_eq!(told(&sim, "web"), all, "one that starts anew has nothing to tell");
            sim.delete(&format!("/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/rollouts/web")).await;
            sim.until("it is told", |s| told(s, "web").contains(&"RolloutDeleted".to_owned())).await;
        }
    });
}

#[test]
fn a_service_that_comes_a_moment_after_its_rollout_is_never_missed() {
    simulate(async {
        let mut sim = Sim::new(&Plan::default(), &canary()).await;
        sim.settles_at("v1").await;
        let template = json!({"metadata": {"labels": {"app": "late"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
        let rollout = json!({"apiVersion": names::ARGO, "kind": "Rollout",
            "metadata": {"name": "late", "namespace": NAMESPACE},
            "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "late"}}, "template": template,
                "strategy": {"canary": {"stableService": "late"}}}});
        sim.sandbox.create("somebody", rollout).unwrap();
        sim.pass(std::time::Duration::from_millis(100)).await;
        let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "late", "namespace": NAMESPACE},
            "spec": {"selector": {"app": "late"}, "ports": [{"port": 80}]}});
        sim.sandbox.create("somebody", service).unwrap();
        sim.wait(30).await;
        let all = told(&sim, "late");
        assert_eq!(all.iter().filter(|r| *r == "RolloutAddedToInformer").count(), 1, "{all:?}");
        assert!(!all.contains(&"InvalidSpec".to_owned()), "{all:?}");
        assert!(all.contains(&"RolloutCompleted".to_owned()), "{all:?}");
    });
}
