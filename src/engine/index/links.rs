//! Decides who points at whom, backwards: the ReplicaSets and runs of an owner, the Rollouts that name a Service.
//! It never keeps more than names.

use crate::api::object_name::ObjectName;
use std::collections::{BTreeMap, BTreeSet};

/// What is pointed at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum To {
    /// The owner with this uid, by a ReplicaSet.
    OwnerOfReplicaSet(String),
    /// This namespace, by a ReplicaSet in it that nobody manages.
    Orphans(String),
    /// The ReplicaSet with this uid, by itself.
    ReplicaSet(String),
    /// The ReplicaSet with this uid, by a pod of it.
    OwnerOfPod(String),
    /// The owner with this uid, by an AnalysisRun.
    OwnerOfRun(String),
    /// The AnalysisRun with this uid, by itself.
    Run(String),
    /// The AnalysisRun with this uid, by a Job that measures for it.
    RunOfJob(String),
    /// The Job with this uid, by a pod of it.
    JobOfPod(String),
    /// The Service, by a Rollout.
    Service(ObjectName),
    /// Analyses in this namespace, by a Rollout.
    Analyses(String),
    /// The object of this kind that a Rollout merely refers to.
    Referred(&'static str, ObjectName),
    /// The delivery, by a Rollout.
    Source(String),
    /// The delivery, by its Lease.
    DeliveryOfLease(String),
}

/// Names by what they point at.
#[derive(Debug, Default)]
pub(crate) struct Links {
    by_target: BTreeMap<To, BTreeSet<ObjectName>>,
    by_pointer: BTreeMap<(&'static str, ObjectName), Vec<To>>,
}

impl Links {
    /// The object `name` of `kind` now points at exactly `targets`.
    pub(crate) fn set(&mut self, kind: &'static str, name: &ObjectName, targets: Vec<To>) {
        let key = (kind, name.clone());
        if self.by_pointer.get(&key).map_or(&[][..], Vec::as_slice) == targets.as_slice() {
            return;
        }
        for target in self.by_pointer.remove(&key).unwrap_or_default() {
            if let Some(names) = self.by_target.get_mut(&target) {
                names.remove(name);
                if names.is_empty() {
                    self.by_target.remove(&target);
                }
            }
        }
        for target in &targets {
            self.by_target.entry(target.clone()).or_default().insert(name.clone());
        }
        if !targets.is_empty() {
            self.by_pointer.insert(key, targets);
        }
    }

    /// Who points at `target`.
    pub(crate) fn to<'a>(&'a self, target: &To) -> impl Iterator<Item = &'a ObjectName> + use<'a> {
        self.by_target.get(target).into_iter().flatten()
    }

    /// Number of pointers and targets that are remembered.
    #[cfg(test)]
    pub(crate) fn remembered(&self) -> usize {
        self.by_target.len() + self.by_pointer.len()
    }
}
