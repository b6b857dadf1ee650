//! Decides what a controller can see and ask for while it is its turn.
//! It never decides whose turn it is.

use super::names::Names;
use super::object::uid;
use super::pod::memory::Life;
use super::recorder::{Note, Recorder, Regarding, Tone};
use super::rows::Rows;
use super::task::{Action, Controller, Errand, Key, Options, Task};
use crate::propagation::Propagation;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

/// Why the last thing a task asked for was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// How often in a row.
    pub attempts: u32,
    /// Nothing is asked again before this moment.
    pub hold: Timestamp,
    /// The `reason` of the server's status, such as `Forbidden`.
    pub reason: String,
    /// The server's message.
    pub message: String,
    /// Whether a new object was refused, and not a change of an old one.
    pub creating: bool,
    /// Whether the task has not had a turn since.
    pub fresh: bool,
    /// Whether it was tried again, and nothing is known against it yet.
    pub retried: bool,
}

/// One turn of one controller.
pub(super) struct Turn<'a> {
    pub now: Timestamp,
    pub rows: &'a Rows,
    pub options: &'a Options,
    pub names: &'a mut Names,
    pub recorder: &'a mut Recorder,
    /// What the kubelet remembers of its pods, by uid.
    pub lives: &'a mut BTreeMap<String, Life>,
    /// The refusal this task still has to get over.
    pub refusal: Option<Refusal>,
    pub(super) store: &'a dyn Fn(&str, &str, &str, &str) -> Option<Value>,
    pub(super) task: &'a Task,
    pub(super) errands: Vec<Errand>,
    pub(super) wake: Option<Timestamp>,
}

impl Turn<'_> {
    /// The present state of an object.
    pub(super) fn read(&self, key: &Key) -> Option<Value> {
        (self.store)(&key.api_version, &key.kind, &key.namespace, &key.name)
    }

    fn ask(&mut self, action: Action) {
        self.errands.push(Errand { task: self.task.clone(), action });
    }

    pub(super) fn create(&mut self, object: Value) {
        self.ask(Action::Create { object });
    }

    pub(super) fn update(&mut self, object: Value) {
        self.ask(Action::Update { object });
    }

    pub(super) fn update_status(&mut self, object: Value) {
        self.ask(Action::UpdateStatus { object });
    }

    pub(super) fn finalize(&mut self, object: Value) {
        self.ask(Action::Finalize { object });
    }

    pub(super) fn bind(&mut self, pod: &Value, node: &str) {
        self.ask(Action::Bind { key: Key::of(pod), uid: uid(pod).to_owned(), node: node.to_owned() });
    }

    pub(super) fn delete(&mut self, key: &Key, uid: &str, propagation: Propagation, grace: Option<u32>) {
        self.ask(Action::Delete { key: key.clone(), uid: uid.to_owned(), propagation, grace });
    }

    /// Makes sure of a turn at `at` or before.
    pub(super) fn wake_at(&mut self, at: Timestamp) {
        self.wake = Some(self.wake.map_or(at, |w| w.min(at)));
    }

    /// Whether the last refusal still forbids asking again.
    pub(super) fn held(&self) -> bool {
        self.refusal.as_ref().is_some_and(|r| self.now < r.hold)
    }

    /// Tells users about `regarding`, unless the errand that was asked for last is refused.
    pub(super) fn event(&mut self, regarding: Regarding, tone: Tone, reason: &'static str, message: String) {
        if self.options.events {
            let from = component(self.task.controller);
            let after = self.errands.last().map(|e| (e.task.clone(), e.action.key()));
            self.recorder.note(Note { regarding, from, tone, reason, message, after }, self.now);
        }
    }

    /// Tells users good news about an object.
    pub(super) fn normal(&mut self, object: &Value, reason: &'static str, message: String) {
        self.event(Regarding::object(object), Tone::Normal, reason, message);
    }

    /// Tells users bad news about an object.
    pub(super) fn warning(&mut self, object: &Value, reason: &'static str, message: String) {
        self.event(Regarding::object(object), Tone::Warning, reason, message);
    }
}

/// The name under which a cluster's component writes its Events.
fn component(controller: Controller) -> &'static str {
    match controller {
        Controller::Deployment => "deployment-controller",
        Controller::ReplicaSet => "replicaset-controller",
        Controller::StatefulSet => "statefulset-controller",
        Controller::DaemonSet => "daemonset-controller",
        Controller::Job => "job-controller",
        Controller::Scheduler => "default-scheduler",
        Controller::Kubelet | Controller::Node => "kubelet",
        Controller::Endpoints => "endpoint-slice-controller",
        Controller::Garbage => "garbage-collector-controller",
        Controller::Budget => "controllermanager",
        Controller::Namespace | Controller::Claim | Controller::Definition | Controller::Events => {
            "kube-controller-manager"
        }
    }
}
