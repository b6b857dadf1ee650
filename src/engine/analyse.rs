//! Decides how one AnalysisRun is looked at: ask what is due, side by side, then write what it amounts to.
//! The questions and the judgement are `logic::analysis`; this never judges.

use crate::api::analysis::SecretKeyRef;
use crate::api::names;
use crate::api::write::{Target, Write};
use crate::engine::context::Context;
use crate::engine::roll::Outcome;
use crate::logic::analysis::decide::{Outcome as Came, Plan};
use crate::logic::analysis::decide::{Report, RunView, Task, TaskWork, conclude, plan};
use crate::world::cluster::{ClusterError, Mode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::future::join_all;
use serde_json::Value;
use std::collections::BTreeMap;

/// Looks at one run.
pub async fn reconcile(context: &Context, mut view: RunView) -> Outcome {
    let mut outcome = Outcome::default();
    view.prometheus.clone_from(&context.prometheus);
    let mut due = plan(&view, context.clock.now());
    if !due.secrets.is_empty() {
        match secrets(context, &view.run.metadata.namespace, &due).await {
            Ok(found) => view.secrets = found,
            Err(error) => return Outcome { error: Some(error), ..outcome },
        }
        view.secrets_read = true;
        due = plan(&view, context.clock.now());
    }
    let reports = join_all(due.tasks.into_iter().map(|task| measure(context, task))).await;
    let conclusion = conclude(&view, &reports, context.clock.now());
    for write in &conclusion.writes {
        match context.cluster.perform(write, Mode::Plain).await {
            Ok(answer) => outcome.note(write, answer),
            Err(error) => return Outcome { error: Some(error), ..outcome },
        }
    }
    outcome.wake = conclusion.wake;
    let meta = &view.run.metadata;
    let target = Target::new(names::ARGO, "AnalysisRun", &meta.namespace, &meta.name);
    context.events_about(&target, &meta.uid, conclusion.events);
    outcome
}

async fn measure(context: &Context, task: Task) -> Report {
    let began = context.clock.now();
    let done = |result: Result<Option<Value>, ClusterError>| {
        Came::Done(result.map(|_| ()).map_err(|e| e.to_string()))
    };
    let outcome = match &task.work {
        TaskWork::Ask(question) => {
            Came::Answered(context.probe.ask(question).await.map_err(|e| e.to_string()))
        }
        TaskWork::CreateJob(object) => {
            let write = Write::Create { object: object.clone() };
            match context.cluster.perform(&write, Mode::Plain).await {
                Err(error) if error.already_exists() => Came::Done(Ok(())), // its name holds the run's uid
                other => done(other),
            }
        }
        TaskWork::StopJob(target, uid) => {
            let (target, uid) = (target.clone(), uid.clone());
            let write = Write::Delete { target, uid, expect: None, foreground: true };
            done(context.cluster.perform(&write, Mode::Plain).await)
        }
        TaskWork::ReadJob(_) | TaskWork::Fail(_) => Came::Done(Ok(())),
    };
    Report { task, outcome, began, ended: context.clock.now() }
}

/// The values of the Secrets that `due` names; those that do not exist are left out.
async fn secrets(
    context: &Context,
    namespace: &str,
    due: &Plan,
) -> Result<BTreeMap<SecretKeyRef, String>, ClusterError> {
    let mut found = BTreeMap::new();
    let mut read: BTreeMap<&str, Option<Value>> = BTreeMap::new();
    for reference in &due.secrets {
        if !read.contains_key(reference.name.as_str()) {
            let target = Target::new("v1", "Secret", namespace, &reference.name);
            read.insert(&reference.name, context.cluster.get(&target).await?);
        }
        let secret = read.get(reference.name.as_str()).and_then(Option::as_ref);
        let encoded = secret.and_then(|s| s.get("data")).and_then(|d| d.get(&reference.key));
        let bytes = encoded.and_then(Value::as_str).and_then(|t| STANDARD.decode(t).ok());
        if let Some(text) = bytes.and_then(|b| String::from_utf8(b).ok()) {
            found.insert(reference.clone(), text);
        }
    }
    Ok(found)
}
