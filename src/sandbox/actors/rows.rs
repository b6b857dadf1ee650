//! Decides what the actors remember of every object: its name, its owners, its labels, and a pod's state.
//! It never keeps an object; whoever needs more reads it from the store.

use super::object::{self, Owner, has_finalizer, holds, moment};
use super::task::Key;
use crate::api::selector::Labels;
use crate::base::json::{count, list, text, texts};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Where a pod is in its life; the order is the order in which a ReplicaSet gives pods up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Pending,
    Unknown,
    Running,
    Succeeded,
    Failed,
}

/// What is remembered of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PodRow {
    pub phase: Phase,
    pub node: String,
    pub ready: bool,
    /// Since when the condition `Ready` is as it is.
    pub ready_since: Option<Timestamp>,
    /// `controller.kubernetes.io/pod-deletion-cost`.
    pub cost: i32,
    /// The most restarts of one container.
    pub restarts: i64,
    pub address: String,
    /// `spec.hostname` and `spec.subdomain`.
    pub host: (String, String),
    /// Numbers of the named ports, by name and protocol.
    pub ports: BTreeMap<(String, String), i64>,
    /// Names of the volume claims it uses.
    pub claims: Vec<String>,
    /// When its last container ended.
    pub finished: Option<Timestamp>,
    /// Whether the Job that owns the pod has still to count it.
    pub tracked: bool,
}

impl PodRow {
    /// Neither succeeded nor failed.
    pub(super) fn unfinished(&self) -> bool {
        !matches!(self.phase, Phase::Succeeded | Phase::Failed)
    }
}

/// What is remembered of any object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub key: Key,
    pub uid: String,
    pub created: Option<Timestamp>,
    pub owners: Vec<Owner>,
    pub deleting: bool,
    /// The finalizer `foregroundDeletion` is there.
    pub foreground: bool,
    /// The finalizer `orphan` is there.
    pub orphaning: bool,
    /// Kept for what a selector may ask for: pods and the sets of pods.
    pub labels: BTreeMap<String, String>,
    /// What a workload or a Service selects.
    pub selector: Option<Labels>,
    pub pod: Option<Box<PodRow>>,
}

/// Finalizer by which a Job keeps its pods until they are counted.
pub(super) const TRACKING: &str = "batch.kubernetes.io/job-tracking";

impl Row {
    pub(super) fn of(object: &Value) -> Option<Self> {
        let uid = object::uid(object);
        if uid.is_empty() {
            return None;
        }
        let key = Key::of(object);
        let selector = match key.kind.as_str() {
            "Service" => Labels::of_service(&texts(object, "/spec/selector")),
            "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" | "PodDisruptionBudget" => {
                Labels::of_workload(object.pointer("/spec/selector"))
            }
            _ => None,
        };
        let selectable = matches!(key.kind.as_str(), "Pod" | "ReplicaSet" | "EndpointSlice" | "Endpoints");
        Some(Self {
            uid: uid.to_owned(),
            created: moment(object, "/metadata/creationTimestamp"),
            owners: object::owners(object),
            deleting: object::deleting(object),
            foreground: has_finalizer(object, "foregroundDeletion"),
            orphaning: has_finalizer(object, "orphan"),
            labels: if selectable { texts(object, "/metadata/labels") } else { BTreeMap::new() },
            selector,
            pod: (key.kind == "Pod" && key.api_version == "v1").then(|| Box::new(pod_row(object))),
            key,
        })
    }

    /// The owner that controls this object.
    pub(super) fn controller(&self) -> Option<&Owner> {
        self.owners.iter().find(|o| o.controller)
    }

    /// Whether this is deleted only after what it owns.
    pub(super) fn waits_for_dependents(&self) -> bool {
        self.deleting && self.foreground
    }
}

fn pod_row(pod: &Value) -> PodRow {
    let cost = object::annotation(pod, "controller.kubernetes.io/pod-deletion-cost");
    let restarts = list(pod, "/status/containerStatuses").iter().map(|c| count(c, "/restartCount")).max();
    PodRow {
        phase: match text(pod, "/status/phase") {
            "Running" => Phase::Running,
            "Succeeded" => Phase::Succeeded,
            "Failed" => Phase::Failed,
            "Unknown" => Phase::Unknown,
            _ => Phase::Pending,
        },
        node: text(pod, "/spec/nodeName").to_owned(),
        ready: holds(pod, "Ready"),
        ready_since: object::condition(pod, "Ready").and_then(|c| moment(c, "/lastTransitionTime")),
        cost: cost.and_then(|c| c.parse().ok()).unwrap_or(0),
        restarts: restarts.unwrap_or(0),
        address: text(pod, "/status/podIP").to_owned(),
        host: (text(pod, "/spec/hostname").to_owned(), text(pod, "/spec/subdomain").to_owned()),
        ports: ports(pod),
        claims: claims(pod),
        finished: list(pod, "/status/containerStatuses")
            .iter()
            .filter_map(|c| moment(c, "/state/terminated/finishedAt"))
            .max(),
        tracked: has_finalizer(pod, TRACKING),
    }
}

