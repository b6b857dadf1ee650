//! Decides what becomes of an update while the cluster denies a write to one of its objects: that object is left as it is,
//! everything else is done, and the update does not advance. It never decides when the write is tried again.

use crate::api::event::{Event, EventReason};
use crate::api::write::{Patch, Write};
use crate::logic::rollout::builder::{Builder, Op};
use crate::logic::rollout::decide::decide;
use crate::logic::rollout::decision::Decision;
use crate::logic::rollout::view::{Aim, Denied, View};
use jiff::Timestamp;
use serde_json::Value;

impl Denied {
    /// What is remembered of `write`, which the cluster denies because of `why`; none of a write that nothing can be
    /// decided without.
    #[must_use]
    pub(crate) fn of(view: &View, write: &Write, why: &str) -> Option<Self> {
        let (target, aim) = (write.target(), aim(write)?);
        let present =
            view.replica_sets.iter().find(|s| target.kind == "ReplicaSet" && s.meta.name == target.name);
        let wanted = match &aim {
            Aim::Spec(spec) => spec.get("replicas").and_then(Value::as_i64),
            Aim::Create | Aim::Delete | Aim::Status | Aim::Read => None,
        };
        let grows = present.zip(wanted).is_some_and(|(present, wanted)| wanted > i64::from(present.replicas));
        let (kind, name, why) = (target.kind, target.name, why.to_owned());
        Some(Self { kind, name, aim, grows, why, is_early: false, waits: false })
    }

    /// What is remembered of pods that the cluster does not let us read because of `why`.
    #[must_use]
    pub(crate) fn of_reading_pods(why: &str) -> Self {
        let (kind, name, why) = ("Pod".to_owned(), String::new(), why.to_owned());
        Self { kind, name, aim: Aim::Read, grows: false, why, is_early: true, waits: false }
    }

    /// Whether `write` is the same once more.
    #[must_use]
    pub(crate) fn is_of(&self, write: &Write) -> bool {
        let target = write.target();
        target.kind == self.kind && target.name == self.name && aim(write).as_ref() == Some(&self.aim)
    }

    /// Whether both are about the same object, or about the same status.
    #[must_use]
    pub(crate) fn is_about_the_same(&self, other: &Self) -> bool {
        let is_status = |denied: &Self| denied.aim == Aim::Status;
        self.kind == other.kind && self.name == other.name && is_status(self) == is_status(other)
    }

    /// Whether one is tried again no sooner than the other: pods are written alike, and who denies one may deny all.
    #[must_use]
    pub(crate) fn waits_with(&self, other: &Self) -> bool {
        self.is_about_the_same(other) || (self.is_of_a_pod() && other.is_of_a_pod())
    }

    /// Whether it is about a pod.
    #[must_use]
    pub(crate) fn is_of_a_pod(&self) -> bool {
        self.kind == "Pod"
    }

    /// What people read.
    #[must_use]
    pub(crate) fn message(&self) -> String {
        let Self { kind, name, why, .. } = self;
        match self.aim {
            Aim::Create => format!("Failed to create {kind} \"{name}\": {why}"),
            Aim::Delete => format!("Failed to delete {kind} \"{name}\": {why}"),
            Aim::Spec(_) => format!("Failed to update {kind} \"{name}\": {why}"),
            Aim::Status => format!("Failed to update the status of {kind} \"{name}\": {why}"),
            Aim::Read => format!("Failed to read every {kind}: {why}"),
        }
    }
}

/// What `write` is for; none of what nothing can be decided without, such as the ReplicaSet of a template.
fn aim(write: &Write) -> Option<Aim> {
    match write {
        Write::Create { .. } => (write.target().kind == "AnalysisRun").then_some(Aim::Create),
        Write::Delete { .. } => Some(Aim::Delete),
        Write::Patch { subresource: "status", .. } => Some(Aim::Status),
        Write::Patch { patch: Patch::Merge(body), .. } => {
            Some(Aim::Spec(body.get("spec").cloned().unwrap_or_default()))
        }
        Write::Patch { .. } | Write::Evict { .. } => None,
    }
}

