//! Web servers that are asked whether a revision is good: some answer in words, some never, some cannot tell.
//! It never asks one itself.

use super::controller::controller;
use super::manifests::{CANARY, objects, of_instance, rollout};
use super::stage::{Stage, play};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::Instant;

/// A server that answers every question with `body`; its address.
async fn answering(body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _asked = stream.read(&mut [0; 4096]).await;
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let _hung_up = stream.write_all(format!("{head}{body}").as_bytes()).await;
        }
    });
    address
}

/// A run that asks `url` once and wants `condition`.
async fn ask(stage: &Stage, name: &str, url: &str, condition: &str) {
    let labels = json!({"argo-rollouts.argoproj.io/controller-instance-id": stage.namespace});
    let provider = json!({"web": {"url": url, "timeoutSeconds": 86_400}});
    let metric =
        json!({"name": "m", "successCondition": condition, "consecutiveErrorLimit": 0, "provider": provider});
    stage
        .create(json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisRun",
            "metadata": {"name": name, "labels": labels}, "spec": {"metrics": [metric]}}))
        .await;
}

async fn is(stage: &Stage, name: &str, phase: &str) -> Value {
    stage.until("AnalysisRun", name, phase, |r| r["status"]["phase"] == phase).await
}

/// Makes `text` the Rollout's specification, whether it is there or not.
async fn apply(stage: &Stage, text: &str) {
    let object = objects(text).remove(0);
    let name = object["metadata"]["name"].as_str().unwrap();
    match stage.get("Rollout", name).await {
        Value::Null => drop(stage.create(object).await),
        _ => drop(stage.api.merge(&stage.at("Rollout", name), &json!({"spec": object["spec"]})).await),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn words_are_judged_and_metadata_services_are_not_asked() {
    play("words", async |stage| {
        let mut program = controller(stage, &stage.namespace);
        let state = answering("MAINTENANCE").await;
        ask(stage, "ready", &state, "result == 'READY'").await;
        ask(stage, "closed", &state, "result == 'MAINTENANCE'").await;
        ask(stage, "empty", &answering("").await, "result == 'READY'").await;
        ask(stage, "cloud", "http://169.254.169.254/latest/meta-data/", "true").await;
        let ready = is(stage, "ready", "Failed").await;
        let measured = &ready["status"]["metricResults"][0]["measurements"][0];
        assert_eq!(measured["value"], "MAINTENANCE", "{ready}");
        is(stage, "closed", "Successful").await;
        is(stage, "empty", "Failed").await;
        let cloud = is(stage, "cloud", "Error").await;
        let message = cloud["status"]["metricResults"][0]["measurements"][0]["message"].to_string();
        assert!(message.contains("--allow-link-local-metrics"), "{cloud}");
        assert_eq!(program.terminate().await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_never_answer_delay_no_abort() {
    play("tarpit", async |stage| {
        let tarpit = std::net::TcpListener::bind("127.0.0.1:0").unwrap(); // takes connections, and that is all
        let url = format!("http://{}/", tarpit.local_addr().unwrap());
        let mut program = controller(stage, &stage.namespace);
        let shape = rollout("shape", &of_instance(&stage.namespace), CANARY);
        apply(stage, &shape).await;
        stage.phase("shape", "Healthy", |_| true).await;
        apply(stage, &shape.replace(":v1", ":v2")).await;
        stage.phase("shape", "Paused", |r| r["status"]["currentStepIndex"] == 1).await;
        for n in 0..40 {
            ask(stage, &format!("tarpit-{n}"), &url, "true").await;
        }
        is(stage, "tarpit-39", "Running").await;
        let swift = answering("3").await;
        ask(stage, "swift", &swift, "result == 3").await;
        let began = Instant::now();
        is(stage, "swift", "Successful").await;
        let abort = json!({"status": {"abort": true}});
        stage.api.merge(&format!("{}/status", stage.at("Rollout", "shape")), &abort).await;
        stage.phase("shape", "Degraded", |_| true).await;
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
        assert_eq!(program.terminate().await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_goes_on_is_not_asked_again_by_the_same_analysis() {
    play("undecided", async |stage| {
        let url = answering("{\"errors\": 5}").await;
        let metric = json!({"name": "errors", "count": 1, "successCondition": "result < 3",
            "failureCondition": "result > 8", "provider": {"web": {"url": url, "jsonPath": "{$.errors}"}}});
        stage
            .create(json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate",
                "metadata": {"name": "gray"}, "spec": {"metrics": [metric]}}))
            .await;
        let strategy = "{canary: {analysis: {startingStep: 1, templates: [{templateName: gray}]}, steps: [{setWeight: \
                        33}, {pause: {duration: 1s}}, {setWeight: 66}, {pause: {duration: 1s}}]}}";
        let shape = rollout("shape", &of_instance(&stage.namespace), strategy);
        let mut program = controller(stage, &stage.namespace);
        apply(stage, &shape).await;
        stage.phase("shape", "Healthy", |_| true).await;
        apply(stage, &shape.replace(":v1", ":v2")).await;
        let undecided = |r: &Value| r["status"]["pauseConditions"].to_string().contains("InconclusiveAnalysisRun");
        stage.phase("shape", "Paused", undecided).await;
        stage.run(&format!("promote shape --namespace {}", stage.namespace)).await.ok();
        stage.phase("shape", "Healthy", |_| true).await;
        stage.pods("shape", &[(3, "example/shape:v2")]).await;
        let runs = stage.api.list(&stage.at("AnalysisRun", "")).await;
        assert_eq!(runs.len(), 1, "the decision stands: {runs:#?}");
        assert_eq!(program.terminate().await, 0);
    })
    .await;
}
