//! What comes from Secrets is asked with, and shown nowhere.
//! Nothing is asked: each reply is made up.

use super::measuring::*;

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
    let view = with_secret(view(web, json!({})), Some("pss"));
    let mut task = only_task(&view);
    assert!(matches!(task.action(), Some(ProviderAction::Ask(question)) if question.url == "http://a/pss"));
    task.go_on(&view, Err("http://a/pss does not answer".into()), NOW);
    let done = conclude(&view, vec![Report::new(task, &view, NOW, NOW)], NOW);
    let text = serde_json::to_string(&format!("{:?}", done.writes)).unwrap();
    assert!(text.contains("http://a/***** does not answer") && !text.contains("pss"), "{text}");
}

#[test]
fn a_job_gets_what_a_secret_holds_and_nobody_else_sees_it() {
    let job = json!({"job": {"spec": {"x": "{{args.t}}"}}});
    let view = with_secret(view(job, json!({})), Some("a \"pss\""));
    let mut task = only_task(&view);
    let Some(ProviderAction::Create(made)) = task.action() else { panic!("no Job") };
    assert_eq!(made["spec"]["x"], "a \"pss\"");
    task.go_on(&view, Err("spec.x: Invalid value: \"a \\\"pss\\\"\": a \"pss\" is no number".into()), NOW);
    let done = conclude(&view, vec![Report::new(task, &view, NOW, NOW)], NOW);
    let message = &patched(&done)["status"]["metricResults"][0]["measurements"][0]["message"];
    assert_eq!(message, "spec.x: Invalid value: \"*****\": ***** is no number");
    assert!(!format!("{:?} {:?}", done.writes, done.events).contains("pss"));
}

#[test]
fn a_metric_may_be_named_by_an_argument() {
    for name in ["{{args.env}}-m", "{{args.t}}-m"] {
        let mut view = view(json!({"web": {"url": "http://a/{{args.t}}"}}), json!({}));
        let spec = &mut Arc::make_mut(&mut view.run).spec;
        spec.metrics[0].name = name.to_owned();
        let mut view = with_secret(view, Some("pss"));
        let args = &mut Arc::make_mut(&mut view.run).spec.args;
        args.push(serde_json::from_value(json!({"name": "env", "value": "prod"})).unwrap());
        let dry = json!([{"metricName": "^(prod|temp-for-secret)-m$"}]);
        Arc::make_mut(&mut view.run).spec.dry_run = serde_json::from_value(dry).unwrap();
        let task = only_task(&view);
        assert!(
            matches!(task.action(), Some(ProviderAction::Ask(question)) if question.url == "http://a/pss")
        );
        assert!(["prod-m", "temp-for-secret-m"].contains(&task.name()), "{}", task.name());
    }
}

#[test]
fn a_secret_that_is_not_there_ends_the_run_at_once() {
    let job = json!({"job": {"spec": {"x": "{{args.t}}"}}});
    let mut view = with_secret(view(job, json!({})), None);
    let said = |view: &RunView| {
        assert!(plan(view, NOW).tasks.is_empty());
        let done = conclude(view, Vec::new(), NOW);
        assert!(done.is_over && patched(&done)["status"]["phase"] == "Error", "{done:?}");
        patched(&done)["status"]["message"].as_str().unwrap().to_owned()
    };
    let why = "Unable to resolve metric arguments: key 'k' does not exist in secret 's'";
    assert_eq!(said(&view), why);
    view.absent_secrets.insert("s".to_owned());
    assert_eq!(said(&view), "Unable to resolve metric arguments: secrets \"s\" not found");
    view.secrets_read = false;
    assert!(!conclude(&view, Vec::new(), NOW).is_over, "nobody has looked yet");
    let arg = json!({"name": "t", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}});
    Arc::make_mut(&mut view.run).spec.args = vec![serde_json::from_value(arg).unwrap()];
    assert_eq!(said(&view), "Unable to resolve metric arguments: argument \"t\" was not supplied");
}
