//! Undoes commits on top of another: as git does it, and where later commits have moved the objects, where they stand now.
//! Which commits, and how each is undone in place, is `logic::revert`; nothing is committed here.

use crate::api::commit::FileChange;
use crate::api::ids::CommitId;
use crate::engine::delivery::choose::file_change;
use crate::engine::delivery::source::Source;
use crate::logic::manifest::pick::is_manifest;
use crate::logic::revert::doubled::doubled;
use crate::logic::revert::in_place::in_place;
use crate::logic::revert::parts::Replaced;
use crate::logic::revert::select::{Extent, Pick};
use crate::world::git::{File, Files, GitError, Interest, Reverted, Undo, UndoHow, nothing_known};
use bytes::Bytes;
use std::collections::BTreeMap;

/// Undoes `picks` (newest first) on top of `head`. A commit that cannot be undone as git does it, or leaves an object in
/// two files, is undone in place.
///
/// # Errors
/// Git is away.
pub(crate) async fn undo(source: &Source, head: &CommitId, picks: &[Pick]) -> Result<Reverted, GitError> {
    let mut undos: Vec<Undo> = picks.iter().map(as_git_does).collect();
    loop {
        let mut twice: Vec<String> = Vec::new();
        let done = source.git.revert(head, &undos).await?;
        let at = match &done {
            Reverted::Empty => return Ok(done),
            Reverted::Conflict { commit, .. } => undos.iter().position(|u| u.commit == *commit),
            Reverted::Tree { id, .. } => {
                let after = by_path(source.git.files_in(id, &source.path, is_manifest).await?);
                let before =
                    by_path(source.git.files(head, &source.path, is_manifest, nothing_known()).await?);
                twice.extend(doubled(&before, &after, &source.namespace));
                let Some(first) = picks.first().filter(|_| !twice.is_empty()) else { return Ok(done) };
                let Some(at) = undos.iter().position(|u| !matches!(u.how, UndoHow::Step { .. })) else {
                    let commit = CommitId::from(first.commit.id.as_str());
                    return Ok(Reverted::Conflict { commit, paths: twice });
                };
                Some(at)
            }
        };
        let Some((at, pick)) = at.and_then(|at| Some((at, picks.get(at)?))) else { return Ok(done) };
        let (before, rest) = undos.split_at_mut(at);
        let Some(undo) = rest.first_mut().filter(|u| !matches!(u.how, UndoHow::Step { .. })) else {
            return Ok(done);
        };
        match step(source, head, before, pick).await? {
            Some(step) => undo.how = step,
            None if matches!(done, Reverted::Conflict { .. }) => return Ok(done),
            None => return Ok(Reverted::Conflict { commit: undo.commit.clone(), paths: twice }),
        }
    }
}

fn as_git_does(pick: &Pick) -> Undo {
    let how = match &pick.extent {
        Extent::Whole => UndoHow::Whole,
        Extent::Part { files: replaced, .. } => UndoHow::Part(files(replaced)),
    };
    Undo { commit: CommitId::from(pick.commit.id.as_str()), how }
}

/// How a commit is undone document by document, once those `before` it are; none when that cannot be told either.
async fn step(
    source: &Source,
    head: &CommitId,
    before: &[Undo],
    pick: &Pick,
) -> Result<Option<UndoHow>, GitError> {
    let there = match source.git.revert(head, before).await? {
        Reverted::Tree { id, .. } => source.git.files_in(&id, &source.path, is_manifest).await?,
        Reverted::Empty => source.git.files(head, &source.path, is_manifest, nothing_known()).await?,
        Reverted::Conflict { .. } => return Ok(None),
    };
    let commit = CommitId::from(pick.commit.id.as_str());
    let changes = source.git.changes(std::slice::from_ref(&commit), &source.path, Interest::all()).await?;
    let changes: Vec<FileChange> = changes.into_iter().flatten().map(file_change).collect();
    let there: Vec<(String, Vec<u8>)> = by_path(there).into_iter().collect();
    let keys = match &pick.extent {
        Extent::Whole => None,
        Extent::Part { keys, .. } => Some(keys),
    };
    let found = in_place(&there, &changes, keys, &source.namespace);
    Ok(found.map(|found| UndoHow::Step { with: files(&found.with), without: files(&found.without) }))
}

fn by_path(files: Vec<File>) -> BTreeMap<String, Vec<u8>> {
    files.into_iter().filter_map(|f| Some((f.path, f.content?.to_vec()))).collect()
}

fn files(replaced: &[Replaced]) -> Files {
    replaced.iter().map(|f| (f.path.clone(), f.content.clone().map(Bytes::from))).collect()
}
