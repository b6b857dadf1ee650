//! What the plugin says to a canary: forwards, backwards, pause, restart, another image. Each leaves the status, the pods
//! and the events that Argo's users know; nothing is written here but by the plugin.

use super::rig::{canary, paused_canary, plugin, step, tells, tells_times, tree, with_plugin};
use serde_json::{Value, json};
use std::time::Duration;

fn revision(rollout: &Value) -> &Value {
    &rollout["metadata"]["annotations"]["rollout.argoproj.io/revision"]
}

#[tokio::test(flavor = "multi_thread")]
async fn promote_leaves_a_step() {
    with_plugin("plugin-promote", async |stage| {
        let paused = paused_canary(stage, "v2").await;
        assert_eq!(paused["status"]["pauseConditions"][0]["reason"], "CanaryPauseStep");
        let words =
            ["Status:          ॥ Paused", "Message:         CanaryPauseStep", "Strategy:        Canary"];
        tree(stage, "shape", &words).await;
        tree(stage, "shape", &["Step:          1/4", "SetWeight:     33", "ActualWeight:  33"]).await;
        let words =
            ["example/shape:v1 (stable)", "example/shape:v2 (canary)", "# revision:2", "# revision:1"];
        tree(stage, "shape", &words).await;

        let said = plugin(stage, "promote shape").await.ok();
        assert_eq!(said.trim(), "rollout 'shape' promoted");
        let next = stage.phase("shape", "Paused", |r| step(r) == 3).await;
        assert_ne!(next["status"]["currentPodHash"], next["status"]["stableRS"]);
        assert!(next["status"]["promoteFull"].is_null(), "{next:#}");
        stage.pods("shape", &[(1, "example/shape:v1"), (2, "example/shape:v2")]).await;
        // Who takes the pause away by the status has resumed it; the controller tells only of what it ends itself.
        let steps = ["RolloutUpdated", "RolloutStepCompleted", "RolloutPaused", "RolloutStepCompleted"];
        tells(stage, "shape", &steps).await;
        tells_times(stage, "shape", "RolloutPaused", 2).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn promote_full_goes_to_the_end() {
    with_plugin("plugin-full", async |stage| {
        paused_canary(stage, "v2").await;
        let said = plugin(stage, "promote shape --full").await.ok();
        assert_eq!(said.trim(), "rollout 'shape' fully promoted");
        let whole = stage.phase("shape", "Healthy", |r| step(r) == 4).await;
        let status = &whole["status"];
        assert_eq!(status["stableRS"], status["currentPodHash"]);
        assert!(status["promoteFull"].is_null() && status["pauseConditions"].is_null(), "{status:#}");
        stage.pods("shape", &[(3, "example/shape:v2")]).await;
        tells(stage, "shape", &["RolloutUpdated", "RolloutPaused", "RolloutCompleted"]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn abort_goes_back_to_the_stable_revision() {
    with_plugin("plugin-abort", async |stage| {
        paused_canary(stage, "v2").await;
        let said = plugin(stage, "abort shape").await.ok();
        assert_eq!(said.trim(), "rollout 'shape' aborted");
        let aborted = stage.phase("shape", "Degraded", |r| r["status"]["abort"] == true).await;
        let status = &aborted["status"];
        assert!(status["abortedAt"].is_string() && step(&aborted) == 0, "{status:#}");
        assert_eq!(status["message"], "RolloutAborted: Rollout aborted update to revision 2");
        stage.pods("shape", &[(3, "example/shape:v1")]).await;
        tells(stage, "shape", &["RolloutUpdated", "RolloutPaused", "RolloutAborted"]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn retry_begins_again_at_the_first_step() {
    with_plugin("plugin-retry", async |stage| {
        paused_canary(stage, "v2").await;
        plugin(stage, "abort shape").await.ok();
        stage.phase("shape", "Degraded", |r| r["status"]["abort"] == true).await;
        let said = plugin(stage, "retry rollout shape").await.ok();
        assert_eq!(said.trim(), "rollout 'shape' retried");
        let again = stage.phase("shape", "Paused", |r| step(r) == 1).await;
        let status = &again["status"];
        assert!(status["abort"] != true && status["abortedAt"].is_null(), "{status:#}");
        assert_eq!(revision(&again), "2", "it is the same revision");
        stage.pods("shape", &[(2, "example/shape:v1"), (1, "example/shape:v2")]).await;
        tells(stage, "shape", &["RolloutPaused", "RolloutAborted"]).await;
        tells_times(stage, "shape", "RolloutPaused", 2).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn undo_to_a_revision_makes_it_the_newest() {
    with_plugin("plugin-undo", async |stage| {
        let first = paused_canary(stage, "v2").await["status"]["stableRS"].clone();
        for (tag, more) in [("v3", "2"), ("v4", "3")] {
            plugin(stage, "promote shape --full").await.ok();
            stage.phase("shape", "Healthy", |r| revision(r) == more).await;
            paused_canary(stage, tag).await;
        }
        plugin(stage, "undo shape --to-revision 1").await.ok();
        let undone = stage.phase("shape", "Paused", |r| revision(r) == "5" && step(r) == 1).await;
        assert_eq!(undone["status"]["currentPodHash"], first, "the same pods as of revision 1");
        stage.pods("shape", &[(1, "example/shape:v1"), (2, "example/shape:v3")]).await;
        plugin(stage, "promote shape --full").await.ok();
        stage.phase("shape", "Healthy", |r| r["status"]["stableRS"] == first).await;
        stage.pods("shape", &[(3, "example/shape:v1")]).await;
        tells(stage, "shape", &["RolloutCompleted", "RolloutUpdated", "RolloutPaused", "RolloutCompleted"])
            .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn restart_replaces_every_pod() {
    with_plugin("plugin-restart", async |stage| {
        canary(stage).await;
        let pods = stage.api.list(&stage.at("Pod", "")).await;
        let before: Vec<Value> = pods.iter().map(|p| p["metadata"]["uid"].clone()).collect();
        assert_eq!(before.len(), 3);
        // A restart concerns pods older than its second.
        tokio::time::sleep(Duration::from_millis(1100)).await;
        let said = plugin(stage, "restart shape").await.ok();
        assert!(said.starts_with("rollout 'shape' restarts in"), "{said}");
        let is_over = |r: &Value| {
            r["spec"]["restartAt"].is_string() && r["status"]["restartedAt"] == r["spec"]["restartAt"]
        };
        let restarted = stage.phase("shape", "Healthy", is_over).await;
        assert_eq!(revision(&restarted), "1", "a restart is no revision");
        stage.pods("shape", &[(3, "example/shape:v1")]).await;
        let pods = stage.api.list(&stage.at("Pod", "")).await;
        let mut live = pods.iter().filter(|p| p["metadata"]["deletionTimestamp"].is_null());
        assert!(live.all(|p| !before.contains(&p["metadata"]["uid"])), "old pods are left");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pause_holds_until_promote() {
    with_plugin("plugin-pause", async |stage| {
        canary(stage).await;
        let said = plugin(stage, "pause shape").await.ok();
        assert_eq!(said.trim(), "rollout 'shape' paused");
        stage.phase("shape", "Paused", |r| r["spec"]["paused"] == true).await;
        plugin(stage, "set image shape main=example/shape:v2").await.ok();
        let held = stage.phase("shape", "Paused", |r| revision(r) == "2" || step(r) == 0).await;
        assert_eq!(held["status"]["message"], "manually paused", "{:#}", held["status"]);
        stage.pods("shape", &[(3, "example/shape:v1")]).await;

        plugin(stage, "promote shape").await.ok();
        let on = stage.phase("shape", "Paused", |r| step(r) == 1 && r["spec"]["paused"] != true).await;
        assert_eq!(on["status"]["message"], "CanaryPauseStep");
        tells(stage, "shape", &["RolloutUpdated", "ScalingReplicaSet", "RolloutPaused"]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn set_image_is_a_revision_and_a_wrong_container_is_none() {
    with_plugin("plugin-image", async |stage| {
        canary(stage).await;
        let wrong = plugin(stage, "set image shape other=example/shape:v2").await;
        assert_ne!(wrong.code, 0, "{}", wrong.out);
        assert_eq!(revision(&stage.get("Rollout", "shape").await), "1");
        let said = plugin(stage, "set image shape *=example/shape:v2").await.ok();
        assert_eq!(said.trim(), "rollout \"shape\" image updated");
        let updated = stage.phase("shape", "Paused", |r| step(r) == 1).await;
        assert_eq!(revision(&updated), "2");
        assert_eq!(updated["spec"]["template"]["spec"]["containers"][0]["image"], json!("example/shape:v2"));
        assert_eq!(updated["status"]["updatedReplicas"], 1);
        tells(stage, "shape", &["RolloutUpdated", "NewReplicaSetCreated", "ScalingReplicaSet"]).await;
    })
    .await;
}
