//! Decides how a view is kept up to date: what the watches bring, by kind and name, and when it is whole.
//! It never decides what of it is shown.

use crate::api::kinds;
use crate::api::names;
use crate::api::watch::News;
use crate::engine::setup::{self as engine_setup, Client};
use crate::front::view::picture::Picture;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// What is followed: the name of the watch, API version, kind, labels.
const KINDS: &[(&str, &str, &str, &str)] = &[
    ("Rollout", names::ARGO, "Rollout", ""),
    ("ReplicaSet", "apps/v1", "ReplicaSet", names::POD_HASH),
    ("Pod", "v1", "Pod", names::POD_HASH),
    ("AnalysisRun", names::ARGO, "AnalysisRun", ""),
];

/// Why Rollouts cannot be followed.
#[derive(Debug, Error)]
pub(crate) enum FollowError {
    /// The cluster does not serve the kind.
    #[error("the cluster serves no Rollouts; install the definitions: switchback install-crds")]
    NotServed,
    /// The cluster refuses or is away.
    #[error("Rollouts cannot be watched: {0}")]
    Trouble(String),
    /// Nobody reports any more what changes.
    #[error("Rollouts cannot be watched: the watch has ended")]
    Ended,
}

/// Objects of one kind, by namespace and name.
type Objects = BTreeMap<(String, String), Value>;

/// A view that is kept up to date.
pub(crate) struct Following {
    news: mpsc::Receiver<(&'static str, News)>,
    objects: BTreeMap<&'static str, Objects>,
    listing: BTreeMap<&'static str, BTreeSet<(String, String)>>,
    open: BTreeSet<&'static str>,
    _tasks: JoinSet<()>,
}

fn name_of(value: &Value) -> (String, String) {
    let text = |p: &str| value.pointer(p).and_then(Value::as_str).unwrap_or_default().to_owned();
    (text("/metadata/namespace"), text("/metadata/name"))
}

impl Following {
    /// Follows the Rollouts of a namespace (or of all) and, with `whole`, their revisions, pods and analyses.
    #[must_use]
    pub(crate) fn start(cluster: &Client, namespace: Option<&str>, whole: bool) -> Self {
        let mut tasks = JoinSet::new();
        let wanted = KINDS.iter().take(if whole { KINDS.len() } else { 1 });
        let kinds: Vec<_> = wanted
            .filter_map(|(name, version, kind, labels)| Some((*name, kinds::find(version, kind)?, *labels)))
            .collect();
        let open = kinds.iter().map(|(name, ..)| *name).collect();
        let news = engine_setup::watch(cluster, kinds, namespace, &mut tasks);
        Self { news, objects: BTreeMap::new(), listing: BTreeMap::new(), open, _tasks: tasks }
    }

    /// Waits until something has changed and everything is known.
    ///
    /// # Errors
    /// Rollouts cannot be read at all.
    pub(crate) async fn changed(&mut self) -> Result<(), FollowError> {
        loop {
            let Some((kind, news)) = self.news.recv().await else {
                return Err(FollowError::Ended);
            };
            self.take(kind, news)?;
            while let Ok((kind, news)) = self.news.try_recv() {
                self.take(kind, news)?;
            }
            if self.open.is_empty() {
                return Ok(());
            }
        }
    }

    fn take(&mut self, kind: &'static str, news: News) -> Result<(), FollowError> {
        let objects = self.objects.entry(kind).or_default();
        match news {
            News::Present(value) => {
                let name = name_of(&value);
                if let Some(listed) = self.listing.get_mut(kind) {
                    listed.insert(name.clone());
                }
                objects.insert(name, value);
            }
            News::Gone(value) => {
                objects.remove(&name_of(&value));
            }
            News::ListBegins => {
                self.listing.insert(kind, BTreeSet::new());
            }
            News::ListEnds => {
                let listed = self.listing.remove(kind).unwrap_or_default();
                objects.retain(|name, _| listed.contains(name));
                self.open.remove(kind);
            }
            News::Trouble { code, why } => {
                if kind == "Rollout" && self.open.contains(kind) {
                    return Err(if code == 404 { FollowError::NotServed } else { FollowError::Trouble(why) });
                }
                self.open.remove(kind); // the rest is shown without it
            }
        }
        Ok(())
    }

    fn all(&self, kind: &str, namespace: &str) -> Vec<Value> {
        let objects = self.objects.get(kind).into_iter().flatten();
        objects.filter(|((ns, _), _)| ns == namespace).map(|(_, value)| value.clone()).collect()
    }

    /// The Rollout at `namespace` and `name`, as the cluster holds it.
    #[must_use]
    pub(crate) fn rollout(&self, namespace: &str, name: &str) -> Option<&Value> {
        self.objects.get("Rollout")?.get(&(namespace.to_owned(), name.to_owned()))
    }

    /// The picture of one Rollout; none when it is gone.
    #[must_use]
    pub(crate) fn picture(&self, namespace: &str, name: &str, now: Timestamp) -> Option<Picture> {
        let rollout = self.rollout(namespace, name)?;
        let all = |kind: &str| self.all(kind, namespace);
        Some(Picture::of(rollout, &all("ReplicaSet"), &all("Pod"), &all("AnalysisRun"), now))
    }

    /// The pictures of all Rollouts, without their parts.
    #[must_use]
    pub(crate) fn rollouts(&self, now: Timestamp) -> Vec<Picture> {
        let all = self.objects.get("Rollout").into_iter().flatten();
        all.map(|(_, rollout)| Picture::of(rollout, &[], &[], &[], now)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn following() -> Following {
        let (_sender, news) = mpsc::channel(1);
        let open = KINDS.iter().map(|(name, ..)| *name).collect();
        Following { news, objects: BTreeMap::new(), listing: BTreeMap::new(), open, _tasks: JoinSet::new() }
    }

    fn trouble(code: u16) -> News {
        News::Trouble { code, why: "404 is a word here".to_owned() }
    }

    #[tokio::test]
    async fn a_kind_is_missing_where_the_cluster_says_so_by_its_code_and_not_by_its_words() {
        let missing = following().take("Rollout", trouble(404)).unwrap_err();
        assert!(matches!(missing, FollowError::NotServed), "{missing}");
        let away = following().take("Rollout", trouble(0)).unwrap_err();
        assert_eq!(away.to_string(), "Rollouts cannot be watched: 404 is a word here");
        assert!(matches!(following().changed().await, Err(FollowError::Ended)));
    }

    #[tokio::test]
    async fn what_else_cannot_be_followed_is_left_out() {
        let mut following = following();
        following.take("Pod", trouble(403)).unwrap();
        assert!(!following.open.contains("Pod") && following.open.contains("Rollout"));
        following.take("Rollout", News::ListBegins).unwrap();
        following.take("Rollout", News::ListEnds).unwrap();
        following.take("Rollout", trouble(404)).unwrap();
    }
}