fn ports(pod: &Value) -> BTreeMap<(String, String), i64> {
    let all = list(pod, "/spec/containers").iter().flat_map(|c| list(c, "/ports"));
    let named = all.filter(|p| !text(p, "/name").is_empty());
    let one = |p: &Value| {
        let protocol = if text(p, "/protocol").is_empty() { "TCP" } else { text(p, "/protocol") };
        ((text(p, "/name").to_owned(), protocol.to_owned()), count(p, "/containerPort"))
    };
    named.map(one).collect()
}

/// A claim of the pod's own (`ephemeral`) bears its name and that of the volume.
fn claims(pod: &Value) -> Vec<String> {
    let claim = |volume: &Value| {
        let named = text(volume, "/persistentVolumeClaim/claimName");
        let own = volume.get("ephemeral").filter(|e| !e.is_null());
        let own = own.map(|_| format!("{}-{}", object::name(pod), text(volume, "/name")));
        Some(named.to_owned()).filter(|n| !n.is_empty()).or(own)
    };
    list(pod, "/spec/volumes").iter().filter_map(claim).collect()
}

/// `namespace`, label, value.
type Label = (String, String, String);

/// All rows, and the ways to find them.
#[derive(Debug, Default)]
pub(super) struct Rows {
    rows: BTreeMap<String, Row>,
    by_key: BTreeMap<Key, String>,
    by_namespace: BTreeMap<String, BTreeSet<String>>,
    by_owner: BTreeMap<String, BTreeSet<String>>,
    pods_by_label: BTreeMap<Label, BTreeSet<String>>,
    services_by_label: BTreeMap<Label, BTreeSet<String>>,
    /// Pods and ReplicaSets that nobody controls, by kind and namespace.
    orphans: BTreeMap<(String, String), BTreeSet<String>>,
    /// Group and kind of everything that was ever seen.
    seen: BTreeSet<(String, String)>,
    /// Group and kind of every CustomResourceDefinition, by its uid.
    defined: BTreeMap<String, (String, String)>,
}

impl Rows {
    /// Puts a row in the place of the one of the same uid (given back) and of the one of the same name.
    pub(super) fn put(&mut self, row: Row) -> Option<Row> {
        if let Some(former) = self.by_key.get(&row.key).filter(|u| **u != row.uid).cloned() {
            self.remove(&former);
        }
        let old = self.remove(&row.uid);
        self.link(&row, true);
        self.seen.insert((row.key.group().to_owned(), row.key.kind.clone()));
        self.by_key.insert(row.key.clone(), row.uid.clone());
        self.rows.insert(row.uid.clone(), row);
        old
    }

    /// Takes a row out.
    pub(super) fn remove(&mut self, uid: &str) -> Option<Row> {
        let row = self.rows.remove(uid)?;
        self.defined.remove(uid);
        self.by_key.remove(&row.key);
        self.link(&row, false);
        Some(row)
    }

    fn link(&mut self, row: &Row, add: bool) {
        let ns = &row.key.namespace;
        turn(&mut self.by_namespace, ns.clone(), &row.uid, add);
        for owner in &row.owners {
            turn(&mut self.by_owner, owner.uid.clone(), &row.uid, add);
        }
        if row.pod.is_some() {
            for (k, v) in &row.labels {
                turn(&mut self.pods_by_label, (ns.clone(), k.clone(), v.clone()), &row.uid, add);
            }
        }
        if row.key.kind == "Service"
            && let Some((k, v)) = row.selector.as_ref().and_then(Labels::handle)
        {
            turn(&mut self.services_by_label, (ns.clone(), k.to_owned(), v.to_owned()), &row.uid, add);
        }
        if matches!(row.key.kind.as_str(), "Pod" | "ReplicaSet") && row.controller().is_none() {
            turn(&mut self.orphans, (row.key.kind.clone(), ns.clone()), &row.uid, add);
        }
    }

    fn all<'a>(&'a self, uids: Option<&'a BTreeSet<String>>) -> impl Iterator<Item = &'a Row> {
        uids.into_iter().flatten().filter_map(|uid| self.rows.get(uid))
    }

