//! Decides what the whole server holds and how a change becomes a revision that everyone learns of.
//! It never checks whether a change is allowed; the rules of each verb are in their own files.

use super::chance::Chance;
use super::kept;
use super::object;
use super::served::{Kinds, Served};
use super::shelf::{self, Entry, Shelf, Stored, Verb};
use crate::api::kinds::Kind;
use crate::base::clock::Clock;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::mpsc;

/// One committed change.
#[derive(Clone, Debug)]
pub struct Change {
    /// The revision it made.
    pub revision: u64,
    /// What happened.
    pub verb: Verb,
    /// The kind, in the version it was written in.
    pub kind: Kind,
    /// The object after the change; of a deletion its last state with the revision of the deletion.
    pub object: Arc<Value>,
    /// The object before the change.
    pub previous: Option<Arc<Value>>,
}

/// Who asked for what: user agent, verb, resource (`plural.group`, with `/subresource`).
pub(crate) type Asked = (String, &'static str, String);

/// Everything the server holds.
#[derive(Debug)]
pub(crate) struct State {
    /// The time.
    pub clock: Clock,
    /// The source of uids and names.
    pub chance: Chance,
    /// The newest revision.
    pub revision: u64,
    /// What is served.
    pub kinds: Kinds,
    /// Requests so far.
    pub asked: BTreeMap<Asked, u64>,
    shelves: BTreeMap<Arc<str>, Shelf>,
    history: usize,
    compacted: u64,
    subscribers: Vec<mpsc::UnboundedSender<Change>>,
}

impl State {
    /// A server without objects that keeps at most `history` changes of each resource.
    #[must_use]
    pub(crate) fn new(clock: Clock, seed: u64, history: usize) -> Self {
        Self {
            clock,
            chance: Chance::new(seed),
            revision: 1,
            kinds: Kinds::built_in(),
            asked: BTreeMap::new(),
            shelves: BTreeMap::new(),
            history,
            compacted: 0,
            subscribers: Vec::new(),
        }
    }

    /// The same objects in another time, with chance from `seed` and nobody who watches.
    #[must_use]
    pub(crate) fn forked(&self, clock: Clock, seed: u64, history: usize) -> Self {
        let shelves =
            self.shelves.iter().map(|(resource, shelf)| (Arc::clone(resource), shelf.forked(history)));
        Self {
            revision: self.revision,
            kinds: self.kinds.clone(),
            shelves: shelves.collect(),
            compacted: self.compacted,
            ..Self::new(clock, seed, history)
        }
    }

    /// The present time as Kubernetes writes it.
    #[must_use]
    pub(crate) fn now(&self) -> String {
        object::time(self.clock.now())
    }

    /// The objects of a resource.
    pub(crate) fn shelf(&mut self, served: &Served) -> &mut Shelf {
        let (compacted, history) = (self.compacted, self.history);
        self.shelves.entry(Arc::clone(&served.shelf)).or_insert_with(|| Shelf::new(compacted, history))
    }

    /// The objects of a resource, if there have ever been any.
    #[must_use]
    pub(crate) fn look(&self, served: &Served) -> Option<&Shelf> {
        self.shelves.get(&served.shelf)
    }

    /// One stored object.
    #[must_use]
    pub(crate) fn stored(&self, served: &Served, namespace: &str, name: &str) -> Option<&Stored> {
        self.look(served)?.get(&shelf::key(namespace, name))
    }

    /// Every object of a kind in a namespace (in all, when it is empty), as the cluster holds it.
    #[must_use]
    pub(crate) fn snapshot(&self, api_version: &str, kind: &str, namespace: &str) -> Vec<Value> {
        let Some(served) = self.kinds.named(api_version, kind) else { return Vec::new() };
        let prefix = if namespace.is_empty() { String::new() } else { format!("{namespace}/") };
        let all = self.look(&served).into_iter().flat_map(|s| s.range(&prefix, None));
        all.map(|(_, stored)| kept::value(&served, stored)).collect()
    }

    /// Stores `object` as the new state of its key; returns what was stored.
    pub(crate) fn put(
        &mut self,
        served: &Served,
        mut object: Value,
        before: Option<(Stored, Value)>,
    ) -> Stored {
        let verb = if before.is_some() { Verb::Modified } else { Verb::Added };
        self.revision += 1;
        object::set_meta(&mut object, "resourceVersion", Some(self.revision.to_string().into()));
        let stored = kept::write(served, self.revision, &object);
        self.record(served, verb, stored.clone(), object, before);
        stored
    }

    /// Removes an object; returns its last state with the revision of the deletion.
    pub(crate) fn remove(&mut self, served: &Served, before: Stored, mut object: Value) -> Stored {
        let previous = object.clone();
        self.revision += 1;
        object::set_meta(&mut object, "resourceVersion", Some(self.revision.to_string().into()));
        let stored = kept::write(served, self.revision, &object);
        self.record(served, Verb::Deleted, stored.clone(), object, Some((before, previous)));
        stored
    }

    fn record(
        &mut self,
        served: &Served,
        verb: Verb,
        now: Stored,
        object: Value,
        before: Option<(Stored, Value)>,
    ) {
        let revision = self.revision;
        let key = shelf::key(&now.head.namespace, &now.head.name);
        let (before, previous) = before.map_or((None, None), |(s, v)| (Some(s), Some(v)));
        self.shelf(served).record(Entry { revision, key, now, before, verb });
        self.subscribers.retain(|s| !s.is_closed());
        if self.subscribers.is_empty() {
            return;
        }
        let change = Change {
            revision,
            verb,
            kind: served.kind.clone(),
            object: Arc::new(object),
            previous: previous.map(Arc::new),
        };
        for subscriber in &self.subscribers {
            // a subscriber that went away just now is forgotten at the next change
            let _gone = subscriber.send(change.clone());
        }
    }

    /// A receiver of every change from now on.
    pub(crate) fn subscribe(&mut self) -> mpsc::UnboundedReceiver<Change> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.subscribers.push(sender);
        receiver
    }

    /// Forgets the changes up to `revision`, so that watches and lists of older ones are refused.
    pub(crate) fn compact(&mut self, revision: u64) {
        self.compacted = self.compacted.max(revision);
        for shelf in self.shelves.values_mut() {
            shelf.compact(revision);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_change_makes_one_revision_and_reaches_every_subscriber() {
        let mut state = State::new(Clock::Real, 1, 10);
        let served = state.kinds.named("v1", "ConfigMap").unwrap();
        let mut changes = state.subscribe();
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "a", "namespace": "n", "labels": {"x": "y"}}, "data": {"k": "v"}});
        let stored = state.put(&served, object.clone(), None);
        assert_eq!(stored.head.labels["x"], "y");
        let back = kept::read(&served, state.stored(&served, "n", "a").unwrap());
        assert_eq!(back["metadata"]["resourceVersion"], "2");
        assert_eq!((&back["data"], &back["kind"]), (&object["data"], &json!("ConfigMap")));
        state.remove(&served, stored, back);
        let told: Vec<_> =
            std::iter::from_fn(|| changes.try_recv().ok()).map(|c| (c.revision, c.verb)).collect();
        assert_eq!(told, [(2, Verb::Added), (3, Verb::Deleted)]);
        assert!(state.stored(&served, "n", "a").is_none());
    }
}
