//! Decides whose turn it is: what changed, what is due, what was refused and may be tried again.
//! It never touches the store; it answers with what it wants done.

use super::names::Names;
use super::pod;
use super::pod::memory::Life;
use super::recorder::Recorder;
use super::rows::{Row, Rows};
use super::task::{Action, Controller, Errand, Key, Options, Seen, Task};
use super::turn::{Refusal, Turn};
use super::{
    budget, claim, daemonset, definition, deployment, endpoints, events, garbage, job, namespace, node,
    replicaset, statefulset, wiring,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Refusals that are only bad luck are tried again this often without waiting.
const FREE_ATTEMPTS: u32 = 5;
/// The longest wait before something refused is tried again, in milliseconds.
const LONGEST_HOLD: i64 = 60_000;

/// The controller manager, the scheduler and the kubelet of the sandbox.
#[derive(Debug)]
pub(crate) struct Actors {
    options: Options,
    rows: Rows,
    names: Names,
    recorder: Recorder,
    lives: BTreeMap<String, Life>,
    dirty: BTreeSet<Task>,
    due: BTreeMap<Task, Timestamp>,
    alarms: BTreeSet<(Timestamp, Task)>,
    refusals: BTreeMap<Task, Refusal>,
}

impl Actors {
    /// Actors that have seen nothing yet; their first errand is to register the sandbox's node.
    #[must_use]
    pub(crate) fn new(options: Options) -> Self {
        let node = Task { controller: Controller::Node, key: Key::new("v1", "Node", "", super::NODE) };
        Self {
            rows: Rows::default(),
            names: Names::new(options.seed),
            recorder: Recorder::default(),
            lives: BTreeMap::new(),
            dirty: BTreeSet::from([node]),
            due: BTreeMap::new(),
            alarms: BTreeSet::new(),
            refusals: BTreeMap::new(),
            options,
        }
    }

    /// Takes note of one committed change. Every change of every kind comes here, in the order of the store.
    pub(crate) fn observe(&mut self, seen: Seen, object: &Value, now: Timestamp) {
        let Some(new) = Row::of(object) else { return };
        let uid = new.uid.clone();
        let (old, new) = match seen {
            Seen::Deleted => (self.rows.remove(&uid).or(Some(new)), None),
            Seen::Added | Seen::Modified => (self.rows.put(new.clone()), Some(new)),
        };
        if let Some(row) = &new
            && row.key.kind == "CustomResourceDefinition"
        {
            self.rows.define(object);
        }
        self.dirty.extend(wiring::concerned(&self.rows, old.as_ref(), new.as_ref()));
        match new {
            Some(row) => pod::note(&mut self.lives, &row, now),
            None => {
                self.lives.remove(&uid);
                self.recorder.forget(&uid);
            }
        }
    }

    /// What to do now, in a fixed order.
    ///
    /// `read` answers with the present state of an object by API version, kind, namespace and name. Perform the
    /// errands in their order, [`Self::observe`] every change they made, and call this again until it asks for
    /// nothing; then wait for a change or for [`Self::wake`].
    pub(crate) fn act(
        &mut self,
        now: Timestamp,
        read: &dyn Fn(&str, &str, &str, &str) -> Option<Value>,
    ) -> Vec<Errand> {
        self.ring(now);
        self.recorder.confirm();
        let mut errands = Vec::new();
        for task in std::mem::take(&mut self.dirty) {
            if self.refusals.get(&task).is_some_and(|r| r.retried) {
                self.refusals.remove(&task);
            }
            let refusal = self.refusals.get(&task).cloned();
            if let Some(refusal) = self.refusals.get_mut(&task) {
                refusal.fresh = false;
            }
            let mut turn = Turn {
                now,
                rows: &self.rows,
                options: &self.options,
                names: &mut self.names,
                recorder: &mut self.recorder,
                lives: &mut self.lives,
                refusal,
                store: read,
                task: &task,
                errands: Vec::new(),
                wake: None,
            };
            take(&mut turn);
            let Turn { errands: mut wanted, mut wake, .. } = turn;
            match self.refusals.get_mut(&task) {
                Some(refusal) if now < refusal.hold => {
                    let creating = refusal.creating;
                    for errand in
                        wanted.extract_if(.., |e| !creating || matches!(e.action, Action::Create { .. }))
                    {
                        self.recorder.deny(&errand.task, &errand.action.key());
                    }
                    wake = Some(wake.map_or(refusal.hold, |w| w.min(refusal.hold)));
                }
                Some(refusal) if !wanted.is_empty() => refusal.retried = true,
                _ => drop(self.refusals.remove(&task)),
            }
            errands.extend(wanted);
            self.set_alarm(task, wake);
        }
        errands.extend(self.recorder.tell(now, read));
        errands
    }

    /// The server refused an errand: it is tried again, later and later. `reason` and `message` are those of the
    /// server's status (`Conflict`, `AlreadyExists`, `NotFound`, `Forbidden`, …).
    pub(crate) fn refused(&mut self, errand: &Errand, reason: &str, message: &str, now: Timestamp) {
        self.recorder.deny(&errand.task, &errand.action.key());
        if errand.task.controller == Controller::Events {
            return; // an Event that cannot be written is lost, as in any cluster
        }
        // Several refusals of one turn are one failed attempt.
        let attempts = self.refusals.get(&errand.task).map_or(1, |r| r.attempts + u32::from(!r.fresh));
        let luck = matches!(reason, "Conflict" | "AlreadyExists" | "NotFound") && attempts <= FREE_ATTEMPTS;
        let wait = if luck { 0 } else { (100_i64 << attempts.min(16)).min(LONGEST_HOLD) };
        let hold = now.checked_add(SignedDuration::from_millis(wait)).unwrap_or(Timestamp::MAX);
        let creating = matches!(errand.action, Action::Create { .. });
        self.refusals.insert(
            errand.task.clone(),
            Refusal {
                attempts,
                hold,
                reason: reason.to_owned(),
                message: message.to_owned(),
                creating,
                fresh: true,
                retried: false,
            },
        );
        self.dirty.insert(errand.task.clone());
    }

    /// The next moment at which there is something to do without any change; none when only a change brings work.
    ///
    /// A moment that has passed means now: something changed since the last [`Self::act`].
    #[must_use]
    pub(crate) fn wake(&self) -> Option<Timestamp> {
        let idle = self.dirty.is_empty() && !self.recorder.is_hoping();
        if idle { self.alarms.first().map(|(at, _)| *at) } else { Some(Timestamp::MIN) }
    }

    /// Moves what is due to the work at hand.
    fn ring(&mut self, now: Timestamp) {
        while let Some((at, task)) = self.alarms.pop_first() {
            if at > now {
                self.alarms.insert((at, task));
                return;
            }
            self.due.remove(&task);
            self.dirty.insert(task);
        }
    }

    fn set_alarm(&mut self, task: Task, wake: Option<Timestamp>) {
        if let Some(before) = self.due.remove(&task) {
            self.alarms.remove(&(before, task.clone()));
        }
        if let Some(at) = wake {
            self.alarms.insert((at, task.clone()));
            self.due.insert(task, at);
        }
    }
}

/// Gives the turn to its controller.
fn take(turn: &mut Turn<'_>) {
    let key = turn.task.key.clone();
    match turn.task.controller {
        Controller::Node => node::register(turn, &key),
        Controller::Namespace => namespace::keep(turn, &key),
        Controller::Garbage => garbage::collect(turn, &key),
        Controller::Deployment => deployment::sync(turn, &key),
        Controller::ReplicaSet => replicaset::sync(turn, &key),
        Controller::StatefulSet => statefulset::sync(turn, &key),
        Controller::DaemonSet => daemonset::sync(turn, &key),
        Controller::Budget => budget::sync(turn, &key),
        Controller::Claim => claim::keep(turn, &key),
        Controller::Definition => definition::clean(turn, &key),
        Controller::Endpoints => endpoints::sync(turn, &key),
        Controller::Job => job::sync(turn, &key),
        Controller::Scheduler => pod::schedule(turn, &key),
        Controller::Kubelet => pod::run(turn, &key),
        Controller::Events => events::keep(turn, &key),
    }
}
