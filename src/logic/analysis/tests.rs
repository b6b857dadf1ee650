//! Measurements are taken action by action, whichever their provider; the errors keep their texts.
//! Nothing is asked: each reply is made up.

use crate::api::provider::{MetricProvider, ProviderDefaults};
use crate::api::run::{AnalysisRun, Measurement, Phase};
use crate::api::sample::{Answer, Question};
use crate::logic::analysis::error::AnalysisError;
use crate::logic::analysis::providers::provider::{Next, Provider, ProviderAction, Reply};
use crate::logic::analysis::providers::{self, ALL};
use crate::logic::analysis::run::{conclude, plan};
use crate::logic::analysis::task::{Report, Task};
use crate::logic::analysis::view::{JobState, RunView};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn view(provider: Value, status: Value) -> RunView {
    let metric = json!({"name": "m", "provider": provider, "successCondition": "result == 1"});
    let run: AnalysisRun = serde_json::from_value(json!({
        "metadata": {"name": "r", "namespace": "n", "uid": "u"},
        "spec": {"metrics": [metric]}, "status": status,
    }))
    .unwrap();
    RunView { run: run.into(), ..RunView::default() }
}

/// The status of a run whose one measurement is under way and keeps `metadata`.
fn under_way(metadata: Value) -> Value {
    let open = json!({"phase": "Running", "startedAt": "1970-01-01T00:00:00Z", "metadata": metadata});
    json!({"phase": "Running", "metricResults": [{"name": "m", "phase": "Running", "measurements": [open]}]})
}

fn answer(body: &str) -> Reply {
    Reply::Answered(Answer { status: 200, body: body.as_bytes().to_vec() })
}

fn question(url: &str) -> ProviderAction {
    ProviderAction::Ask(Question { url: url.to_owned(), ..Question::default() })
}

/// The measurement after `reply` has answered every action.
fn carried_out(
    view: &RunView,
    mut task: Task,
    reply: impl Fn(&ProviderAction) -> Reply,
) -> (Measurement, usize) {
    let mut actions = 0;
    while let Some(action) = task.action() {
        actions += 1;
        let came = reply(action);
        task.go_on(view, Ok(came), NOW);
    }
    (task.into_measurement(), actions)
}

fn only_task(view: &RunView) -> Task {
    plan(view, NOW).tasks.pop().unwrap()
}

/// Gets a token, starts a judgement with it, and asks later how it went.
static JUDGE: Provider = Provider {
    word: "judge",
    takes_secrets: true,
    metadata: |_| std::collections::BTreeMap::new(),
    validate: |_| Ok(()),
    start: |_, _| Ok(Next::act(question("token"))),
    resume: |_, measurement| Ok(Next::Do(question(&measurement.metadata["id"]), json!("result"))),
    stop: |_, measurement| {
        measurement.phase = Phase::Successful;
        Ok(Next::Rest)
    },
    read: |_, measurement, received| {
        let Reply::Answered(answer) = received.reply else { return Err(AnalysisError::Unfitting) };
        let text = String::from_utf8(answer.body).unwrap();
        match received.memo.as_str() {
            None => return Ok(Next::Do(question("start"), json!(text))),
            Some("result") => measurement.phase = Phase::Failed,
            Some(token) => {
                assert_eq!(token, "answer to token");
                measurement.phase = Phase::Running;
                measurement.metadata.insert("id".to_owned(), text);
                measurement.resume_at = Some(crate::api::time::Time::of(NOW));
            }
        }
        Ok(Next::Rest)
    },
};

fn echo(action: &ProviderAction) -> Reply {
    match action {
        ProviderAction::Ask(question) => answer(&format!("answer to {}", question.url)),
        _ => Reply::Done,
    }
}

#[test]
fn a_provider_may_need_several_questions_and_several_looks() {
    let fresh = view(json!({"judge": {}}), json!({}));
    let metric = &fresh.run.spec.metrics[0];
    let task = Task::with(Some(&JUDGE), &fresh, metric, false, NOW);
    let (begun, actions) = carried_out(&fresh, task, echo);
    assert_eq!((begun.phase, actions), (Phase::Running, 2));
    assert_eq!(begun.metadata["id"], "answer to start");
    assert!(!format!("{begun:?}").contains("answer to token"), "a memo is not kept");

    let later = view(json!({"judge": {}}), under_way(json!({"id": "7"})));
    let task = |terminating| Task::with(Some(&JUDGE), &later, metric, terminating, NOW);
    let (judged, actions) = carried_out(&later, task(false), echo);
    assert_eq!((judged.phase, actions), (Phase::Failed, 1));
    let (stopped, actions) = carried_out(&later, task(true), echo);
    assert_eq!((stopped.phase, actions), (Phase::Successful, 0));
}

