//! A web server is asked with its method, and the part of its answer at the JSONPath is judged.
//! Nothing is asked: each reply is made up.

use super::measuring::*;

#[test]
fn a_web_answer_is_judged_by_its_path() {
    let view = view(json!({"web": {"url": "http://a", "jsonPath": "{$.n}"}}), json!({}));
    let (good, _) = carried_out(&view, only_task(&view), |action| {
        let ProviderAction::Ask(question) = action else { panic!("no question") };
        assert_eq!((question.method.as_str(), question.timeout_seconds), ("GET", 10));
        answer(r#"{"n": 1}"#)
    });
    assert_eq!((good.phase, good.value.as_str()), (Phase::Successful, "1"));
    let (bad, _) = carried_out(&view, only_task(&view), |_| answer(r#"{"n": 2}"#));
    assert_eq!(bad.phase, Phase::Failed);
    let (text, _) = carried_out(&view, only_task(&view), |_| answer("no JSON"));
    assert_eq!(text.phase, Phase::Error);
    assert_eq!(
        text.message,
        "the answer is no JSON, so nothing is at jsonPath {$.n}; leave the jsonPath out to judge the text"
    );
    let (refused, _) =
        carried_out(&view, only_task(&view), |_| Reply::Answered(Answer { status: 500, body: Vec::new() }));
    assert_eq!(refused.message, "received non 2xx response code: 500");
}

#[test]
fn a_web_answer_that_is_no_json_is_judged_as_a_text() {
    let judged = |good: &str, bad: &str, body: &str| {
        let mut view = view(json!({"web": {"url": "http://a"}}), json!({}));
        let metric = &mut Arc::make_mut(&mut view.run).spec.metrics[0];
        (metric.success_condition, metric.failure_condition) = (good.to_owned(), bad.to_owned());
        let (measurement, _) = carried_out(&view, only_task(&view), |_| answer(body));
        (measurement.phase, measurement.value)
    };
    let was = |phase: Phase, value: &str| (phase, value.to_owned());
    assert_eq!(judged("result == 'READY'", "", "READY"), was(Phase::Successful, "READY"));
    assert_eq!(judged("result == 'READY'", "", "MAINTENANCE"), was(Phase::Failed, "MAINTENANCE"));
    assert_eq!(judged("", "result matches '^<html'", "<html>"), was(Phase::Failed, "<html>"));
    assert_eq!(judged("result == 'READY'", "result == ''", ""), was(Phase::Failed, ""));
    assert_eq!(judged("result < 3", "", "MAINTENANCE").0, Phase::Error, "a text is no number");
    assert_eq!(
        judged("", "", "MAINTENANCE").0,
        Phase::Successful,
        "that it answers is all that was asked for"
    );
}

#[test]
fn any_method_may_be_asked_with() {
    for (written, sent) in [("PATCH", "PATCH"), ("DELETE", "DELETE"), ("HEAD", "HEAD"), ("", "GET")] {
        let view = view(json!({"web": {"url": "http://a", "method": written}}), json!({}));
        let task = only_task(&view);
        let Some(ProviderAction::Ask(question)) = task.action() else { panic!("{written} asks nothing") };
        assert_eq!(question.method, sent);
    }
}
