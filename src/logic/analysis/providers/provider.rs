//! Decides what a metric provider is to us: what it checks, how it starts, resumes, stops and reads.
//! It never knows one by name.
//!
//! # Flow
//! A measurement begins with [`Provider::start`]. What it says is next is either an [`ProviderAction`], whose reply
//! goes to [`Provider::read`], which may again name an action (a token, then the query; one page after the other), or
//! [`Next::Rest`]: the measurement is as it is. If its phase is not a completed one, it is under way; a later pass goes
//! on from its metadata with [`Provider::resume`], or with [`Provider::stop`] when the run ends early. It is reconciled
//! again when something happens to the run or its objects, and at `resume_at` if the provider sets it.
//!
//! # Caveats
//! The metadata of a measurement is shown in the status and survives a restart of the controller; what must not be
//! shown (a token) goes into the memo, which lives from one action to the next only.

use crate::api::analysis::Metric;
use crate::api::provider::lenient;
use crate::api::run::{Measurement, MetricResult};
use crate::api::sample::{Answer, Question};
use crate::api::write::{Target, Write};
use crate::logic::analysis::error::AnalysisError;
use crate::logic::analysis::view::RunView;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;

/// A kind of metric provider.
pub struct Provider {
    /// Its word under `provider`.
    pub word: &'static str,
    /// Facts that the metric's result keeps, from settings without values of Secrets.
    pub metadata: fn(&Value) -> BTreeMap<String, String>,
    /// The first setting that Argo Rollouts acts on and we do not, as a path below the word. A metric with one is refused
    /// before it is ever measured.
    pub unsupported: fn(&Value) -> Option<&'static str>,
    /// Checks the settings before each start, resume and stop.
    pub validate: fn(&MetricContext<'_>) -> Result<(), AnalysisError>,
    /// Begins a measurement.
    pub start: Begin,
    /// Goes on with a measurement that is under way.
    pub resume: Begin,
    /// Ends a measurement that is under way, as the run ends early.
    pub stop: Begin,
    /// Deletes objects of a metric's measurements that its result keeps no more.
    pub(crate) garbage: fn(&RunView, &MetricResult) -> Vec<Write>,
    /// Reads the reply to an action.
    pub read: fn(&MetricContext<'_>, &mut Measurement, Received<'_>) -> Result<Next, AnalysisError>,
}

/// What begins or goes on with a measurement, and says what is next.
pub type Begin = fn(&MetricContext<'_>, &mut Measurement) -> Result<Next, AnalysisError>;

/// What a provider knows of the metric.
pub struct MetricContext<'a> {
    /// The metric with its arguments put in; values from Secrets are stand-ins, so all of it may be shown.
    pub metric: &'a Metric,
    /// Its settings, with the values from Secrets put in.
    pub settings: &'a Value,
    /// The run and all that is known of it.
    pub view: &'a RunView,
    /// The present moment.
    pub now: Timestamp,
}

impl MetricContext<'_> {
    /// The settings as they may be shown: with stand-ins for the values from Secrets.
    #[must_use]
    pub fn shown<T: DeserializeOwned + Default>(&self) -> T {
        self.metric.provider.named().map(|(_, settings)| lenient::settings(settings)).unwrap_or_default()
    }
}

/// What is to be done for a measurement.
#[derive(Clone)]
pub enum ProviderAction {
    /// Ask over HTTP.
    Ask(Question),
    /// Create an object; one that is there already is as good, so its name must be the run's own.
    Create(Value),
    /// Delete an object of this uid, or of any when it is empty, after what it owns; one that is gone is as good.
    Delete(Target, String),
    /// Read an object.
    Read(Target),
}

impl ProviderAction {
    /// Whether somebody else than the cluster is asked, who may take their time.
    #[must_use]
    pub fn asks(&self) -> bool {
        matches!(self, Self::Ask(_))
    }
}

/// What came of an action.
pub enum Reply {
    /// The answer to a question.
    Answered(Answer),
    /// The object was created or deleted.
    Done,
    /// The object, if there is one.
    Found(Option<Value>),
}

/// A reply with what it replies to.
pub struct Received<'a> {
    /// The action.
    pub action: &'a ProviderAction,
    /// What the provider remembered for itself when it named the action.
    pub memo: Value,
    /// What came of it.
    pub reply: Reply,
}

/// What is next for a measurement.
pub enum Next {
    /// Do this, then read the reply. The memo is handed back with it.
    Do(ProviderAction, Value),
    /// Nothing: the measurement is finished, or waits.
    Rest,
}

impl Next {
    /// Do this, with nothing to remember.
    #[must_use]
    pub fn act(action: ProviderAction) -> Self {
        Self::Do(action, Value::Null)
    }
}
