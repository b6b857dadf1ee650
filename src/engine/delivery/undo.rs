//! Undoes commits on top of another: as git does it, and where later commits have moved the objects, where they stand now.
//! Which commits, and how each is undone in place, is `logic::revert`; nothing is committed here.

use crate::api::commit::FileChange;
use crate::api::ids::CommitId;
use crate::engine::delivery::choose::file_change;
use crate::engine::delivery::source::Source;
use crate::logic::manifest::pick::is_manifest;
use crate::logic::revert::in_place::in_place;
use crate::logic::revert::parts::Replaced;
use crate::logic::revert::select::{Extent, Pick};
use crate::world::git::{Files, GitError, Reverted, Undo, UndoHow};
use bytes::Bytes;

/// Undoes `picks` (newest first) on top of `head`.
///
/// # Errors
/// Git is away.
pub(crate) async fn undo(source: &Source, head: &CommitId, picks: &[Pick]) -> Result<Reverted, GitError> {
    let mut undos: Vec<Undo> = picks.iter().map(as_git_does).collect();
    loop {
        let done = source.git.revert(head, &undos).await?;
        let Reverted::Conflict { commit, .. } = &done else { return Ok(done) };
        let Some(at) = picks.iter().position(|p| p.commit.id == commit.as_str()) else { return Ok(done) };
        let (Some(pick), Some(undo)) = (picks.get(at), undos.get_mut(at)) else { return Ok(done) };
        if matches!(undo.how, UndoHow::Step { .. }) {
            return Ok(done);
        }
        let Some(step) = step(source, head, pick).await? else { return Ok(done) };
        undo.how = step;
    }
}

fn as_git_does(pick: &Pick) -> Undo {
    let how = match &pick.extent {
        Extent::Whole => UndoHow::Whole,
        Extent::Part { files: replaced, .. } => UndoHow::Part(files(replaced)),
    };
    Undo { commit: CommitId::from(pick.commit.id.as_str()), how }
}

/// How a commit is undone document by document; none when that cannot be told either.
async fn step(source: &Source, head: &CommitId, pick: &Pick) -> Result<Option<UndoHow>, GitError> {
    let commit = CommitId::from(pick.commit.id.as_str());
    let changes = source.git.changes(std::slice::from_ref(&commit), &source.path).await?;
    let changes: Vec<FileChange> = changes.into_iter().flatten().map(file_change).collect();
    let there = source.git.files(head, &source.path, is_manifest).await?;
    let there = there.into_iter().filter_map(|f| Some((f.path, f.content?.to_vec())));
    let keys = match &pick.extent {
        Extent::Whole => None,
        Extent::Part { keys, .. } => Some(keys),
    };
    let found = in_place(&there.collect::<Vec<_>>(), &changes, keys, &source.namespace);
    Ok(found.map(|found| UndoHow::Step { with: files(&found.with), without: files(&found.without) }))
}

fn files(replaced: &[Replaced]) -> Files {
    replaced.iter().map(|f| (f.path.clone(), f.content.clone().map(Bytes::from))).collect()
}