/// Decides, and then again without each write that was denied and that it is too early to try again: another one to the
/// same object is no such. What waits by that is noted in `view`; pods wait without being read for it.
#[must_use]
pub(crate) fn decide_without(view: &mut View, now: Timestamp) -> Decision {
    view.denied.iter_mut().filter(|d| d.is_early && d.is_of_a_pod()).for_each(|d| d.waits = true);
    let mut decision = decide(view, now);
    loop {
        let mut is_found = false;
        for denied in view.denied.iter_mut().filter(|d| d.is_early && !d.waits) {
            denied.waits = decision.writes.iter().any(|write| denied.is_of(write));
            is_found |= denied.waits;
        }
        if !is_found {
            break;
        }
        decision = decide(view, now);
    }
    if let Some(denied) = view.denied.iter_mut().find(|d| d.is_early && d.aim == Aim::Status) {
        denied.waits = true;
        (decision.status, decision.events) = (None, Vec::new());
    }
    decision
}

/// What is told of a write that has just been denied where the status cannot tell it, because it is not taken; once.
#[must_use]
pub(crate) fn told(view: &View, denied: &Denied) -> Option<Event> {
    let is_known = view.denied.iter().any(|known| known.aim == Aim::Status);
    let is_told_here = denied.aim == Aim::Status && !is_known;
    is_told_here.then(|| Event::warning(EventReason::ReconciliationError.as_str(), denied.message()))
}

