//! What comes from Secrets is asked with, and shown nowhere.
//! Nothing is asked: each reply is made up.

use super::*;

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
