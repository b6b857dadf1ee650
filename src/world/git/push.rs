//! Pushing: the branch moves from where it was fetched to our commit, or it does not move at all.
//! It never forces, never creates a branch, and distinguishes a race from a refusal by reading the branch again.

use super::contract::Pushed;
use super::error::GitError;
use super::store::Store;
use super::transport::wire;
use super::trouble::{Outcome, Trouble};
use crate::api::ids::CommitId;
use git2::{Direction, Oid, PushOptions, RemoteCallbacks};
use std::cell::RefCell;

/// See [`Git::push`](super::contract::Git::push).
pub(super) fn push(store: &Store, commit: &CommitId) -> Outcome<Pushed> {
    let (commit, _) = store.find(commit)?;
    let Some(from) = store.tracked()? else {
        return Err(store.unknown("to push from; the branch was never fetched"));
    };
    if !descends(store, commit, from)? {
        // Made on top of a head that is no longer the last one seen.
        return Ok(Pushed::Moved);
    }
    let pushed = match &store.local {
        Some(local) if !local.needs_git() => local.push(store, commit, from)?,
        _ => over_wire(store, commit, from)?,
    };
    if pushed == Pushed::Done {
        store.track(commit)?;
    }
    Ok(pushed)
}

/// Whether `commit` is `ancestor` or comes after it.
fn descends(store: &Store, commit: Oid, ancestor: Oid) -> Outcome<bool> {
    // Our commits sit right on top, so the first steps usually decide it.
    let mut next = commit;
    for _ in 0..16 {
        if next == ancestor {
            return Ok(true);
        }
        match store.raw(next)?.parents.first() {
            Some(parent) if store.has(*parent)? => next = *parent,
            _ => break,
        }
    }
    Ok(store.reach(commit)?.seen.contains(&ancestor))
}

/// What the first words of the other side already decide.
enum Opening {
    Done,
    Moved,
    Gone(Vec<String>),
    Sent,
}

fn over_wire(store: &Store, commit: Oid, from: Oid) -> Outcome<Pushed> {
    let call = &store.call;
    let refname = call.upstream.refname();
    let rejection: RefCell<Option<String>> = RefCell::new(None);
    let mut remote = store.repo.remote_anonymous(wire::URL)?;
    let sent = wire::connected(call, || {
        let mut connection = remote.connect_auth(Direction::Push, None, None)?;
        let mut branches = call.offer().branches;
        match branches.remove(&call.upstream.branch) {
            None => return Ok(Opening::Gone(branches.into_keys().collect())),
            Some(head) if head == commit => return Ok(Opening::Done),
            Some(head) if head != from => return Ok(Opening::Moved),
            Some(_) => {}
        }
        let mut callbacks = RemoteCallbacks::new();
        callbacks.sideband_progress(|words| {
            call.keep_message(words);
            true
        });
        callbacks.push_update_reference(|_, status| {
            *rejection.borrow_mut() = status.map(str::to_owned);
            Ok(())
        });
        let mut options = PushOptions::new();
        options.remote_callbacks(callbacks).packbuilder_parallelism(1);
        connection.remote().push(&[format!("{commit}:{refname}")], Some(&mut options))?;
        Ok(Opening::Sent)
    });
    let said = call.said();
    let refusal = match (sent, rejection.into_inner()) {
        (Ok(Opening::Sent), None) | (Ok(Opening::Done), _) => return Ok(Pushed::Done),
        (Ok(Opening::Moved), _) => return Ok(Pushed::Moved),
        (Ok(Opening::Gone(branches)), _) => {
            return Err(GitError::no_branch(&store.name(), &call.upstream.branch, branches).into());
        }
        (Ok(Opening::Sent), Some(reason)) => joined(&call.upstream.credentials.scrubbed(&reason), &said),
        (Err(trouble), _) => refusal(store, trouble, &said)?,
    };
    if at(store)? != Some(from) {
        return Ok(Pushed::Moved);
    }
    Ok(Pushed::Refused { why: refusal, forge: call.upstream.forge() })
}

/// The server's reason when the trouble is a refusal; else the trouble itself.
fn refusal(store: &Store, trouble: Trouble, said: &str) -> Outcome<String> {
    match trouble {
        Trouble::Git(GitError::Refused { why, .. }) => Ok(joined(&why, said)),
        // The branch could be fetched, so the repository is there and only pushing is not allowed.
        Trouble::Git(GitError::NotFound { why, .. }) => Ok(joined(&why, said)),
        // libgit2 says of that no more than of a line that broke.
        Trouble::Git(_) if store.call.refuses_objects() => Ok(joined("it did not accept the objects", said)),
        Trouble::Damaged(why) if store.call.offer().refusal.is_some() => Ok(joined(&why, said)),
        other => Err(other),
    }
}

/// A reason together with what was said about it.
fn joined(reason: &str, said: &str) -> String {
    let reason = super::text::plain(reason.as_bytes(), 400);
    if said.is_empty() || reason.contains(said) { reason } else { format!("{reason}: {said}") }
}

/// Where the branch is now.
fn at(store: &Store) -> Outcome<Option<Oid>> {
    let mut remote = store.repo.remote_anonymous(wire::URL)?;
    wire::connected(&store.call, || remote.connect_auth(Direction::Fetch, None, None).map(|_| ()))?;
    Ok(store.call.offer().branches.remove(&store.call.upstream.branch))
}
