//! Decides how other controllers of the same objects show while we lead: by their Leases, which are watched, and by what
//! they write where they have none. It never decides what a Lease means, and never writes one.

use crate::api::kinds::{self, Kind};
use crate::api::object::Object;
use crate::api::object_name::ObjectName;
use crate::api::time::Time;
use crate::api::watch::News;
use crate::logic::lease;
use crate::world::cluster::Cluster;
use crate::world::cluster::watch::{Interest, follow};
use kube::Client;
use serde_json::Value;
use std::collections::BTreeSet;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// Messages of the watches waiting at most.
const WAITING: usize = 16;

/// How other controllers of the same objects are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rivals {
    /// What their Lease is called.
    pub lock: String,
    /// Whether it counts in whichever namespace it is, where we may look into all.
    pub everywhere: bool,
    /// The namespaces in which it counts otherwise.
    pub namespaces: BTreeSet<String>,
}

/// Another controller, seen at work: Argo Rollouts' has written the status of a Rollout of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sighting {
    /// The Rollout.
    pub(crate) rollout: ObjectName,
    /// When.
    pub(crate) at: Time,
}

/// Ends with the next sighting; never where nobody looks.
pub(crate) async fn seen(sightings: &mut watch::Receiver<Option<Sighting>>) -> Sighting {
    loop {
        if sightings.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        if let Some(sighting) = sightings.borrow_and_update().clone() {
            return sighting;
        }
    }
}

/// The watches of other controllers' Leases; ended with it.
pub(crate) struct RivalWatches {
    client: Client,
    kind: Option<Kind>,
    lock: String,
    /// The namespaces in which they are watched if not in all.
    namespaces: BTreeSet<String>,
    is_everywhere: bool,
    sender: mpsc::Sender<News>,
    news: mpsc::Receiver<News>,
    tasks: JoinSet<()>,
}

impl RivalWatches {
    /// Watches the Leases of `rivals`, if there may be any.
    #[must_use]
    pub(crate) fn new(cluster: &Cluster, rivals: Option<&Rivals>) -> Self {
        let (sender, news) = mpsc::channel(WAITING);
        let rivals = rivals.cloned();
        let mut watches = Self {
            client: cluster.client(),
            kind: kinds::find(lease::API, "Lease").filter(|_| rivals.is_some()),
            lock: rivals.as_ref().map(|r| r.lock.clone()).unwrap_or_default(),
            is_everywhere: rivals.as_ref().is_some_and(|r| r.everywhere),
            namespaces: rivals.map(|r| r.namespaces).unwrap_or_default(),
            sender,
            news,
            tasks: JoinSet::new(),
        };
        match watches.is_everywhere {
            true => watches.watch(None),
            false => watches.watch_each(),
        }
        watches
    }

    fn watch_each(&mut self) {
        self.is_everywhere = false;
        std::mem::take(&mut self.namespaces).into_iter().for_each(|namespace| self.watch(Some(namespace)));
    }

    fn watch(&mut self, namespace: Option<String>) {
        let Some(kind) = self.kind.clone() else { return };
        let interest = Interest { kind, namespace, labels: String::new(), name: self.lock.clone() };
        self.tasks.spawn(follow(
            self.client.clone(),
            interest,
            self.sender.clone(),
            "rivals",
            |news: News<Object>| news.map(|lease| lease.0),
        ));
    }

    /// The next Lease as it is now; never while there is none. Where we may not look into all namespaces, we look into
    /// those that are named; without that right nothing can be told, and nobody could help.
    pub(crate) async fn next(&mut self) -> Value {
        loop {
            match self.news.recv().await {
                Some(News::Present(lease)) => return lease,
                Some(News::Trouble { code: 403, .. }) if self.is_everywhere => {
                    self.tasks.abort_all();
                    self.watch_each();
                }
                Some(_) => {}
                None => std::future::pending().await,
            }
        }
    }
}