#[test]
fn a_measurement_that_waits_is_resumed_at_its_time() {
    let mut view = view(json!({"web": {}}), under_way(json!({})));
    assert_eq!(plan(&view, NOW).tasks.len(), 1);
    let at = crate::api::time::Time::parse("1970-01-01T00:01:00Z").unwrap();
    Arc::make_mut(&mut view.run).status.metric_results[0].measurements[0].resume_at = Some(at);
    assert!(plan(&view, NOW).tasks.is_empty());
    assert_eq!(conclude(&view, Vec::new(), NOW).wake, Some(at.at()));
}

#[test]
fn a_provider_that_never_ends_is_ended() {
    static ENDLESS: Provider = Provider {
        word: "endless",
        takes_secrets: false,
        metadata: |_| std::collections::BTreeMap::new(),
        validate: |_| Ok(()),
        start: |_, _| Ok(Next::act(question("next"))),
        resume: |_, _| Ok(Next::Rest),
        stop: |_, _| Ok(Next::Rest),
        read: |_, _, _| Ok(Next::act(question("next"))),
    };
    let view = view(json!({"endless": {}}), json!({}));
    let task = Task::with(Some(&ENDLESS), &view, &view.run.spec.metrics[0], false, NOW);
    let (measurement, actions) = carried_out(&view, task, echo);
    assert_eq!((measurement.phase, actions), (Phase::Error, 20));
}

#[test]
fn every_provider_is_listed_once_and_the_unknown_are_told() {
    for provider in ALL {
        assert_eq!(ALL.iter().filter(|p| p.word == provider.word).count(), 1, "{}", provider.word);
        let named: MetricProvider = serde_json::from_value(json!({provider.word: {}})).unwrap();
        assert!(providers::of(&named).is_some_and(|p| p.word == provider.word));
    }
    let graphite = view(json!({"graphite": {}}), json!({}));
    let measurement = only_task(&graphite).into_measurement();
    assert_eq!(measurement.phase, Phase::Error);
    assert_eq!(
        measurement.message,
        "provider \"graphite\" is not supported by this version; use prometheus, web or job"
    );
    assert_eq!(providers::unknown(&MetricProvider::default()).to_string(), "no provider specified");
}

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
fn an_answer_of_any_size_fits_into_the_status() {
    let mut view = view(json!({"web": {"url": "http://a"}}), json!({}));
    let page = format!("{}é", "x".repeat(3_000_000));
    let spec = &mut Arc::make_mut(&mut view.run).spec;
    spec.metrics[0].success_condition = "len(result) in [3000001, 18]".to_owned();
    spec.metrics[0].interval = "1s".to_owned();
    let keep = json!([{"metricName": "m", "limit": 1_000_000}]);
    spec.measurement_retention = serde_json::from_value(keep).unwrap();
    let mut most = 0;
    for round in 0..400 {
        let now = NOW + jiff::SignedDuration::from_secs(round);
        let mut task = plan(&view, now).tasks.pop().unwrap();
        task.go_on(&view, Ok(answer(if round == 0 { &page } else { "longer than before" })), now);
        let report = Report::new(task, &view, now, now);
        let done = conclude(&view, vec![report], now);
        let crate::api::write::Write::Patch { patch, .. } = &done.writes[0] else { panic!("no patch") };
        let crate::api::write::Patch::Merge(body) = patch else { panic!("no merge") };
        most = most.max(body.to_string().len());
        let mut status = serde_json::to_value(&view.run.status).unwrap();
        json_patch::merge(&mut status, &body["status"]);
        Arc::make_mut(&mut view.run).status = serde_json::from_value(status).unwrap();
        if round == 0 {
            let first = &view.run.status.metric_results[0].measurements[0];
            assert_eq!(first.phase, Phase::Successful, "it is judged whole: {}", first.message);
            assert!(first.value.ends_with("x … (cut, 3000002 bytes in all)"), "{}", first.value.len());
        }
    }
    assert!((1000..1_000_000).contains(&most), "{most} bytes");
}

#[test]
fn nothing_is_begun_twice_and_nothing_is_waited_for_that_is_being_measured() {
    let mut view = view(json!({"web": {"url": "http://a"}}), json!({}));
    assert_eq!(plan(&view, NOW).tasks.len(), 1);
    view.asked.insert("m".to_owned());
    assert!(plan(&view, NOW).tasks.is_empty());
    let begun = conclude(&view, Vec::new(), NOW);
    assert_eq!((begun.wake, begun.is_over, begun.writes.len()), (None, false, 1), "it says that it runs");
    Arc::make_mut(&mut view.run).spec.terminate = true;
    assert!(conclude(&view, Vec::new(), NOW).is_over, "an end waits for no answer");
}

