//! Decides who points at whom, backwards: the sets and runs of an owner, the Rollouts that name a Service.
//! It never keeps more than names.

use crate::engine::index::Name;
use std::collections::{BTreeMap, BTreeSet};

/// What is pointed at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum To {
    /// The owner with this uid, by a ReplicaSet.
    OwnerOfSet(String),
    /// The owner with this uid, by a run.
    OwnerOfRun(String),
    /// The run with this uid, by itself.
    Run(String),
    /// The Service, by a Rollout.
    Service(Name),
    /// Analyses in this namespace, by a Rollout.
    Analyses(String),
    /// The workload of this kind, by a Rollout.
    Workload(String, Name),
    /// The delivery, by a Rollout.
    Source(String),
}

/// Names by what they point at.
#[derive(Debug, Default)]
pub struct Links {
    by_target: BTreeMap<To, BTreeSet<Name>>,
    by_pointer: BTreeMap<(&'static str, Name), Vec<To>>,
}

impl Links {
    /// The object `name` of `kind` now points at exactly `targets`.
    pub fn set(&mut self, kind: &'static str, name: &Name, targets: Vec<To>) {
        let key = (kind, name.clone());
        if self.by_pointer.get(&key).map(Vec::as_slice) == Some(targets.as_slice()) {
            return;
        }
        self.clear(kind, name);
        for target in &targets {
            self.by_target.entry(target.clone()).or_default().insert(name.clone());
        }
        if !targets.is_empty() {
            self.by_pointer.insert(key, targets);
        }
    }

    /// The object `name` of `kind` is gone.
    pub fn clear(&mut self, kind: &'static str, name: &Name) {
        for target in self.by_pointer.remove(&(kind, name.clone())).unwrap_or_default() {
            if let Some(names) = self.by_target.get_mut(&target) {
                names.remove(name);
                if names.is_empty() {
                    self.by_target.remove(&target);
                }
            }
        }
    }

    /// Who points at `target`.
    pub fn to<'a>(&'a self, target: &To) -> impl Iterator<Item = &'a Name> + use<'a> {
        self.by_target.get(target).into_iter().flatten()
    }
}
