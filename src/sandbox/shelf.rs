//! Decides what is stored of one resource now, what was stored at an earlier revision, and what changed since.
//! It never decides whether a change is allowed, and knows nothing of what an object means.

use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use tokio::sync::watch;

/// What must be known of an object without reading it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    /// Namespace, empty for cluster-wide objects.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Uid.
    pub uid: String,
    /// Revision of the last change.
    pub revision: u64,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// The fields that field selectors may ask for.
    pub fields: BTreeMap<String, String>,
    /// Uids of the owners.
    pub owners: Vec<String>,
    /// Whether a deletion has been asked for.
    pub deleting: bool,
}

/// One stored object: its head, and its JSON without `apiVersion` and `kind`.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    /// What is known without reading the object.
    pub head: Arc<Head>,
    /// The JSON text, beginning with `{`, without `apiVersion` and `kind`.
    pub bytes: Bytes,
    /// Which edition of a custom kind's schema it was written under; 0 for built-in kinds.
    pub edition: u64,
}

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// It is new.
    Added,
    /// It changed.
    Modified,
    /// It is gone.
    Deleted,
}

/// One entry of the history of a resource.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// The revision the change made.
    pub revision: u64,
    /// Key of the object.
    pub key: Arc<str>,
    /// The object after the change; of a deletion its last state with the revision of the deletion.
    pub now: Stored,
    /// The object before the change.
    pub before: Option<Stored>,
    /// What happened.
    pub verb: Verb,
}

/// The objects of one resource and their recent history.
#[derive(Debug)]
pub(crate) struct Shelf {
    objects: BTreeMap<Arc<str>, Stored>,
    history: VecDeque<Entry>,
    /// The newest revision whose changes are no longer kept.
    compacted: u64,
    most: usize,
    wake: watch::Sender<u64>,
}

/// The key of an object, in the order lists are given: `namespace/name`, or only the name.
#[must_use]
pub(crate) fn key(namespace: &str, name: &str) -> Arc<str> {
    if namespace.is_empty() { name.into() } else { format!("{namespace}/{name}").into() }
}

impl Shelf {
    /// An empty shelf that keeps at most `most` changes; what happened up to `revision` is not known to it.
    #[must_use]
    pub(crate) fn new(revision: u64, most: usize) -> Self {
        Self {
            objects: BTreeMap::new(),
            history: VecDeque::new(),
            compacted: revision,
            most,
            wake: watch::Sender::new(revision),
        }
    }

    /// A shelf with the same objects and history that keeps at most `most` changes from now on and that nobody waits at.
    #[must_use]
    pub(crate) fn forked(&self, most: usize) -> Self {
        Self {
            objects: self.objects.clone(),
            history: self.history.clone(),
            compacted: self.compacted,
            most,
            wake: watch::Sender::new(*self.wake.borrow()),
        }
    }

    /// The object at `key`.
    #[must_use]
    pub(crate) fn get(&self, key: &str) -> Option<&Stored> {
        self.objects.get(key)
    }

