//! Updates amid everything that happens to a cluster at once: sizes change, pods are killed, a node goes silent, people
//! pause, abort, promote and change their mind, the engine dies. Whatever happened, it ends where people wanted it.
//! It never decides by itself what may not happen meanwhile; the invariants do.

use crate::rig::{Sim, simulate};
use crate::shop::{NAMESPACE, canary};
use crate::trouble::Plan;
use crate::world::{STRUCK, desired, number, text};
use serde_json::{Value, json};
use std::time::Duration;
use switchback::api::names;

const ROLLOUT: (&str, &str) = (names::ARGO, "Rollout");
const NAME: &str = "rough";
/// Things that happen in one run.
const HAPPENINGS: u64 = 25;

/// Numbers that follow from a seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

fn objects(strategy: &Value) -> Vec<Value> {
    let template = json!({"metadata": {"labels": {"app": NAME}}, "spec": {"containers": [{"name": "c", "image": "i:0"}]}});
    let service = |name: &str| {
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": NAMESPACE},
            "spec": {"selector": {"app": NAME}, "ports": [{"port": 80}]}})
    };
    let rollout = json!({"apiVersion": names::ARGO, "kind": "Rollout", "metadata": {"name": NAME, "namespace": NAMESPACE},
        "spec": {"replicas": 4, "selector": {"matchLabels": {"app": NAME}}, "template": template, "strategy": strategy}});
    vec![service("rough-active"), service("rough-preview"), rollout]
}

/// The pods of the Rollout.
fn pods(sim: &Sim) -> Vec<Value> {
    let all = sim.sandbox.snapshot("v1", "Pod", NAMESPACE);
    all.into_iter().filter(|p| text(p, "/metadata/labels/app") == NAME).collect()
}

/// Something befalls a pod that is not the engine's doing; with `ready` as the sandbox reads it.
fn strike(sim: &Sim, pod: &Value, ready: Option<&str>) {
    let mut pod = pod.clone();
    if pod["metadata"]["annotations"].is_null() {
        pod["metadata"]["annotations"] = json!({});
    }
    let notes = pod["metadata"]["annotations"].as_object_mut().unwrap();
    notes.insert(STRUCK.to_owned(), json!("yes"));
    match ready {
        Some(word) => drop(notes.insert("sandbox.switchback.dev/ready".to_owned(), json!(word))),
        None => drop(notes.remove("sandbox.switchback.dev/ready")),
    }
    let _it_may_be_gone = sim.sandbox.update("node", pod);
}

fn edit(sim: &Sim, change: impl FnOnce(&mut Value)) {
    sim.edit(ROLLOUT, NAME, change);
}

fn edit_status(sim: &Sim, change: impl FnOnce(&mut Value)) {
    let mut object = sim.sandbox.get(ROLLOUT, NAMESPACE, NAME).unwrap();
    change(&mut object["status"]);
    let _somebody_was_faster = sim.sandbox.update_status("somebody", object);
}

fn use_image(sim: &Sim, tag: u64) {
    edit(sim, |r| r["spec"]["template"]["spec"]["containers"][0]["image"] = json!(format!("i:{tag}")));
}

