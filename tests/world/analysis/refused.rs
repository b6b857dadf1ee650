//! Runs that can never be measured end at once and say why.

use super::rig::{Rig, job};
use serde_json::{Value, json};

/// What is said of a run that ends before anything is measured.
async fn refused(spec: Value) -> String {
    let rig = Rig::new();
    rig.measure(spec);
    let status = rig.phase("Error").await;
    assert!(status["metricResults"].is_null() && rig.jobs().is_empty(), "{status:#}");
    status["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_run_with_what_we_do_not_have_ends_at_once_with_the_field() {
    let range = json!({"prometheus": {"address": "http://p", "query": "up", "rangeQuery": {"step": "1m"}}});
    for (provider, field) in [(json!({"graphite": {}}), "graphite"), (range, "prometheus.rangeQuery")] {
        let said = refused(json!({"metrics": [{"name": "m", "provider": provider}]})).await;
        let start =
            format!("Analysis spec invalid: metrics[0]: provider.{field}: this version of Switchback");
        assert!(said.starts_with(&start), "{said}");
    }
}

#[tokio::test]
async fn a_run_whose_secret_is_not_there_ends_at_once() {
    let args = json!([{"name": "t", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]);
    let said = refused(json!({"args": args, "metrics": [job("smoke", "echo {{args.t}}")]})).await;
    assert_eq!(said, "Unable to resolve metric arguments: secrets \"s\" not found");
}
