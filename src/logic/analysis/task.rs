//! Decides how one measurement goes from its first action to its end, whichever its provider.
//! It never performs an action, and never knows a provider by name.

use crate::api::analysis::Metric;
use crate::api::provider::MetricProvider;
use crate::api::run::{Measurement, Phase};
use crate::base::go_text::quote;
use crate::logic::analysis::error::AnalysisError;
use crate::logic::analysis::providers::provider::{
    MetricContext, Next, Provider, ProviderAction, Received, Reply,
};
use crate::logic::analysis::view::RunView;
use crate::logic::analysis::{args, due, metrics, providers};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use std::error::Error;

/// Actions that one measurement takes at most in one pass.
const MOST_ACTIONS: u32 = 20;

/// One measurement that is being taken. It may hold values from Secrets, so it cannot be printed.
#[derive(Clone)]
pub(crate) struct Task {
    provider: Option<&'static Provider>,
    /// The metric as it may be shown.
    metric: Metric,
    /// What the provider is asked with.
    asked: MetricProvider,
    measurement: Measurement,
    action: Option<ProviderAction>,
    memo: Value,
    actions: u32,
}

/// A task that was carried out, with when it was begun and ended.
pub(crate) struct Report {
    /// The task.
    pub(crate) task: Task,
    /// When it was begun.
    pub(crate) began: Timestamp,
    /// When it was ended.
    pub(crate) ended: Timestamp,
}

impl Report {
    /// The report on `task`, with the values from Secrets blacked out.
    #[must_use]
    pub(crate) fn new(mut task: Task, view: &RunView, began: Timestamp, ended: Timestamp) -> Self {
        let measurement = &mut task.measurement;
        for secret in secrets(view) {
            measurement.message = measurement.message.replace(&secret, "*****");
            measurement.value = measurement.value.replace(&secret, "*****");
        }
        Self { task, began, ended }
    }
}

/// The values from Secrets, and how they look in quotes; the longest first, as one may be part of another.
fn secrets(view: &RunView) -> Vec<String> {
    let quoted = |secret: &String| {
        let text = quote(secret);
        text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or_default().to_owned()
    };
    let mut all: Vec<String> = view.secrets.values().flat_map(|s| [s.clone(), quoted(s)]).collect();
    all.retain(|secret| !secret.is_empty());
    all.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    all
}

/// Begins a measurement of `metric`, whose arguments are put in, or goes on with the one that is under way.
#[must_use]
pub(crate) fn begin(view: &RunView, metric: &Metric, terminating: bool, now: Timestamp) -> Task {
    Task::with(providers::of(&metric.provider), view, metric, terminating, now)
}

impl Task {
    /// [`begin`] with this provider, whatever the metric names.
    pub(super) fn with(
        provider: Option<&'static Provider>,
        view: &RunView,
        metric: &Metric,
        terminating: bool,
        now: Timestamp,
    ) -> Self {
        let open = due::under_way(&view.run, &metric.name);
        let mut task = Self {
            provider,
            metric: metric.clone(),
            asked: metric.provider.clone(),
            measurement: open.cloned().unwrap_or_default(),
            action: None,
            memo: Value::Null,
            actions: 0,
        };
        let next = task.first(view, open.is_some(), terminating, now);
        task.take(next);
        task
    }

    fn first(
        &mut self,
        view: &RunView,
        is_open: bool,
        terminating: bool,
        now: Timestamp,
    ) -> Result<Next, AnalysisError> {
        self.asked = with_secrets(view, &self.metric)?;
        let provider = self.provider.ok_or_else(|| providers::unknown(&self.metric.provider))?;
        let context = context(&self.metric, &self.asked, view, now);
        (provider.validate)(&context)?;
        let begin = match (is_open, terminating) {
            (false, _) => provider.start,
            (true, false) => provider.resume,
            (true, true) => provider.stop,
        };
        begin(&context, &mut self.measurement)
    }

    /// What is to be done next; none when nothing is, and the task is to be reported.
    #[must_use]
    pub(crate) fn action(&self) -> Option<&ProviderAction> {
        self.action.as_ref()
    }

    /// Goes on with what came of the action, or with why it could not be performed.
    pub(crate) fn go_on(
        &mut self,
        view: &RunView,
        came: Result<Reply, Box<dyn Error + Send + Sync>>,
        now: Timestamp,
    ) {
        let (Some(action), Some(provider)) = (self.action.take(), self.provider) else { return };
        let memo = std::mem::take(&mut self.memo);
        let next = came.map_err(AnalysisError::Undone).and_then(|reply| {
            let context = context(&self.metric, &self.asked, view, now);
            (provider.read)(&context, &mut self.measurement, Received { action: &action, memo, reply })
        });
        self.take(next);
    }

    fn take(&mut self, next: Result<Next, AnalysisError>) {
        match next {
            Ok(Next::Rest) => {}
            Ok(Next::Do(action, memo)) if self.actions < MOST_ACTIONS => {
                self.actions += 1;
                (self.action, self.memo) = (Some(action), memo);
            }
            Ok(Next::Do(..)) => self.fail(&AnalysisError::TooManyQuestions(MOST_ACTIONS)),
            Err(why) => self.fail(&why),
        }
    }

    fn fail(&mut self, why: &AnalysisError) {
        self.measurement.phase = Phase::Error;
        self.measurement.message = why.to_string();
    }

    /// Name of the metric.
    #[must_use]
    pub(crate) fn name(&self) -> &str {
        &self.metric.name
    }

    /// Facts about the metric that its result keeps: what was asked, with the arguments put in but those from Secrets.
    #[must_use]
    pub(crate) fn metadata(&self) -> BTreeMap<String, String> {
        let shown = self.provider.zip(self.metric.provider.named());
        shown.map(|(provider, (_, settings))| (provider.metadata)(settings)).unwrap_or_default()
    }

    /// The measurement as it is now.
    #[must_use]
    pub(crate) fn into_measurement(self) -> Measurement {
        self.measurement
    }
}

fn context<'a>(
    metric: &'a Metric,
    asked: &'a MetricProvider,
    view: &'a RunView,
    now: Timestamp,
) -> MetricContext<'a> {
    let settings = asked.named().map_or(&Value::Null, |(_, settings)| settings);
    MetricContext { metric, settings, view, now }
}

/// The provider of `metric` as it is asked, with the values from Secrets put in.
fn with_secrets(view: &RunView, metric: &Metric) -> Result<MetricProvider, AnalysisError> {
    if view.secrets.is_empty() {
        return Ok(metric.provider.clone());
    }
    let run = &view.run;
    let at = metrics::resolved(run)?.iter().position(|m| m.name == metric.name);
    let original = at.and_then(|at| run.spec.metrics.get(at)).unwrap_or(metric);
    Ok(args::resolve(original, &run.spec.args, &view.secret_values())?.provider)
}
