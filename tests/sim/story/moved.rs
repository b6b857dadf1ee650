//! Rollouts that are deleted without their pods and made again, as people move them: what ran goes on running.
//! Nothing is doubled, and nobody else's is taken.

use crate::rig::{Sim, simulate};
use crate::shop::{NAMESPACE, canary};
use crate::story::canary::release;
use crate::trouble::Plan;
use crate::world::{number, text};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use switchback::api::names;

const ROLLOUT: &str = "/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/web";

/// The uids of all objects of a kind.
fn uids(sim: &Sim, kind: &str) -> BTreeSet<String> {
    sim.witness.look(|w| w.all(kind).map(|o| text(o, "/metadata/uid").to_owned()).collect())
}

/// In the middle of a climb the Rollout is deleted and its pods are left; the delivery makes it again.
pub async fn tell(plan: &Plan) -> Sim {
    let mut sim = Sim::new(plan, &canary()).await;
    sim.settles_at("v1").await;
    release(&sim, "v1", "v2", None);
    sim.until("v2 climbs", |s| s.rollout(|r| number(r, "/status/updatedReplicas")) == 1).await;
    let before = sim.rollout(|r| text(r, "/metadata/uid").to_owned());
    let (sets, pods) = (uids(&sim, "ReplicaSet"), uids(&sim, "Pod"));
    sim.delete_with(ROLLOUT, "Orphan").await;
    let is_another = |r: &Value| !r.is_null() && text(r, "/metadata/uid") != before;
    sim.until("it is made again", |s| s.rollout(is_another)).await;
    sim.settles_at("v2").await;
    sim.rest().await;
    assert_eq!(uids(&sim, "ReplicaSet"), sets, "the ReplicaSets are those of before");
    let left = uids(&sim, "Pod");
    assert_eq!(left.len(), 5, "no pod is doubled");
    assert!(left.intersection(&pods).count() > 0, "what ran of the new revision goes on running");
    let owned = |w: &crate::world::World| w.sets(w.get("Rollout", NAMESPACE, "web")).len();
    assert_eq!(sim.witness.look(owned), 2);
    sim
}

#[test]
fn a_rollout_that_is_made_again_takes_back_its_pods_and_nobody_elses() {
    simulate(async {
        let mut sim = Sim::new(&Plan::default(), &canary()).await;
        sim.settles_at("v1").await;
        // another Rollout with the same selector, and one of the cluster's own workloads
        let template = json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
        let spec = json!({"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template});
        let mut rollout = json!({"apiVersion": names::ARGO, "kind": "Rollout",
            "metadata": {"name": "twin", "namespace": NAMESPACE}, "spec": spec.clone()});
        rollout["spec"]["strategy"] = json!({"canary": {}});
        sim.sandbox.create("somebody", rollout).unwrap();
        let mut deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "plain", "namespace": NAMESPACE}, "spec": spec});
        let labels = json!({"app": "web", "tier": "plain", (names::POD_HASH): "theirs"});
        deployment["spec"]["selector"] = json!({"matchLabels": {"tier": "plain"}});
        deployment["spec"]["template"]["metadata"]["labels"] = labels;
        sim.sandbox.create("somebody", deployment).unwrap();
        sim.wait(30).await;
        let (sets, pods) = (uids(&sim, "ReplicaSet"), uids(&sim, "Pod"));
        sim.stop().await;
        sim.delete_with(ROLLOUT, "Orphan").await;
        sim.wait(5).await;
        assert!(sim.rollout(Value::is_null));
        let owner = |s: &Sim, set: &str| {
            s.witness.look(|w| {
                let sets = w.all("ReplicaSet").filter(|r| text(r, "/metadata/name").starts_with(set));
                sets.map(|r| text(r, "/metadata/ownerReferences/0/name").to_owned()).collect::<Vec<_>>()
            })
        };
        assert_eq!(owner(&sim, "web-"), [""]);
        sim.start();
        sim.wait(60).await;
        let taken = owner(&sim, "web-");
        assert!(["web", "twin"].contains(&taken[0].as_str()), "who comes first has it: {taken:?}");
        assert_eq!(
            (owner(&sim, "twin-"), owner(&sim, "plain-")),
            (vec!["twin".into()], vec!["plain".into()])
        );
        let now = uids(&sim, "ReplicaSet");
        assert!(now.is_superset(&sets), "nothing that was is gone");
        assert!(!pods.is_empty());
        sim.wait(60).await;
        assert_eq!(owner(&sim, "web-")[0], taken[0], "nobody fights for it");
    });
}
