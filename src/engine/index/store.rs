//! Decides what is known of the cluster: rows fed by watches and by our own writes, and who points at whom.
//! It never decides what to do about a change.

use crate::api::meta::Meta;
use crate::api::object_name::ObjectName;
use crate::api::time::Time;
use crate::engine::index::links::{Links, To};
use crate::engine::index::rows::{JobPodRow, JobRow, LeaseRow, ReferredRow, RolloutRow, RunRow, TemplateRow};
use crate::engine::index::scope::Scope;
use crate::engine::index::table::Table;
use crate::engine::key::Key;
use crate::logic::rollout::view::{PodRow, ReplicaSet, Service};
use std::collections::{BTreeMap, BTreeSet};

/// What is known of the cluster.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(super) rollouts: Table<RolloutRow>,
    pub(super) replica_sets: Table<ReplicaSet>,
    pub(super) services: Table<Service>,
    pub(super) analysis_runs: Table<RunRow>,
    pub(super) templates: Table<TemplateRow>,
    pub(super) cluster_templates: Table<TemplateRow>,
    pub(super) jobs: Table<JobRow>,
    pub(super) job_pods: Table<JobPodRow>,
    pub(super) pods: Table<PodRow>,
    pub(super) leases: Table<LeaseRow>,
    /// What Rollouts merely refer to, by the name under which its kind is followed.
    pub(super) referred: BTreeMap<&'static str, Table<ReferredRow>>,
    pub(super) links: Links,
    /// When Argo Rollouts' controller wrote the status of one of the Rollouts last.
    pub(super) argo_wrote: Option<Time>,
    scope: Scope,
}

/// The Rollout that manages an object.
pub(super) fn owner(meta: &Meta) -> Option<Key> {
    let owner = meta.controller().filter(|o| o.kind == "Rollout")?;
    Some(Key::Rollout(ObjectName::new(&meta.namespace, &owner.name)))
}

impl Index {
    /// An empty index for the objects in `scope`.
    #[must_use]
    pub(crate) fn new(scope: Scope) -> Self {
        Self { scope, ..Self::default() }
    }

    pub(super) fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The Rollouts that point at `target`.
    pub(super) fn rollouts_to(&self, target: &To) -> BTreeSet<Key> {
        self.links.to(target).cloned().map(Key::Rollout).collect()
    }

    /// The Rollouts in `namespace` whose selector means `labels`.
    pub(super) fn rollouts_selecting(
        &self,
        namespace: &str,
        labels: &BTreeMap<String, String>,
    ) -> impl Iterator<Item = Key> {
        let all = self.rollouts.within(namespace, String::new());
        let selecting = all.filter(|(_, row)| row.is_some_and(|row| row.stands_for.selector.matches(labels)));
        selecting.map(|(name, _)| Key::Rollout(name.clone()))
    }

    /// The Rollouts that refer to any analysis.
    pub(super) fn rollouts_with_analyses(&self) -> BTreeSet<Key> {
        let any = self.rollouts.iter().filter(|(_, row)| row.has_analyses);
        any.map(|(name, _)| Key::Rollout(name.clone())).collect()
    }

    /// Those of the Services that a Rollout manages and none of ours names.
    pub(super) fn unnamed<'n>(
        &self,
        namespace: &str,
        services: impl IntoIterator<Item = &'n String>,
    ) -> BTreeSet<Key> {
        let names = services.into_iter().map(|service| ObjectName::new(namespace, service));
        names.filter(|name| self.unnamed_service(name).is_some()).map(Key::Service).collect()
    }

    /// Number of things that something is remembered of, for the test that nothing is remembered of what is gone.
    #[cfg(test)]
    pub(crate) fn remembered(&self) -> usize {
        self.rollouts.remembered()
            + self.replica_sets.remembered()
            + self.services.remembered()
            + self.analysis_runs.remembered()
            + self.templates.remembered()
            + self.cluster_templates.remembered()
            + self.jobs.remembered()
            + self.job_pods.remembered()
            + self.pods.remembered()
            + self.leases.remembered()
            + self.referred.values().map(Table::remembered).sum::<usize>()
            + self.links.remembered()
    }
}
