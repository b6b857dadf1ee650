//! Decides nothing by itself: it builds one decision, from the facts, with the status being written and the
//! changes planned so far. It never reaches beyond the facts it was given.

use crate::api::event::{Event, EventReason};
use crate::api::pod_metadata::MetadataPatch;
use crate::api::rollout::RolloutSpec;
use crate::api::status::RolloutStatus;
use crate::api::strategy::{BlueGreen, Canary};
use crate::api::time::Time;
use crate::logic::rollout::decision::Need;
use crate::logic::rollout::intent::Intent;
use crate::logic::rollout::phase::is_fully_promoted;
use crate::logic::rollout::view::{AnalysisRunRow, ReplicaSet, Service, View, of_template};
use jiff::Timestamp;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// One change that will become a write, in the order it was decided.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Op {
    /// Create or patch the ReplicaSet at this index.
    WriteReplicaSet(usize),
    /// Delete the ReplicaSet at this index.
    DeleteReplicaSet(usize),
    /// Point the Service of this name at the hash in the model.
    Service(String),
    /// Create this AnalysisRun.
    CreateAnalysisRun(Value),
    /// Stop the run at this index.
    StopAnalysisRun(usize),
    /// Delete the run at this index.
    DeleteAnalysisRun(usize),
    /// Scale the referred workload.
    ScaleWorkload(i32),
    /// Evict the pod of this name.
    Evict(String),
    /// Change labels and annotations of the pod of this name.
    Relabel(String, MetadataPatch),
}

/// One decision in the making.
#[derive(Debug)]
pub(crate) struct Builder<'v> {
    /// The facts.
    view: &'v View,
    /// The present.
    now: Timestamp,
    /// The status at the beginning of this pass.
    old: RolloutStatus,
    /// The status being written.
    pub(super) status: RolloutStatus,
    /// The ReplicaSets as they will be; the facts' own until one changes.
    replica_sets: Cow<'v, [ReplicaSet]>,
    /// The Services as they will be; the facts' own until one changes.
    services: Cow<'v, BTreeMap<String, Service>>,
    /// The AnalysisRuns as they are.
    analysis_runs: &'v [AnalysisRunRow],
    /// Index of the ReplicaSet of the current template.
    new: Option<usize>,
    /// Index of the ReplicaSet that was promoted last.
    stable: Option<usize>,
    /// Annotations of the Rollout to be set.
    annotations: BTreeMap<String, String>,
    /// Whether `spec.replicas` is to be written, because it is absent.
    writes_replicas: bool,
    /// Changes planned so far.
    ops: Vec<Op>,
    /// Events to emit.
    events: Vec<Event>,
    /// The earliest time to reconcile again.
    wake: Option<Timestamp>,
    /// What is missing.
    needs: Option<Need>,
    /// What this pass wants about pausing and aborting.
    pub(super) intent: Intent,
}

impl<'v> Builder<'v> {
    /// A decision about these facts, with nothing decided.
    #[must_use]
    pub(crate) fn new(view: &'v View, now: Timestamp) -> Self {
        let mut builder = Self {
            view,
            now,
            old: RolloutStatus::default(),
            status: view.rollout.status.clone(),
            replica_sets: Cow::Borrowed(&view.replica_sets),
            services: Cow::Borrowed(&view.services),
            analysis_runs: &view.analysis_runs,
            new: None,
            stable: None,
            annotations: BTreeMap::new(),
            writes_replicas: false,
            ops: Vec::new(),
            events: Vec::new(),
            wake: None,
            needs: None,
            intent: Intent::default(),
        };
        builder.begin_pass();
        builder
    }

    /// Starts over with what the pass before has decided as the present state.
    pub(crate) fn begin_pass(&mut self) {
        self.old = self.status.clone();
        self.intent = Intent::default();
        self.new = of_template(&self.replica_sets, &self.view.pod_hash, &self.view.template_key);
        let stable = &self.old.stable_rs;
        self.stable = self.replica_sets.iter().position(|s| !stable.is_empty() && s.hash == *stable);
        if self.old.abort && is_fully_promoted(&self.old) {
            self.intent.lift_abort(); // there is nothing to go back to (source: rollout/controller.go, `newRolloutContext`)
        }
    }

