//! Decides which commits are reverted with a failed revision: those since the last good one that changed the Rollout,
//! or the ConfigMaps and Secrets its pods use. It never reverts a commit that is reverted already.

use crate::api::commit::{CommitRecord, FileChange};
use crate::api::key::{Key, target_of};
use crate::api::write::Target;
use crate::base::yaml;
use crate::logic::manifest::object::strip;
use crate::logic::manifest::pick::is_manifest;
use crate::logic::manifest::{Manifests, references};
use crate::logic::revert::PendingRevert;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The commits, among `history` (newest first) with what each changed, that changed one of `keys`, without those
/// that another commit of `history` has reverted (and without these reverts).
#[must_use]
pub fn commits(
    history: &[(CommitRecord, Vec<FileChange>)],
    keys: &BTreeSet<Key>,
    namespace: &str,
) -> Vec<CommitRecord> {
    let mut gone: BTreeSet<String> = BTreeSet::new();
    let mut chosen = Vec::new();
    for (commit, changes) in history {
        if gone.contains(&commit.id) {
            continue; // reverted later: neither it nor its revert is left in the present state
        }
        let reverts = reverted_by(&commit.message);
        let known = |id: &String| history.iter().any(|(c, _)| c.id == *id);
        if !reverts.is_empty() && reverts.iter().all(known) {
            gone.extend(reverts);
            continue;
        }
        if changes.iter().any(|c| touches(c, keys, namespace)) {
            chosen.push(commit.clone());
        }
    }
    chosen
}

/// The objects whose changes are reverted with `pending`: the Rollout, the workload it refers to, and what the pods of
/// both templates use, the failed one and the one that `manifests` want.
#[must_use]
pub(crate) fn keys_of(pending: &PendingRevert, manifests: &Manifests) -> BTreeSet<Key> {
    let namespace = &pending.rollout.namespace;
    let mut keys = references::of_template(&pending.template, namespace);
    if let Some(wanted) = manifests.pod_template(&pending.rollout) {
        keys.extend(references::of_template(wanted, namespace));
    }
    if let Some(reference) =
        manifests.get(&pending.rollout).and_then(|m| m.value.pointer("/spec/workloadRef"))
    {
        let text = |k: &str| reference.get(k).and_then(Value::as_str).unwrap_or_default();
        keys.insert(Key::of(&Target::new(text("apiVersion"), text("kind"), namespace, text("name"))));
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

/// Whether a change of a file changes one of `keys`. A file that cannot be read counts as touching them when its
/// text names one.
fn touches(change: &FileChange, keys: &BTreeSet<Key>, namespace: &str) -> bool {
    if !is_manifest(&change.path) {
        return false;
    }
    let (old, new) = (objects(change.old.as_deref(), namespace), objects(change.new.as_deref(), namespace));
    match (old, new) {
        (Some(old), Some(new)) => keys.iter().any(|k| old.get(k) != new.get(k)),
        _ => {
            let text = [&change.old, &change.new]
                .into_iter()
                .flatten()
                .map(|c| String::from_utf8_lossy(c).into_owned())
                .collect::<String>();
            keys.iter().any(|k| text.contains(&k.name))
        }
    }
}

/// The objects of a file; none when it cannot be read.
fn objects(content: Option<&[u8]>, namespace: &str) -> Option<BTreeMap<Key, Value>> {
    let Some(content) = content else { return Some(BTreeMap::new()) };
    let documents = yaml::read(content).ok()?;
    let mut found = BTreeMap::new();
    for document in documents {
        let items = match document.value.get("items").and_then(Value::as_array) {
            Some(items) => items.clone(),
            None => vec![document.value],
        };
        for mut value in items {
            strip(&mut value);
            let mut target = target_of(&value);
            if target.namespace.is_empty() {
                namespace.clone_into(&mut target.namespace); // only namespaced kinds are ever asked for
            }
            found.insert(Key::of(&target), value);
        }
    }
    Some(found)
}
