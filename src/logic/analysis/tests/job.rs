//! A Job is made, watched, stopped and collected.
//! Nothing is created: each reply is made up.

use super::measuring::*;
use crate::logic::analysis::view::JobState;

/// A run with an open measurement by the Job `u.m.1`.
fn open() -> RunView {
    view(json!({"job": {}}), under_way(json!({"job-name": "u.m.1", "job-namespace": "jobs"})))
}

/// What the run is after all its due measurements were carried out.
fn passed(view: &RunView, reply: impl Fn(&ProviderAction) -> Reply) -> Conclusion {
    let mut reports = Vec::new();
    for mut task in plan(view, NOW).tasks {
        while let Some(action) = task.action() {
            let came = reply(action);
            task.go_on(view, Ok(came), NOW);
        }
        reports.push(Report::new(task, view, NOW, NOW));
    }
    conclude(view, reports, NOW)
}

/// The run with what `done` writes.
fn after(view: &RunView, done: &Conclusion) -> RunView {
    let mut status = serde_json::to_value(&view.run.status).unwrap();
    json_patch::merge(&mut status, &patched(done)["status"]);
    let mut view = view.clone();
    Arc::make_mut(&mut view.run).status = serde_json::from_value(status).unwrap();
    view
}

fn created(_: &ProviderAction) -> Reply {
    Reply::Done
}

#[test]
fn a_job_is_made_with_a_label_that_its_pods_are_found_by() {
    let label = json!({"analysisrun.argoproj.io/uid": "u"});
    for (written, made) in [
        (json!({}), json!({"template": {"metadata": {"labels": label}}})),
        (
            json!({"x": 1, "template": {"metadata": null, "spec": {"y": 2}}}),
            json!({"x": 1, "template": {"metadata": {"labels": label}, "spec": {"y": 2}}}),
        ),
    ] {
        let fresh = view(json!({"job": {"spec": written}}), json!({}));
        let (measured, _) = carried_out(&fresh, only_task(&fresh), |action| {
            let ProviderAction::Create(job) = action else { panic!("no Job") };
            assert_eq!((&job["metadata"]["name"], &job["spec"]), (&json!("u.m.1"), &made));
            Reply::Done
        });
        assert_eq!((measured.phase, measured.metadata["job-name"].as_str()), (Phase::Running, "u.m.1"));
        assert_eq!(measured.metadata["job-namespace"], "n");
    }
    let lost = view(json!({"job": {}}), under_way(json!({})));
    assert_eq!(only_task(&lost).into_measurement().message, "job metadata reference missing");
}

#[test]
fn a_job_that_ended_decides() {
    let mut open = open();
    for end in [Phase::Failed, Phase::Successful] {
        open.jobs.insert("u.m.1".to_owned(), JobState { end: Some(end), ..JobState::default() });
        assert_eq!(only_task(&open).into_measurement().phase, end);
    }
    Arc::make_mut(&mut open.run).spec.terminate = true;
    assert_eq!(only_task(&open).into_measurement().phase, Phase::Successful, "it ended before");
}

#[test]
fn a_job_that_is_stopped_is_inconclusive() {
    let mut open = open();
    Arc::make_mut(&mut open.run).spec.terminate = true;
    for uid in ["v", ""] {
        if !uid.is_empty() {
            open.jobs.insert("u.m.1".to_owned(), JobState { uid: uid.to_owned(), ..JobState::default() });
        }
        let done = passed(&open, |action| {
            let ProviderAction::Delete(target, of) = action else { panic!("not deleted") };
            assert_eq!((target.to_string().as_str(), of.as_str()), ("Job jobs/u.m.1", uid));
            Reply::Done
        });
        assert!(done.is_over);
        let status = &patched(&done)["status"];
        assert_eq!(
            (&status["phase"], &status["message"]),
            (
                &json!("Inconclusive"),
                &json!(
                    "Metric \"m\" assessed Inconclusive due to inconclusive (1) > inconclusiveLimit (0): \"Error \
                     Message: Metric Terminated\""
                )
            )
        );
        open.jobs.clear();
    }
}

#[test]
fn a_job_that_is_gone_is_an_error_that_is_tried_again() {
    let open = open();
    let (found, actions) = carried_out(&open, only_task(&open), |action| {
        assert!(matches!(action, ProviderAction::Read(target) if target.to_string() == "Job jobs/u.m.1"));
        Reply::Found(Some(json!({"status": {}})))
    });
    assert_eq!((found.phase, actions), (Phase::Running, 1), "it is so new that nobody has told of it");
    assert!(found.resume_at.is_some_and(|at| at.at() > NOW));
    let ended = json!({"status": {"conditions": [{"type": "Complete", "status": "True"}]}});
    let (found, _) = carried_out(&open, only_task(&open), |_| Reply::Found(Some(ended.clone())));
    assert_eq!(found.phase, Phase::Successful);
    let done = passed(&open, |_| Reply::Found(None));
    let next = after(&open, &done);
    let measured = &next.run.status.metric_results[0].measurements[0];
    let said = (measured.phase, measured.message.as_str());
    assert_eq!(said, (Phase::Error, "job.batch \"u.m.1\" not found"));
    let again = done.wake.unwrap();
    assert_eq!(again.duration_since(NOW).as_secs(), 10);
    let task = plan(&next, again).tasks.pop().unwrap();
    let Some(ProviderAction::Create(job)) = task.action() else { panic!("not tried again") };
    assert_eq!(job["metadata"]["name"], "u.m.2");
}

