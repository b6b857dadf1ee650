//! What the plugin says to blue and green, and how it draws them.
//! Nothing is written here but by the plugin.

use super::rig::{paused_colours, plugin, tells, tree, with_plugin};
use serde_json::Value;

fn active(rollout: &Value) -> &Value {
    &rollout["status"]["blueGreen"]["activeSelector"]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tree_of_blue_and_green_says_which_is_which() {
    with_plugin("plugin-colours-tree", async |stage| {
        let paused = paused_colours(stage).await;
        assert_eq!(paused["status"]["pauseConditions"][0]["reason"], "BlueGreenPause");
        assert_eq!(active(&paused), &paused["status"]["stableRS"]);
        assert_eq!(paused["status"]["blueGreen"]["previewSelector"], paused["status"]["currentPodHash"]);
        let words = ["Strategy:        BlueGreen", "Message:         BlueGreenPause", "# revision:2"];
        tree(stage, "colour", &words).await;
        tree(stage, "colour", &["example/colour:v1 (stable, active)", "example/colour:v2 (preview)"]).await;
        plugin(stage, "promote colour").await.ok();
        stage.phase("colour", "Healthy", |r| active(r) == &r["status"]["currentPodHash"]).await;
        tree(stage, "colour", &["example/colour:v2 (stable, active)"]).await;
        let told = ["RolloutUpdated", "SwitchService", "RolloutPaused", "SwitchService", "RolloutCompleted"];
        tells(stage, "colour", &told).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn blue_and_green_are_aborted_tried_again_and_undone() {
    with_plugin("plugin-colours", async |stage| {
        let first = active(&paused_colours(stage).await).clone();
        plugin(stage, "abort colour").await.ok();
        let aborted = stage.phase("colour", "Degraded", |r| r["status"]["abort"] == true).await;
        assert_eq!(active(&aborted), &first, "an abort switches nothing");
        plugin(stage, "retry rollout colour").await.ok();
        stage.phase("colour", "Paused", |_| true).await;
        plugin(stage, "promote colour").await.ok();
        stage.phase("colour", "Healthy", |r| active(r) != &first).await;
        stage.pods("colour", &[(3, "example/colour:v2")]).await;

        plugin(stage, "undo colour --to-revision 1").await.ok();
        stage.phase("colour", "Paused", |r| r["status"]["currentPodHash"] == first).await;
        plugin(stage, "promote colour --full").await.ok();
        stage.phase("colour", "Healthy", |r| active(r) == &first).await;
        stage.pods("colour", &[(3, "example/colour:v1")]).await;
        tells(stage, "colour", &["RolloutAborted", "SwitchService", "RolloutCompleted"]).await;
    })
    .await;
}
