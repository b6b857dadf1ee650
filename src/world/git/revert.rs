//! Undoing commits in memory: each is merged away on top of the last result, as `git revert` does it.
//! It never commits, never touches a work tree, and never resolves a conflict.

use super::changes::count_differences;
use super::contract::{Files, Reverted, Undo, UndoHow};
use super::error::GitError;
use super::store::Store;
use super::text::shown;
use super::trouble::Outcome;
use crate::api::ids::{CommitId, TreeId};
use crate::world::cause::Cause;
use git2::build::TreeUpdateBuilder;
use git2::{ErrorClass, FileMode, Index, MergeOptions, Oid, Tree};
use std::collections::BTreeSet;
use std::path::Path;

/// See [`Git::revert`](super::contract::Git::revert).
pub(super) fn revert(store: &Store, onto: &CommitId, commits: &[Undo]) -> Outcome<Reverted> {
    let (_, onto) = store.find(onto)?;
    let mut tree = onto.tree;
    for Undo { commit, how } in commits {
        let (id, undone) = store.find(commit)?;
        let (after, before) = match (how, undone.parents.first()) {
            (UndoHow::Step { with, without }, _) => {
                (replaced(store, tree, with)?, replaced(store, tree, without)?)
            }
            (UndoHow::Part(files), _) => (undone.tree, replaced(store, undone.tree, files)?),
            (UndoHow::Whole, Some(parent)) => (undone.tree, store.parent(id, *parent)?.tree),
            // Before a first commit there was nothing.
            (UndoHow::Whole, None) => (undone.tree, store.repo.treebuilder(None)?.write()?),
        };
        let mut merged = undo(store, tree, after, before)?;
        let paths = conflicts(&merged)?;
        if !paths.is_empty() {
            return Ok(Reverted::Conflict { commit: commit.clone(), paths });
        }
        tree = merged.write_tree_to(&store.repo)?;
    }
    if tree == onto.tree {
        return Ok(Reverted::Empty);
    }
    Ok(Reverted::Tree {
        id: TreeId::new(tree.to_string()),
        files: count_differences(store, onto.tree, tree)?,
    })
}

/// `tree` with some files replaced or removed.
fn replaced(store: &Store, tree: Oid, files: &Files) -> Outcome<Oid> {
    let tree = store.repo.find_tree(tree)?;
    let mut update = TreeUpdateBuilder::new();
    for (path, content) in files {
        match content {
            Some(content) => {
                let mode = tree.get_path(Path::new(path)).map_or(FileMode::Blob, |entry| {
                    if entry.filemode() == i32::from(FileMode::BlobExecutable) {
                        FileMode::BlobExecutable
                    } else {
                        FileMode::Blob
                    }
                });
                update.upsert(path.as_str(), store.repo.blob(content)?, mode);
            }
            None if tree.get_path(Path::new(path)).is_err() => {} // it is not there
            None => drop(update.remove(path.as_str())),
        }
    }
    Ok(update.create_updated(&store.repo, &tree)?)
}

/// The step from `with` back to `without`, done to `now`. Trees are merged instead of commits because a shallow
/// mirror hides the parents of its oldest commit.
fn undo(store: &Store, now: Oid, with: Oid, without: Oid) -> Outcome<Index> {
    let tree = |id: Oid| -> Result<Tree<'_>, git2::Error> { store.repo.find_tree(id) };
    let mut options = MergeOptions::new();
    // Only a file that moved as it is counts as renamed. Manifests resemble each other so much that git takes one for
    // another, and what somebody changed of one object would be done to the other.
    options.rename_threshold(100);
    let merged = store.repo.merge_trees(&tree(with)?, &tree(now)?, &tree(without)?, Some(&options));
    merged.map_err(|error| match error.class() {
        // What a merge in memory puts into its index is refused there for its name alone, such as `git~1`, which some
        // file systems take for `.git`.
        ErrorClass::Index => {
            let why = format!("{}; such a name cannot be merged, rename it first", error.message());
            GitError::Failed { repo: store.name(), why, source: Cause::of(error) }.into()
        }
        _ => error.into(),
    })
}

/// The paths in conflict, sorted.
fn conflicts(index: &Index) -> Outcome<Vec<String>> {
    let mut paths = BTreeSet::new();
    for conflict in index.conflicts()? {
        let conflict = conflict?;
        let sides = [conflict.ancestor, conflict.our, conflict.their];
        paths.extend(sides.into_iter().flatten().map(|side| shown(&side.path)));
    }
    Ok(paths.into_iter().collect())
}
