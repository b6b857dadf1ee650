//! What the plugin shows without changing anything: lists, exit codes, mistakes in a file; and an analysis that it ends.
//! Our own words answer the same wherever both have them.

use super::rig::{canary, paused_canary, plugin, tells, with_plugin};
use crate::manifests::{BLUE_GREEN, of_instance, rollout, service};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn the_lists_of_both_programs_say_the_same() {
    with_plugin("plugin-list", async |stage| {
        let paused = paused_canary(stage, "v2").await;
        assert_eq!(paused["status"]["updatedReplicas"], 1);
        super::rig::create(stage, &["colour-active", "colour-preview"].map(|s| service(s, "colour"))).await;
        super::rig::create(stage, &[rollout("colour", &of_instance(&stage.namespace), BLUE_GREEN)]).await;
        stage.phase("colour", "Healthy", |_| true).await;
        stage.pods("shape", &[(2, "example/shape:v1"), (1, "example/shape:v2")]).await;
        for more in ["", " --name shape", " -A --name shape"] {
            let words = |text: String| -> Vec<Vec<String>> {
                let rows = text.lines().map(|l| l.split_whitespace().map(str::to_owned).collect());
                rows.filter(|row: &Vec<String>| !row.contains(&"kube-system".to_owned())).collect()
            };
            let theirs = words(plugin(stage, &format!("list rollouts{more}")).await.ok());
            let line = format!("list rollouts{more} --namespace {}", stage.namespace);
            let ours = words(stage.run(&line).await.ok());
            assert_eq!(ours, theirs, "list rollouts{more}");
            assert!(theirs.iter().flatten().any(|word| word == "shape"), "{theirs:?}");
        }
        tells(stage, "shape", &["RolloutUpdated", "RolloutPaused"]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn status_answers_with_its_exit_code() {
    with_plugin("plugin-status", async |stage| {
        canary(stage).await;
        let healthy = plugin(stage, "status shape --timeout 80s").await;
        assert_eq!((healthy.code, healthy.out.trim()), (0, "Healthy"), "{}", healthy.err);
        paused_canary(stage, "v2").await;
        let once = plugin(stage, "status shape --watch=false").await;
        assert_eq!((once.code, once.out.trim()), (0, "Paused - CanaryPauseStep"), "{}", once.err);
        let late = plugin(stage, "status shape --timeout 1s").await;
        assert!(late.code != 0 && late.err.contains("exceeded timeout"), "{late:?}");
        plugin(stage, "abort shape").await.ok();
        stage.phase("shape", "Degraded", |r| r["status"]["abort"] == true).await;
        let degraded = plugin(stage, "status shape --timeout 80s").await;
        assert!(degraded.code != 0 && degraded.err.contains("degraded state"), "{degraded:?}");
        tells(stage, "shape", &["RolloutCompleted", "RolloutPaused", "RolloutAborted"]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_analysis_is_terminated() {
    with_plugin("plugin-terminate", async |stage| {
        let labels = json!({"argo-rollouts.argoproj.io/controller-instance-id": stage.namespace});
        let metric = json!({"name": "m", "interval": "1h", "count": 9, "successCondition": "result[0] >= 0",
            "provider": {"prometheus": {"query": "vector(1)"}}});
        let run = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisRun",
            "metadata": {"name": "long", "labels": labels}, "spec": {"metrics": [metric]}});
        stage.create(run).await;
        stage
            .until("AnalysisRun", "long", "measured", |r| r["status"]["metricResults"][0]["count"] == 1)
            .await;
        let said = plugin(stage, "terminate analysisrun long").await.ok();
        assert_eq!(said.trim(), "analysisRun 'long' terminated");
        let over = stage.until("AnalysisRun", "long", "over", |r| r["status"]["phase"] == "Successful").await;
        assert_eq!(over["spec"]["terminate"], true);
        assert!(over["status"]["completedAt"].is_string(), "{:#}", over["status"]);
        assert_eq!(over["status"]["metricResults"][0]["successful"], 1);
        tells(stage, "long", &["MetricSuccessful", "AnalysisRunSuccessful"]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_in_a_file_is_found_by_both_programs() {
    with_plugin("plugin-lint", async |stage| {
        let good = rollout("shape", "", "{canary: {steps: [{setWeight: 20}, {pause: {}}]}}");
        let both = good.replace("{canary:", "{blueGreen: {activeService: a}, canary:");
        for (name, text, code) in
            [("good", &good, 0), ("heavy", &good.replace("20", "200"), 1), ("both", &both, 1)]
        {
            let path = stage.path(&format!("{name}.yaml"));
            std::fs::write(&path, text).unwrap();
            let theirs = plugin(stage, &format!("lint -f {}", path.display())).await;
            let ours = stage.run(&format!("lint -f {}", path.display())).await;
            assert_eq!((theirs.code, ours.code), (code, code), "{name}: {theirs:?} {ours:?}");
        }
    })
    .await;
}
