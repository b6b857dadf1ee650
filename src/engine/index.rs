//! Decides what is known of the cluster: rows fed by watches and by our own writes, and which Rollouts and runs
//! a change concerns. It never decides what to do about it.

use crate::api::analysis::AnalysisTemplate;
use crate::api::meta::Meta;
use crate::api::names;
use crate::api::rollout::Rollout;
use crate::api::run::AnalysisRun;
use crate::engine::links::{Links, To};
use crate::engine::queue::Key;
use crate::engine::rows;
use crate::engine::view;
use crate::logic::analysis::view::JobState;
use crate::logic::rollout::view::{AnalysisRunRow, ReplicaSet, Service, Workload};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Namespace and name.
pub type Name = (String, String);

/// The row of a Rollout.
#[derive(Clone, Debug, Default)]
pub struct RolloutRow {
    /// Metadata.
    pub meta: Meta,
    /// The object, parsed when it is needed.
    pub body: Vec<u8>,
    /// The delivery it belongs to.
    pub source: Option<String>,
    /// Services it names.
    pub services: BTreeSet<String>,
    /// Whether it refers to analyses.
    pub analyses: bool,
    /// The workload it refers to: API version, kind, name.
    pub workload: Option<(String, String, String)>,
    /// Hash and key of its template, kept until the template changes.
    pub hashes: view::Hashes,
}

/// The row of a run.
#[derive(Clone, Debug, Default)]
pub struct RunRow {
    /// What Rollouts read of it.
    pub row: AnalysisRunRow,
    /// The object, while there is something to measure for us.
    pub body: Vec<u8>,
}

/// What is known of the cluster.
#[derive(Debug, Default)]
pub struct Index {
    /// Rollouts.
    pub rollouts: BTreeMap<Name, RolloutRow>,
    /// ReplicaSets of revisions.
    pub sets: BTreeMap<Name, ReplicaSet>,
    /// Services.
    pub services: BTreeMap<Name, Service>,
    /// AnalysisRuns.
    pub runs: BTreeMap<Name, RunRow>,
    /// Templates; cluster-scoped ones have no namespace.
    pub templates: BTreeMap<Name, Vec<u8>>,
    /// Jobs that measure, by the uid of their run.
    pub jobs: BTreeMap<String, BTreeMap<String, JobState>>,
    /// Workloads that Rollouts refer to, by kind.
    pub workloads: BTreeMap<(String, Name), (Workload, Vec<u8>)>,
    versions: BTreeMap<(&'static str, Name), u64>,
    gone: BTreeSet<String>,
    listing: BTreeMap<&'static str, BTreeSet<Name>>,
    links: Links,
    instance: Option<String>,
}

/// Kinds the index knows, by the names their watches carry.
pub const KINDS: &[&str] = &[
    "Rollout",
    "ReplicaSet",
    "Service",
    "AnalysisTemplate",
    "ClusterAnalysisTemplate",
    "AnalysisRun",
    "Job",
    "Deployment",
    "PodTemplate",
    "ReplicaSetWorkload",
];

fn name_of(value: &Value) -> Name {
    let text = |p: &str| value.pointer(p).and_then(Value::as_str).unwrap_or_default().to_owned();
    (text("/metadata/namespace"), text("/metadata/name"))
}

impl Index {
    /// An empty index for objects of one instance: those labelled with it, or those without the label.
    #[must_use]
    pub fn new(instance: Option<String>) -> Self {
        Self { instance, ..Self::default() }
    }

    fn is_ours(&self, meta: &Meta) -> bool {
        meta.labels.get(names::INSTANCE_ID) == self.instance.as_ref()
    }

