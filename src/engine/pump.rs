//! Decides which kinds are followed, and when enough of the cluster is known to act on it.
//! It never acts.

use crate::api::kinds::{self, Kind};
use crate::api::names;
use crate::api::watch::News;
use crate::world::cluster::watch::{Interest, follow};
use kube::Client;
use std::collections::BTreeSet;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Messages of watches waiting at most.
const WAITING: usize = 4096;
/// Kinds without which nothing can be decided.
const NEEDED: &[&str] = &["Rollout", "ReplicaSet", "Service"];
/// Kinds that may be missing or forbidden; they then count as empty.
const USEFUL: &[&str] = &["AnalysisTemplate", "ClusterAnalysisTemplate", "AnalysisRun", "Job"];

/// The watches of an engine.
pub struct Pump {
    client: Client,
    namespace: Option<String>,
    sender: mpsc::Sender<(&'static str, News)>,
    /// What the watches bring.
    pub news: mpsc::Receiver<(&'static str, News)>,
    tasks: JoinSet<()>,
    started: BTreeSet<&'static str>,
    open: BTreeSet<&'static str>,
    troubled: BTreeSet<&'static str>,
}

impl Pump {
    /// Starts to follow everything that is needed, in one namespace or in all.
    #[must_use]
    pub fn start(client: Client, namespace: Option<String>) -> Self {
        let (sender, news) = mpsc::channel(WAITING);
        let mut pump = Self {
            client,
            namespace,
            sender,
            news,
            tasks: JoinSet::new(),
            started: BTreeSet::new(),
            open: BTreeSet::new(),
            troubled: BTreeSet::new(),
        };
        for name in NEEDED.iter().chain(USEFUL) {
            pump.follow(name);
        }
        pump
    }

    /// Starts to follow a kind, once. `ReplicaSetWorkload` are ReplicaSets that Rollouts refer to.
    pub fn follow(&mut self, name: &'static str) {
        let Some((kind, labels)) = interest(name) else { return };
        if !self.started.insert(name) {
            return;
        }
        self.open.insert(name);
        let interest = Interest { kind, namespace: self.namespace.clone(), labels, name: String::new() };
        self.tasks.spawn(follow(self.client.clone(), interest, self.sender.clone(), name));
    }

    /// Follows the kind of a workload that a Rollout refers to.
    pub fn follow_workload(&mut self, kind: &str) {
        match kind {
            "Deployment" => self.follow("Deployment"),
            "PodTemplate" => self.follow("PodTemplate"),
            "ReplicaSet" => self.follow("ReplicaSetWorkload"),
            _ => {}
        }
    }

    /// The list of a kind is complete.
    pub fn listed(&mut self, name: &'static str) {
        self.open.remove(name);
        self.troubled.remove(name);
    }

    /// A watch is troubled. Answers whether that is new.
    pub fn trouble(&mut self, name: &'static str) -> bool {
        if USEFUL.contains(&name) {
            self.open.remove(name);
        }
        self.troubled.insert(name)
    }

    /// Whether every kind was listed, so that decisions rest on the whole.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.open.is_empty()
    }
}

fn interest(name: &str) -> Option<(Kind, String)> {
    let none = String::new();
    let found = match name {
        "Rollout" | "AnalysisTemplate" | "ClusterAnalysisTemplate" | "AnalysisRun" => {
            (kinds::find(names::ARGO, name)?, none)
        }
        "ReplicaSet" => (kinds::find("apps/v1", name)?, names::POD_HASH.to_owned()),
        "ReplicaSetWorkload" => (kinds::find("apps/v1", "ReplicaSet")?, format!("!{}", names::POD_HASH)),
        "Deployment" => (kinds::find("apps/v1", name)?, none),
        "Service" | "PodTemplate" => (kinds::find("v1", name)?, none),
        "Job" => (kinds::find("batch/v1", name)?, names::JOB_RUN_UID.to_owned()),
        _ => return None,
    };
    Some(found)
}
