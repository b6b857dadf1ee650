//! What is held, and what is not because of it: another Rollout, a provider that is away.
//! Git is left alone for what nobody knows to be bad.

use crate::rig::Sim;
use crate::shop::{NAMESPACE, canary, with};
use crate::story::canary::release;
use crate::trouble::Plan;
use crate::world::{number, text};
use bytes::Bytes;
use serde_json::json;
use switchback::api::names;

const ROLLOUT: (&str, &str) = (names::ARGO, "Rollout");

/// A second Rollout that people want to take back themselves.
fn api(image: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata:\n  name: api\n  namespace: shop\n  annotations: \
         {{switchback.dev/rollback-on: none}}\nspec:\n  replicas: 2\n  selector: {{matchLabels: {{app: api}}}}\n  strategy: {{canary: \
         {{steps: [{{setWeight: 50}}, {{pause: {{}}}}]}}}}\n  template:\n    metadata: {{labels: {{app: api}}}}\n    spec: \
         {{containers: [{{name: api, image: \"example/api:{image}\"}}]}}\n"
    )
}

fn phase(sim: &Sim, name: &str) -> String {
    sim.witness.look(|w| text(w.get("Rollout", NAMESPACE, name), "/status/phase").to_owned())
}

/// One Rollout is held; another one fails meanwhile and goes back, and everything else is delivered.
pub async fn one_of_two(plan: &Plan) -> Sim {
    let mut files = canary();
    files.insert("api/rollout.yaml".to_owned(), Bytes::from(api("v1")));
    let mut sim = Sim::new(plan, &files).await;
    sim.settles_at("v1").await;
    sim.until("api is healthy", |s| phase(s, "api") == "Healthy").await;
    sim.repo.push_as("Ada", "api: v2", &[("api/rollout.yaml", Some(api("v2")))]);
    sim.until("api climbs", |s| phase(s, "api") == "Paused").await;
    let mut live = sim.sandbox.get(ROLLOUT, NAMESPACE, "api").unwrap();
    live["status"]["abort"] = json!(true);
    sim.sandbox.update_status("somebody", live).unwrap();
    sim.until("api is held", |s| phase(s, "api") == "Degraded").await;
    let bad = release(&sim, "v1", "v2", Some("0.25"));
    sim.until("web goes back", |s| s.repo.head() != bad && s.is_healthy_at("v1")).await;
    let config = with(&sim.repo.text("web/config.yaml"), "welcome", "hello");
    sim.repo.push_as("Rita", "a hotfix", &[("web/config.yaml", Some(config))]);
    sim.settles_at("v1").await;
    sim.rest().await;
    let reverts = sim.reverts();
    assert_eq!(reverts.len(), 1, "{reverts:?}");
    assert!(reverts[0].message.contains(&bad) && !reverts[0].message.contains("shop/api"));
    assert_eq!(sim.repo.text("api/rollout.yaml"), api("v2"), "what is held stays in Git");
    assert_eq!(phase(&sim, "api"), "Degraded");
    assert!(
        sim.problems().iter().any(|p| p.contains("switchback retry api -n shop")),
        "{:?}",
        sim.problems()
    );
    sim
}

/// Nobody can measure: the cluster goes back, Git does not, and once somebody tries again it climbs.
pub async fn provider_away(plan: &Plan) -> Sim {
    let mut sim = Sim::new(plan, &canary()).await;
    sim.settles_at("v1").await;
    sim.provider_is_away(true);
    let good = release(&sim, "v1", "v2", None);
    sim.until("v2 is tried", |s| s.rollout(|r| number(r, "/status/updatedReplicas")) == 1).await;
    sim.until("the cluster is at v1 again", crate::story::going_back::is_safe).await;
    sim.wait(60).await;
    assert_eq!((sim.repo.head(), sim.reverts().len()), (good.clone(), 0), "nobody knows that it is bad");
    assert!(
        sim.problems().iter().any(|p| p.contains("switchback retry web -n shop")),
        "{:?}",
        sim.problems()
    );
    sim.provider_is_away(false);
    sim.edit_status(|s| {
        s.as_object_mut().unwrap().remove("abort");
    });
    sim.settles_at("v2").await;
    sim.rest().await;
    assert_eq!((sim.repo.head(), sim.reverts().len()), (good, 0));
    sim
}
