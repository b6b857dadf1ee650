//! Rollouts that another controller has left, or that were deleted without their pods: what runs goes on running.
//! It never makes them the way our own controller does.

use super::controller::{apply, controller};
use super::manifests::{CANARY, of_instance, rollout};
use super::stage::{Stage, play};
use serde_json::{Value, json};

/// What tells the ReplicaSets of `app` and their pods apart, whatever becomes of their counts.
async fn identities(stage: &Stage, kind: &str, app: &str) -> Vec<String> {
    let all = stage.api.list(&format!("{}?labelSelector=app%3D{app}", stage.at(kind, ""))).await;
    let live = all.iter().filter(|o| o["metadata"]["deletionTimestamp"].is_null());
    let mut uids: Vec<String> = live.map(|o| o["metadata"]["uid"].as_str().unwrap().to_owned()).collect();
    uids.sort();
    uids
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollout_deleted_without_its_pods_and_made_again_has_them() {
    play("orphans", async |stage| {
        let _program = controller(stage, "orphans");
        let text = rollout("shape", &of_instance("orphans"), CANARY);
        apply(stage, &text).await;
        stage.phase("shape", "Healthy", |_| true).await;
        apply(stage, &text.replace(":v1", ":v2")).await;
        let paused = stage.phase("shape", "Paused", |r| r["status"]["currentStepIndex"] == 1).await;
        let (sets, pods) =
            (identities(stage, "ReplicaSet", "shape").await, identities(stage, "Pod", "shape").await);
        assert_eq!((sets.len(), pods.len()), (2, 3));

        stage.api.delete_alone(&stage.at("Rollout", "shape")).await;
        stage.until("Rollout", "shape", "gone", Value::is_null).await;
        assert_eq!(identities(stage, "ReplicaSet", "shape").await, sets, "they are left");
        apply(stage, &text).await; // the stable revision of before
        let healthy = stage.phase("shape", "Healthy", |_| true).await;
        assert_eq!(healthy["status"]["stableRS"], paused["status"]["stableRS"]);
        assert_eq!(healthy["status"].get("collisionCount"), None, "no name was taken");
        stage.pods("shape", &[(3, "example/shape:v1")]).await;
        assert_eq!(identities(stage, "ReplicaSet", "shape").await, sets);
        let now = identities(stage, "Pod", "shape").await;
        assert_eq!(now.iter().filter(|p| pods.contains(p)).count(), 2, "what ran of it goes on running");
        let owned = |set: &Value| set["metadata"]["ownerReferences"][0]["uid"] == healthy["metadata"]["uid"];
        let all = stage.api.list(&format!("{}?labelSelector=app%3Dshape", stage.at("ReplicaSet", ""))).await;
        assert!(all.iter().all(owned), "{all:#?}");

        // who is released by hand is taken back
        let alone = json!({"metadata": {"ownerReferences": null}});
        let name = all[0]["metadata"]["name"].as_str().unwrap();
        stage.api.merge(&stage.at("ReplicaSet", name), &alone).await;
        stage.until("ReplicaSet", name, "taken back", owned).await;
    })
    .await;
}
