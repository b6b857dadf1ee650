//! Decides the reasons of the Events that are told about a Rollout, as clients and alerts know them.
//! It never decides when one is told.

use crate::run::Phase;
use crate::word::words;

words! {
    /// Why an Event is told about a Rollout (source: utils/conditions/conditions.go, the constants named `…Reason`).
    pub enum EventReason {
        /// The spec cannot be acted on.
        InvalidSpec,
        /// A revision got its number.
        RolloutUpdated,
        /// The new ReplicaSet was made.
        NewReplicaSetCreated,
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
    /// Why an Event tells that an analysis is now in `phase`.
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
