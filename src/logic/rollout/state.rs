//! Decides how the Rollout stands in the middle of a decision: its ReplicaSets by their parts, and whether it is
//! aborted, halted, changed or on its way back. It never changes anything.

use crate::api::names;
use crate::api::phase::PauseReason;
use crate::api::status::PauseCondition;
use crate::logic::rollout::builder::Builder;
use crate::logic::rollout::view::ReplicaSet;
use crate::logic::rollout::window::is_within_window;

impl Builder<'_> {
    /// The ReplicaSet of the current template.
    #[must_use]
    pub(crate) fn new_replica_set(&self) -> Option<&ReplicaSet> {
        self.replica_set(self.new_index()?)
    }

    /// The ReplicaSet that was promoted last.
    #[must_use]
    pub(crate) fn stable_replica_set(&self) -> Option<&ReplicaSet> {
        self.replica_set(self.stable_index()?)
    }

    /// Whether the current revision is the stable one, or one that was good before and is near enough: it needs no pause
    /// and no analysis (source: rollout/sync.go, `isFastRollback`).
    #[must_use]
    pub(crate) fn is_fast_rollback(&self) -> bool {
        self.is_at_stable() || is_within_window(self) || self.is_within_delay()
    }

    /// Whether the current revision is the stable one: promoted, or returned to.
    #[must_use]
    pub(crate) fn is_at_stable(&self) -> bool {
        self.new_index().is_some() && self.new_index() == self.stable_index()
    }

    /// Whether the current revision has come back while its pods still ran out their delay. The deadline is that of
    /// before this decision, which takes it away; an older ReplicaSet has one too when it was aborted after it came back,
    /// but then it was measured, and a younger one only after an abort (source: rollout/controller.go,
    /// `newRolloutContext`).
    fn is_within_delay(&self) -> bool {
        let (Some(new), Some(stable)) = (self.new_replica_set(), self.stable_replica_set()) else {
            return false;
        };
        // `new` points into the ReplicaSets as they will be; those of the facts come first and in the same order.
        let before = self.new_index().and_then(|i| self.view().replica_sets.get(i));
        // A revision that was aborted keeps its pods for a while too; unlike one that was promoted once it has a run of
        // its present number.
        let measured = self.analysis_runs().iter().any(|r| {
            r.meta.labels.get(names::POD_HASH) == Some(&new.hash) && r.meta.revision() == new.revision()
        });
        self.blue_green().is_some()
            && before.is_some_and(ReplicaSet::has_deadline)
            && new.created() < stable.created()
            && !measured
            && !self.is_aborted()
    }

    /// Indices of all ReplicaSets but the current and the stable one.
    #[must_use]
    pub(crate) fn other_indices(&self) -> Vec<usize> {
        (0..self.replica_sets().len())
            .filter(|i| Some(*i) != self.new_index() && Some(*i) != self.stable_index())
            .collect()
    }

    /// All ReplicaSets but the current and the stable one.
    #[must_use]
    pub(crate) fn others(&self) -> Vec<&ReplicaSet> {
        self.other_indices().into_iter().filter_map(|i| self.replica_set(i)).collect()
    }

    /// The revision number of the Rollout as it will be.
    #[must_use]
    pub(crate) fn revision(&self) -> i64 {
        let planned = self.annotations().get(names::REVISION).and_then(|v| v.parse().ok());
        planned.unwrap_or_else(|| self.view().rollout.metadata.revision())
    }

    /// Whether the update is aborted, by what was so before and by what this pass has found.
    #[must_use]
    pub(crate) fn is_aborted(&self) -> bool {
        let is_found = !self.intent.clears() && self.intent.abort_cause().is_some();
        is_found || self.old().abort && !self.intent.lifts_abort()
    }

    /// Whether nothing may move: a user has paused the Rollout, or an analysis ended undecided.
    #[must_use]
    pub(crate) fn is_halted(&self) -> bool {
        self.spec().paused || self.pause(&PauseReason::InconclusiveAnalysisRun).is_some()
    }

    /// Whether the template is another than the one the status speaks of
    /// (source: utils/replicaset/replicaset.go, `PodTemplateOrStepsChanged`).
    #[must_use]
    pub(crate) fn template_changed(&self) -> bool {
        let current = self.new_replica_set().map_or(self.view().pod_hash.as_str(), |s| s.hash.as_str());
        !self.old().current_pod_hash.is_empty() && self.old().current_pod_hash != current
    }

    /// The pause for `reason`, if one is on.
    #[must_use]
    pub(crate) fn pause(&self, reason: &PauseReason) -> Option<&PauseCondition> {
        self.old().pause_conditions.iter().find(|p| p.reason == *reason)
    }

    /// Available pods of all revisions.
    #[must_use]
    pub(crate) fn available_of_all(&self) -> i32 {
        self.replica_sets().iter().map(|s| s.available).sum()
    }
}