    /// Whether objects of this kind were seen, or a CustomResourceDefinition gives it.
    pub(super) fn serves(&self, group: &str, kind: &str) -> bool {
        let kind = (group.to_owned(), kind.to_owned());
        self.seen.contains(&kind) || self.defined.values().any(|k| *k == kind)
    }

    /// Takes note of the kind that a CustomResourceDefinition gives.
    pub(super) fn define(&mut self, definition: &Value) {
        let kind =
            (text(definition, "/spec/group").to_owned(), text(definition, "/spec/names/kind").to_owned());
        self.defined.insert(object::uid(definition).to_owned(), kind);
    }

    /// The definition that gives this kind, if it is being deleted.
    pub(super) fn definition_going(&self, group: &str, kind: &str) -> Option<&Row> {
        let mut gives = self.defined.iter().filter(|(_, (g, k))| g == group && k == kind);
        gives.find_map(|(uid, _)| self.rows.get(uid).filter(|r| r.deleting))
    }

    /// Objects of one kind in every version and namespace, in the order of their keys.
    pub(super) fn of_group_kind<'a>(
        &'a self,
        group: &'a str,
        kind: &'a str,
    ) -> impl Iterator<Item = &'a Row> {
        let same = move |(key, _): &(&Key, &String)| key.kind == kind && key.group() == group;
        self.by_key.iter().filter(same).filter_map(|(_, uid)| self.rows.get(uid))
    }

    pub(super) fn get(&self, uid: &str) -> Option<&Row> {
        self.rows.get(uid)
    }

    pub(super) fn at(&self, key: &Key) -> Option<&Row> {
        self.by_key.get(key).and_then(|uid| self.rows.get(uid))
    }

    /// Objects that name `uid` as an owner, in the order of their uids.
    pub(super) fn owned_by<'a>(&'a self, uid: &str) -> impl Iterator<Item = &'a Row> {
        self.all(self.by_owner.get(uid))
    }

    /// Objects of one kind that `uid` controls.
    pub(super) fn controlled_by(&self, uid: &str, kind: &str) -> Vec<&Row> {
        let controls = |r: &&Row| r.key.kind == kind && r.controller().is_some_and(|o| o.uid == uid);
        self.owned_by(uid).filter(controls).collect()
    }

    pub(super) fn in_namespace<'a>(&'a self, namespace: &str) -> impl Iterator<Item = &'a Row> {
        self.all(self.by_namespace.get(namespace))
    }

    /// Pods or ReplicaSets of a namespace that nobody controls.
    pub(super) fn orphans<'a>(&'a self, kind: &str, namespace: &str) -> impl Iterator<Item = &'a Row> {
        self.all(self.orphans.get(&(kind.to_owned(), namespace.to_owned())))
    }

    /// Objects of one kind in one namespace, by name.
    pub(super) fn of_kind(&self, api_version: &str, kind: &str, namespace: &str) -> Vec<&Row> {
        let same = |k: &Key| k.api_version == api_version && k.kind == kind && k.namespace == namespace;
        self.by_key
            .range(Key::new(api_version, kind, namespace, "")..)
            .take_while(|(k, _)| same(k))
            .filter_map(|(_, uid)| self.rows.get(uid))
            .collect()
    }

    /// Pods of a namespace that a Service selects.
    pub(super) fn pods_of_service(&self, namespace: &str, selector: &Labels) -> Vec<&Row> {
        let place = selector.handle().map(|(k, v)| (namespace.to_owned(), k.to_owned(), v.to_owned()));
        let found = place.and_then(|p| self.pods_by_label.get(&p));
        self.all(found).filter(|r| selector.matches(&r.labels)).collect()
    }

    /// Services of a namespace that select a pod with these labels.
    pub(super) fn services_of_pod<'a>(
        &'a self,
        namespace: &'a str,
        labels: &'a BTreeMap<String, String>,
    ) -> impl Iterator<Item = &'a Row> {
        let place = |(k, v): (&String, &String)| (namespace.to_owned(), k.clone(), v.clone());
        labels
            .iter()
            .flat_map(move |pair| self.all(self.services_by_label.get(&place(pair))))
            .filter(|r| r.selector.as_ref().is_some_and(|s| s.matches(labels)))
    }
}

/// Adds `uid` to the set at `place`, or takes it out and the set with its last entry.
fn turn<K: Ord>(map: &mut BTreeMap<K, BTreeSet<String>>, place: K, uid: &str, add: bool) {
    if add {
        map.entry(place).or_default().insert(uid.to_owned());
    } else if let Some(set) = map.get_mut(&place) {
        set.remove(uid);
        if set.is_empty() {
            map.remove(&place);
        }
    }
}