impl Builder<'_> {
    /// Whether the object is left as it is for now.
    #[must_use]
    pub(crate) fn leaves_alone(&self, kind: &str, name: &str) -> bool {
        let is_it = |d: &Denied| d.waits && d.aim != Aim::Status && d.kind == kind && d.name == name;
        self.view().denied.iter().any(is_it)
    }

    /// The same of the ReplicaSet at `index`.
    #[must_use]
    pub(crate) fn leaves_replica_set_alone(&self, index: usize) -> bool {
        self.replica_set(index).is_some_and(|s| self.leaves_alone("ReplicaSet", &s.meta.name))
    }

    /// Whether what `op` is about is left as it is for now.
    #[must_use]
    pub(crate) fn passes_over(&self, op: &Op) -> bool {
        let run = |index: usize| self.analysis_runs().get(index).map_or("", |r| r.meta.name.as_str());
        match op {
            Op::WriteReplicaSet(index) | Op::DeleteReplicaSet(index) => self.leaves_replica_set_alone(*index),
            Op::Service(name) => self.leaves_alone("Service", name),
            Op::CreateAnalysisRun(_) | Op::Evict(_) => false,
            Op::Relabel(name, _) => self.leaves_alone("Pod", name),
            Op::StopAnalysisRun(index) | Op::DeleteAnalysisRun(index) => {
                self.leaves_alone("AnalysisRun", run(*index))
            }
            Op::ScaleWorkload(_) => {
                let reference = self.spec().workload_ref.as_ref();
                reference.is_some_and(|r| self.leaves_alone(&r.kind, &r.name))
            }
        }
    }

    /// Whether the update may go on to its next step or to the switch as far as denied writes go: not while one is
    /// missing to what carries it, the object called `except` aside. A person who wants it promoted wants it so anyway.
    #[must_use]
    pub(crate) fn may_advance(&self, except: &str) -> bool {
        let hinders = |d: &Denied| {
            let is_needed = self.carries(d) || d.kind == "AnalysisRun" && d.aim == Aim::Create;
            d.waits && d.name != except && is_needed
        };
        self.is_at_stable() || self.old().promote_full || !self.view().denied.iter().any(hinders)
    }

    /// Whether what is measured now would be what the analysis is about.
    #[must_use]
    pub(crate) fn may_measure(&self) -> bool {
        self.old().promote_full || !self.view().denied.iter().any(|d| d.waits && self.carries(d))
    }

    /// Whether a denied write is one to what carries the update: its two ReplicaSets and its Services.
    fn carries(&self, denied: &Denied) -> bool {
        let mut two = [self.new_replica_set(), self.stable_replica_set()].into_iter().flatten();
        match denied.kind.as_str() {
            "Service" => true,
            "ReplicaSet" => two.any(|s| s.meta.name == denied.name),
            _ => false,
        }
    }

    /// Whether the ReplicaSet at `index` keeps its pods: it is the stable one, and the new one may not grow in its place.
    #[must_use]
    pub(crate) fn keeps_its_pods(&self, index: usize) -> bool {
        let is_stable = Some(index) == self.stable_index() && Some(index) != self.new_index();
        let of_new = |d: &Denied| d.grows && self.new_replica_set().is_some_and(|s| s.meta.name == d.name);
        is_stable && !self.is_aborted() && self.view().denied.iter().any(of_new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::names;
    use crate::api::write::Target;
    use crate::logic::rollout::view::ReplicaSet;
    use serde_json::json;
    use std::sync::Arc;

    fn patch(name: &str, body: Value) -> Write {
        let target = Target::new("apps/v1", "ReplicaSet", "shop", name);
        Write::Patch { target, subresource: "", patch: Patch::Merge(body), expect: None }
    }

    /// An update from `a` with three pods to `b` with one, both annotated with the size of the Rollout.
    fn view() -> View {
        let set = |hash: &str, replicas: i32| {
            let mut set = ReplicaSet { hash: hash.to_owned(), replicas, ..ReplicaSet::default() };
            set.meta.name = format!("web-{hash}");
            set.meta.annotations.insert(names::DESIRED_REPLICAS.to_owned(), "4".to_owned());
            set
        };
        let rollout = json!({"metadata": {"name": "web"}, "spec": {"replicas": 4, "strategy": {"canary": {}}},
            "status": {"stableRS": "a", "currentPodHash": "b"}});
        View {
            rollout: serde_json::from_value(rollout).unwrap(),
            pod_hash: "b".to_owned(),
            replica_sets: vec![set("a", 3), set("b", 1)],
            ..View::default()
        }
    }

    #[test]
    fn the_same_write_again_is_known_whatever_its_annotations_say() {
        let view = view();
        let grow = |at: &str| {
            patch("web-b", json!({"metadata": {"annotations": {"at": at}}, "spec": {"replicas": 2}}))
        };
        let denied = Denied::of(&view, &grow("1"), "frozen").unwrap();
        assert!(denied.grows && denied.is_of(&grow("2")));
        assert!(!denied.is_of(&patch("web-b", json!({"spec": {"replicas": 0}}))), "an abort is another aim");
        assert!(!denied.is_of(&patch("web-a", json!({"spec": {"replicas": 2}}))));
        assert_eq!(denied.message(), "Failed to update ReplicaSet \"web-b\": frozen");
        let shrinks = Denied::of(&view, &patch("web-a", json!({"spec": {"replicas": 2}})), "").unwrap();
        assert!(!shrinks.grows);
    }

    #[test]
    fn the_stable_pods_stay_while_the_new_ones_may_not_grow_unless_the_update_is_aborted() {
        let mut view = view();
        view.denied.extend(Denied::of(&view, &patch("web-b", json!({"spec": {"replicas": 2}})), "frozen"));
        let scaled = |view: &View, index: usize, to: i32| {
            Builder::new(view, jiff::Timestamp::UNIX_EPOCH).scale(index, to)
        };
        assert!(!scaled(&view, 0, 2), "the stable pods stay");
        assert!(
            scaled(&view, 0, 4) && scaled(&view, 1, 2),
            "they may become more, and the new ones are tried"
        );
        view.denied[0].waits = true;
        assert!(!scaled(&view, 1, 2), "until then the new ones are left alone");
        Arc::make_mut(&mut view.rollout).status.abort = true;
        assert!(scaled(&view, 0, 2));
    }

    #[test]
    fn an_update_does_not_advance_without_what_carries_it_unless_a_person_wants_it_so() {
        let mut view = view();
        let waiting = |denied: Option<Denied>| denied.map(|d| Denied { waits: true, ..d });
        let advances =
            |view: &View, except: &str| Builder::new(view, jiff::Timestamp::UNIX_EPOCH).may_advance(except);
        let service = Target::new("v1", "Service", "shop", "web");
        let write = |target: Target, body: Value| Write::Patch {
            target,
            subresource: "",
            patch: Patch::Merge(body),
            expect: None,
        };
        view.denied.extend(waiting(Denied::of(
            &view,
            &patch("web-old", json!({"spec": {"replicas": 0}})),
            "",
        )));
        let own = Target::new(names::ARGO, "Rollout", "shop", "web");
        view.denied.extend(waiting(Denied::of(&view, &write(own, json!({"metadata": {}})), "")));
        assert!(advances(&view, ""), "what an older revision keeps, and a note, are in nobody's way");
        view.denied.extend(waiting(Denied::of(
            &view,
            &write(service, json!({"spec": {"selector": {}}})),
            "",
        )));
        assert!(!advances(&view, "") && advances(&view, "web"));
        Arc::make_mut(&mut view.rollout).status.promote_full = true;
        assert!(advances(&view, ""));
    }
}
