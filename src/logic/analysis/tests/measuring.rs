//! A measurement goes on action by action, whichever its provider, and comes to an end.
//! Nothing is asked: each reply is made up.

pub(super) use crate::api::provider::MetricProvider;
pub(super) use crate::api::run::{AnalysisRun, Measurement, Phase};
pub(super) use crate::api::sample::{Answer, Question};
pub(super) use crate::api::write::{Patch, Write};
pub(super) use crate::logic::analysis::error::AnalysisError;
pub(super) use crate::logic::analysis::providers::provider::{Next, Provider, ProviderAction, Reply};
pub(super) use crate::logic::analysis::providers::{self, ALL};
pub(super) use crate::logic::analysis::run::{Conclusion, conclude, plan};
pub(super) use crate::logic::analysis::task::{Report, Task};
pub(super) use crate::logic::analysis::view::RunView;
pub(super) use jiff::Timestamp;
pub(super) use serde_json::{Value, json};
pub(super) use std::sync::Arc;

pub(super) const NOW: Timestamp = Timestamp::UNIX_EPOCH;

pub(super) fn view(provider: Value, status: Value) -> RunView {
    let metric = json!({"name": "m", "provider": provider, "successCondition": "result == 1"});
    let run: AnalysisRun = serde_json::from_value(json!({
        "metadata": {"name": "r", "namespace": "n", "uid": "u"},
        "spec": {"metrics": [metric]}, "status": status,
    }))
    .unwrap();
    RunView { run: run.into(), ..RunView::default() }
}

/// The status of a run whose one measurement is under way and keeps `metadata`.
pub(super) fn under_way(metadata: Value) -> Value {
    let open = json!({"phase": "Running", "startedAt": "1970-01-01T00:00:00Z", "metadata": metadata});
    json!({"phase": "Running", "metricResults": [{"name": "m", "phase": "Running", "measurements": [open]}]})
}

pub(super) fn answer(body: &str) -> Reply {
    Reply::Answered(Answer { status: 200, body: body.as_bytes().to_vec() })
}

pub(super) fn question(url: &str) -> ProviderAction {
    ProviderAction::Ask(Question { url: url.to_owned(), ..Question::default() })
}

/// The measurement after `reply` has answered every action.
pub(super) fn carried_out(
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

/// What the run's status is patched with.
pub(super) fn patched(done: &Conclusion) -> &Value {
    let patch = done.writes.iter().find_map(|write| match write {
        Write::Patch { patch: Patch::Merge(body), .. } => Some(body),
        _ => None,
    });
    patch.unwrap()
}

pub(super) fn only_task(view: &RunView) -> Task {
    plan(view, NOW).tasks.pop().unwrap()
}

/// Gets a token, starts a judgement with it, and asks later how it went.
static JUDGE: Provider = Provider {
    word: "judge",
    metadata: |_| std::collections::BTreeMap::new(),
    unsupported: |_| None,
    validate: |_| Ok(()),
    start: |_, _| Ok(Next::act(question("token"))),
    resume: |_, measurement| Ok(Next::Do(question(&measurement.metadata["id"]), json!("result"))),
    stop: |_, measurement| {
        measurement.phase = Phase::Successful;
        Ok(Next::Rest)
    },
    garbage: |_, _| Vec::new(),
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

pub(super) fn echo(action: &ProviderAction) -> Reply {
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
        metadata: |_| std::collections::BTreeMap::new(),
        unsupported: |_| None,
        validate: |_| Ok(()),
        start: |_, _| Ok(Next::act(question("next"))),
        resume: |_, _| Ok(Next::Rest),
        stop: |_, _| Ok(Next::Rest),
        garbage: |_, _| Vec::new(),
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
    assert_eq!(providers::unknown(&MetricProvider::default()).to_string(), "no provider specified");
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
fn errors_keep_their_causes_and_codes() {
    let mut bad = view(json!({"web": {}}), json!({}));
    Arc::make_mut(&mut bad.run).spec.metrics[0].interval = "soon".to_owned();
    let error = crate::logic::analysis::metrics::resolved(&bad.run).unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("Analysis spec invalid: metrics[0]: invalid interval string: time: "));
    assert_eq!(error.code(), "Metric");
    let mut depth = 0;
    let mut cause: Option<&dyn std::error::Error> = Some(&error);
    while let Some(inner) = cause {
        depth += 1;
        cause = inner.source();
    }
    assert_eq!(depth, 4, "the run, the metric, the span of time, the text");
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
        let body = patched(&done);
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
fn a_condition_that_cannot_be_evaluated_is_told_and_leaves_no_value() {
    let measured = |body: &str| {
        let view = view(json!({"web": {"url": "http://a"}}), json!({}));
        let (measurement, _) = carried_out(&view, only_task(&view), |_| answer(body));
        assert_eq!((measurement.phase, measurement.value.as_str()), (Phase::Error, ""));
        measurement.message
    };
    assert_eq!(
        measured("\"a\""),
        "could not evaluate successCondition \"result == 1\": invalid operation: == (mismatched types string and \
         int)"
    );
    let mut nothing = view(json!({"web": {"url": "http://a"}}), json!({}));
    let metric = &mut Arc::make_mut(&mut nothing.run).spec.metrics[0];
    (metric.success_condition, metric.failure_condition) = (String::new(), "result[0] > 1".to_owned());
    for body in ["null", "[]"] {
        let (measurement, _) = carried_out(&nothing, only_task(&nothing), |_| answer(body));
        assert_eq!(
            measurement.message,
            "could not evaluate failureCondition \"result[0] > 1\": metric result is nil or empty: no data returned \
             from the metric provider"
        );
    }
}
