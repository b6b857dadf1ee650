//! Decides which Secrets with credentials are followed, and what they hold by now.
//! It never shows them, and keeps nothing else of a Secret.

use crate::api::kinds;
use crate::api::object::Object;
use crate::api::object_name::ObjectName;
use crate::api::watch::News;
use crate::engine::setup::GitCredentials;
use crate::world::cluster::watch::{Interest, follow};
use kube::Client;
use std::collections::{BTreeMap, BTreeSet};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};

/// Messages of watches waiting at most.
const WAITING: usize = 64;

/// What a Secret holds.
#[derive(Clone)]
pub(crate) enum SecretContent {
    /// Nobody knows yet.
    Unknown,
    /// These credentials; the number changes with them.
    These(GitCredentials, u64),
    /// Nothing of use, or it is not there.
    Nothing,
    /// We may not read it.
    Refused(String),
}

struct Followed {
    held: SecretContent,
    /// Whether a list under way has brought it.
    is_listed: bool,
    watch: AbortHandle,
}

/// The Secrets that hold credentials.
pub(crate) struct Secrets {
    client: Client,
    sender: mpsc::Sender<(ObjectName, News)>,
    news: mpsc::Receiver<(ObjectName, News)>,
    tasks: JoinSet<()>,
    followed: BTreeMap<ObjectName, Followed>,
    number: u64,
}

impl Secrets {
    /// None is followed yet.
    #[must_use]
    pub(crate) fn new(client: Client) -> Self {
        let (sender, news) = mpsc::channel(WAITING);
        let (tasks, followed) = (JoinSet::new(), BTreeMap::new());
        Self { client, sender, news, tasks, followed, number: 0 }
    }

    /// What the Secret `name` holds; it is followed from now on.
    pub(crate) fn held(&mut self, name: &ObjectName) -> SecretContent {
        if let Some(followed) = self.followed.get(name) {
            return followed.held.clone();
        }
        let Some(kind) = kinds::find("v1", "Secret") else { return SecretContent::Nothing };
        let namespace = Some(name.namespace.clone());
        let interest = Interest { kind, namespace, labels: String::new(), name: name.name.clone() };
        let (sender, about) = (self.sender.clone(), name.clone());
        let say = move |news: News<Object>| (about.clone(), news.map(|secret| secret.0));
        let watch = self.tasks.spawn(follow(self.client.clone(), interest, sender, "Secret", say));
        let followed = Followed { held: SecretContent::Unknown, is_listed: false, watch };
        self.followed.insert(name.clone(), followed);
        SecretContent::Unknown
    }

    /// Follows no other Secrets than these any more.
    pub(crate) fn only(&mut self, wanted: &BTreeSet<ObjectName>) {
        self.followed.retain(|name, followed| {
            let stays = wanted.contains(name);
            if !stays {
                followed.watch.abort();
            }
            stays
        });
        while self.tasks.try_join_next().is_some() {} // watches that were ended
    }

    /// The next Secret of which something is known that was not before.
    pub(crate) async fn changed(&mut self) -> Option<ObjectName> {
        loop {
            let (name, news) = self.news.recv().await?;
            let Some(followed) = self.followed.get_mut(&name) else { continue };
            let held = match news {
                News::Present(secret) => {
                    followed.is_listed = true;
                    self.number += 1;
                    let number = self.number;
                    GitCredentials::of_secret(&secret).map_or(SecretContent::Nothing, |credentials| {
                        SecretContent::These(credentials, number)
                    })
                }
                News::ListBegins => {
                    followed.is_listed = false;
                    continue;
                }
                News::ListEnds if followed.is_listed => continue,
                News::ListEnds | News::Gone(_) => SecretContent::Nothing,
                News::Trouble { code: 403, why } => SecretContent::Refused(why),
                News::Trouble { .. } => continue,
            };
            followed.held = held;
            return Some(name);
        }
    }
}
