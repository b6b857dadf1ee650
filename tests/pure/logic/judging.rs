//! What measurements amount to, which metrics make sense, and where arguments come from.

use crate::logic::vectors;
use serde_json::{Value, json};
use switchback::api::analysis::Metric;
use switchback::api::run::MetricResult;
use switchback::logic::analysis::{args, judge, validate};

#[test]
fn metrics_are_assessed() {
    for case in vectors("assess_metric_status") {
        let mut metric = case["metric"].clone();
        metric["name"] = json!("m");
        metric["provider"] = json!({"prometheus": {}});
        let metric: Metric = serde_json::from_value(metric).unwrap();
        let mut wire = case["result"].clone();
        let phases = match wire["measurements"].take() {
            Value::Array(all) => all,
            _ => vec![wire["last"].clone()],
        };
        wire["measurements"] = phases.into_iter().map(|p| json!({"phase": p})).collect();
        if wire["phase"].is_null() {
            wire["phase"] = json!("Running");
        }
        wire.as_object_mut().unwrap().remove("last");
        let result: MetricResult = serde_json::from_value(wire).unwrap();
        let got = judge::metric(&metric, &result, case["terminating"] == true);
        assert_eq!(json!(got.word()), case["expect"], "{}", case["name"]);
    }
}

#[test]
fn metrics_are_validated() {
    for case in vectors("validate_metrics") {
        let list = case["metrics"].as_array().cloned().unwrap_or_else(|| vec![case["metric"].clone()]);
        let metrics: Vec<Metric> = list
            .into_iter()
            .filter(|m| !m.is_null())
            .map(|mut m| {
                if m["name"].is_null() {
                    m["name"] = json!("success-rate");
                }
                if m["provider"].is_null() {
                    m["provider"] = json!({"prometheus": {}});
                }
                if m["provider"].is_string() {
                    m["provider"] = json!({"prometheus": {}, "job": {}, "web": {}, "datadog": {}});
                }
                serde_json::from_value(m).unwrap()
            })
            .collect();
        let got = validate::metrics(&metrics).err().map(|e| e.to_string());
        match case["error"].as_str() {
            None => assert_eq!(got, None, "{case}"),
            Some(text) => match text.strip_prefix('~') {
                Some(pattern) => {
                    let got = got.unwrap();
                    assert!(
                        regex::Regex::new(pattern).unwrap().is_match(&got),
                        "{got} does not match {pattern}"
                    );
                }
                None => assert_eq!(got.as_deref(), Some(text), "{case}"),
            },
        }
    }
}

#[test]
fn arguments_come_from_fields() {
    let rollout = json!({
        "metadata": {"name": "test", "labels": {"app": "app"}},
        "status": {"pauseConditions": [{"reason": "test-reason", "startTime": null}]},
        "spec": {"template": {"metadata": {"labels": {"version": "v1"}}}},
    });
    for case in vectors("field_ref_paths") {
        let got = args::plain_field(&rollout, case["path"].as_str().unwrap()).map_err(|e| e.to_string());
        match case["wantErr"].as_str() {
            Some(why) => assert_eq!(got, Err(why.to_owned()), "{}", case["name"]),
            None => assert_eq!(json!(got.unwrap()), case["want"], "{}", case["name"]),
        }
    }
    assert_eq!(args::field_of(&rollout, "metadata.labels['app']").unwrap(), "app");
}
