//! Decides how one AnalysisRun is reconciled: begin what is due, take up what was measured, write what it amounts to.
//! The questions and the judgement are `logic::analysis`; this never judges, and never waits for a provider.

use crate::api::analysis::SecretKeyRef;
use crate::api::names;
use crate::api::object_name::ObjectName;
use crate::api::write::{Target, Write};
use crate::engine::context::Context;
use crate::engine::controllers::asking::{Ask, Asking, MetricOfRun};
use crate::engine::controllers::outcome::Outcome;
use crate::engine::index::Index;
use crate::logic::analysis::due;
use crate::logic::analysis::providers::provider::{ProviderAction, Reply};
use crate::logic::analysis::run::{MeasurementPlan, conclude, plan};
use crate::logic::analysis::task::{Report, Task};
use crate::logic::analysis::view::RunView;
use crate::world::cluster::{ClusterError, Mode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::FutureExt;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::sync::Arc;
use tokio::time::Instant;

/// Reconciles the AnalysisRun at `name`; none when there is nothing to measure.
pub(super) fn start(
    context: &Context,
    index: &Index,
    asking: &mut Asking,
    name: &ObjectName,
) -> Option<impl Future<Output = Outcome> + Send + 'static + use<>> {
    let Some(run) = index.run(name) else {
        asking.forget(name);
        return None;
    };
    if run.status.phase().is_completed() || run.metadata.deletion_timestamp.is_some() {
        asking.forget(name);
    }
    let mut reports = asking.take(name, &run.metadata.uid);
    reports.retain(|report| !due::is_ended(&run, report.task.name())); // another metric has ended the run meanwhile
    let jobs = index.jobs_of(&run.metadata.uid);
    let view = RunView { run, jobs, asked: asking.open(name), ..RunView::default() };
    let (context, name) = (context.clone(), name.clone());
    Some(async move {
        let began = Instant::now();
        let outcome = reconcile(&context, view, reports).await;
        let failed = outcome.error.as_ref().is_some_and(|e| !e.is_conflict());
        context.metrics.reconciled_run(&name, began.elapsed(), failed);
        outcome
    })
}

async fn reconcile(context: &Context, mut view: RunView, mut reports: Vec<Report>) -> Outcome {
    let mut outcome = Outcome::default();
    view.defaults.clone_from(&context.providers);
    // What was measured is written first, whatever is due now: it may need Secrets that cannot be read.
    let has_reports = !reports.is_empty();
    let mut due = if has_reports { MeasurementPlan::default() } else { plan(&view, context.clock.now()) };
    if !due.secrets.is_empty() {
        match secrets(context, &view.run.metadata.namespace, &due).await {
            Ok((found, absent)) => (view.secrets, view.absent_secrets) = (found, absent),
            Err(error) => return Outcome::failed(error),
        }
        view.secrets_read = true;
        due = plan(&view, context.clock.now());
    }
    let mut asks = Vec::new();
    for mut task in due.tasks {
        let began = context.clock.now();
        while let Some(action) = task.action().filter(|action| !action.asks()) {
            let came = perform(context, action, &mut outcome).await;
            task.go_on(&view, came, context.clock.now());
        }
        match task.action() {
            None => reports.push(Report::new(task, &view, began, context.clock.now())),
            Some(_) => asks.push(task),
        }
    }
    view.asked.extend(asks.iter().map(|task| task.name().to_owned()));
    let conclusion = conclude(&view, reports, context.clock.now());
    for write in &conclusion.writes {
        match context.cluster.perform_as(write, Mode::Plain).await {
            Ok(answer) => outcome.add(write, answer),
            Err(error) => return Outcome { error: Some(error), ..outcome },
        }
    }
    for write in &conclusion.garbage {
        match context.cluster.perform_as(write, Mode::Plain).await {
            Ok(answer) => outcome.add(write, answer),
            // It is tried again at the next measurement.
            Err(error) => tracing::warn!(%error, code = error.code(), "what an old measurement left stays"),
        }
    }
    outcome.wake = conclusion.wake;
    let meta = &view.run.metadata;
    let target = Target::new(names::ARGO, "AnalysisRun", &meta.namespace, &meta.name);
    context.events_about(&target, &meta.uid, conclusion.events);
    if !conclusion.is_over {
        let view = Arc::new(view);
        outcome.asks = asks.into_iter().map(|task| ask(context, &view, task)).collect();
    }
    outcome
}

/// The measurement that `task` is, to be taken beside the reconciles.
fn ask(context: &Context, view: &Arc<RunView>, task: Task) -> Ask {
    let meta = &view.run.metadata;
    let run = ObjectName::new(&*meta.namespace, &*meta.name);
    let metric = MetricOfRun { run, uid: meta.uid.clone(), name: task.name().to_owned() };
    let (context, view) = (context.clone(), Arc::clone(view));
    Ask { metric, report: async move { measure(&context, &view, task).await }.boxed() }
}

/// Performs what one measurement takes, action by action.
async fn measure(context: &Context, view: &RunView, mut task: Task) -> Report {
    let began = context.clock.now();
    let mut outcome = Outcome::default(); // the watches tell of it, too
    while let Some(action) = task.action() {
        let came = perform(context, action, &mut outcome).await;
        task.go_on(view, came, context.clock.now());
    }
    Report::new(task, view, began, context.clock.now())
}

async fn perform(
    context: &Context,
    action: &ProviderAction,
    outcome: &mut Outcome,
) -> Result<Reply, Box<dyn Error + Send + Sync>> {
    let write = match action {
        ProviderAction::Read(target) => return Ok(Reply::Found(context.cluster.get(target).await?)),
        ProviderAction::Ask(question) => {
            return Ok(Reply::Answered(context.probe.ask(question, &context.rooms).await?));
        }
        ProviderAction::Create(object) => Write::Create { object: object.clone() },
        ProviderAction::Delete(target, uid) => {
            Write::Delete { target: target.clone(), uid: uid.clone(), expect: None, foreground: true }
        }
    };
    match context.cluster.perform_as(&write, Mode::Plain).await {
        // Its name holds the run's uid, so the one that is there is ours.
        Err(error) if matches!(write, Write::Create { .. }) && error.already_exists() => {}
        Err(error) => return Err(error.into()),
        Ok(answer) => outcome.add(&write, answer),
    }
    Ok(Reply::Done)
}

/// The values of the Secrets that `due` names, those that do not exist left out, and the names of Secrets that do not.
async fn secrets(
    context: &Context,
    namespace: &str,
    due: &MeasurementPlan,
) -> Result<(BTreeMap<SecretKeyRef, String>, BTreeSet<String>), ClusterError> {
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
    let absent = read.into_iter().filter(|(_, secret)| secret.is_none()).map(|(name, _)| name.to_owned());
    Ok((found, absent.collect()))
}