#[test]
fn settings_that_make_no_question_are_an_error_of_the_measurement() {
    let message = |provider: Value| only_task(&view(provider, json!({}))).into_measurement().message;
    assert_eq!(
        message(json!({"web": {"method": "PATCH"}})),
        "method PATCH is not supported; use GET, POST or PUT"
    );
    assert_eq!(
        message(json!({"web": {"authentication": {"oauth2": {"tokenUrl": ""}}}})),
        "authentication.oauth2 is not supported by this version; use a header"
    );
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
fn a_job_is_made_watched_and_stopped() {
    let fresh = view(json!({"job": {"spec": {"x": 1}}}), json!({}));
    let (made, _) = carried_out(&fresh, only_task(&fresh), |action| {
        let ProviderAction::Create(job) = action else { panic!("no Job") };
        assert_eq!((&job["metadata"]["name"], &job["spec"]), (&json!("u.m.1"), &json!({"x": 1})));
        Reply::Done
    });
    assert_eq!((made.phase, made.metadata["job-name"].as_str()), (Phase::Running, "u.m.1"));
    assert_eq!(made.metadata["job-namespace"], "n");

    let mut open = view(json!({"job": {}}), under_way(json!({"job-name": "j"})));
    assert_eq!(only_task(&open).into_measurement().phase, Phase::Running, "not seen yet");
    open.jobs.insert("j".to_owned(), JobState { end: Some(Phase::Failed), ..JobState::default() });
    assert_eq!(only_task(&open).into_measurement().phase, Phase::Failed);
    Arc::make_mut(&mut open.run).spec.terminate = true;
    assert_eq!(only_task(&open).into_measurement().phase, Phase::Failed, "it ended before");
    open.jobs.insert("j".to_owned(), JobState { uid: "v".to_owned(), ..JobState::default() });
    let (stopped, actions) = carried_out(&open, only_task(&open), |action| {
        assert!(matches!(action, ProviderAction::Delete(target, uid) if target.name == "j" && uid == "v"));
        Reply::Done
    });
    assert_eq!((stopped.phase, actions), (Phase::Successful, 1));
    assert_eq!(stopped.message, "Metric Terminated");
    open.jobs.clear();
    assert_eq!(only_task(&open).into_measurement().phase, Phase::Successful, "it is gone");
    let lost = view(json!({"job": {}}), under_way(json!({})));
    assert_eq!(only_task(&lost).into_measurement().message, "job metadata reference missing");
}

/// Gives the run an argument from a Secret and lets the Secrets be read.
fn with_secret(mut view: RunView, value: Option<&str>) -> RunView {
    let arg = json!({"name": "t", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}});
    Arc::make_mut(&mut view.run).spec.args = vec![serde_json::from_value(arg).unwrap()];
    let key = view.secret_refs().remove(0);
    view.secrets = value.map(|v| (key, v.to_owned())).into_iter().collect();
    view.secrets_read = true;
    view
}

#[test]
fn a_secret_is_asked_with_and_never_shown() {
    let web = json!({"web": {"url": "http://a/{{args.t}}"}});
    let missing = with_secret(view(web.clone(), json!({})), None);
    assert_eq!(
        only_task(&missing).into_measurement().message,
        "key 'k' does not exist in secret 's'; create it in namespace n"
    );
    let view = with_secret(view(web, json!({})), Some("pss"));
    let mut task = only_task(&view);
    assert!(matches!(task.action(), Some(ProviderAction::Ask(question)) if question.url == "http://a/pss"));
    task.go_on(&view, Err("http://a/pss does not answer".into()), NOW);
    let done = conclude(&view, vec![Report::new(task, &view, NOW, NOW)], NOW);
    let text = serde_json::to_string(&format!("{:?}", done.writes)).unwrap();
    assert!(text.contains("http://a/***** does not answer") && !text.contains("pss"), "{text}");
}

#[test]
fn a_job_takes_no_secret() {
    let job = json!({"job": {"spec": {"x": "{{args.t}}"}}});
    let task = only_task(&with_secret(view(job, json!({})), None));
    assert!(matches!(task.action(), Some(ProviderAction::Create(job)) if job["spec"]["x"] == "0"));
}

#[test]
fn errors_keep_their_causes_and_codes() {
    let mut bad = view(json!({"web": {}}), json!({}));
    Arc::make_mut(&mut bad.run).spec.metrics[0].interval = "soon".to_owned();
    let error = crate::logic::analysis::metrics::resolved(&bad.run).unwrap_err();
    assert!(
        error.to_string().starts_with("Analysis spec invalid: metrics[0]: invalid interval string: time: ")
    );
    assert_eq!(error.code(), "Metric");
    let mut depth = 0;
    let mut cause: Option<&dyn std::error::Error> = Some(&error);
    while let Some(inner) = cause {
        depth += 1;
        cause = inner.source();
    }
    assert_eq!(depth, 4, "the run, the metric, the span of time, the text");
}
