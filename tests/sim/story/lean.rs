//! How few writes a Rollout costs, and that whoever watches it still sees every step.
//! It never counts events, nor what Git is brought with.

use crate::rig::{Sim, simulate};
use crate::shop::{NAMESPACE, canary};
use crate::trouble::Plan;
use crate::world::text;
use serde_json::{Value, json};
use switchback::api::names;

fn rollout() -> Value {
    let template = json!({"metadata": {"labels": {"app": "lean"}}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}});
    let steps = json!([{"setWeight": 50}, {"pause": {"duration": "1s"}}]);
    json!({"apiVersion": names::ARGO, "kind": "Rollout", "metadata": {"name": "lean", "namespace": NAMESPACE},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "lean"}}, "template": template,
            "strategy": {"canary": {"maxSurge": 1, "maxUnavailable": 0, "steps": steps}}}})
}

/// Waits until it has settled; answers what was written meanwhile.
async fn writes_until_healthy(sim: &mut Sim, tag: &str, change: impl FnOnce(&Sim)) -> u64 {
    let before = sim.wire(0).writes();
    change(sim);
    sim.until("it is healthy", |s| {
        s.witness.look(|w| {
            let lean = w.get("Rollout", NAMESPACE, "lean");
            let observed = text(lean, "/status/observedGeneration").parse().ok();
            let image = text(lean, "/spec/template/spec/containers/0/image");
            text(lean, "/status/phase") == "Healthy"
                && observed == lean.pointer("/metadata/generation").and_then(Value::as_i64)
                && image.ends_with(tag)
        })
    })
    .await;
    sim.wait(30).await;
    sim.wire(0).writes() - before
}

#[test]
fn counts_are_told_now_and_then_while_scaling_never_pauses() {
    simulate(async {
        let mut sim = Sim::elected(&Plan::default(), &canary()).await;
        sim.settles_at("v1").await;
        let mut many = rollout();
        (many["spec"]["replicas"], many["spec"]["strategy"]["canary"]["steps"]) = (json!(40), json!([]));
        writes_until_healthy(&mut sim, ":1", |s| drop(s.sandbox.create("somebody", many).unwrap())).await;
        let mut changes = sim.sandbox.subscribe();
        let change = |s: &Sim| {
            let image =
                |r: &mut Value| r["spec"]["template"]["spec"]["containers"][0]["image"] = json!("i:2");
            s.edit((names::ARGO, "Rollout"), "lean", image);
        };
        writes_until_healthy(&mut sim, ":2", change).await;
        // Pods of the new revision that there were when its count was told last.
        let (mut there, mut told, mut most) = (0, 0, 0);
        while let Ok(change) = changes.try_recv() {
            let object = &change.object;
            let count = |path: &str| object.pointer(path).and_then(Value::as_i64).unwrap_or(0);
            match change.kind.kind.as_str() {
                "ReplicaSet" if text(object, "/spec/template/spec/containers/0/image") == "i:2" => {
                    there = count("/status/replicas");
                }
                "Rollout" if text(object, "/metadata/name") == "lean" => {
                    told = count("/status/updatedReplicas")
                }
                _ => {}
            }
            most = most.max(there - told);
        }
        assert_eq!((there, told), (40, 40));
        assert!(most <= 13, "a pod comes about every second, and {most} were not told");
    });
}

#[test]
fn a_rollout_costs_four_writes_and_a_change_of_its_image_ten() {
    simulate(async {
        let mut sim = Sim::elected(&Plan::default(), &canary()).await;
        sim.settles_at("v1").await;
        sim.wait(30).await;
        let create = |s: &Sim| drop(s.sandbox.create("somebody", rollout()).unwrap());
        let created = writes_until_healthy(&mut sim, ":1", create).await;
        assert!(created <= 4, "{created}");
        let mut changes = sim.sandbox.subscribe();
        let changed = writes_until_healthy(&mut sim, ":2", |s| {
            let image =
                |r: &mut Value| r["spec"]["template"]["spec"]["containers"][0]["image"] = json!("i:2");
            s.edit((names::ARGO, "Rollout"), "lean", image);
        })
        .await;
        assert!(changed <= 10, "{changed}");

        let mut seen = Vec::new();
        while let Ok(change) = changes.try_recv() {
            let object = &change.object;
            let index = object.pointer("/status/currentStepIndex").and_then(Value::as_i64).unwrap_or(-1);
            let step = (index, text(object, "/status/phase").to_owned());
            if change.kind.kind == "Rollout"
                && text(object, "/metadata/name") == "lean"
                && seen.last() != Some(&step)
            {
                seen.push(step);
            }
        }
        let steps = [(2, "Healthy"), (0, "Progressing"), (1, "Paused"), (2, "Progressing"), (2, "Healthy")];
        assert_eq!(seen, steps.map(|(index, phase)| (index, phase.to_owned())));
    });
}
