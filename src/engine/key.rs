//! Decides what the controllers can reconcile: one object of a kind of ours, by its name.
//! It never reconciles one.

use crate::api::object_name::ObjectName;

/// What can be reconciled.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    /// A Rollout.
    Rollout(ObjectName),
    /// An AnalysisRun.
    AnalysisRun(ObjectName),
    /// A Service that a Rollout manages and none of ours names.
    Service(ObjectName),
}

impl Key {
    /// What the queue of such keys is called (source: controller/controller.go, `NewManager`).
    #[must_use]
    pub(crate) fn queue(&self) -> &'static str {
        match self {
            Self::Rollout(_) => "Rollouts",
            Self::AnalysisRun(_) => "AnalysisRuns",
            Self::Service(_) => "Services",
        }
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rollout(name) => write!(f, "Rollout {name}"),
            Self::AnalysisRun(name) => write!(f, "AnalysisRun {name}"),
            Self::Service(name) => write!(f, "Service {name}"),
        }
    }
}