    /// The facts.
    #[must_use]
    pub(crate) fn view(&self) -> &'v View {
        self.view
    }

    /// The present.
    #[must_use]
    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    /// The status at the beginning of this pass.
    #[must_use]
    pub(crate) fn old(&self) -> &RolloutStatus {
        &self.old
    }

    /// The spec of the Rollout.
    #[must_use]
    pub(crate) fn spec(&self) -> &'v RolloutSpec {
        &self.view.rollout.spec
    }

    /// The canary strategy.
    #[must_use]
    pub(crate) fn canary(&self) -> Option<&'v Canary> {
        self.spec().strategy.canary.as_ref()
    }

    /// The blue-green strategy.
    #[must_use]
    pub(crate) fn blue_green(&self) -> Option<&'v BlueGreen> {
        self.spec().strategy.blue_green.as_ref()
    }

    /// The ReplicaSets as they will be.
    #[must_use]
    pub(crate) fn replica_sets(&self) -> &[ReplicaSet] {
        &self.replica_sets
    }

    /// The ReplicaSet at `index`, as it will be.
    #[must_use]
    pub(crate) fn replica_set(&self, index: usize) -> Option<&ReplicaSet> {
        self.replica_sets.get(index)
    }

    /// The same, to be changed; the facts are copied before the first change.
    pub(crate) fn replica_set_mut(&mut self, index: usize) -> Option<&mut ReplicaSet> {
        self.replica_sets.to_mut().get_mut(index)
    }

    /// Plans to create `replica_set`, which is that of the current template.
    pub(crate) fn add_replica_set(&mut self, replica_set: ReplicaSet) {
        let index = self.replica_sets.len();
        self.replica_sets.to_mut().push(replica_set);
        self.new = Some(index);
        self.plan(Op::WriteReplicaSet(index));
    }

    /// The Services as they will be, by name.
    #[must_use]
    pub(crate) fn services(&self) -> &BTreeMap<String, Service> {
        &self.services
    }

    /// The Service called `name`, to be changed; the facts are copied before the first change.
    pub(crate) fn service_mut(&mut self, name: &str) -> Option<&mut Service> {
        self.services.to_mut().get_mut(name)
    }

    /// The AnalysisRuns as they are.
    #[must_use]
    pub(crate) fn analysis_runs(&self) -> &'v [AnalysisRunRow] {
        self.analysis_runs
    }

    /// Index of the ReplicaSet of the current template.
    #[must_use]
    pub(crate) fn new_index(&self) -> Option<usize> {
        self.new
    }

    /// Index of the ReplicaSet that was promoted last.
    #[must_use]
    pub(crate) fn stable_index(&self) -> Option<usize> {
        self.stable
    }

    /// Reconciles again at `at`, or earlier if something else wants so.
    pub(crate) fn wake_at(&mut self, at: Timestamp) {
        self.wake = Some(self.wake.map_or(at, |w| w.min(at)));
    }

    /// The earliest time to reconcile again.
    #[must_use]
    pub(crate) fn wake(&self) -> Option<Timestamp> {
        self.wake
    }

    /// Says that `need` is missing for a decision.
    pub(crate) fn need(&mut self, need: Need) {
        self.needs = Some(need);
    }

    /// What is missing for a decision.
    #[must_use]
    pub(crate) fn needs(&self) -> Option<Need> {
        self.needs
    }

    /// Annotates the Rollout.
    pub(crate) fn annotate(&mut self, key: &str, value: String) {
        self.annotations.insert(key.to_owned(), value);
    }

    /// Annotations of the Rollout to be set.
    #[must_use]
    pub(crate) fn annotations(&self) -> &BTreeMap<String, String> {
        &self.annotations
    }

    /// Plans to write `spec.replicas`, because it is absent.
    pub(crate) fn write_replicas(&mut self) {
        self.writes_replicas = true;
    }

    /// Whether `spec.replicas` is to be written.
    #[must_use]
    pub(crate) fn writes_replicas(&self) -> bool {
        self.writes_replicas
    }

    /// The changes planned so far.
    #[must_use]
    pub(crate) fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// Takes the planned changes.
    pub(crate) fn take_ops(&mut self) -> Vec<Op> {
        std::mem::take(&mut self.ops)
    }

    /// The events to emit.
    #[must_use]
    pub(crate) fn events(&self) -> &[Event] {
        &self.events
    }

    /// Takes the events to emit.
    pub(crate) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// The present as the wire has it.
    #[must_use]
    pub(crate) fn time(&self) -> Time {
        Time::of(self.now)
    }

    /// Plans a change; an earlier one of the same object moves to the end. An object that is left as it is gets none.
    pub(crate) fn plan(&mut self, op: Op) {
        if self.passes_over(&op) {
            return;
        }
        self.ops.retain(|o| *o != op);
        self.ops.push(op);
    }

    /// Emits a normal event once all writes are made.
    pub(crate) fn event(&mut self, reason: EventReason, message: String) {
        self.events.push(Event::normal(reason.as_str(), message));
    }

    /// Emits a warning once all writes are made.
    pub(crate) fn warn(&mut self, reason: EventReason, message: String) {
        self.events.push(Event::warning(reason.as_str(), message));
    }
}
