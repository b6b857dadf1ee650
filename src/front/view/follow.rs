//! Decides how a view is kept up to date: what the watches bring, by kind and name, and when it is whole.
//! It never decides what of it is shown.

use crate::api::kinds;
use crate::api::names;
use crate::api::watch::News;
use crate::engine::setup::{self, Client};
use crate::front::view::picture::Picture;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// What is followed: the name of the watch, API version, kind, labels.
const KINDS: &[(&str, &str, &str, &str)] = &[
    ("Rollout", names::ARGO, "Rollout", ""),
    ("ReplicaSet", "apps/v1", "ReplicaSet", names::POD_HASH),
    ("Pod", "v1", "Pod", names::POD_HASH),
    ("AnalysisRun", names::ARGO, "AnalysisRun", ""),
];

/// Objects of one kind, by namespace and name.
type Objects = BTreeMap<(String, String), Value>;

/// A view that is kept up to date.
pub struct Following {
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
    pub fn start(cluster: &Client, namespace: Option<&str>, whole: bool) -> Self {
        let mut tasks = JoinSet::new();
        let wanted = KINDS.iter().take(if whole { KINDS.len() } else { 1 });
        let kinds: Vec<_> = wanted
            .filter_map(|(name, version, kind, labels)| Some((*name, kinds::find(version, kind)?, *labels)))
            .collect();
        let open = kinds.iter().map(|(name, ..)| *name).collect();
        let news = setup::watch(cluster, kinds, namespace, &mut tasks);
        Self { news, objects: BTreeMap::new(), listing: BTreeMap::new(), open, _tasks: tasks }
    }

    /// Waits until something has changed and everything is known.
    ///
    /// # Errors
    /// Rollouts cannot be read at all: why.
    pub async fn changed(&mut self) -> Result<(), String> {
        loop {
            let Some((kind, news)) = self.news.recv().await else {
                return Err("the watch has ended".to_owned());
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

    fn take(&mut self, kind: &'static str, news: News) -> Result<(), String> {
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
            News::Trouble { why, .. } => {
                if kind == "Rollout" && self.open.contains(kind) {
                    return Err(why);
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
    pub fn rollout(&self, namespace: &str, name: &str) -> Option<&Value> {
        self.objects.get("Rollout")?.get(&(namespace.to_owned(), name.to_owned()))
    }

    /// The picture of one Rollout; none when it is gone.
    #[must_use]
    pub fn picture(&self, namespace: &str, name: &str, now: Timestamp) -> Option<Picture> {
        let rollout = self.rollout(namespace, name)?;
        let all = |kind: &str| self.all(kind, namespace);
        Some(Picture::of(rollout, &all("ReplicaSet"), &all("Pod"), &all("AnalysisRun"), now))
    }

    /// The pictures of all Rollouts, without their parts.
    #[must_use]
    pub fn rollouts(&self, now: Timestamp) -> Vec<Picture> {
        let all = self.objects.get("Rollout").into_iter().flatten();
        all.map(|(_, rollout)| Picture::of(rollout, &[], &[], &[], now)).collect()
    }
}
