//! History along first parents: the commits after one commit up to another, fetched only as deep as that takes.
//! It never guesses: a commit that cannot be found is either rewritten, too far back, or cut off, and says so.

use super::contract::Commit;
use super::error::GitError;
use super::object::{RawCommit, id_of};
use super::store::{Store, parsed};
use super::trouble::Outcome;
use crate::api::ids::CommitId;
use git2::Oid;

/// The first parents of a commit, as far as the mirror holds them.
struct Chain {
    commits: Vec<(Oid, RawCommit)>,
    end: End,
}

/// Why a chain ends.
enum End {
    /// The commit looked for comes next.
    Found,
    /// There are more commits than anybody wants to see.
    Enough,
    /// The last commit has no parent.
    Root,
    /// The last commit's parent is missing.
    Gap,
}

/// See [`Git::history`](super::contract::Git::history).
pub(super) fn between(store: &Store, head: &CommitId, until: &CommitId, most: usize) -> Outcome<Vec<Commit>> {
    let (head, _) = store.find(head)?;
    let until = parsed("commit", until)?;
    let mut depth = 1;
    loop {
        let chain = chain(store, head, until, most)?;
        if matches!(chain.end, End::Found) {
            return Ok(commits(chain.commits));
        }
        if let Some(short) = beside(store, head, until, &chain)? {
            return Ok(commits(chain.commits.into_iter().take(short).collect()));
        }
        let lost = || GitError::Rewritten { repo: store.name(), head: id_of(head), until: id_of(until) };
        if matches!(chain.end, End::Enough) {
            return Err(GitError::TooLong { repo: store.name(), until: id_of(until), most }.into());
        }
        // Deep enough to hold `most` commits and `until`; a branch that moved on meanwhile costs a step more.
        depth = depth.max(chain.commits.len()) * 2;
        let deeper = depth <= most.saturating_add(2).saturating_mul(2) && store.deepen(depth)?;
        if deeper {
            continue;
        }
        return Err(match (chain.end, chain.commits.last()) {
            (End::Gap, Some((commit, _))) if store.is_cut_off() => {
                GitError::CutOff { repo: store.name(), commit: id_of(*commit) }.into()
            }
            _ => lost().into(),
        });
    }
}

/// The first parents of `head` down to `until`, at most `most` of them.
fn chain(store: &Store, head: Oid, until: Oid, most: usize) -> Outcome<Chain> {
    let mut commits = Vec::new();
    let mut next = head;
    loop {
        if next == until {
            return Ok(Chain { commits, end: End::Found });
        }
        if commits.len() == most {
            return Ok(Chain { commits, end: End::Enough });
        }
        let commit = store.raw(next)?;
        let parent = commit.parents.first().copied();
        commits.push((next, commit));
        match parent {
            None => return Ok(Chain { commits, end: End::Root }),
            Some(parent) if !store.has(parent)? => return Ok(Chain { commits, end: End::Gap }),
            Some(parent) => next = parent,
        }
    }
}

/// How many commits of the chain come after `until`, when `until` came in through a merge and is not itself on
/// the chain; none when that is not known (yet).
fn beside(store: &Store, head: Oid, until: Oid, chain: &Chain) -> Outcome<Option<usize>> {
    if !store.has(until)? || !store.reach(head)?.seen.contains(&until) {
        return Ok(None);
    }
    let behind = store.reach(until)?.seen;
    Ok(chain.commits.iter().position(|(id, _)| behind.contains(id)))
}

fn commits(chain: Vec<(Oid, RawCommit)>) -> Vec<Commit> {
    chain.into_iter().map(|(id, raw)| raw.into_commit(id)).collect()
}
