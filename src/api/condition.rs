//! Decides the words of a Rollout's conditions: their types, states and reasons, and the shape of one.
//! It never decides when a condition holds; `logic::rollout::conditions` does.

use crate::time::Time;
use crate::word::words;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

words! {
    /// What a condition is about (source: pkg/apis/rollouts/v1alpha1/types.go, `RolloutConditionType`).
    pub enum ConditionType {
        /// The spec cannot be acted on.
        InvalidSpec,
        /// The least number of pods is available.
        Available,
        /// The update makes progress.
        Progressing,
        /// A ReplicaSet cannot make or delete pods.
        ReplicaFailure,
        /// Waiting, for a time or for a user.
        Paused,
        /// The current revision is the one promoted last.
        Completed,
        /// Everything is as the spec wants it.
        Healthy,
        /// Ours: its delivery holds it until a person acts.
        Held,
        /// Ours: the cluster denies a write to one of its objects other than a ReplicaSet.
        WriteDenied,
    }
}

words! {
    /// Whether a condition holds.
    pub enum ConditionStatus {
        /// It holds.
        True,
        /// It does not hold.
        False,
        /// Nobody can say.
        Unknown,
    }
}

words! {
    /// Why a condition is as it is (source: utils/conditions/conditions.go, the constants named `…Reason`).
    pub enum ConditionReason {
        /// The spec cannot be acted on.
        InvalidSpec,
        /// The number of available pods decides.
        AvailableReason,
        /// The new ReplicaSet was made.
        NewReplicaSetCreated,
        /// The cluster refuses to make the new ReplicaSet.
        ReplicaSetCreateError,
        /// The cluster denies a change of a ReplicaSet (source: experiments/replicaset.go, where it is an event's).
        ReplicaSetUpdateError,
        /// The cluster denies a write to another object.
        ReconciliationError,
        /// A ReplicaSet of the current template was there already.
        FoundNewReplicaSet,
        /// The pods of the new ReplicaSet change.
        ReplicaSetUpdated,
        /// The stable pods are not available any more.
        ReplicaSetNotAvailable,
        /// The new ReplicaSet is as it should be.
        NewReplicaSetAvailable,
        /// There was no progress for too long.
        ProgressDeadlineExceeded,
        /// The update was aborted.
        RolloutAborted,
        /// An aborted update is tried again.
        RolloutRetry,
        /// Waiting, for a time or for a user.
        RolloutPaused,
        /// Waiting no longer.
        RolloutResumed,
        /// Everything is as the spec wants it, or no longer.
        RolloutHealthy,
        /// The current revision is the one promoted last, or not yet.
        RolloutCompleted,
        /// Ours: its delivery holds it until a person acts.
        HeldByDelivery,
    }
}

impl Default for ConditionReason {
    /// No reason given.
    fn default() -> Self {
        Self::Other(String::new())
    }
}

/// One condition of a Rollout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// Type.
    pub r#type: ConditionType,
    /// `True`, `False` or `Unknown`.
    pub status: ConditionStatus,
    /// When it was last confirmed or changed.
    pub last_update_time: Time,
    /// When its status last changed.
    pub last_transition_time: Time,
    /// A word that programs read.
    #[serde(default)]
    pub reason: ConditionReason,
    /// A sentence that people read.
    #[serde(default)]
    pub message: String,
}

impl Condition {
    /// Whether it says that what it is about is so.
    #[must_use]
    pub fn is_true(&self) -> bool {
        self.status == ConditionStatus::True
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_of_another_controller_is_written_as_it_was_read() {
        let wire = r#"{"type":"Scaled","status":"Perhaps","lastUpdateTime":"2026-01-01T00:00:00Z","lastTransitionTime":"2026-01-01T00:00:00Z","reason":"Because","message":"so"}"#;
        let read: Condition = serde_json::from_str(wire).unwrap();
        assert_eq!(read.r#type, ConditionType::Other("Scaled".to_owned()));
        assert!(!read.is_true());
        assert_eq!(serde_json::to_string(&read).unwrap(), wire);
    }
}
