//! Decides what an Event about an object says, and the reasons of those about a Rollout, as clients and alerts know
//! them. It never decides when one is emitted.

use crate::run::Phase;
use crate::word::words;
use serde::Serialize;

/// An Event to be emitted about an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Event {
    /// Whether it is a warning.
    pub warning: bool,
    /// A word that programs read.
    pub reason: String,
    /// A sentence that people read.
    pub message: String,
}

impl Event {
    /// A normal event.
    #[must_use]
    pub fn normal(reason: &str, message: String) -> Self {
        Self { warning: false, reason: reason.to_owned(), message }
    }

    /// A warning.
    #[must_use]
    pub fn warning(reason: &str, message: String) -> Self {
        Self { warning: true, reason: reason.to_owned(), message }
    }
}

words! {
    /// Why an Event is emitted about a Rollout
    /// (source: utils/conditions/conditions.go, the constants named `…Reason`).
    pub enum EventReason {
        /// A Rollout is there that nobody has acted on yet.
        RolloutAddedToInformer,
        /// A Rollout is gone.
        RolloutDeleted,
        /// A revision got its number.
        RolloutUpdated,
        /// The new ReplicaSet was made.
        NewReplicaSetCreated,
        /// The cluster refuses to make the new ReplicaSet.
        ReplicaSetCreateError,
        /// The cluster denies a change of a ReplicaSet.
        ReplicaSetUpdateError,
        /// A ReplicaSet got another size.
        ScalingReplicaSet,
        /// A Service leads to another revision.
        SwitchService,
        /// A canary step is done.
        RolloutStepCompleted,
        /// The steps need not be taken.
        SkipSteps,
        /// Waiting, for a time or for a user.
        RolloutPaused,
        /// Waiting no longer.
        RolloutResumed,
        /// The update was aborted.
        RolloutAborted,
        /// The current revision is the stable one.
        RolloutCompleted,
        /// Another revision is on its way.
        RolloutNotCompleted,
        /// Something that was needed could not be made.
        ReconciliationError,
        /// An analysis went well.
        AnalysisRunSuccessful,
        /// An analysis measures.
        AnalysisRunRunning,
        /// An analysis has not begun.
        AnalysisRunPending,
        /// An analysis ended undecided.
        AnalysisRunInconclusive,
        /// An analysis could not be measured.
        AnalysisRunError,
        /// An analysis went badly.
        AnalysisRunFailed,
    }
}

impl EventReason {
    /// Why an Event says that an analysis is now in `phase`.
    #[must_use]
    pub fn of_run(phase: Phase) -> Self {
        match phase {
            Phase::Successful => Self::AnalysisRunSuccessful,
            Phase::Running => Self::AnalysisRunRunning,
            Phase::Pending => Self::AnalysisRunPending,
            Phase::Inconclusive => Self::AnalysisRunInconclusive,
            Phase::Error => Self::AnalysisRunError,
            Phase::Failed => Self::AnalysisRunFailed,
        }
    }
}
