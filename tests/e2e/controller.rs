//! The controller alone, for clusters where something else applies the manifests: kubectl applies Rollouts of both
//! strategies and reads them as it reads Argo's. It never applies anything through our own program.

use super::manifests::{BLUE_GREEN, CANARY, objects, of_instance, rollout, service};
use super::program::{Program, Said, free_port, said};
use super::stage::{Stage, play};
use serde_json::{Value, json};
use std::process::Command;

const INSTANCE: &str = "argo-rollouts-e2e";

pub async fn kubectl(stage: &Stage, line: &str) -> Option<Said> {
    let mut command: Command = stage.client("kubectl")?;
    command.args(line.split_whitespace());
    Some(said(command).await)
}

/// Applies `text` with kubectl where there is one, and creates its objects otherwise.
pub async fn apply(stage: &Stage, text: &str) {
    let file = stage.path("applied.yaml");
    std::fs::write(&file, text).unwrap();
    if let Some(said) = kubectl(stage, &format!("apply -f {}", file.display())).await {
        said.ok();
        return;
    }
    for mut object in objects(text) {
        object["metadata"]["namespace"] = json!(stage.namespace);
        let (kind, name) = (object["kind"].as_str().unwrap(), object["metadata"]["name"].as_str().unwrap());
        match stage.get(kind, name).await {
            Value::Null => drop(stage.create(object).await),
            _ => drop(stage.api.merge(&stage.at(kind, name), &object).await),
        }
    }
}

/// Starts the controller of `instance` for the scenario's namespace.
pub fn controller(stage: &Stage, instance: &str) -> Program {
    controller_asking(stage, instance, &stage.prometheus)
}

/// The same with another Prometheus.
pub fn controller_asking(stage: &Stage, instance: &str, prometheus: &str) -> Program {
    let namespace = &stage.namespace;
    let ports = "--metrics-port 0 --health-port 0";
    let line = format!(
        "controller --instance-id {instance} --namespace {namespace} {ports} --prometheus-address {prometheus}"
    );
    stage.start("controller", &line)
}

fn selector(service: &Value) -> &Value {
    &service["spec"]["selector"]["rollouts-pod-template-hash"]
}

fn is_free(service: &Value) -> bool {
    let manager = &service["metadata"]["annotations"]["argo-rollouts.argoproj.io/managed-by-rollouts"];
    selector(service).is_null() && manager.is_null() && service["spec"]["selector"]["app"] == "colour"
}

#[tokio::test(flavor = "multi_thread")]
async fn rollouts_of_an_instance_are_served_and_others_left_alone() {
    play("controller", async |stage| {
        let (metrics, health) = (free_port(), free_port());
        let line =
            format!("controller --instance-id {INSTANCE} --metrics-port {metrics} --health-port {health}");
        let mut program = stage.start("controller", &line);
        let label = of_instance(INSTANCE);
        let canary = rollout("shape", &label, CANARY);
        let blue_green = rollout("colour", &label, BLUE_GREEN);
        let services =
            [service("colour-active", "colour"), service("colour-preview", "colour")].join("---\n");
        let other = rollout("other", "", CANARY);
        apply(stage, &[&canary, &blue_green, &services, &other].map(String::as_str).join("---\n")).await;

        stage.phase("shape", "Healthy", |_| true).await;
        let colour = stage.phase("colour", "Healthy", |_| true).await;
        let first = colour["status"]["stableRS"].clone();
        let active = stage.get("Service", "colour-active").await;
        assert_eq!(selector(&active), &first);
        columns(stage).await;

        apply(stage, &canary.replace(":v1", ":v2")).await;
        stage.phase("shape", "Paused", |r| r["status"]["currentStepIndex"] == 1).await;
        stage.pods("shape", &[(2, "example/shape:v1"), (1, "example/shape:v2")]).await;
        promote(stage).await;
        stage.phase("shape", "Paused", |r| r["status"]["currentStepIndex"] == 3).await;
        stage.pods("shape", &[(1, "example/shape:v1"), (2, "example/shape:v2")]).await;
        promote(stage).await;
        stage.phase("shape", "Healthy", |_| true).await;
        stage.pods("shape", &[(3, "example/shape:v2")]).await;

        apply(stage, &blue_green.replace(":v1", ":v2")).await;
        let colour = stage.phase("colour", "Paused", |_| true).await;
        let second = colour["status"]["currentPodHash"].clone();
        stage.until("Service", "colour-preview", "on v2", |s| selector(s) == &second).await;
        assert_eq!(selector(&stage.get("Service", "colour-active").await), &first, "switched too early");
        let pause = json!({"status": {"pauseConditions": null}});
        stage.api.merge(&format!("{}/status", stage.at("Rollout", "colour")), &pause).await;
        stage.until("Service", "colour-active", "on v2", |s| selector(s) == &second).await;
        stage.phase("colour", "Healthy", |_| true).await;
        stage.pods("colour", &[(3, "example/colour:v2")]).await;

        // A Service that is not named any more, or whose Rollout is gone, selects every pod again.
        let fewer = json!({"spec": {"strategy": {"blueGreen": {"previewService": null}}}});
        stage.api.merge(&stage.at("Rollout", "colour"), &fewer).await;
        stage.until("Service", "colour-preview", "let go", is_free).await;
        assert_eq!(selector(&stage.get("Service", "colour-active").await), &second);
        stage.api.delete(&stage.at("Rollout", "colour")).await;
        stage.until("Service", "colour-active", "let go", is_free).await;

        assert!(stage.get("Rollout", "other").await["status"].is_null(), "it belongs to nobody here");
        let page = format!("http://127.0.0.1:{metrics}/metrics");
        let page = reqwest::get(page).await.unwrap().text().await.unwrap();
        assert!(page.contains("name=\"shape\"") && !page.contains("name=\"other\""), "{page}");
        let value = |start: &str, name: &str| {
            let line = page.lines().find(|l| l.starts_with(start) && l.contains(name));
            let number = line.and_then(|l| l.rsplit(' ').next()).and_then(|n| n.parse::<f64>().ok());
            number.unwrap_or_else(|| panic!("no {start} of {name} in\n{page}"))
        };
        assert!(value("rollout_reconcile_count{", "name=\"shape\"") > 5.0, "{page}");
        assert!(value("rollout_reconcile_sum{", "name=\"shape\"") > 0.0, "{page}");
        let health = reqwest::get(format!("http://127.0.0.1:{health}/healthz")).await.unwrap();
        assert_eq!(health.status(), 200);
        assert_eq!(program.terminate().await, 0);
    })
    .await;
}

