//! A run that could never be measured ends at once, and says which field is in the way.
//! Nothing is asked.

use super::measuring::*;

/// What is said of a run with this provider, which ends before anything is measured; none when it is measured.
fn refused(provider: Value) -> Option<String> {
    let view = view(provider, json!({}));
    let done = conclude(&view, Vec::new(), NOW);
    let text = patched(&done);
    if !done.is_over {
        assert_eq!(plan(&view, NOW).tasks.len(), 1);
        return None;
    }
    assert!(plan(&view, NOW).tasks.is_empty());
    assert_eq!(text["status"]["phase"], "Error");
    Some(text["status"]["message"].as_str().unwrap().to_owned())
}

const NOT_YET: &str =
    "this version of Switchback does not act on it yet; remove it, or leave it to Argo Rollouts";

#[test]
fn a_provider_that_we_do_not_have_ends_the_run_at_once() {
    for word in
        ["datadog", "newRelic", "wavefront", "cloudWatch", "graphite", "influxdb", "skywalking", "kayenta"]
    {
        let said = refused(json!({word: {"query": "up"}})).unwrap();
        let want = format!(
            "Analysis spec invalid: metrics[0]: provider.{word}: this version of Switchback does not ask it yet; use \
             prometheus, web or job, or leave it to Argo Rollouts"
        );
        assert_eq!(said, want);
    }
    let plugin = refused(json!({"plugin": {"example/own": {}}})).unwrap();
    assert!(plugin.contains("metrics[0]: provider.plugin: "), "{plugin}");
}

#[test]
fn a_setting_that_we_do_not_act_on_ends_the_run_at_once() {
    let token = json!({"oauth2": {"tokenUrl": "http://t", "clientId": "a", "clientSecret": "b"}});
    let signature = json!({"sigv4": {"region": "eu-west-1"}});
    let range = json!({"start": "now()", "end": "now()", "step": "1m"});
    let amazon = "https://aps-workspaces.eu-west-1.amazonaws.com/";
    for (provider, field) in [
        (json!({"prometheus": {"query": "up", "rangeQuery": range}}), "prometheus.rangeQuery"),
        (json!({"prometheus": {"query": "up", "authentication": token}}), "prometheus.authentication.oauth2"),
        (json!({"prometheus": {"authentication": signature}}), "prometheus.authentication.sigv4"),
        (
            json!({"prometheus": {"address": amazon, "authentication": signature}}),
            "prometheus.authentication.sigv4",
        ),
        (
            json!({"prometheus": {"authentication": {"basicAuth": {"username": "ada"}}}}),
            "prometheus.authentication.basicAuth",
        ),
        (json!({"web": {"url": "http://a", "authentication": token}}), "web.authentication.oauth2"),
    ] {
        let want = format!("Analysis spec invalid: metrics[0]: provider.{field}: {NOT_YET}");
        assert_eq!(refused(provider), Some(want));
    }
}

#[test]
fn what_argo_rollouts_passes_over_is_passed_over() {
    let empty = json!({"oauth2": {"tokenUrl": "", "scopes": []}, "sigv4": {"region": ""}});
    let signature = json!({"sigv4": {"region": "eu-west-1"}});
    for provider in [
        json!({"prometheus": {"address": "http://p", "rangeQuery": null, "authentication": empty}}),
        json!({"prometheus": {"address": "http://p", "authentication": signature}}),
        json!({"web": {"url": "http://a", "authentication": empty}}),
        json!({"web": {"url": "http://a", "authentication": signature}}),
        json!({"job": {"spec": {}}}),
    ] {
        assert_eq!(refused(provider), None);
    }
}

/// What becomes of a run of the metrics `latency` and `errors` with these rules.
fn ruled(dry_run: Value, retention: Value) -> Conclusion {
    let mut view = view(json!({"web": {"url": "http://a"}}), json!({}));
    let spec = &mut Arc::make_mut(&mut view.run).spec;
    spec.metrics[0].name = "latency".to_owned();
    let other = crate::api::analysis::Metric { name: "errors".to_owned(), ..spec.metrics[0].clone() };
    spec.metrics.push(other);
    spec.dry_run = serde_json::from_value(dry_run).unwrap();
    spec.measurement_retention = serde_json::from_value(retention).unwrap();
    conclude(&view, Vec::new(), NOW)
}

#[test]
fn rules_may_overlap_and_each_has_to_mean_a_metric() {
    let both = json!([{"metricName": ".*"}, {"metricName": "latency"}]);
    let done = ruled(both, json!([]));
    assert!(!done.is_over);
    assert_eq!(patched(&done)["status"]["dryRunSummary"]["count"], 2);
    let said = |done: &Conclusion| patched(done)["status"]["message"].as_str().unwrap().to_owned();
    for pattern in ["latancy", "[", "^late$"] {
        let rules = json!([{"metricName": "latency", "limit": 2}, {"metricName": pattern, "limit": 2}]);
        let dry = ruled(rules.clone(), json!([]));
        let text = "Analysis spec invalid: dryRun[1]: Rule didn't match any metric name(s)";
        assert_eq!((said(&dry).as_str(), dry.is_over), (text, true));
        let kept = ruled(json!([]), rules);
        let text = "Analysis spec invalid: measurementRetention[1]: Rule didn't match any metric name(s)";
        assert_eq!((said(&kept).as_str(), kept.is_over), (text, true));
    }
}

#[test]
fn the_last_rule_that_means_a_metric_says_how_much_is_kept() {
    let measured: Vec<Value> = (0..12).map(|_| json!({"phase": "Successful"})).collect();
    let result = json!({"name": "m", "phase": "Running", "measurements": measured, "count": 12});
    let kept = |rules: Value| {
        let mut view = view(json!({"web": {"url": "http://a"}}), json!({"metricResults": [result]}));
        let spec = &mut Arc::make_mut(&mut view.run).spec;
        spec.measurement_retention = serde_json::from_value(rules).unwrap();
        let done = conclude(&view, Vec::new(), NOW);
        patched(&done)["status"]["metricResults"][0]["measurements"].as_array().map(Vec::len)
    };
    assert_eq!(kept(json!([])), Some(10));
    assert_eq!(kept(json!([{"metricName": "m", "limit": 3}, {"metricName": ".", "limit": 5}])), Some(5));
    assert_eq!(kept(json!([{"metricName": "m", "limit": 3}, {"metricName": ".", "limit": 0}])), Some(10));
}
