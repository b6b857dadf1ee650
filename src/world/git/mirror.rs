//! The real [`Git`]: one lane of blocking work per repository, alone in its mirror, abandoned when nobody waits.
//! It never blocks an async thread and never lets two processes into one mirror.

use super::address::Address;
use super::contract::{Author, Commit, File, Git, Interest, Known, PathChange, Pushed, Reverted, Undo};
use super::error::GitError;
use super::store::Store;
use super::transport::call::Call;
use super::trouble::Outcome;
use super::upstream::{Options, Upstream};
use super::{changes, commit, history, push, read, repair, revert};
use crate::api::ids::{CommitId, TreeId};
use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use std::fmt;
use std::fs::{File as LockFile, TryLockError};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedMutexGuard, watch};

/// A repository reached over https, http, ssh or the file system, mirrored in a bare repository of our own.
///
/// Opening one costs nothing; the first operation makes the mirror. Operations on one mirror run one after the
/// other. Dropping an operation's future hangs up on the server soon; the mirror stays whole.
pub struct Mirror {
    upstream: Arc<Upstream>,
    lane: Arc<Mutex<()>>,
    /// How many fetches have begun, and what the last of them found; none when that is no longer so.
    fetched: Arc<std::sync::Mutex<(u64, Option<Commit>)>>,
}

impl fmt::Debug for Mirror {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mirror").field("name", &self.upstream.name).finish_non_exhaustive()
    }
}

impl Mirror {
    /// Checks the options; touches neither disk nor network.
    ///
    /// # Errors
    /// [`GitError::Address`] or [`GitError::Invalid`] when they cannot be meant.
    pub fn open(options: Options) -> Result<Self, GitError> {
        let upstream = Upstream::new(options)?;
        if upstream.shows_credentials() {
            let repository = &upstream.name;
            tracing::warn!(%repository, "credentials go to it over http, where everybody can read along; use https");
        }
        Ok(Self { upstream: Arc::new(upstream), lane: Arc::default(), fetched: Arc::default() })
    }

    fn fetched(&self) -> std::sync::MutexGuard<'_, (u64, Option<Commit>)> {
        self.fetched.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Whether the repository is on this machine, so that it can be watched.
    #[must_use]
    pub(crate) fn is_local(&self) -> bool {
        matches!(self.upstream.address, Address::Local { .. })
    }

    /// Runs `job` on a blocking thread, alone in the mirror; twice at most, should the mirror be damaged.
    fn run<T: Send + 'static>(
        &self,
        job: impl Fn(&Store) -> Outcome<T> + Send + 'static,
    ) -> BoxFuture<'_, Result<T, GitError>> {
        async move {
            let lane = self.lane.clone().lock_owned().await;
            self.run_in(lane, job).await
        }
        .boxed()
    }

    /// The same for who is alone already.
    fn run_in<T: Send + 'static>(
        &self,
        lane: OwnedMutexGuard<()>,
        job: impl Fn(&Store) -> Outcome<T> + Send + 'static,
    ) -> BoxFuture<'_, Result<T, GitError>> {
        async move {
            let lock = locked(&self.upstream).await?;
            let upstream = self.upstream.clone();
            // Dropped together with this future, which tells the blocking side that nobody waits any more.
            let (_waiting, hangup) = watch::channel(());
            let call = Arc::new(Call::new(upstream.clone(), Handle::current(), hangup));
            let work = tokio::task::spawn_blocking(move || {
                let _admitted = (lane, lock);
                repair::admitted(&call, &job)
            });
            work.await.map_err(|_| GitError::Interrupted { repo: self.upstream.name.clone() })?
        }
        .boxed()
    }
}

/// Waits for the lock that keeps other processes out of the mirror. The system lets go of it when its holder
/// ends, however it ends.
async fn locked(upstream: &Upstream) -> Result<LockFile, GitError> {
    let path = upstream.lock.clone();
    let shown = path.display().to_string();
    let disk = |e: std::io::Error| GitError::disk(&shown, e);
    let opened = tokio::task::spawn_blocking(move || {
        path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
        LockFile::options().create(true).append(true).open(&path)
    });
    let interrupted = |_| GitError::Interrupted { repo: upstream.name.clone() };
    let file = opened.await.map_err(interrupted)?.map_err(&disk)?;
    let limit = tokio::time::Instant::now() + upstream.limits.lock;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(e)) => return Err(disk(e)),
            Err(TryLockError::WouldBlock) if tokio::time::Instant::now() >= limit => {
                return Err(GitError::Busy { lock: shown, seconds: upstream.limits.lock.as_secs() });
            }
            Err(TryLockError::WouldBlock) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

