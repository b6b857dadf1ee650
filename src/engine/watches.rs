//! Decides which kinds are followed, and when enough of the cluster is known to act on it.
//! It never acts.

use crate::api::kinds::{self, Kind};
use crate::api::watch::News;
use crate::engine::index::kinds::{OWN, Presence};
use crate::engine::index::{Change, Followed};
use crate::world::cluster::watch::{Interest, follow};
use kube::Client;
use std::collections::BTreeSet;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Messages of watches waiting at most.
const WAITING: usize = 4096;

/// What a watch brings, read already.
type Message = (&'static Followed, News<Change>);

/// The watches of the controllers.
pub(crate) struct Watches {
    client: Client,
    namespace: Option<String>,
    sender: mpsc::Sender<Message>,
    news: mpsc::Receiver<Message>,
    tasks: JoinSet<()>,
    started: BTreeSet<&'static str>,
    /// Those that were never listed yet.
    open: BTreeSet<&'static str>,
    troubled: BTreeSet<&'static str>,
}

impl Watches {
    /// Starts to follow every kind of our own, in one namespace or in all.
    #[must_use]
    pub(crate) fn start(client: Client, namespace: Option<String>) -> Self {
        let (sender, news) = mpsc::channel(WAITING);
        let mut watches = Self {
            client,
            namespace,
            sender,
            news,
            tasks: JoinSet::new(),
            started: BTreeSet::new(),
            open: BTreeSet::new(),
            troubled: BTreeSet::new(),
        };
        OWN.iter().for_each(|followed| watches.follow(followed));
        watches
    }

    /// Starts to follow a kind, once.
    pub(crate) fn follow(&mut self, followed: &'static Followed) {
        let Some(kind) = kind_of(followed).filter(|_| self.started.insert(followed.name)) else { return };
        self.open.insert(followed.name);
        let namespace = self.namespace.clone();
        let interest = Interest { kind, namespace, labels: followed.selector(), name: String::new() };
        let say = move |news| (followed, followed.read(news));
        self.tasks.spawn(follow(self.client.clone(), interest, self.sender.clone(), followed.name, say));
    }

    /// Where watches put what they bring.
    #[cfg(test)]
    pub(crate) fn sender(&self) -> mpsc::Sender<Message> {
        self.sender.clone()
    }

    /// What a watch brings next.
    pub(crate) async fn next(&mut self) -> Option<Message> {
        self.news.recv().await
    }

    /// The same, if something is there already.
    pub(crate) fn next_at_hand(&mut self) -> Option<Message> {
        self.news.try_recv().ok()
    }

    /// The list of a kind is complete.
    pub(crate) fn listed(&mut self, followed: &'static Followed) {
        self.open.remove(followed.name);
        self.troubled.remove(followed.name);
    }

    /// A watch is troubled. Nothing waits for a kind that the cluster does not serve or show us, unless nothing can be
    /// decided without it; a list that merely failed is waited for, since what is not known is not absent. Answers
    /// whether the trouble is new.
    pub(crate) fn trouble(&mut self, followed: &'static Followed, code: u16) -> bool {
        if followed.need != Presence::Required && matches!(code, 403..=405) {
            self.open.remove(followed.name);
        }
        self.troubled.insert(followed.name)
    }

    /// Whether every kind was listed, so that decisions rest on the whole.
    #[must_use]
    pub(crate) fn are_ready(&self) -> bool {
        self.open.is_empty()
    }
}

fn kind_of(followed: &Followed) -> Option<Kind> {
    kinds::find(followed.api_version, followed.kind)
}