/// Clears the pause as Argo's clients do.
async fn promote(stage: &Stage) {
    let pause = json!({"status": {"pauseConditions": null}});
    stage.api.merge(&format!("{}/status", stage.at("Rollout", "shape")), &pause).await;
}

/// kubectl shows the columns that Argo's users know.
async fn columns(stage: &Stage) {
    let Some(said) = kubectl(stage, "get rollout shape").await else { return };
    let table = said.ok();
    let words = |n: usize| table.lines().nth(n).unwrap().split_whitespace().collect::<Vec<_>>();
    assert_eq!(words(0), ["NAME", "DESIRED", "CURRENT", "UP-TO-DATE", "AVAILABLE", "AGE"], "{table}");
    assert_eq!(words(1)[..5], ["shape", "3", "3", "3", "3"], "{table}");
    let described = kubectl(stage, "describe rollout shape").await.unwrap().ok();
    assert!(described.contains("RolloutCompleted"), "events are missing: {described}");
    let scaled = kubectl(stage, "get ro shape -o jsonpath={.status.phase}").await.unwrap().ok();
    assert_eq!(scaled, "Healthy");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_controller_without_an_instance_leaves_those_of_instances_alone() {
    play("unlabelled", async |stage| {
        let line = format!(
            "controller --namespace {} --leader-elect=false --metrics-port 0 --health-port 0 --prometheus-address {}",
            stage.namespace, stage.prometheus
        );
        let mut program = stage.start("controller", &line);
        let label = of_instance("somebody-else");
        let text = [rollout("ours", "", CANARY), rollout("theirs", &label, CANARY)].join("---\n");
        apply(stage, &text).await;
        stage.phase("ours", "Healthy", |_| true).await;
        assert!(stage.get("Rollout", "theirs").await["status"].is_null());

        // Nor is an analysis of theirs measured.
        let theirs = stage.get("Rollout", "theirs").await;
        let owner = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "controller": true,
            "name": "theirs", "uid": theirs["metadata"]["uid"]});
        let web = json!({"url": format!("{}/api/v1/query", stage.prometheus), "method": "POST",
            "body": "query=1", "jsonPath": "{$.status}",
            "headers": [{"key": "Content-Type", "value": "application/x-www-form-urlencoded"}]});
        let spec = json!({"metrics": [{"name": "up", "successCondition": "result == 'success'",
            "provider": {"web": web}}]});
        let id = json!({"argo-rollouts.argoproj.io/controller-instance-id": "somebody-else"});
        for meta in [
            json!({"name": "foreign", "labels": id, "ownerReferences": [owner]}),
            json!({"name": "alone", "labels": id}),
            json!({"name": "measured"}),
        ] {
            let run = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisRun",
                "metadata": meta, "spec": spec});
            stage.create(run).await;
        }
        stage.until("AnalysisRun", "measured", "measured", |r| r["status"]["phase"] == "Successful").await;
        for name in ["foreign", "alone"] {
            assert!(stage.get("AnalysisRun", name).await["status"].is_null(), "{name} was measured");
        }
        assert_eq!(program.terminate().await, 0);
    })
    .await;
}