impl Git for Mirror {
    fn name(&self) -> String {
        self.upstream.name.clone()
    }

    fn credentials(&self) -> String {
        self.upstream.credentials.mark()
    }

    fn fetch(&self) -> BoxFuture<'_, Result<Commit, GitError>> {
        let asked = self.fetched().0;
        async move {
            let lane = self.lane.clone().lock_owned().await;
            {
                let mut fetched = self.fetched();
                if let (begun, Some(head)) = &*fetched
                    && *begun > asked
                {
                    return Ok(head.clone()); // somebody began to fetch after this was asked for
                }
                *fetched = (fetched.0 + 1, None);
            }
            let head = self.run_in(lane, repair::fetch).await?;
            self.fetched().1 = Some(head.clone());
            Ok(head)
        }
        .boxed()
    }

    fn files(
        &self,
        commit: &CommitId,
        path: &str,
        wanted: fn(&str) -> bool,
        known: Known,
    ) -> BoxFuture<'_, Result<Vec<File>, GitError>> {
        let (commit, path) = (commit.clone(), path.to_owned());
        self.run(move |store| read::files(store, &commit, &path, wanted, &known))
    }

    fn files_in(
        &self,
        tree: &TreeId,
        path: &str,
        wanted: fn(&str) -> bool,
    ) -> BoxFuture<'_, Result<Vec<File>, GitError>> {
        let (tree, path) = (tree.clone(), path.to_owned());
        self.run(move |store| read::files_in(store, &tree, &path, wanted))
    }

    fn history(
        &self,
        head: &CommitId,
        until: &CommitId,
        most: usize,
    ) -> BoxFuture<'_, Result<Vec<Commit>, GitError>> {
        let (head, until) = (head.clone(), until.clone());
        self.run(move |store| history::between(store, &head, &until, most))
    }

    fn changes(
        &self,
        commits: &[CommitId],
        path: &str,
        interest: Interest,
    ) -> BoxFuture<'_, Result<Vec<Vec<PathChange>>, GitError>> {
        let (commits, path) = (commits.to_vec(), path.to_owned());
        self.run(move |store| changes::changes(store, &commits, &path, &interest))
    }

    fn paths(&self, commit: &CommitId) -> BoxFuture<'_, Result<Vec<String>, GitError>> {
        let commit = commit.clone();
        self.run(move |store| changes::paths(store, &commit))
    }

    fn revert(&self, onto: &CommitId, commits: &[Undo]) -> BoxFuture<'_, Result<Reverted, GitError>> {
        let (onto, commits) = (onto.clone(), commits.to_vec());
        self.run(move |store| revert::revert(store, &onto, &commits))
    }

    fn commit(
        &self,
        onto: &CommitId,
        tree: &TreeId,
        message: &str,
        author: &Author,
        time: Timestamp,
    ) -> BoxFuture<'_, Result<CommitId, GitError>> {
        let (onto, tree) = (onto.clone(), tree.clone());
        let (message, author) = (message.to_owned(), author.clone());
        self.run(move |store| commit::commit(store, &onto, &tree, &message, &author, time))
    }

    fn push(&self, commit: &CommitId) -> BoxFuture<'_, Result<Pushed, GitError>> {
        let commit = commit.clone();
        async move {
            let lane = self.lane.clone().lock_owned().await;
            self.fetched().1 = None; // it is so no more
            self.run_in(lane, move |store| push::push(store, &commit)).await
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::super::secret::{Credentials, Secret};
    use super::*;

    #[test]
    fn options_and_mirrors_show_no_password() {
        let mut options = Options::new("https://me:hush-hush@host/web.git", "main", "/x");
        options.credentials = Credentials::Bearer(Secret::Value("hush-hush".into()));
        assert!(!format!("{options:?}").contains("hush"));
        let mirror = Mirror::open(options).unwrap();
        assert!(!format!("{mirror:?}").contains("hush"));
        assert_eq!(mirror.name(), "https://host/web.git");
    }

    #[test]
    fn only_branch_names_are_branches() {
        for bad in ["", "HEAD", "-x y", "a..b", "a*", "a:b", "/a", "a.lock", "refs/heads/"] {
            let opened = Mirror::open(Options::new("/r", bad, "/m"));
            assert!(matches!(opened, Err(GitError::Invalid { .. })), "{bad}");
        }
    }
}
