//! Decides how a ReplicaSet gets another size, and how long one stays that nobody needs any more.
//! It never decides which size; the strategies do.

use crate::api::event::EventReason;
use crate::api::names;
use crate::api::time::Time;
use crate::logic::rollout::builder::{Builder, Op};
use jiff::Timestamp;

impl Builder<'_> {
    /// Scales the ReplicaSet at `index` and annotates it with the Rollout's size; answers whether its own size changes
    /// (source: rollout/sync.go, `scaleReplicaSet`).
    pub(crate) fn scale(&mut self, index: usize, to: i32) -> bool {
        let desired = self.spec().replicas();
        let keep_deadline = self.delays_scale_down_on_abort();
        let Some(replica_set) = self.replica_set(index) else { return false };
        let annotated = replica_set.desired_annotation() == Some(desired);
        let stale_deadline = desired == 0 && replica_set.has_deadline();
        if replica_set.replicas == to && annotated && !stale_deadline {
            return false;
        }
        let from = replica_set.replicas;
        if self.leaves_replica_set_alone(index) || (to < from && self.keeps_its_pods(index)) {
            return false;
        }
        let Some(replica_set) = self.replica_set_mut(index) else { return false };
        replica_set.replicas = to;
        replica_set.meta.annotations.insert(names::DESIRED_REPLICAS.to_owned(), desired.to_string());
        if to == 0 && !keep_deadline {
            replica_set.meta.annotations.remove(names::SCALE_DOWN_DEADLINE);
        }
        let (name, revision) = (replica_set.meta.name.clone(), replica_set.revision());
        self.plan(Op::WriteReplicaSet(index));
        if from != to {
            let way = if to > from { "up" } else { "down" };
            let message = format!("Scaled {way} ReplicaSet {name} (revision {revision}) from {from} to {to}");
            self.event(EventReason::ScalingReplicaSet, message);
        }
        from != to
    }

    /// Sets or removes the deadline of the ReplicaSet at `index`
    /// (source: rollout/replicaset.go, `addScaleDownDelay` and `removeScaleDownDelay`).
    pub(crate) fn set_deadline(&mut self, index: usize, deadline: Option<Timestamp>) {
        let wanted = deadline.map(|at| Time::of(at).to_string());
        let Some(replica_set) = self.replica_set(index) else { return };
        let is_set = replica_set.meta.annotation(names::SCALE_DOWN_DEADLINE) == wanted.as_deref();
        if is_set || self.leaves_replica_set_alone(index) {
            return;
        }
        let Some(replica_set) = self.replica_set_mut(index) else { return };
        match wanted {
            Some(text) => replica_set.meta.annotations.insert(names::SCALE_DOWN_DEADLINE.to_owned(), text),
            None => replica_set.meta.annotations.remove(names::SCALE_DOWN_DEADLINE),
        };
        self.plan(Op::WriteReplicaSet(index));
    }

    /// The ReplicaSets in use lose the deadline they got while they were not; after an abort the new one keeps its own
    /// (source: rollout/replicaset.go, `removeScaleDownDeadlines`).
    pub(crate) fn clear_deadlines(&mut self) {
        let keeps_new = self.delays_scale_down_on_abort();
        for index in [self.new_index(), self.stable_index()].into_iter().flatten() {
            if Some(index) != self.new_index() || !keeps_new {
                self.set_deadline(index, None);
            }
        }
    }

    /// Seconds the new pods stay after an abort; none when for ever
    /// (source: utils/defaults/defaults.go, `GetAbortScaleDownDelaySecondsOrDefault`).
    #[must_use]
    pub(crate) fn abort_delay(&self) -> Option<i64> {
        let asked = self.blue_green().and_then(|b| b.abort_scale_down_delay_seconds);
        match asked {
            Some(0) => None,
            other => Some(i64::from(other.unwrap_or(30))),
        }
    }

    /// Whether the new pods stay for a while after an abort: only where a switch leads back at once
    /// (source: rollout/replicaset.go, `shouldDelayScaleDownOnAbort`).
    #[must_use]
    pub(crate) fn delays_scale_down_on_abort(&self) -> bool {
        self.is_aborted()
            && self.stable_index().is_some()
            && self.blue_green().is_some()
            && self.abort_delay().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logic::rollout::view::{ReplicaSet, View};

    #[test]
    fn the_facts_are_copied_only_when_a_replica_set_changes() {
        let mut replica_set = ReplicaSet { replicas: 1, ..ReplicaSet::default() };
        replica_set.meta.annotations.insert(names::DESIRED_REPLICAS.to_owned(), "1".to_owned());
        let view = View { replica_sets: vec![replica_set], ..View::default() };
        let mut builder = Builder::new(&view, Timestamp::UNIX_EPOCH);
        assert!(!builder.scale(0, 1), "it has this size");
        builder.set_deadline(0, None);
        assert!(
            std::ptr::eq(builder.replica_sets(), view.replica_sets.as_slice()) && builder.ops().is_empty()
        );
        assert!(builder.scale(0, 2));
        assert_eq!((builder.ops(), view.replica_sets[0].replicas), (&[Op::WriteReplicaSet(0)][..], 1));
    }
}