/// One thing happens.
async fn happen(sim: &mut Sim, dice: &mut Dice) {
    let what = dice.roll(10);
    println!("{} happens {what}", sim.witness.look(|w| w.now));
    match what {
        0 | 1 => {
            let size = 2 + dice.roll(5);
            println!("size {size}");
            edit(sim, |r| r["spec"]["replicas"] = json!(size));
        }
        2 => {
            let all = pods(sim);
            if !all.is_empty() {
                let pod = &all[dice.roll(all.len() as u64) as usize];
                strike(sim, pod, None);
                sim.delete(&format!("/api/v1/namespaces/{NAMESPACE}/pods/{}", text(pod, "/metadata/name")))
                    .await;
            }
        }
        3 => {
            let lost: Vec<Value> = pods(sim).into_iter().filter(|_| dice.roll(2) == 0).collect();
            lost.iter().for_each(|pod| strike(sim, pod, Some("false")));
        }
        4 | 5 => {
            let tag = dice.roll(4);
            println!("tag {tag}");
            use_image(sim, tag);
        }
        6 => {
            let is_paused = dice.roll(2) == 0;
            edit(sim, |r| r["spec"]["paused"] = json!(is_paused));
        }
        7 => {
            let aborts = dice.roll(2) == 0;
            edit_status(sim, |s| s["abort"] = json!(aborts));
        }
        8 => edit_status(sim, |s| s["promoteFull"] = json!(true)),
        _ => {
            sim.stop().await;
            sim.pass(Duration::from_millis(700)).await;
            sim.start();
        }
    }
}

/// The node is back, people want one thing, and that is what there is in the end.
async fn told(seed: u64, strategy: &Value) -> u64 {
    let plan = Plan { seed, slowest: seed % 30, ..Plan::default() };
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut sim = Sim::new(&plan, &canary()).await;
    sim.settles_at("v1").await;
    for object in objects(strategy) {
        sim.sandbox.create("somebody", object).unwrap();
    }
    for _ in 0..HAPPENINGS {
        sim.pass(Duration::from_millis(100 + dice.roll(4_000))).await;
        happen(&mut sim, &mut dice).await;
    }
    edit(&sim, |r| (r["spec"]["paused"], r["spec"]["replicas"]) = (json!(false), json!(5)));
    use_image(&sim, 9);
    edit_status(&sim, |s| s["abort"] = json!(false));
    for pod in pods(&sim) {
        strike(&sim, &pod, None);
    }
    sim.until("it is as people want it", |s| {
        s.witness.look(|w| {
            let rollout = w.get("Rollout", NAMESPACE, NAME);
            let pods: Vec<&Value> = w.sets(rollout).into_iter().flat_map(|set| w.pods(set)).collect();
            text(rollout, "/status/phase") == "Healthy"
                && text(rollout, "/status/observedGeneration").parse()
                    == Ok(number(rollout, "/metadata/generation"))
                && text(rollout, "/status/stableRS") == text(rollout, "/status/currentPodHash")
                && pods.len() as i64 == desired(rollout)
                && pods.iter().all(|p| text(p, "/spec/containers/0/image") == "i:9")
        })
    })
    .await;
    sim.rest().await;
    sim.witness.checks().values().sum()
}

/// Seeds that are tried: a few, or as many as `SWITCHBACK_SEEDS` says.
fn seeds() -> std::ops::RangeInclusive<u64> {
    let asked = std::env::var("SWITCHBACK_SEEDS").ok().and_then(|n| n.parse().ok());
    1..=asked.unwrap_or(12)
}

fn all(what: &str, strategy: &Value) {
    let (mut checks, mut runs) = (0, 0);
    for seed in seeds() {
        println!("{what}, seed {seed}");
        checks += simulate(told(seed, strategy));
        runs += 1;
    }
    println!("{what}: {runs} runs of {HAPPENINGS} happenings, {checks} checks of invariants");
    assert!(checks > runs * 1_000);
}

#[test]
fn a_canary_amid_turmoil_ends_where_people_want_it() {
    let steps = json!([{"setWeight": 25}, {"pause": {"duration": "2s"}}, {"setWeight": 60}, {"pause": {"duration": "3s"}}]);
    all("a canary", &json!({"canary": {"maxSurge": 1, "maxUnavailable": 1, "steps": steps}}));
}

#[test]
fn a_switch_amid_turmoil_ends_where_people_want_it() {
    let strategy = json!({"activeService": "rough-active", "previewService": "rough-preview",
        "autoPromotionSeconds": 3, "scaleDownDelaySeconds": 4});
    all("blue-green", &json!({"blueGreen": strategy}));
}
