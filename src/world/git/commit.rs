//! Writing a commit into the mirror: on top of one it can find, of a tree it holds.
//! It never moves a branch.

use super::contract::Author;
use super::error::GitError;
use super::object::commit_object;
use super::store::{Store, parsed};
use super::trouble::Outcome;
use crate::api::ids::{CommitId, TreeId};
use git2::ObjectType;
use jiff::Timestamp;

/// See [`Git::commit`](super::contract::Git::commit).
pub(super) fn commit(
    store: &Store,
    onto: &CommitId,
    tree: &TreeId,
    message: &str,
    author: &Author,
    time: Timestamp,
) -> Outcome<CommitId> {
    let (onto, _) = store.find(onto)?;
    let tree = parsed("tree", tree)?;
    let odb = store.repo.odb()?;
    if !odb.read_header(tree).is_ok_and(|(_, kind)| kind == ObjectType::Tree) {
        let why = "the mirror has no such tree; revert again".to_owned();
        return Err(GitError::Invalid { what: format!("tree {tree}"), why }.into());
    }
    let object = commit_object(onto, tree, message, author, time)?;
    Ok(CommitId::new(odb.write(ObjectType::Commit, &object)?.to_string()))
}