    /// Takes in an object that is there. Answers what it concerns; nothing when it is known already or older.
    pub fn present(&mut self, kind: &'static str, value: &Value) -> BTreeSet<Key> {
        let name = name_of(value);
        if let Some(listed) = self.listing.get_mut(kind) {
            listed.insert(name.clone());
        }
        let text = |p: &str| value.pointer(p).and_then(Value::as_str).unwrap_or_default();
        if self.gone.contains(text("/metadata/uid")) {
            return BTreeSet::new(); // news from before its deletion
        }
        let version: u64 = text("/metadata/resourceVersion").parse().unwrap_or(0);
        let known = self.versions.get(&(kind, name.clone())).copied().unwrap_or(0);
        if version != 0 && version <= known {
            return BTreeSet::new();
        }
        self.versions.insert((kind, name.clone()), version);
        self.store(kind, name, value)
    }

    /// Takes in that an object is gone. Answers what it concerns.
    pub fn absent(&mut self, kind: &'static str, value: &Value) -> BTreeSet<Key> {
        let name = name_of(value);
        let uid = value.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default();
        self.gone.remove(uid);
        self.remove(kind, &name)
    }

    /// Notes that we deleted an object ourselves, so that older news of it are not believed.
    pub fn deleted(&mut self, kind: &'static str, name: &Name, uid: &str) -> BTreeSet<Key> {
        self.gone.insert(uid.to_owned());
        self.remove(kind, name)
    }

    /// A list of `kind` begins.
    pub fn list_begins(&mut self, kind: &'static str) {
        self.listing.insert(kind, BTreeSet::new());
    }

    /// The list of `kind` is complete: what it did not bring is gone.
    pub fn list_ends(&mut self, kind: &'static str) -> BTreeSet<Key> {
        let Some(listed) = self.listing.remove(kind) else { return BTreeSet::new() };
        let missing: Vec<Name> = self
            .versions
            .keys()
            .filter(|(k, name)| *k == kind && !listed.contains(name))
            .map(|(_, name)| name.clone())
            .collect();
        missing.iter().flat_map(|name| self.remove(kind, name)).collect()
    }

    fn store(&mut self, kind: &'static str, name: Name, value: &Value) -> BTreeSet<Key> {
        match kind {
            "Rollout" => {
                if !self.is_ours(&rows::meta(value)) {
                    let was_ours = self.rollouts.contains_key(&name);
                    return if was_ours { self.remove(kind, &name) } else { BTreeSet::new() };
                }
                let before = self.rollouts.remove(&name);
                let named = before.as_ref().map(|r| r.services.clone()).unwrap_or_default();
                let row = view::rollout_row(value, before);
                self.links.set(kind, &name, pointers(&name, &row));
                self.rollouts.insert(name.clone(), row);
                let mut concerned = self.unnamed(&name.0, &named);
                concerned.insert(Key::Rollout(name.0, name.1));
                concerned
            }
            "ReplicaSet" => {
                let known = self.sets.get(&name).filter(|s| {
                    value.pointer("/metadata/uid").and_then(Value::as_str) == Some(s.meta.uid.as_str())
                });
                let set = rows::set(value, known.map(|s| s.template_key.clone()));
                let concerned = self.owner(&set.meta);
                let owner = set.meta.controller().map(|o| To::OwnerOfSet(o.uid.clone()));
                self.links.set(kind, &name, owner.into_iter().collect());
                self.sets.insert(name, set);
                concerned
            }
            "Service" => {
                let service = rows::service(value);
                let mut concerned = self.rollouts_naming_service(&name);
                self.services.insert(name.clone(), service);
                concerned.extend(self.unnamed(&name.0, &[name.1].into()));
                concerned
            }
            "AnalysisRun" => {
                let row = rows::run(value);
                let is_ours = self.is_ours(&row.meta);
                if !is_ours && row.meta.controller().is_none() {
                    return BTreeSet::new();
                }
                let mut concerned = self.owner(&row.meta);
                let is_over = row.phase.is_completed() && value.pointer("/spec/ttlStrategy").is_none();
                let body = if is_over || !is_ours {
                    Vec::new() // nothing to measure for us; its owner may still be ours
                } else {
                    concerned.insert(Key::Run(name.0.clone(), name.1.clone()));
                    value.to_string().into_bytes()
                };
                let mut pointers = vec![To::Run(row.meta.uid.clone())];
                pointers.extend(row.meta.controller().map(|o| To::OwnerOfRun(o.uid.clone())));
                self.links.set(kind, &name, pointers);
                self.runs.insert(name, RunRow { row, body });
                concerned
            }
            "AnalysisTemplate" | "ClusterAnalysisTemplate" => {
                let concerned = self.rollouts_with_analyses(&name.0);
                self.templates.insert(name, value.to_string().into_bytes());
                concerned
            }
            "Job" => {
                let labels = rows::meta(value).labels;
                let Some(uid) = labels.get(names::JOB_RUN_UID) else { return BTreeSet::new() };
                self.jobs.entry(uid.clone()).or_default().insert(name.1, rows::job(value));
                self.run_with_uid(uid)
            }
            _ => {
                let kind = workload_kind(kind);
                let workload = view::workload(value);
                let concerned = self.rollouts_referring(kind, &name);
                self.workloads.insert((kind.to_owned(), name), (workload, view::workload_body(value)));
                concerned
            }
        }
    }

