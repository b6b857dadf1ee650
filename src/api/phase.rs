//! Decides the words in which a Rollout says how it stands, and why it waits.
//! It never decides which of them applies; `logic::rollout::phase` and `logic::rollout::pause` do.

use crate::word::words;

words! {
    /// How a Rollout stands (source: pkg/apis/rollouts/v1alpha1/types.go, `RolloutPhase`).
    pub enum RolloutPhase {
        /// Everything is as the spec wants it.
        Healthy,
        /// Aborted, stuck or invalid.
        Degraded,
        /// On its way.
        Progressing,
        /// Waiting, for a time or for a user.
        Paused,
    }
}

impl Default for RolloutPhase {
    /// What is not known yet is on its way.
    fn default() -> Self {
        Self::Progressing
    }
}

words! {
    /// Why the controller waits (source: pkg/apis/rollouts/v1alpha1/types.go, `PauseReason`).
    pub enum PauseReason {
        /// The pause of a canary step.
        CanaryPauseStep,
        /// The pause before the blue-green switch.
        BlueGreenPause,
        /// The pause after an undecided analysis.
        InconclusiveAnalysisRun,
        /// The pause after an undecided experiment.
        InconclusiveExperiment,
    }
}
