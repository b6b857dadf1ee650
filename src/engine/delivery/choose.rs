//! Decides nothing: it reads from Git what `logic::revert` needs to choose the commits that go back, and asks it.
//! It never reverts one.

use crate::api::commit::{CommitRecord, FileChange};
use crate::api::ids::CommitId;
use crate::api::inventory::Fence;
use crate::api::key::Key;
use crate::api::meta::Meta;
use crate::api::write::Target;
use crate::engine::context::Context;
use crate::engine::delivery::error::{DeliverError, Hold};
use crate::engine::delivery::source::Source;
use crate::logic::manifest::pick::is_manifest;
use crate::logic::manifest::{Manifests, versioned};
use crate::logic::revert::select::{self, Extent, Pick, Selection};
use crate::logic::revert::touched::Named;
use crate::logic::revert::{PendingRevert, RevertReason, range, template};
use crate::logic::rollout::injected::template::own_template;
use crate::world::git::{Commit, File, GitError, Interest, PathChange};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// What goes back for one Rollout.
#[derive(Debug)]
pub(crate) struct Choice {
    /// What it is chosen for.
    pub(crate) pending: PendingRevert,
    /// The commit to go back to, or one after which nothing concerns the Rollout until the chosen ones.
    pub(crate) good: String,
    /// The objects whose changes go back.
    pub(crate) keys: BTreeSet<Key>,
    /// The commits, newest first.
    pub(crate) commits: Vec<CommitRecord>,
}

/// Chooses the commits between the good commit of `pending` and `head` that go back; `good` is that of the inventory, and
/// `applied` the objects that are noted there.
///
/// # Errors
/// Git is away, or a person has to act: see [`Hold`].
pub(crate) async fn choose(
    context: &Context,
    source: &Source,
    head: &Commit,
    manifests: &Manifests,
    pending: &PendingRevert,
    good: Option<&str>,
    applied: &BTreeMap<Key, Arc<Value>>,
) -> Result<Choice, DeliverError> {
    let is_undo = pending.reason == RevertReason::Undo;
    let good = if is_undo { pending.made_by.as_deref() } else { good };
    let Some(good) = good.filter(|g| !g.is_empty()) else {
        return Err(Hold::UnknownGood { rollout: pending.rollout.clone() }.into());
    };
    let stable = stable_template(context, pending).await?;
    let keys = select::keys_of(pending, stable.as_ref(), manifests, applied);
    let range = history(source, head, pending, good).await?;
    let Some(candidates) = range::candidates(&range, good) else {
        let (head, until) = (head.id.clone(), CommitId::from(good));
        let why = GitError::Rewritten { repo: source.git.name(), head, until };
        return Err(Hold::Rewritten { rollout: pending.rollout.clone(), good: good.to_owned(), why }.into());
    };
    let mut selection = Selection::new(&keys, &source.namespace);
    let oldest_first: Vec<&CommitRecord> = candidates.into_iter().rev().collect();
    let ids: Vec<CommitId> = oldest_first.iter().map(|c| CommitId::from(c.id.as_str())).collect();
    let changes = source.git.changes(&ids, &source.path, interest(&keys)).await?;
    for (commit, changes) in oldest_first.iter().zip(changes).filter(|(_, changes)| !changes.is_empty()) {
        selection.take(commit, &changes.into_iter().map(file_change).collect::<Vec<_>>());
    }
    let commits = match is_undo {
        true => {
            let is_there = |then: &BTreeMap<Key, Value>| {
                let git = versioned::template(&pending.rollout, source.config, &|key| then.get(key));
                git.is_some_and(|git| template::holds(&pending.template, &git))
            };
            let head = versioned::as_in_git(manifests, &keys);
            selection.back_to(head, &is_there).unwrap_or_else(|| selection.commits())
        }
        false => selection.commits(),
    };
    let (pending, good) = (pending.clone(), good.to_owned());
    Ok(Choice { pending, good, keys, commits })
}

/// What of many commits is looked at for `keys`; the rest is not kept.
fn interest(keys: &BTreeSet<Key>) -> Interest {
    let named = Mutex::new(Named::new(keys));
    let change = move |change: &PathChange| {
        let text = |file: &Option<File>| file.as_ref().and_then(|f| f.content.clone());
        let mut named = named.lock().unwrap_or_else(PoisonError::into_inner);
        let (old, new) = (text(&change.old), text(&change.new));
        named.concerns(&change.path, [old.as_deref(), new.as_deref()])
    };
    Interest { path: is_manifest, change: Arc::new(change) }
}

/// The pod template of the revision that stays, if it is there.
async fn stable_template(context: &Context, pending: &PendingRevert) -> Result<Option<Value>, DeliverError> {
    let Some(name) = &pending.stays else { return Ok(None) };
    let target = Target::new("apps/v1", "ReplicaSet", &pending.rollout.namespace, name);
    let found = context.cluster.get(&target).await?;
    Ok(found.and_then(|object| {
        let meta = object.get("metadata").and_then(Meta::of).unwrap_or_default();
        object.pointer("/spec/template").map(|template| own_template(template, &meta))
    }))
}