    fn remove(&mut self, kind: &'static str, name: &Name) -> BTreeSet<Key> {
        self.versions.remove(&(kind, name.clone()));
        self.links.clear(kind, name);
        match kind {
            "Rollout" => {
                let named = self.rollouts.remove(name).map(|r| r.services).unwrap_or_default();
                let mut concerned = self.unnamed(&name.0, &named);
                concerned.insert(Key::Rollout(name.0.clone(), name.1.clone()));
                concerned
            }
            "ReplicaSet" => self.sets.remove(name).map(|s| self.owner(&s.meta)).unwrap_or_default(),
            "Service" => {
                self.services.remove(name);
                self.rollouts_naming_service(name)
            }
            "AnalysisRun" => {
                let Some(row) = self.runs.remove(name) else { return BTreeSet::new() };
                self.jobs.remove(&row.row.meta.uid);
                self.owner(&row.row.meta)
            }
            "AnalysisTemplate" | "ClusterAnalysisTemplate" => {
                self.templates.remove(name);
                self.rollouts_with_analyses(&name.0)
            }
            "Job" => {
                let uid =
                    self.jobs.iter_mut().find_map(|(uid, jobs)| jobs.remove(&name.1).map(|_| uid.clone()));
                uid.map(|uid| self.run_with_uid(&uid)).unwrap_or_default()
            }
            _ => {
                let kind = workload_kind(kind);
                self.workloads.remove(&(kind.to_owned(), name.clone()));
                self.rollouts_referring(kind, name)
            }
        }
    }

    /// The Rollout that manages an object.
    fn owner(&self, meta: &Meta) -> BTreeSet<Key> {
        let owner = meta.controller().filter(|o| o.kind == "Rollout");
        owner.map(|o| Key::Rollout(meta.namespace.clone(), o.name.clone())).into_iter().collect()
    }

    fn rollouts_to(&self, target: &To) -> BTreeSet<Key> {
        self.links.to(target).map(|(ns, name)| Key::Rollout(ns.clone(), name.clone())).collect()
    }

    fn rollouts_naming_service(&self, name: &Name) -> BTreeSet<Key> {
        self.rollouts_to(&To::Service(name.clone()))
    }

    /// Those of the Services that a Rollout manages and none of ours names.
    fn unnamed(&self, namespace: &str, services: &BTreeSet<String>) -> BTreeSet<Key> {
        let names = services.iter().map(|service| (namespace.to_owned(), service.clone()));
        let unnamed = names.filter(|name| self.unnamed_service(name).is_some());
        unnamed.map(|(namespace, name)| Key::Service(namespace, name)).collect()
    }

    /// The Service at `name`, if a Rollout manages it and none of ours names it.
    #[must_use]
    pub fn unnamed_service(&self, name: &Name) -> Option<Service> {
        let named = self.links.to(&To::Service(name.clone())).next().is_some();
        self.services.get(name).filter(|s| !named && s.managed_by.is_some()).cloned()
    }

