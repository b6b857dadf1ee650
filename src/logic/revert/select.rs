//! Decides which commits go back with a failed revision, and how much of each: those since the good one that changed
//! what the revision is made of or judged by. It never takes back a commit that is undone already.

use crate::api::commit::{CommitRecord, FileChange};
use crate::api::key::Key;
use crate::logic::manifest::object::workload_of;
use crate::logic::manifest::{Manifests, references, versioned};
use crate::logic::revert::PendingRevert;
use crate::logic::revert::parts::{self, Replaced};
use crate::logic::revert::touched::{Reader, Touched};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Kinds that run pods: a commit that changes one that did not fail is not taken back whole.
const WORKLOADS: [&str; 8] =
    ["Rollout", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod"];

/// How much of a commit goes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All of it.
    Whole,
    /// Only what it did to some objects, because it also changed others that are well.
    Part {
        /// The objects.
        keys: BTreeSet<Key>,
        /// The commit's files as they would be without that.
        files: Vec<Replaced>,
    },
}

/// A commit that goes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pick {
    /// The commit.
    pub commit: CommitRecord,
    /// How much of it.
    pub extent: Extent,
}

/// A choice of commits in the making; they are taken in from the oldest on, with what each changed.
pub struct Selection<'a> {
    keys: &'a BTreeSet<Key>,
    reader: Reader<'a>,
    /// Those that touched one of the objects at all, oldest first.
    touched: Vec<(CommitRecord, Touched)>,
}

impl<'a> Selection<'a> {
    /// A choice of commits that changed one of `keys` in what revisions are made of or judged by; `namespace` is that
    /// of objects that name none.
    #[must_use]
    pub fn new(keys: &'a BTreeSet<Key>, namespace: &'a str) -> Self {
        Self { keys, reader: Reader::new(keys, namespace), touched: Vec::new() }
    }

    /// Takes in the next newer commit.
    pub fn take(&mut self, commit: &CommitRecord, changes: &[FileChange]) {
        let touched = self.reader.read(changes).only(self.keys);
        if !touched.is_empty() {
            self.touched.push((commit.clone(), touched));
        }
    }

    /// The chosen commits, newest first, without those that another one has undone, and without that one.
    #[must_use]
    pub fn commits(&self) -> Vec<CommitRecord> {
        self.from(0)
    }

    /// The same, only as far back as it takes that `is_there` says of the objects as they were that what is wanted was there;
    /// none when no commit has taken it away. `head` are the objects now.
    #[must_use]
    pub fn back_to(
        &self,
        head: BTreeMap<Key, Value>,
        is_there: &dyn Fn(&BTreeMap<Key, Value>) -> bool,
    ) -> Option<Vec<CommitRecord>> {
        let mut then = head;
        for (at, (_, touched)) in self.touched.iter().enumerate().rev() {
            for key in touched.all() {
                match touched.old.get(key) {
                    Some(old) => drop(then.insert(key.clone(), old.clone())),
                    None => drop(then.remove(key)),
                }
            }
            if is_there(&then) {
                return Some(self.from(at));
            }
        }
        None
    }

    fn from(&self, first: usize) -> Vec<CommitRecord> {
        let all = self.touched.get(first..).unwrap_or_default();
        let known: BTreeMap<&str, &Touched> = all.iter().map(|(c, t)| (c.id.as_str(), t)).collect();
        let mut undone: BTreeSet<&str> = BTreeSet::new();
        for (commit, touched) in all.iter().rev() {
            let reverts = reverted_by(&commit.message);
            let before: Vec<(&&str, &&Touched)> =
                reverts.iter().filter_map(|id| known.get_key_value(id.as_str())).collect();
            let is_whole = !reverts.is_empty() && before.len() == reverts.len();
            let is_stale = undone.contains(commit.id.as_str()); // its own undoing is undone
            if is_whole && !is_stale && before.iter().all(|(_, b)| touched.undoes(b, self.keys)) {
                undone.insert(&commit.id);
                undone.extend(before.iter().map(|(id, _)| **id));
            }
        }
        let left = all.iter().rev().filter(|(c, _)| !undone.contains(c.id.as_str()));
        left.filter(|(_, t)| !t.among(self.keys).is_empty()).map(|(c, _)| c.clone()).collect()
    }
}

/// How much of a commit with these `changes` goes back for `keys`; none when what it did to them cannot be told from
/// the rest. `is_outside` says whether it also changed files that are not delivered.
#[must_use]
pub fn extent(
    changes: &[FileChange],
    keys: &BTreeSet<Key>,
    namespace: &str,
    is_outside: bool,
) -> Option<Extent> {
    let touched = Touched::of(changes, namespace);
    let is_other = |key: &&Key| is_workload(key) && !keys.contains(*key);
    if !is_outside && !touched.all().iter().any(is_other) {
        return Some(Extent::Whole);
    }
    let ours = touched.among(keys);
    let files = parts::without(changes, &ours, namespace)?;
    Some(Extent::Part { keys: ours, files })
}

fn is_workload(key: &Key) -> bool {
    WORKLOADS.contains(&key.kind.as_str())
}

/// The objects whose changes go back with `pending`: the Rollout, the workload it refers to, its Services and
/// AnalysisTemplates, and what the pods of its templates use: the failed one, the stable one, and the one that
/// `manifests` want. What was `applied` under a name with its hash is in Git under another.
#[must_use]
pub(crate) fn keys_of(
    pending: &PendingRevert,
    stable: Option<&Value>,
    manifests: &Manifests,
    applied: &BTreeMap<Key, Arc<Value>>,
) -> BTreeSet<Key> {
    let namespace = &pending.rollout.namespace;
    let mut keys = references::of_template(&pending.template, namespace);
    for template in manifests.pod_template(&pending.rollout).into_iter().chain(stable) {
        keys.extend(references::of_template(template, namespace));
    }
    let in_git = |key: &Key| {
        let value =
            manifests.get(key).map(|m| &*m.value).or_else(|| applied.get(key).map(|value| &**value))?;
        versioned::git_key(key, value)
    };
    let found: Vec<Key> = keys.iter().filter_map(in_git).collect();
    keys.extend(found);
    if let Some(manifest) = manifests.get(&pending.rollout) {
        let spec = manifest.value.get("spec").unwrap_or(&Value::Null);
        keys.extend(workload_of(&pending.rollout, &manifest.value));
        keys.extend(references::of_strategy(spec.get("strategy").unwrap_or(&Value::Null), namespace));
    }
    let mut open: Vec<Key> = keys.iter().filter(|k| k.kind.ends_with("AnalysisTemplate")).cloned().collect();
    while let Some(key) = open.pop() {
        let Some(template) = manifests.get(&key) else { continue };
        let nested = references::of_analysis(template.value.get("spec").unwrap_or(&Value::Null), namespace);
        open.extend(nested.into_iter().filter(|k| keys.insert(k.clone())));
    }
    keys.insert(pending.rollout.clone());
    keys
}

/// The commits a message says it reverts, in git's own words.
#[must_use]
pub fn reverted_by(message: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, words) in message.match_indices("This reverts commit ") {
        let rest = message.get(at + words.len()..).unwrap_or_default();
        let id: String = rest.chars().take_while(char::is_ascii_hexdigit).collect();
        if id.len() == 40 {
            found.push(id);
        }
    }
    found
}
