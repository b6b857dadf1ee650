//! People change and delete what Git has delivered, field class after field class: it is brought back, Git is left alone.
//! Nothing of it depends on whether the engine runs at that moment.

use crate::rig::{Sim, simulate};
use crate::shop::{NAMESPACE, canary};
use crate::story::canary::release;
use crate::trouble::Plan;
use serde_json::{Value, json};
use switchback::api::names;

const ROLLOUT: (&str, &str) = (names::ARGO, "Rollout");

/// What somebody does to an object, and where that shows.
type Edit = (&'static str, &'static str, &'static str, &'static str, fn(&mut Value));

const EDITS: &[Edit] = &[
    ("v1", "ConfigMap", "web-config", "/data/GREETING", |o| o["data"]["GREETING"] = json!("by hand")),
    ("v1", "ConfigMap", "web-config", "/data", |o| o["data"] = json!(null)),
    ("v1", "Secret", "web-token", "/data/token", |o| o["data"]["token"] = json!("YnkgaGFuZA==")),
    ("v1", "Service", "web", "/metadata/labels", |o| o["metadata"]["labels"] = json!({})),
    ("v1", "Service", "web", "/spec/ports", |o| o["spec"]["ports"][0]["port"] = json!(8081)),
    ("v1", "Service", "web", "/spec/selector", |o| o["spec"]["selector"]["app"] = json!("other")),
    (names::ARGO, "AnalysisTemplate", "errors", "/spec/metrics/0/count", |o| {
        o["spec"]["metrics"][0]["count"] = json!(1)
    }),
    (names::ARGO, "Rollout", "web", "/spec/replicas", |o| o["spec"]["replicas"] = json!(1)),
    (names::ARGO, "Rollout", "web", "/spec/strategy/canary/steps", |o| {
        o["spec"]["strategy"]["canary"]["steps"] = json!([])
    }),
];

fn part(sim: &Sim, (version, kind, name, pointer, _): &Edit) -> Value {
    let object = sim.sandbox.get((version, kind), NAMESPACE, name).unwrap_or_default();
    object.pointer(pointer).cloned().unwrap_or_default()
}

/// The story, up to the settled end.
pub async fn tell(plan: &Plan) -> Sim {
    let mut sim = Sim::new(plan, &canary()).await;
    sim.settles_at("v1").await;
    sim.rest().await;
    let head = sim.repo.head();
    let before: Vec<Value> = EDITS.iter().map(|edit| part(&sim, edit)).collect();
    for (edit, before) in EDITS.iter().zip(&before) {
        sim.edit((edit.0, edit.1), edit.2, edit.4);
        sim.until(&format!("{} {}{} is as Git says", edit.1, edit.2, edit.3), |s| part(s, edit) == *before)
            .await;
    }
    sim.delete("/api/v1/namespaces/shop/services/web").await;
    sim.until("the Service is made again", |s| s.sandbox.get(("v1", "Service"), NAMESPACE, "web").is_some())
        .await;
    sim.until("healthy", |s| s.is_healthy_at("v1")).await;
    sim.rest().await;
    assert_eq!((sim.repo.head(), sim.reverts().len()), (head, 0));
    release(&sim, "v1", "v2", None);
    sim.settles_at("v2").await;
    sim.rest().await;
    sim
}

#[test]
fn an_image_that_somebody_sets_is_as_git_says_again() {
    simulate(async {
        let mut sim = Sim::new(&Plan::default(), &canary()).await;
        sim.settles_at("v1").await;
        let head = sim.repo.head();
        sim.edit(ROLLOUT, "web", |o| {
            o["spec"]["template"]["spec"]["containers"][0]["image"] = json!("example/web:by-hand");
        });
        sim.until("the image is as Git says", |s| s.is_healthy_at("v1")).await;
        sim.rest().await;
        assert_eq!((sim.repo.head(), sim.reverts().len()), (head, 0));
    });
}
