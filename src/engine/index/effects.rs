//! Decides in which words the index answers a change: whom it concerns, and what is to be followed from now on.
//! It never acts on any of it.

use crate::api::object_name::ObjectName;
use crate::api::time::Time;
use crate::engine::key::Key;
use std::collections::BTreeSet;

/// A Rollout of ours that is gone.
#[derive(Clone, Debug)]
pub(crate) struct Gone {
    /// Which.
    pub(crate) name: ObjectName,
    /// Its uid.
    pub(crate) uid: String,
    /// The delivery it belonged to.
    pub(crate) source: Option<String>,
}

/// What a change of the cluster brings about.
#[derive(Clone, Debug, Default)]
pub(crate) struct Effects {
    /// What has to be reconciled.
    pub(crate) keys: BTreeSet<Key>,
    /// Rollouts of ours that are there, have changed or are gone.
    pub(crate) rollouts: BTreeSet<ObjectName>,
    /// Those that are gone.
    pub(crate) gone_rollouts: Vec<Gone>,
    /// AnalysisRuns and templates that are there, have changed or are gone, with the names of their kinds.
    pub(crate) analyses: BTreeSet<(&'static str, ObjectName)>,
    /// The names of kinds that a Rollout refers to, which have to be followed from now on.
    pub(crate) wanted: Vec<&'static str>,
    /// A Rollout whose status Argo Rollouts' controller has written just now, and when.
    pub(crate) argo: Option<(ObjectName, Time)>,
}

impl Effects {
    /// That only `keys` are concerned.
    #[must_use]
    pub(crate) fn keys(keys: BTreeSet<Key>) -> Self {
        Self { keys, ..Self::default() }
    }

    /// Adds what another change brings about.
    pub(crate) fn extend(&mut self, more: Self) {
        self.keys.extend(more.keys);
        self.rollouts.extend(more.rollouts);
        self.gone_rollouts.extend(more.gone_rollouts);
        self.analyses.extend(more.analyses);
        self.wanted.extend(more.wanted);
        self.argo = more.argo.or(self.argo.take());
    }
}
