//! Decides which kinds of objects of a delivery are watched, by label, and reads what the watches bring: an object as it
//! is now, or that it is gone. It keeps nothing of an object, and never judges one.

use crate::api::key::{Key, target_of};
use crate::api::kinds::Kind;
use crate::api::names;
use crate::api::object::Object;
use crate::api::watch::News;
use crate::world::cluster::watch::{Interest, follow};
use kube::Client;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};

/// Messages of watches waiting at most.
const WAITING: usize = 256;

/// What a watch is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct About {
    /// The number of the delivery.
    pub(crate) number: usize,
    /// The API version.
    pub(crate) api_version: String,
    /// The kind.
    pub(crate) kind: String,
}

/// What was seen of an object.
#[derive(Debug)]
pub(crate) enum Seen {
    /// It is like this now.
    Present(Value),
    /// It is gone, or no longer carries our label.
    Gone,
}

impl Seen {
    /// The object, if it is there.
    pub(crate) fn object(&self) -> Option<&Value> {
        match self {
            Self::Present(object) => Some(object),
            Self::Gone => None,
        }
    }
}

/// The watches of all deliveries to one cluster.
pub(crate) struct DriftWatches {
    client: Client,
    sender: mpsc::Sender<(About, News)>,
    news: mpsc::Receiver<(About, News)>,
    tasks: JoinSet<()>,
    followed: BTreeMap<About, AbortHandle>,
    refused: BTreeSet<About>,
    /// The objects that a list under way has brought.
    lists: BTreeMap<About, BTreeSet<Key>>,
    /// The objects of lists that have ended and that nobody has looked at.
    ended: BTreeMap<About, BTreeSet<Key>>,
}

impl DriftWatches {
    /// No watch yet.
    #[must_use]
    pub(crate) fn new(client: Client) -> Self {
        let (sender, news) = mpsc::channel(WAITING);
        Self {
            client,
            sender,
            news,
            tasks: JoinSet::new(),
            followed: BTreeMap::new(),
            refused: BTreeSet::new(),
            lists: BTreeMap::new(),
            ended: BTreeMap::new(),
        }
    }

    /// Follows every kind that delivery `number`, named `source`, has something of among `objects` (with the API version
    /// each was written in), and no other any more. `kinds` say how they are served.
    pub(crate) fn follow(
        &mut self,
        number: usize,
        source: &str,
        objects: &BTreeMap<Key, String>,
        kinds: &BTreeMap<(String, String), Kind>,
    ) {
        let about = |(api_version, kind): (&str, &str)| About {
            number,
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
        };
        let pairs: BTreeSet<(&str, &str)> =
            objects.iter().map(|(key, version)| (version.as_str(), key.kind.as_str())).collect();
        let wanted: BTreeSet<About> = pairs.into_iter().map(about).collect();
        self.followed.retain(|about, watch| {
            let stays = about.number != number || wanted.contains(about);
            if !stays {
                watch.abort();
            }
            stays
        });
        self.lists.retain(|about, _| about.number != number || wanted.contains(about));
        self.ended.retain(|about, _| about.number != number || wanted.contains(about));
        for about in wanted {
            let kind = kinds.get(&(about.api_version.clone(), about.kind.clone()));
            let Some(kind) = kind.filter(|_| !self.followed.contains_key(&about)) else { continue };
            let labels = format!("{}={source}", names::DELIVERY);
            let interest = Interest { kind: kind.clone(), namespace: None, labels, name: String::new() };
            let (client, sender, named) = (self.client.clone(), self.sender.clone(), about.clone());
            let say = move |news: News<Object>| (named.clone(), news.map(|object| object.0));
            self.followed.insert(about, self.tasks.spawn(follow(client, interest, sender, "drift", say)));
        }
        while self.tasks.try_join_next().is_some() {} // watches that were ended
    }

    /// The next message of a watch.
    pub(crate) async fn next(&mut self) -> Option<(About, News)> {
        self.news.recv().await
    }

    /// Whether the cluster has refused this watch for the first time.
    pub(crate) fn is_first_refusal(&mut self, about: &About) -> bool {
        self.refused.insert(about.clone())
    }

    /// What a message says of objects.
    pub(crate) fn read(&mut self, about: About, news: News) -> Option<(Key, Seen)> {
        match news {
            News::Present(object) => {
                let key = Key::of(&target_of(&object));
                if let Some(list) = self.lists.get_mut(&about) {
                    list.insert(key.clone());
                }
                return Some((key, Seen::Present(object)));
            }
            News::Gone(object) => return Some((Key::of(&target_of(&object)), Seen::Gone)),
            News::ListBegins => drop(self.lists.insert(about, BTreeSet::new())),
            News::ListEnds => {
                let list = self.lists.remove(&about).unwrap_or_default();
                self.ended.insert(about, list);
            }
            News::Trouble { .. } => {}
        }
        None
    }

    /// Those among `objects` of delivery `number` that lists have not brought which have ended since this was asked last.
    pub(crate) fn complete(&mut self, number: usize, objects: &BTreeMap<Key, String>) -> Vec<Key> {
        let (ours, others) =
            std::mem::take(&mut self.ended).into_iter().partition(|(about, _)| about.number == number);
        self.ended = others;
        let ours: BTreeMap<About, BTreeSet<Key>> = ours;
        let mut missing = Vec::new();
        for (about, list) in ours {
            let of_kind = objects.iter().filter(|(k, v)| **v == about.api_version && k.kind == about.kind);
            missing.extend(of_kind.map(|(key, _)| key).filter(|key| !list.contains(*key)).cloned());
        }
        missing
    }
}
