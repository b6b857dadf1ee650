//! Preview pods that cannot run while the active ones do: a blue-green update is aborted at once and goes back. What the
//! active pods share aborts nothing.

use crate::delivery::rig::{Rig, git};
use crate::delivery::why::{crash, goes_back_by_a_crash, status, web};
use std::time::Duration;

/// Before the switch a person is waited for.
const WAITS: &str = "      autoPromotionEnabled: false\n";

/// A blue-green Rollout at a version of its image, with `more` in its strategy, and its two Services.
pub fn blue_green(image: &str, more: &str) -> String {
    let service = |name: &str| {
        format!(
            "---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{selector: {{app: web}}, ports: [{{port: 80}}]}}\n"
        )
    };
    let canary = "    canary:\n      steps:\n      - setWeight: 50\n      - pause: {}\n";
    let switch =
        format!("    blueGreen:\n      activeService: active\n      previewService: preview\n{more}");
    let rollout = web("web", image, "");
    assert!(rollout.contains(canary));
    format!("{}{}{}", rollout.replace(canary, &switch), service("active"), service("preview"))
}

/// An update to v2 whose preview pods are up and wait for a person; the commit that made it.
async fn previewed() -> (Rig, String) {
    let mut rig = Rig::new(&[("web.yaml", &blue_green("v1", WAITS))]).await;
    rig.phase("web", "Healthy").await;
    rig.write("web.yaml", blue_green("v2", WAITS));
    let head = rig.commit("v2");
    rig.applied(&head).await;
    rig.phase("web", "Paused").await;
    (rig, head)
}

#[tokio::test]
async fn preview_pods_that_crash_while_the_active_ones_run_abort_at_once_and_go_back() {
    let (mut rig, _) = previewed().await;
    let active = status(&rig, "web")["blueGreen"]["activeSelector"].clone();
    goes_back_by_a_crash(&mut rig).await;
    let status = status(&rig, "web");
    assert_eq!((&status["blueGreen"]["activeSelector"], &status["stableRS"]), (&active, &active));
}

#[tokio::test]
async fn a_crash_that_the_active_pods_share_aborts_no_blue_green_update() {
    let (rig, head) = previewed().await;
    crash(&rig, "v1");
    crash(&rig, "v2");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(git(&rig.repo, &["rev-parse", "main"]), head);
    assert!(status(&rig, "web").get("abort").is_none(), "{:#}", status(&rig, "web"));
}
