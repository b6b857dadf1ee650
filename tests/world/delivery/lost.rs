//! Pods that are lost long after their revision was promoted: a missed deadline is told, nothing is aborted, nothing goes
//! back in Git, and the Rollout heals with its pods.

use crate::delivery::rig::{Rig, git};
use crate::delivery::why::{status, web};
use serde_json::json;

/// Every pod is held back from being ready, or let go.
fn hold(rig: &Rig, is_held: bool) {
    for mut pod in rig.sandbox.snapshot("v1", "Pod", "default") {
        let held = is_held.then_some(json!("false")).unwrap_or_default();
        pod["metadata"]["annotations"]["sandbox.switchback.dev/ready"] = held;
        rig.sandbox.update("kubelet", pod).unwrap();
    }
}

#[tokio::test]
async fn a_promoted_revision_that_loses_its_pods_is_not_aborted() {
    let deadline = "  progressDeadlineSeconds: 2\n  progressDeadlineAbort: true\n";
    let mut rig = Rig::new(&[("web.yaml", &web("web", "v1", deadline))]).await;
    let head = git(&rig.repo, &["rev-parse", "main"]);
    rig.phase("web", "Healthy").await;
    hold(&rig, true);
    rig.phase("web", "Degraded").await;
    let lost = status(&rig, "web");
    assert_eq!((lost.get("abort"), lost.get("abortedAt")), (None, None), "{lost:#}");
    assert!(lost["message"].as_str().unwrap().starts_with("ProgressDeadlineExceeded: "), "{lost:#}");
    hold(&rig, false);
    rig.phase("web", "Healthy").await;
    assert_eq!(git(&rig.repo, &["rev-parse", "main"]), head);
    rig.stop().await;
}
