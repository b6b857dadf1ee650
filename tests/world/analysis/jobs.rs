//! Jobs measure with what Secrets hold, are stopped with their run, found missing, found stuck, and deleted when nobody
//! looks at them any more.

use super::rig::{Rig, job, of_image};
use serde_json::{Value, json};

fn last(status: &Value) -> &Value {
    status["metricResults"][0]["measurements"].as_array().unwrap().last().unwrap()
}

#[tokio::test]
async fn a_job_runs_with_what_a_secret_holds_which_is_seen_nowhere_else() {
    let rig = Rig::new();
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "default"},
        "stringData": {"end": "exit 3 # correct-horse"}});
    rig.sandbox.create("somebody", secret).unwrap();
    let args = json!([{"name": "end", "valueFrom": {"secretKeyRef": {"name": "s", "key": "end"}}}]);
    rig.measure(json!({"args": args, "metrics": [job("smoke", "sleep 1; {{args.end}}")]}));
    rig.phase("Failed").await;
    let jobs = rig.jobs();
    let command = &jobs[0]["spec"]["template"]["spec"]["containers"][0]["command"][2];
    assert_eq!(command, "sleep 1; exit 3 # correct-horse");
    let events = rig.sandbox.snapshot("v1", "Event", "");
    for seen in events.iter().chain([&rig.run()]) {
        assert!(!seen.to_string().contains("correct-horse"), "{seen}");
    }
}

#[tokio::test]
async fn a_run_that_is_stopped_deletes_its_job_and_is_inconclusive() {
    let rig = Rig::new();
    rig.measure(json!({"metrics": [job("load", "sleep infinity")]}));
    rig.until("measuring", |s| s["metricResults"][0]["phase"] == "Running").await;
    rig.edit(|run| run["spec"]["terminate"] = json!(true));
    let status = rig.phase("Inconclusive").await;
    assert_eq!(last(&status)["message"], "Metric Terminated");
    rig.jobs_are("deleted", <[String]>::is_empty).await;
}

#[tokio::test]
async fn a_job_that_somebody_deletes_is_an_error_and_another_is_made() {
    let rig = Rig::new();
    rig.measure(json!({"metrics": [job("load", "sleep infinity")]}));
    rig.until("measuring", |s| s["metricResults"][0]["phase"] == "Running").await;
    rig.delete_job("load.1").await;
    let status = rig.until("an error", |s| s["metricResults"][0]["error"] == 1).await;
    let message = last(&status)["message"].as_str().unwrap();
    assert!(message.starts_with("job.batch \"") && message.ends_with(".load.1\" not found"), "{message}");
    rig.jobs_are("made again", |names| names == ["load.2"]).await;
    rig.until("measuring again", |s| last(s)["phase"] == "Running").await;
}

#[tokio::test]
async fn a_job_whose_image_is_nowhere_is_inconclusive() {
    let rig = Rig::new();
    rig.measure(json!({"metrics": [of_image("smoke", "nonexistent", "exit 0")]}));
    let status = rig.phase("Inconclusive").await;
    let message = last(&status)["message"].as_str().unwrap();
    assert!(
        message.starts_with("Pod ")
            && message.contains(", container main has terminal error (ErrImagePull): "),
        "{message}"
    );
}

#[tokio::test]
async fn a_metric_that_fails_stops_the_jobs_of_the_others() {
    let rig = Rig::new();
    rig.measure(json!({"metrics": [job("smoke", "sleep 1; exit 1"), job("load", "sleep infinity")]}));
    let status = rig.phase("Failed").await;
    let phases: Vec<_> = status["metricResults"].as_array().unwrap().iter().map(|r| &r["phase"]).collect();
    assert_eq!(phases, ["Failed", "Inconclusive"], "{status:#}");
    rig.jobs_are("deleted", |names| names == ["smoke.1"]).await;
}

#[tokio::test]
async fn jobs_of_measurements_that_are_kept_no_more_are_deleted() {
    let rig = Rig::new();
    let mut metric = job("smoke", "exit 0");
    (metric["interval"], metric["count"]) = (json!("1s"), json!(5));
    let keep = json!([{"metricName": "smoke", "limit": 2}]);
    rig.measure(json!({"metrics": [metric], "measurementRetention": keep}));
    let status = rig.phase("Successful").await;
    assert_eq!(status["metricResults"][0]["measurements"].as_array().unwrap().len(), 2);
    rig.jobs_are("deleted", |names| names == ["smoke.4", "smoke.5"]).await;
}
