//! Prometheus is asked where the metric or the controller says, and what makes no question is told.
//! Nothing is asked: each reply is made up.

use super::measuring::*;
use crate::api::provider::ProviderDefaults;

#[test]
fn prometheus_is_asked_at_the_default_address_and_its_query_is_kept() {
    let mut view = view(json!({"prometheus": {"query": "a b"}}), json!({}));
    view.defaults = ProviderDefaults { prometheus_address: Some("http://p/".to_owned()) };
    let task = only_task(&view);
    assert_eq!(task.metadata()["ResolvedPrometheusQuery"], "a b");
    let (measurement, _) = carried_out(&view, task, |action| {
        let ProviderAction::Ask(question) = action else { panic!("no question") };
        assert_eq!(question.url, "http://p/api/v1/query");
        assert_eq!((question.body.as_deref(), question.timeout_seconds), (Some("query=a+b"), 30));
        answer(r#"{"status": "success", "data": {"resultType": "scalar", "result": [0, "1"]}}"#)
    });
    assert_eq!((measurement.phase, measurement.value.as_str()), (Phase::Successful, "1"));
    let (refused, _) = carried_out(&view, only_task(&view), |_| {
        answer(r#"{"status": "error", "errorType": "bad_data", "error": "no"}"#)
    });
    assert_eq!(refused.message, "bad_data: no");
}

#[test]
fn settings_that_make_no_question_are_an_error_of_the_measurement() {
    let message = |provider: Value| only_task(&view(provider, json!({}))).into_measurement().message;
    assert_eq!(
        message(json!({"prometheus": {"query": "up"}})),
        "prometheus address is not configured; set provider.prometheus.address or --prometheus-address"
    );
    assert_eq!(
        message(json!({"prometheus": {"address": "a:9090"}})),
        "prometheus address \"a:9090\" is no URL; write it like http://host:9090"
    );
    assert_eq!(
        message(json!({"prometheus": {"address": "http://a", "timeout": -1}})),
        "prometheus timeout should not be negative"
    );
}
