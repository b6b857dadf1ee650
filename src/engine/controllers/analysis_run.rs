//! Decides how one AnalysisRun is reconciled: ask what is due, side by side, then write what it amounts to.
//! The questions and the judgement are `logic::analysis`; this never judges.

use crate::api::analysis::SecretKeyRef;
use crate::api::names;
use crate::api::object_name::ObjectName;
use crate::api::write::{Target, Write};
use crate::engine::context::Context;
use crate::engine::controllers::outcome::Outcome;
use crate::engine::index::Index;
use crate::logic::analysis::providers::provider::{ProviderAction, Reply};
use crate::logic::analysis::run::{MeasurementPlan, conclude, plan};
use crate::logic::analysis::task::{Report, Task};
use crate::logic::analysis::view::RunView;
use crate::world::cluster::{ClusterError, Mode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::future::join_all;
use serde_json::Value;
use std::collections::BTreeMap;
use std::error::Error;

/// Reconciles the AnalysisRun at `name`; none when there is nothing to measure.
pub(super) fn start(
    context: &Context,
    index: &Index,
    name: &ObjectName,
) -> Option<impl Future<Output = Outcome> + Send + 'static + use<>> {
    let run = index.run(name)?;
    let jobs = index.jobs_of(&run.metadata.uid);
    let view = RunView { run, jobs, ..RunView::default() };
    let context = context.clone();
    Some(async move { reconcile(&context, view).await })
}

async fn reconcile(context: &Context, mut view: RunView) -> Outcome {
    let mut outcome = Outcome::default();
    view.defaults.clone_from(&context.providers);
    let mut due = plan(&view, context.clock.now());
    if !due.secrets.is_empty() {
        match secrets(context, &view.run.metadata.namespace, &due).await {
            Ok(found) => view.secrets = found,
            Err(error) => return Outcome::failed(error),
        }
        view.secrets_read = true;
        due = plan(&view, context.clock.now());
    }
    let reports = join_all(due.tasks.into_iter().map(|task| measure(context, &view, task))).await;
    let conclusion = conclude(&view, reports, context.clock.now());
    for write in &conclusion.writes {
        match context.cluster.perform(write, Mode::Plain).await {
            Ok(answer) => outcome.add(write, answer),
            Err(error) => return Outcome { error: Some(error), ..outcome },
        }
    }
    outcome.wake = conclusion.wake;
    let meta = &view.run.metadata;
    let target = Target::new(names::ARGO, "AnalysisRun", &meta.namespace, &meta.name);
    context.events_about(&target, &meta.uid, conclusion.events);
    outcome
}

/// Performs what one measurement takes, action by action.
async fn measure(context: &Context, view: &RunView, mut task: Task) -> Report {
    let began = context.clock.now();
    while let Some(action) = task.action() {
        let came = perform(context, action).await;
        task.go_on(view, came, context.clock.now());
    }
    Report { task, began, ended: context.clock.now() }
}

async fn perform(context: &Context, action: &ProviderAction) -> Result<Reply, Box<dyn Error + Send + Sync>> {
    let write = match action {
        ProviderAction::Ask(question) => return Ok(Reply::Answered(context.probe.ask(question).await?)),
        ProviderAction::Create(object) => Write::Create { object: object.clone() },
        ProviderAction::Delete(target, uid) => {
            Write::Delete { target: target.clone(), uid: uid.clone(), expect: None, foreground: true }
        }
    };
    match context.cluster.perform(&write, Mode::Plain).await {
        // Its name holds the run's uid, so the one that is there is ours.
        Err(error) if matches!(write, Write::Create { .. }) && error.already_exists() => Ok(Reply::Done),
        Err(error) => Err(error.into()),
        Ok(_) => Ok(Reply::Done),
    }
}

/// The values of the Secrets that `due` names; those that do not exist are left out.
async fn secrets(
    context: &Context,
    namespace: &str,
    due: &MeasurementPlan,
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