    /// The objects whose key begins with `prefix` and is greater than `after`, in order.
    pub(crate) fn range<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&str>,
    ) -> impl Iterator<Item = (&'a Arc<str>, &'a Stored)> {
        let start: Arc<str> = after.filter(|a| *a > prefix).unwrap_or(prefix).into();
        let after = after.map(str::to_owned);
        self.objects
            .range(start..)
            .skip_while(move |(k, _)| after.as_deref().is_some_and(|a| &***k <= a))
            .take_while(move |(k, _)| k.starts_with(prefix))
    }

    /// The objects under `prefix` after `after` as they were at `revision`, in order.
    #[must_use]
    pub(crate) fn range_at(
        &self,
        revision: u64,
        prefix: &str,
        after: Option<&str>,
    ) -> Vec<(Arc<str>, Stored)> {
        let mut then: BTreeMap<Arc<str>, Stored> =
            self.range(prefix, after).map(|(k, s)| (Arc::clone(k), s.clone())).collect();
        for entry in self.history.iter().rev().take_while(|e| e.revision > revision) {
            if !entry.key.starts_with(prefix) || after.is_some_and(|a| &*entry.key <= a) {
                continue;
            }
            match &entry.before {
                Some(before) => then.insert(Arc::clone(&entry.key), before.clone()),
                None => then.remove(&entry.key),
            };
        }
        then.into_iter().collect()
    }

    /// Takes in one change and wakes the watches.
    pub(crate) fn record(&mut self, entry: Entry) {
        match entry.verb {
            Verb::Deleted => self.objects.remove(&entry.key),
            Verb::Added | Verb::Modified => self.objects.insert(Arc::clone(&entry.key), entry.now.clone()),
        };
        let revision = entry.revision;
        self.history.push_back(entry);
        while self.history.len() > self.most {
            if let Some(old) = self.history.pop_front() {
                self.compacted = old.revision;
            }
        }
        self.wake.send_replace(revision);
    }

    /// Forgets the changes up to `revision`.
    pub(crate) fn compact(&mut self, revision: u64) {
        while self.history.front().is_some_and(|e| e.revision <= revision) {
            self.history.pop_front();
        }
        self.compacted = self.compacted.max(revision);
        self.wake.send_modify(|_| ());
    }

    /// The newest revision whose changes are no longer kept.
    #[must_use]
    pub(crate) fn compacted(&self) -> u64 {
        self.compacted
    }

    /// The changes after `revision`, at most `most` of them; none when they are no longer kept.
    #[must_use]
    pub(crate) fn since(&self, revision: u64, most: usize) -> Option<Vec<Entry>> {
        if revision < self.compacted {
            return None;
        }
        let start = self.history.partition_point(|e| e.revision <= revision);
        Some(self.history.iter().skip(start).take(most).cloned().collect())
    }

    /// A receiver that is told of every change.
    #[must_use]
    pub(crate) fn listen(&self) -> watch::Receiver<u64> {
        self.wake.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(name: &str, revision: u64) -> Stored {
        let head = Head { namespace: "n".into(), name: name.into(), revision, ..Head::default() };
        Stored { head: Arc::new(head), bytes: Bytes::from_static(b"{}"), edition: 0 }
    }

    fn write(shelf: &mut Shelf, name: &str, revision: u64, verb: Verb) {
        let key = key("n", name);
        let before = shelf.get(&key).cloned();
        shelf.record(Entry { revision, now: stored(name, revision), before, verb, key });
    }

    fn names(shelf: &Shelf, revision: u64) -> Vec<(String, u64)> {
        let at = shelf.range_at(revision, "n/", None);
        at.into_iter().map(|(_, s)| (s.head.name.clone(), s.head.revision)).collect()
    }

    #[test]
    fn the_past_is_reconstructed_from_the_history() {
        let mut shelf = Shelf::new(0, 100);
        write(&mut shelf, "a", 1, Verb::Added);
        write(&mut shelf, "b", 2, Verb::Added);
        write(&mut shelf, "a", 3, Verb::Modified);
        write(&mut shelf, "b", 4, Verb::Deleted);
        assert_eq!(names(&shelf, 4), [("a".into(), 3)]);
        assert_eq!(names(&shelf, 3), [("a".into(), 3), ("b".into(), 2)]);
        assert_eq!(names(&shelf, 2), [("a".into(), 1), ("b".into(), 2)]);
        assert_eq!(names(&shelf, 0), []);
    }

    #[test]
    fn what_is_forgotten_cannot_be_replayed() {
        let mut shelf = Shelf::new(0, 2);
        for revision in 1..=4 {
            write(&mut shelf, "a", revision, Verb::Modified);
        }
        assert_eq!(shelf.compacted(), 2);
        assert!(shelf.since(1, 10).is_none());
        let revisions: Vec<u64> = shelf.since(2, 10).unwrap().iter().map(|e| e.revision).collect();
        assert_eq!(revisions, [3, 4]);
        shelf.compact(3);
        assert!(shelf.since(2, 10).is_none());
    }

    #[test]
    fn namespaces_sort_as_their_full_keys_do() {
        let mut shelf = Shelf::new(0, 10);
        for (revision, (namespace, name)) in [("a", "x"), ("a-b", "x"), ("a", "y")].into_iter().enumerate() {
            let revision = revision as u64 + 1;
            let key = key(namespace, name);
            shelf.record(Entry {
                revision,
                now: stored(name, revision),
                before: None,
                verb: Verb::Added,
                key,
            });
        }
        let keys: Vec<&str> = shelf.range("", None).map(|(k, _)| &**k).collect();
        assert_eq!(keys, ["a-b/x", "a/x", "a/y"]);
        let rest: Vec<&str> = shelf.range("a/", Some("a/x")).map(|(k, _)| &**k).collect();
        assert_eq!(rest, ["a/y"]);
    }
}