    fn rollouts_with_analyses(&self, namespace: &str) -> BTreeSet<Key> {
        if namespace.is_empty() {
            let any = self.rollouts.iter().filter(|(_, r)| r.analyses);
            return any.map(|((ns, name), _)| Key::Rollout(ns.clone(), name.clone())).collect();
        }
        self.rollouts_to(&To::Analyses(namespace.to_owned()))
    }

    fn rollouts_referring(&self, kind: &str, name: &Name) -> BTreeSet<Key> {
        self.rollouts_to(&To::Workload(kind.to_owned(), name.clone()))
    }

    fn run_with_uid(&self, uid: &str) -> BTreeSet<Key> {
        let runs = self.links.to(&To::Run(uid.to_owned()));
        runs.map(|(ns, name)| Key::Run(ns.clone(), name.clone())).collect()
    }

    /// The Rollout at `name`, parsed.
    #[must_use]
    pub fn rollout(&self, name: &Name) -> Option<Rollout> {
        serde_json::from_slice(&self.rollouts.get(name)?.body).ok()
    }

    /// The run at `name`, parsed; none when it is finished or gone.
    #[must_use]
    pub fn run(&self, name: &Name) -> Option<AnalysisRun> {
        serde_json::from_slice(&self.runs.get(name)?.body).ok()
    }

    /// The template at `name`, parsed.
    #[must_use]
    pub fn template(&self, name: &Name) -> Option<AnalysisTemplate> {
        serde_json::from_slice(self.templates.get(name)?).ok()
    }

    /// The ReplicaSets that the owner with `uid` manages, oldest first.
    #[must_use]
    pub fn sets_of(&self, uid: &str) -> Vec<ReplicaSet> {
        let names = self.links.to(&To::OwnerOfSet(uid.to_owned()));
        let mut sets: Vec<ReplicaSet> = names.filter_map(|name| self.sets.get(name)).cloned().collect();
        sets.sort_by(|a, b| (a.created(), &a.meta.name).cmp(&(b.created(), &b.meta.name)));
        sets
    }

    /// The runs that the owner with `uid` manages, oldest first.
    #[must_use]
    pub fn runs_of(&self, uid: &str) -> Vec<AnalysisRunRow> {
        let names = self.links.to(&To::OwnerOfRun(uid.to_owned()));
        let mut runs: Vec<AnalysisRunRow> =
            names.filter_map(|name| self.runs.get(name)).map(|r| r.row.clone()).collect();
        runs.sort_by(|a, b| {
            (a.meta.creation_timestamp, &a.meta.name).cmp(&(b.meta.creation_timestamp, &b.meta.name))
        });
        runs
    }

    /// The names of the Rollouts that belong to the delivery `source`.
    #[must_use]
    pub fn delivered_by(&self, source: &str) -> Vec<Name> {
        self.links.to(&To::Source(source.to_owned())).cloned().collect()
    }
}

/// The kind of a workload that the watch `name` follows.
fn workload_kind(name: &str) -> &str {
    name.strip_suffix("Workload").unwrap_or(name)
}

/// The delivery that an object's annotation names.
#[must_use]
pub fn source_of(meta: &Meta) -> Option<String> {
    meta.annotation(names::SOURCE).map(str::to_owned)
}

/// What a Rollout points at.
fn pointers(name: &Name, row: &RolloutRow) -> Vec<To> {
    let mut to: Vec<To> = row.services.iter().map(|s| To::Service((name.0.clone(), s.clone()))).collect();
    if row.analyses {
        to.push(To::Analyses(name.0.clone()));
    }
    if let Some((_, kind, workload)) = &row.workload {
        to.push(To::Workload(kind.clone(), (name.0.clone(), workload.clone())));
    }
    to.extend(row.source.clone().map(To::Source));
    to
}
