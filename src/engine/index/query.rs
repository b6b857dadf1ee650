//! Decides what controllers and deliveries can ask the index: rows by name, by owner, by delivery.
//! It never answers anything that would have to be read or parsed first.

use crate::api::analysis::AnalysisTemplate;
use crate::api::object_name::ObjectName;
use crate::api::run::AnalysisRun;
use crate::api::selector::LabelSelector;
use crate::engine::index::links::To;
use crate::engine::index::rows::{RolloutRow, RunRow};
use crate::engine::index::store::{Index, owner};
use crate::engine::key::Key;
use crate::logic::analysis::shown::ShownRun;
use crate::logic::analysis::view::JobState;
use crate::logic::rollout::view::{AnalysisRunRow, Orphan, PodRow, ReplicaSet, Service};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::time::Instant;

impl Index {
    /// The Rollout at `name`.
    #[must_use]
    pub(crate) fn rollout(&self, name: &ObjectName) -> Option<&RolloutRow> {
        self.rollouts.get(name)
    }

    /// The AnalysisRun at `name`; none when it is over, gone or not ours to measure.
    #[must_use]
    pub(crate) fn run(&self, name: &ObjectName) -> Option<Arc<AnalysisRun>> {
        let row = self.analysis_runs.get(name)?;
        let is_ours = match owner(&row.row.meta) {
            Some(Key::Rollout(owner)) => !self.scope().is_limited() || self.rollouts.get(&owner).is_some(),
            _ => true,
        };
        row.run.clone().filter(|_| is_ours)
    }

    /// What metrics say of the AnalysisRun at `name`.
    #[must_use]
    pub(crate) fn shown_run(&self, name: &ObjectName) -> Option<Arc<ShownRun>> {
        self.analysis_runs.get(name).map(|row| row.shown.clone())
    }

    /// The Jobs that measure for the AnalysisRun with `uid`, by name, with what keeps their pods from running.
    #[must_use]
    pub(crate) fn jobs_of(&self, uid: &str) -> BTreeMap<String, JobState> {
        let state = |name: &ObjectName| {
            let state = self.jobs.get(name)?.state.clone();
            let pods = self.links.to(&To::JobOfPod(state.uid.clone()));
            let stuck = pods.filter_map(|pod| self.job_pods.get(pod)?.stuck.clone()).next();
            Some((name.name.clone(), JobState { stuck, ..state }))
        };
        self.links.to(&To::RunOfJob(uid.to_owned())).filter_map(state).collect()
    }

    /// The template `name`, of the cluster when `namespace` is none.
    #[must_use]
    pub(crate) fn template(&self, namespace: Option<&str>, name: &str) -> Option<Arc<AnalysisTemplate>> {
        let table = if namespace.is_some() { &self.templates } else { &self.cluster_templates };
        Some(table.get(&ObjectName::new(namespace.unwrap_or_default(), name))?.0.clone())
    }

    /// The Service at `name`, if a Rollout manages it and none of ours names it.
    #[must_use]
    pub(crate) fn unnamed_service(&self, name: &ObjectName) -> Option<&Service> {
        let is_named = self.links.to(&To::Service(name.clone())).next().is_some();
        self.services.get(name).filter(|s| !is_named && s.managed_by.is_some())
    }

    /// The ReplicaSets in `namespace` that nobody manages and `selector` means.
    #[must_use]
    pub(crate) fn orphans(&self, namespace: &str, selector: &LabelSelector) -> Vec<Orphan> {
        let names = self.links.to(&To::Orphans(namespace.to_owned()));
        let orphan = |name: &ObjectName| {
            let meta = &self.replica_sets.get(name)?.meta;
            let is_there = meta.deletion_timestamp.is_none() && selector.matches(&meta.labels);
            is_there.then(|| Orphan {
                name: name.clone(),
                uid: meta.uid.clone(),
                resource_version: meta.resource_version.clone(),
                labels: meta.labels.clone(),
            })
        };
        names.filter_map(orphan).collect()
    }

    /// The ReplicaSets that the owner with `uid` manages, oldest first.
    #[must_use]
    pub(crate) fn replica_sets_of(&self, uid: &str) -> Vec<ReplicaSet> {
        let names = self.links.to(&To::OwnerOfReplicaSet(uid.to_owned()));
        let mut sets: Vec<&ReplicaSet> = names.filter_map(|name| self.replica_sets.get(name)).collect();
        sets.sort_by(|a, b| (a.created(), &a.meta.name).cmp(&(b.created(), &b.meta.name)));
        sets.into_iter().cloned().collect()
    }

    /// Their names.
    #[must_use]
    pub(crate) fn revisions(&self, uid: &str) -> BTreeSet<String> {
        let names = self.links.to(&To::OwnerOfReplicaSet(uid.to_owned()));
        names.filter(|name| self.replica_sets.get(name).is_some()).map(|name| name.name.clone()).collect()
    }

    /// The pods that the ReplicaSet with `uid` made, by name; none while pods are not followed.
    pub(crate) fn pods_of(&self, uid: &str) -> impl Iterator<Item = &PodRow> {
        let names = self.links.to(&To::OwnerOfPod(uid.to_owned()));
        names.filter_map(|name| self.pods.get(name))
    }

    /// The AnalysisRuns that the owner with `uid` manages, oldest first.
    #[must_use]
    pub(crate) fn runs_of(&self, uid: &str) -> Vec<AnalysisRunRow> {
        let names = self.links.to(&To::OwnerOfRun(uid.to_owned()));
        let mut runs: Vec<&AnalysisRunRow> =
            names.filter_map(|name| self.analysis_runs.get(name)).map(|r| &r.row).collect();
        runs.sort_by_key(|r| (r.meta.creation_timestamp, &r.meta.name));
        runs.into_iter().cloned().collect()
    }

    /// The names of AnalysisRuns called as those of the Rollout at `name` with `uid` are, that one of the same name before it
    /// has left: managed by that, or by nobody.
    #[must_use]
    pub(crate) fn runs_left(&self, name: &ObjectName, uid: &str) -> BTreeSet<String> {
        let is_left = |row: &RunRow| {
            row.row
                .meta
                .controller()
                .is_none_or(|o| o.kind == "Rollout" && o.name == name.name && o.uid != uid)
        };
        let named = self.analysis_runs.within(&name.namespace, format!("{}-", name.name));
        let left = named.filter(|(_, row)| row.is_none_or(is_left));
        left.map(|(name, _)| name.name.clone()).collect()
    }

    /// The Rollout that the AnalysisRun at `name` measures for.
    #[must_use]
    pub(crate) fn rollout_of_run(&self, name: &ObjectName) -> Option<ObjectName> {
        match owner(&self.analysis_runs.get(name)?.row.meta)? {
            Key::Rollout(rollout) => Some(rollout),
            Key::AnalysisRun(_) | Key::Service(_) => None,
        }
    }

    /// Until when a process of its own acts on what the delivery `source` brings, unless its Lease is renewed.
    #[must_use]
    pub(crate) fn acted_on_until(&self, source: &str) -> Option<Instant> {
        let leases = self.links.to(&To::DeliveryOfLease(source.to_owned()));
        leases.filter_map(|name| self.leases.get(name)?.until()).max()
    }

    /// The names of the Rollouts that belong to the delivery `source`.
    pub(crate) fn delivered_by<'i>(&'i self, source: &str) -> impl Iterator<Item = &'i ObjectName> + use<'i> {
        self.links.to(&To::Source(source.to_owned()))
    }
}
