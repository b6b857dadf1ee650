//! Argo's own kubectl plugin, a client nobody here wrote, shows and steers our Rollouts of both strategies.
//! It never does what the plugin can do.

use super::controller::controller;
use super::manifests::{BLUE_GREEN, CANARY, objects, of_instance, rollout, service};
use super::program::{Said, said};
use super::stage::{Stage, play};
use serde_json::Value;

const PLUGIN: &str = "kubectl-argo-rollouts";

/// Runs the plugin with the words of `line`.
async fn plugin(stage: &Stage, line: &str) -> Said {
    let mut command = stage.client(PLUGIN).unwrap();
    command.args(line.split_whitespace());
    said(command).await
}

async fn create(stage: &Stage, texts: &[String]) {
    for text in texts {
        for object in objects(text) {
            stage.create(object).await;
        }
    }
}

fn step(rollout: &Value) -> i64 {
    rollout["status"]["currentStepIndex"].as_i64().unwrap_or(-1)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plugin_shows_and_steers_a_canary() {
    play("plugin-canary", async |stage| {
        if stage.client(PLUGIN).is_none() {
            return;
        }
        let mut program = controller(stage, &stage.namespace);
        create(stage, &[rollout("shape", &of_instance(&stage.namespace), CANARY)]).await;
        plugin(stage, "status shape --timeout 80s").await.ok();

        plugin(stage, "set image shape main=example/shape:v2").await.ok();
        stage.phase("shape", "Paused", |r| step(r) == 1).await;
        let tree = plugin(stage, "get rollout shape --no-color").await.ok();
        for words in [
            "Status:          ॥ Paused",
            "Message:         CanaryPauseStep",
            "Strategy:        Canary",
            "Step:          1/4",
            "SetWeight:     33",
            "ActualWeight:  33",
            "example/shape:v1 (stable)",
            "example/shape:v2 (canary)",
            "# revision:2",
            "# revision:1",
        ] {
            assert!(tree.contains(words), "no {words:?} in\n{tree}");
        }
        plugin(stage, "promote shape").await.ok();
        stage.phase("shape", "Paused", |r| step(r) == 3).await;
        plugin(stage, "promote shape --full").await.ok();
        stage.phase("shape", "Healthy", |_| true).await;
        stage.pods("shape", &[(3, "example/shape:v2")]).await;

        plugin(stage, "set image shape main=example/shape:v3").await.ok();
        stage.phase("shape", "Paused", |r| step(r) == 1).await;
        plugin(stage, "abort shape").await.ok();
        stage.phase("shape", "Degraded", |r| r["status"]["abort"] == true).await;
        stage.pods("shape", &[(3, "example/shape:v2")]).await;
        let degraded = plugin(stage, "status shape --timeout 80s").await;
        assert_ne!(degraded.code, 0, "{}", degraded.out);
        plugin(stage, "retry rollout shape").await.ok();
        stage.phase("shape", "Paused", |r| step(r) == 1 && r["status"]["abort"] != true).await;
        plugin(stage, "undo shape").await.ok();
        stage.phase("shape", "Healthy", |_| true).await;
        stage.pods("shape", &[(3, "example/shape:v2")]).await;
        let revision = stage.get("Rollout", "shape").await;
        assert_eq!(revision["metadata"]["annotations"]["rollout.argoproj.io/revision"], "4");

        pause_and_restart(stage).await;
        assert_eq!(program.terminate().await, 0);
    })
    .await;
}

async fn pause_and_restart(stage: &Stage) {
    plugin(stage, "pause shape").await.ok();
    stage.phase("shape", "Paused", |r| r["spec"]["paused"] == true).await;
    plugin(stage, "promote shape").await.ok();
    stage.phase("shape", "Healthy", |r| r["spec"]["paused"] != true).await;
    let pods = stage.api.list(&stage.at("Pod", "")).await;
    let before: Vec<Value> = pods.iter().map(|p| p["metadata"]["uid"].clone()).collect();
    // A restart concerns pods older than its second.
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    plugin(stage, "restart shape").await.ok();
    let restarted = |r: &Value| {
        r["status"]["restartedAt"] == r["spec"]["restartAt"] && r["spec"]["restartAt"].is_string()
    };
    stage.phase("shape", "Healthy", restarted).await;
    stage.pods("shape", &[(3, "example/shape:v2")]).await;
    let pods = stage.api.list(&stage.at("Pod", "")).await;
    let live = pods.iter().filter(|p| p["metadata"]["deletionTimestamp"].is_null());
    assert!(live.clone().all(|p| !before.contains(&p["metadata"]["uid"])), "old pods are left");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plugin_shows_and_steers_blue_and_green() {
    play("plugin-colours", async |stage| {
        if stage.client(PLUGIN).is_none() {
            return;
        }
        let mut program = controller(stage, &stage.namespace);
        let services = ["colour-active", "colour-preview"].map(|name| service(name, "colour"));
        create(stage, &services).await;
        create(stage, &[rollout("colour", &of_instance(&stage.namespace), BLUE_GREEN)]).await;
        plugin(stage, "status colour --timeout 80s").await.ok();

        plugin(stage, "set image colour main=example/colour:v2").await.ok();
        stage.phase("colour", "Paused", |_| true).await;
        let tree = plugin(stage, "get rollout colour --no-color").await.ok();
        for words in [
            "Strategy:        BlueGreen",
            "Message:         BlueGreenPause",
            "example/colour:v1 (stable, active)",
            "example/colour:v2 (preview)",
            "# revision:2",
        ] {
            assert!(tree.contains(words), "no {words:?} in\n{tree}");
        }
        plugin(stage, "abort colour").await.ok();
        stage.phase("colour", "Degraded", |r| r["status"]["abort"] == true).await;
        plugin(stage, "retry rollout colour").await.ok();
        stage.phase("colour", "Paused", |_| true).await;
        plugin(stage, "promote colour").await.ok();
        stage.phase("colour", "Healthy", |_| true).await;
        stage.pods("colour", &[(3, "example/colour:v2")]).await;

        plugin(stage, "undo colour --to-revision 1").await.ok();
        stage.phase("colour", "Paused", |_| true).await;
        plugin(stage, "promote colour --full").await.ok();
        stage.phase("colour", "Healthy", |_| true).await;
        stage.pods("colour", &[(3, "example/colour:v1")]).await;
        let tree = plugin(stage, "get rollout colour --no-color").await.ok();
        assert!(tree.contains("example/colour:v1 (stable, active)"), "{tree}");
        let listed = plugin(stage, "list rollouts").await.ok();
        let words = listed.lines().find(|l| l.starts_with("colour")).unwrap();
        assert!(words.contains("BlueGreen") && words.contains("Healthy"), "{listed}");
        assert_eq!(program.terminate().await, 0);
    })
    .await;
}
