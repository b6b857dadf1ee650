//! Settings are read leniently, and what we do not know survives.
//! No provider is asked.

use super::header::asked;
use super::job::JobMetric;
use super::prometheus::PrometheusMetric;
use super::web::WebMetric;
use super::{MetricProvider, lenient};
use crate::run::RunSpec;
use serde_json::{Value, json};

#[test]
fn a_run_is_written_as_it_was_read() {
    let wire = r#"{"metrics":[{"name":"m","provider":{"graphite":{"z":1,"address":"a","a":[null,1.50]}}},{"name":"n","provider":{"plugin":{"x/y":{"b":"{{args.c}}"}}}},{"name":"o","provider":null}]}"#;
    let spec: RunSpec = serde_json::from_str(wire).unwrap();
    let as_value: Value = serde_json::from_str(wire).unwrap();
    assert_eq!(serde_json::to_value(&spec).unwrap(), as_value);
    let provider = &spec.metrics[0].provider;
    assert_eq!(provider.named().unwrap().0, "graphite");
    assert_eq!(serde_json::to_string(provider).unwrap(), as_value["metrics"][0]["provider"].to_string());
}

#[test]
fn providers_are_counted_with_each_plugin() {
    let count = |wire: Value| serde_json::from_value::<MetricProvider>(wire).unwrap().count();
    assert_eq!(count(Value::Null), 0);
    assert_eq!(count(json!({"job": null})), 0);
    assert_eq!(count(json!({"job": null, "web": {}})), 1);
    assert_eq!(count(json!({"plugin": {"a": {}, "b": {}}})), 2);
    assert_eq!(count(json!({"plugin": {}})), 0);
}

#[test]
fn settings_of_the_wrong_type_are_absent() {
    let web: WebMetric = lenient::settings(&json!({
        "url": 7, "timeoutSeconds": "30", "insecure": "true", "jsonBody": null, "unknown": 1,
        "headers": [{"key": "a", "value": "b"}, "nonsense", {"key": 1}], "authentication": ["oauth2"],
    }));
    assert_eq!((web.url.as_str(), web.timeout_seconds, web.insecure), ("", 0, false));
    assert!(web.json_body.is_none() && web.authentication.oauth2.is_empty());
    let shown = [web.headers[0].clone()];
    let headers = asked(web.headers, &shown);
    let headers: Vec<_> = headers.iter().map(|h| (h.name.as_str(), h.value.as_str(), h.is_secret)).collect();
    assert_eq!(headers, [("a", "b", false), ("", "", true), ("", "", true)]);
    let listed: PrometheusMetric = lenient::settings(&json!(["http://a", "up"]));
    assert!(listed.address.is_empty() && listed.query.is_empty());
    let late: PrometheusMetric = lenient::settings(&json!({"query": "up", "timeout": -1, "rangeQuery": {}}));
    assert_eq!((late.query.as_str(), late.timeout, late.range_query), ("up", Some(-1), Some(json!({}))));
}

#[test]
fn a_job_keeps_its_specification_be_it_null() {
    let spec = |wire: Value| lenient::settings::<JobMetric>(&wire).spec;
    assert_eq!(spec(json!({})), None);
    assert_eq!(spec(json!({"spec": null})), Some(Value::Null));
    assert_eq!(spec(json!({"spec": {"x": 1}})), Some(json!({"x": 1})));
    let job: JobMetric = lenient::settings(&json!({"metadata": {"labels": {"a": "b", "c": 1}}}));
    assert!(job.metadata.labels.is_empty(), "one that is no text makes all absent");
}