#[test]
fn a_job_without_its_image_is_inconclusive() {
    let mut open = open();
    let stuck = Some("Pod p, container c has terminal error (ErrImagePull): no".to_owned());
    let state = JobState { stuck: stuck.clone(), ..JobState::default() };
    open.jobs.insert("u.m.1".to_owned(), state.clone());
    let measured = only_task(&open).into_measurement();
    assert_eq!((measured.phase, Some(measured.message)), (Phase::Inconclusive, stuck));
    open.jobs.insert("u.m.1".to_owned(), JobState { end: Some(Phase::Successful), ..state });
    assert_eq!(only_task(&open).into_measurement().phase, Phase::Successful, "another pod has done it");
}

#[test]
fn a_run_that_fails_stops_the_jobs_of_its_other_metrics_before_it_ends() {
    let mut two = view(json!({"web": {"url": "http://a"}}), json!({}));
    let job = json!({"name": "load", "provider": {"job": {}}});
    Arc::make_mut(&mut two.run).spec.metrics.push(serde_json::from_value(job).unwrap());
    let begun = passed(&two, |action| match action {
        ProviderAction::Ask(_) => answer("2"),
        _ => Reply::Done,
    });
    assert!(!begun.is_over, "a Job runs");
    let failed = after(&two, &begun);
    let phases = |view: &RunView| view.run.status.metric_results.iter().map(|r| r.phase).collect::<Vec<_>>();
    assert_eq!(phases(&failed), [Phase::Failed, Phase::Running]);
    assert_eq!(failed.run.status.phase, Some(Phase::Running));
    let idle = conclude(&failed, Vec::new(), NOW);
    assert_eq!((idle.is_over, idle.wake), (false, Some(NOW)), "the Job comes first");
    let ended = passed(&failed, |action| {
        assert!(matches!(action, ProviderAction::Delete(target, _) if target.name == "u.load.1"));
        Reply::Done
    });
    assert!(ended.is_over);
    let ended = after(&failed, &ended);
    assert_eq!(phases(&ended), [Phase::Failed, Phase::Inconclusive]);
    assert_eq!(ended.run.status.phase, Some(Phase::Failed));
    assert_eq!(ended.run.status.message, "Metric \"m\" assessed Failed due to failed (1) > failureLimit (0)");
}

#[test]
fn jobs_of_measurements_that_are_kept_no_more_are_deleted() {
    let measured = |n: usize| {
        json!({"phase": "Successful", "finishedAt": "1970-01-01T00:00:00Z",
            "metadata": {"job-name": format!("u.m.{n}"), "job-namespace": "n"}})
    };
    let all: Vec<Value> = (1..=12).map(measured).collect();
    let result = json!({"name": "m", "phase": "Running", "count": 12, "successful": 12, "measurements": all});
    let mut view = view(json!({"job": {}}), json!({"phase": "Running", "metricResults": [result]}));
    Arc::make_mut(&mut view.run).spec.metrics[0].interval = "1m".to_owned();
    let job = |metric: &str, n: usize| {
        let (uid, metric) = (format!("uid-{n}"), metric.to_owned());
        JobState { uid, metric, namespace: "n".to_owned(), ..JobState::default() }
    };
    for n in 1..=13 {
        view.jobs.insert(format!("u.m.{n}"), job("m", n));
    }
    view.jobs.insert("u.other.1".to_owned(), job("other", 1));
    view.jobs.get_mut("u.m.1").unwrap().is_going = true;
    let deleted = |done: &Conclusion| -> Vec<String> {
        let delete = |w: &Write| match w {
            Write::Delete { target, uid, foreground: true, .. } => format!("{} {uid}", target.name),
            other => panic!("{other:?}"),
        };
        done.garbage.iter().map(delete).collect()
    };
    let done = conclude(&view, Vec::new(), NOW);
    assert_eq!(deleted(&done), ["u.m.2 uid-2"], "ten are kept, one is going, one was just made");
    let keep = json!([{"metricName": ".*", "limit": 11}, {"metricName": "m", "limit": 3}]);
    Arc::make_mut(&mut view.run).spec.measurement_retention = serde_json::from_value(keep).unwrap();
    assert_eq!(deleted(&conclude(&view, Vec::new(), NOW)).len(), 8, "of 2 to 9, as three are kept");
    view.jobs.clear();
    assert!(conclude(&view, Vec::new(), NOW).garbage.is_empty());
}

#[test]
fn a_job_is_made_once_however_often_it_is_tried() {
    let fresh = view(json!({"job": {}}), json!({}));
    let first = passed(&fresh, created);
    let second = passed(&fresh, created);
    assert_eq!(patched(&first), patched(&second));
}
