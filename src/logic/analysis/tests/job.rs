//! A Job is made, watched, stopped and collected.
//! Nothing is created: each reply is made up.

use super::*;
use crate::logic::analysis::view::JobState;

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
