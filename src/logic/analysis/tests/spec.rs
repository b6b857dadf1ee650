//! A run that could never be measured ends at once, and says which field is in the way.
//! Nothing is asked.

use super::*;

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
