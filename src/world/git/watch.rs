//! When a local branch moves: the places Git writes references to are watched, and the branch is read again.
//! It never fetches and never misses a move for good: what the system does not report is found by a slow poll.

use super::address::Address;
use super::error::GitError;
use super::local;
use crate::world::cause::Cause;
use git2::Oid;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tokio::sync::mpsc;
use tokio::time::Instant;

/// How long it must be quiet before the branch is read: Git writes several files for one move.
const QUIET: Duration = Duration::from_millis(50);
/// How long a restless repository is waited for.
const RESTLESS: Duration = Duration::from_secs(1);
/// How often the branch is read without any sign, for file systems that report nothing.
const POLL: Duration = Duration::from_secs(10);

/// Notices when one branch of a local repository moves.
pub struct BranchWatch {
    path: PathBuf,
    name: String,
    refname: String,
    seen: Observation,
    /// Whether there was a sign after which the branch has not been read.
    sign: bool,
    signs: mpsc::Receiver<()>,
    _watcher: RecommendedWatcher,
}

/// What reading the branch showed.
#[derive(Clone, PartialEq, Eq)]
enum Observation {
    /// Its head, none when there is no such branch; and when its own file was written, if it has one.
    Head(Option<Oid>, Option<SystemTime>),
    /// The repository cannot be read.
    Unreadable,
    /// The repository's format is known to `git` only, so every sign may be a move.
    Unknown,
}

/// Watches `branch` of the local repository at `url`.
///
/// # Errors
/// [`GitError::NotLocal`] when `url` is not on this machine, [`GitError::NotFound`] when nothing is there,
/// [`GitError::Failed`] when the system cannot watch.
pub async fn watch_local(url: &str, branch: &str) -> Result<BranchWatch, GitError> {
    let address = Address::parse(url)?;
    let name = address.name();
    let Address::Local { path } = address else { return Err(GitError::NotLocal { repo: name }) };
    let refname = format!("refs/heads/{}", branch.strip_prefix("refs/heads/").unwrap_or(branch));
    let interrupted = GitError::Interrupted { repo: name.clone() };
    tokio::task::spawn_blocking(move || start(name, path, refname)).await.map_err(|_| interrupted)?
}

fn start(name: String, path: PathBuf, refname: String) -> Result<BranchWatch, GitError> {
    let (sender, signs) = mpsc::channel(1);
    let failed = |error: notify::Error| {
        let why = format!("it cannot be watched ({error}); poll it instead");
        GitError::Failed { repo: name.clone(), why, source: Cause::of(error) }
    };
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Reading is no move. A full channel already holds the sign.
        if !event.is_ok_and(|event| event.kind.is_access()) {
            let _ = sender.try_send(());
        }
    })
    .map_err(failed)?;
    for (place, mode) in places(&name, &path)? {
        watcher.watch(&place, mode).map_err(failed)?;
    }
    let seen = observe(&name, &path, &refname);
    Ok(BranchWatch { path, name, refname, seen, sign: false, signs, _watcher: watcher })
}

/// Where Git records that a branch moved: loose references, packed ones, reftables, and `HEAD`.
fn places(name: &str, path: &Path) -> Result<Vec<(PathBuf, RecursiveMode)>, GitError> {
    let (own, shared) = match local::open(name, path)? {
        Some(local) => (local.repo.path().to_owned(), local.repo.commondir().to_owned()),
        None => {
            let dir = if path.join(".git").is_dir() { path.join(".git") } else { path.to_owned() };
            (dir.clone(), dir)
        }
    };
    let mut places = vec![(shared.clone(), RecursiveMode::NonRecursive)];
    if own != shared {
        places.push((own, RecursiveMode::NonRecursive));
    }
    let deep = [shared.join("refs"), shared.join("reftable")];
    places.extend(deep.into_iter().filter(|dir| dir.is_dir()).map(|dir| (dir, RecursiveMode::Recursive)));
    Ok(places)
}

fn observe(name: &str, path: &Path, refname: &str) -> Observation {
    match local::open(name, path) {
        Ok(Some(local)) => {
            let file = local.repo.commondir().join(refname);
            let written = std::fs::metadata(file).and_then(|found| found.modified()).ok();
            Observation::Head(local.repo.refname_to_id(refname).ok(), written)
        }
        Ok(None) => Observation::Unknown,
        Err(_) => Observation::Unreadable,
    }
}

impl Observation {
    /// Whether the branch has moved between `before` and this. One that has gone on and come back is where it was, but its
    /// file was written since; packing takes the file away and moves nothing.
    fn has_moved_from(&self, before: &Self) -> bool {
        match (before, self) {
            (Self::Head(before, then), Self::Head(head, now)) => {
                before != head || then.zip(*now).is_some_and(|(then, now)| then != now)
            }
            (before, now) => before != now,
        }
    }
}

impl BranchWatch {
    /// Waits until the branch has moved, appeared or vanished since the last time (or since the watch began).
    /// Several moves close together are one. Nothing is lost when the future is dropped.
    ///
    /// # Errors
    /// [`GitError::Interrupted`] when the program is shutting down.
    pub async fn moved(&mut self) -> Result<(), GitError> {
        loop {
            self.sign = self.sign || tokio::time::timeout(POLL, self.signs.recv()).await.is_ok();
            let restless = Instant::now() + RESTLESS;
            while self.sign
                && tokio::time::timeout(QUIET, self.signs.recv()).await.is_ok()
                && Instant::now() < restless
            {}
            let (name, path, refname) = (self.name.clone(), self.path.clone(), self.refname.clone());
            let observed = tokio::task::spawn_blocking(move || observe(&name, &path, &refname)).await;
            let observation = observed.map_err(|_| GitError::Interrupted { repo: self.name.clone() })?;
            let sign = std::mem::take(&mut self.sign);
            let moved =
                observation.has_moved_from(&self.seen) || (observation == Observation::Unknown && sign);
            self.seen = observation;
            if moved {
                return Ok(());
            }
        }
    }
}