/// The commits since the good one.
async fn history(
    source: &Source,
    head: &Commit,
    pending: &PendingRevert,
    good: &str,
) -> Result<Vec<CommitRecord>, DeliverError> {
    let found = source.git.history(&head.id, &CommitId::from(good), usize::MAX).await;
    let commits = found.map_err(|why| match why {
        GitError::Rewritten { .. } | GitError::CutOff { .. } | GitError::UnknownCommit { .. } => {
            Hold::Rewritten { rollout: pending.rollout.clone(), good: good.to_owned(), why }.into()
        }
        other => DeliverError::from(other),
    })?;
    Ok(commits.into_iter().map(record).collect())
}

/// All that goes back, newest first, each commit once and as much of it as all of `choices` need.
///
/// # Errors
/// Git is away, or what a commit did cannot be told from the rest; then the Rollout that needs it is named.
pub(crate) async fn together(source: &Source, choices: &[Choice]) -> Result<Vec<Pick>, DeliverError> {
    let mut ordered: Vec<&CommitRecord> = Vec::new();
    let mut longest_first: Vec<&Choice> = choices.iter().collect();
    longest_first.sort_by_key(|c| std::cmp::Reverse(c.commits.len()));
    for choice in longest_first {
        let mut place = 0;
        for commit in &choice.commits {
            match ordered.iter().position(|c| c.id == commit.id) {
                Some(at) => place = at + 1,
                None => {
                    ordered.insert(place, commit);
                    place += 1;
                }
            }
        }
    }
    let mut picks = Vec::with_capacity(ordered.len());
    for commit in ordered {
        let mine = choices.iter().filter(|c| c.commits.iter().any(|one| one.id == commit.id));
        let keys: BTreeSet<Key> = mine.clone().flat_map(|c| c.keys.iter().cloned()).collect();
        let id = CommitId::from(commit.id.as_str());
        let is_outside = source.git.paths(&id).await?.iter().any(|path| !is_under(path, &source.path));
        let changes = source.git.changes(std::slice::from_ref(&id), &source.path, Interest::all()).await?;
        let changes: Vec<FileChange> = changes.into_iter().flatten().map(file_change).collect();
        let Some(extent) = select::extent(&changes, &keys, &source.namespace, is_outside) else {
            let rollouts = mine.map(|c| c.pending.rollout.clone()).collect();
            return Err(Hold::Inseparable { commit: commit.id.clone(), rollouts }.into());
        };
        picks.push(Pick { commit: commit.clone(), extent });
    }
    picks.retain(|pick| !matches!(&pick.extent, Extent::Part { files, .. } if files.is_empty()));
    Ok(picks)
}

/// Whether `path` lies in `folder` of the repository.
fn is_under(path: &str, folder: &str) -> bool {
    let mut parts = folder.split('/').filter(|part| !matches!(*part, "" | "."));
    let mut rest = path.split('/');
    parts.all(|part| rest.next() == Some(part))
}

/// What a fence that was not pushed yet still knows of the good commit of its Rollout.
#[must_use]
pub(crate) fn good_of_fence<'f>(fences: &'f [Fence], pending: &PendingRevert) -> Option<&'f str> {
    let mut fences = fences.iter().filter(|f| f.revert.is_none() && f.rollout == pending.rollout);
    let fence = fences.find(|f| f.revision == pending.revision)?;
    Some(fence.good.as_str()).filter(|g| !g.is_empty())
}

/// The good commit that `pending` went back to before, if what it asks for failed then: where the commit that took it back
/// was dropped by force, that is what there is to go back to.
#[must_use]
pub(crate) fn good_of_dropped<'f>(fences: &'f [Fence], pending: &PendingRevert) -> Option<&'f str> {
    let is_it = |f: &&Fence| f.rollout == pending.rollout && f.template == pending.template_key;
    let fence = fences.iter().find(is_it)?;
    Some(fence.good.as_str()).filter(|good| !good.is_empty())
}

fn record(commit: Commit) -> CommitRecord {
    CommitRecord {
        id: commit.id.to_string(),
        author: commit.author,
        time: commit.time,
        message: commit.message,
        parents: commit.parents.iter().map(CommitId::to_string).collect(),
    }
}

/// A change as `logic` knows it.
pub(super) fn file_change(change: PathChange) -> FileChange {
    let content = |f: Option<File>| f.and_then(|f| f.content).map(|c| c.to_vec());
    FileChange { path: change.path, old: content(change.old), new: content(change.new) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_holds_what_lies_below_it() {
        assert!(is_under("prod/web.yaml", "prod") && is_under("prod/web.yaml", "./prod/"));
        assert!(is_under("web.yaml", ".") && is_under("web.yaml", ""));
        assert!(!is_under("production/web.yaml", "prod") && !is_under("web.yaml", "prod"));
    }
}
