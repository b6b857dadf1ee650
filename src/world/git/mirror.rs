//! The real [`Git`]: one lane of blocking work per repository, alone in its mirror, abandoned when nobody waits.
//! It never blocks an async thread and never lets two processes into one mirror.

use super::address::Address;
use super::contract::{Author, Change, Commit, File, Git, Pushed, Reverted};
use super::error::GitError;
use super::secret::{Credentials, Secret};
use super::store::{Outcome, Store};
use super::wire::Call;
use super::{history, push, read, revert, store};
use crate::base::digest::sha256_hex;
use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use std::fmt;
use std::fs::{File as LockFile, TryLockError};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{Mutex, watch};

/// What one operation may cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest file whose content is read, in bytes; larger ones have no content. 4 MiB.
    pub file_bytes: u64,
    /// The most content [`Git::files`] and [`Git::changes`] answer at once, in bytes. 256 MiB.
    pub total_bytes: u64,
    /// The most paths, directories included, looked at for one answer. 50 000.
    pub files: usize,
    /// The most bytes taken from or given to a server in one operation. 2 GiB.
    pub transfer_bytes: u64,
    /// How many commits deep a missing commit is searched for. 1000.
    pub depth: usize,
    /// How long the other side may stay silent. 30 s.
    pub idle: Duration,
    /// How long one operation may talk to the other side in all. 10 min.
    pub whole: Duration,
    /// How long to wait for another process that uses the same mirror. 60 s.
    pub lock: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 4 << 20,
            total_bytes: 256 << 20,
            files: 50_000,
            transfer_bytes: 2 << 30,
            depth: 1000,
            idle: Duration::from_secs(30),
            whole: Duration::from_secs(600),
            lock: Duration::from_secs(60),
        }
    }
}

/// Which branch of which repository, and how to reach it.
#[derive(Clone)]
pub struct Options {
    /// `https://`, `http://`, `ssh://`, `file://`, `[user@]host:path`, or a local path.
    pub url: String,
    /// The branch, with or without `refs/heads/`.
    pub branch: String,
    /// The directory in which mirrors live, one subdirectory per repository; created when missing.
    pub dir: PathBuf,
    /// What to show the server. Credentials within the URL are used when this is [`Credentials::None`].
    pub credentials: Credentials,
    /// Certificates (PEM) to trust besides the system's, read again at each use.
    pub ca_file: Option<PathBuf>,
    /// What to run instead of `ssh`, as the shell command `GIT_SSH_COMMAND` would hold.
    pub ssh_command: Option<String>,
    /// What one operation may cost.
    pub limits: Limits,
}

impl Options {
    /// `branch` of the repository at `url`, mirrored under `dir`, without credentials and with default limits.
    #[must_use]
    pub fn new(url: &str, branch: &str, dir: impl Into<PathBuf>) -> Self {
        Self {
            url: url.to_owned(),
            branch: branch.to_owned(),
            dir: dir.into(),
            credentials: Credentials::None,
            ca_file: None,
            ssh_command: None,
            limits: Limits::default(),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL may hold a password, so only its harmless form is shown.
        let url = Address::parse(&self.url).map_or_else(|e| e.to_string(), |address| address.name());
        f.debug_struct("Options")
            .field("url", &url)
            .field("branch", &self.branch)
            .field("dir", &self.dir)
            .field("credentials", &self.credentials)
            .field("ca_file", &self.ca_file)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// The other side of a mirror, with everything needed to reach it; fixed for the mirror's life.
pub(super) struct Upstream {
    /// The address without credentials.
    pub name: String,
    /// The address taken apart.
    pub address: Address,
    /// What to show the server.
    pub credentials: Credentials,
    /// The branch, without `refs/heads/`.
    pub branch: String,
    /// Certificates to trust besides the system's.
    pub ca_file: Option<PathBuf>,
    /// What to run instead of `ssh`.
    pub ssh_command: Option<String>,
    /// What one operation may cost.
    pub limits: Limits,
    /// The bare mirror.
    pub mirror: PathBuf,
    /// The file whose lock admits to the mirror; outside of it, because a damaged mirror is removed.
    pub lock: PathBuf,
}

impl Upstream {
    fn new(options: Options) -> Result<Self, GitError> {
        let mut address = Address::parse(&options.url)?;
        let name = address.name();
        let branch = options.branch.strip_prefix("refs/heads/").unwrap_or(&options.branch).to_owned();
        if branch == "HEAD" || !git2::Reference::is_valid_name(&format!("refs/heads/{branch}")) {
            let why = "it is no branch's name; write it as `git branch` shows it".to_owned();
            return Err(GitError::Invalid { what: format!("branch `{branch}`"), why });
        }
        let in_url = match &mut address {
            Address::Http { login, .. } => login.take(),
            _ => None,
        };
        let credentials = match (options.credentials, in_url) {
            (Credentials::None, Some((user, password))) => {
                Credentials::Basic { user, password: Secret::Value(password) }
            }
            (given, _) => given,
        };
        let last = name.trim_end_matches(".git").rsplit(['/', ':']).next().unwrap_or_default();
        let legible: String =
            last.chars().filter(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
        let hash = sha256_hex(name.as_bytes());
        let stem = format!("{legible:.40}-{}", hash.get(..12).unwrap_or_default());
        Ok(Self {
            mirror: options.dir.join(format!("{stem}.git")),
            lock: options.dir.join(format!("{stem}.lock")),
            name,
            address,
            credentials,
            branch,
            ca_file: options.ca_file,
            ssh_command: options.ssh_command,
            limits: options.limits,
        })
    }

    /// The branch's full name, here and there.
    pub(super) fn refname(&self) -> String {
        format!("refs/heads/{}", self.branch)
    }
}

/// A repository reached over https, http, ssh or the file system, mirrored in a bare repository of our own.
///
/// Opening one costs nothing; the first operation makes the mirror. Operations on one mirror run one after the
/// other. Dropping an operation's future hangs up on the server soon; the mirror stays whole.
pub struct Mirror {
    upstream: Arc<Upstream>,
    lane: Arc<Mutex<()>>,
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
        Ok(Self { upstream: Arc::new(Upstream::new(options)?), lane: Arc::default() })
    }

    /// Runs `job` on a blocking thread, alone in the mirror; twice at most, should the mirror be damaged.
    fn run<T: Send + 'static>(
        &self,
        job: impl Fn(&Store) -> Outcome<T> + Send + 'static,
    ) -> BoxFuture<'_, Result<T, GitError>> {
        async move {
            let lane = self.lane.clone().lock_owned().await;
            let lock = locked(&self.upstream).await?;
            let upstream = self.upstream.clone();
            // Dropped together with this future, which tells the blocking side that nobody waits any more.
            let (_waiting, hangup) = watch::channel(());
            let call = Arc::new(Call::new(upstream.clone(), Handle::current(), hangup));
            let work = tokio::task::spawn_blocking(move || {
                let _admitted = (lane, lock);
                store::admitted(&call, &job)
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
    let disk = |e: std::io::Error| GitError::Disk { path: shown.clone(), why: e.to_string() };
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

    fn fetch(&self) -> BoxFuture<'_, Result<Commit, GitError>> {
        self.run(Store::fetch)
    }

    fn files(&self, commit: &str, path: &str) -> BoxFuture<'_, Result<Vec<File>, GitError>> {
        let (commit, path) = (commit.to_owned(), path.to_owned());
        self.run(move |store| read::files(store, &commit, &path))
    }

    fn history(&self, head: &str, until: &str, most: usize) -> BoxFuture<'_, Result<Vec<Commit>, GitError>> {
        let (head, until) = (head.to_owned(), until.to_owned());
        self.run(move |store| history::between(store, &head, &until, most))
    }

    fn changes(&self, commit: &str, path: &str) -> BoxFuture<'_, Result<Vec<Change>, GitError>> {
        let (commit, path) = (commit.to_owned(), path.to_owned());
        self.run(move |store| read::changes(store, &commit, &path))
    }

    fn revert(&self, onto: &str, commits: &[String]) -> BoxFuture<'_, Result<Reverted, GitError>> {
        let (onto, commits) = (onto.to_owned(), commits.to_vec());
        self.run(move |store| revert::revert(store, &onto, &commits))
    }

    fn commit(
        &self,
        onto: &str,
        tree: &str,
        message: &str,
        author: &Author,
        time: Timestamp,
    ) -> BoxFuture<'_, Result<String, GitError>> {
        let (onto, tree) = (onto.to_owned(), tree.to_owned());
        let (message, author) = (message.to_owned(), author.clone());
        self.run(move |store| store.commit(&onto, &tree, &message, &author, time))
    }

    fn push(&self, commit: &str) -> BoxFuture<'_, Result<Pushed, GitError>> {
        let commit = commit.to_owned();
        self.run(move |store| push::push(store, &commit))
    }
}

#[cfg(test)]
mod tests {
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
    fn repositories_get_mirrors_of_their_own_and_branches_share_one() {
        let at = |url: &str, branch: &str| {
            let upstream = Upstream::new(Options::new(url, branch, "/m")).unwrap();
            upstream.mirror.display().to_string()
        };
        assert!(at("https://host/a/web.git", "main").starts_with("/m/web-"));
        assert_eq!(at("https://host/a/web.git", "main"), at("https://me:pw@host/a/web.git", "other"));
        assert_ne!(at("https://host/a/web.git", "main"), at("https://host/b/web.git", "main"));
        assert!(at("host:..", "main").starts_with("/m/-"));
    }

    #[test]
    fn only_branch_names_are_branches() {
        for bad in ["", "HEAD", "-x y", "a..b", "a*", "a:b", "/a", "a.lock", "refs/heads/"] {
            let opened = Mirror::open(Options::new("/r", bad, "/m"));
            assert!(matches!(opened, Err(GitError::Invalid { .. })), "{bad}");
        }
        assert_eq!(Upstream::new(Options::new("/r", "refs/heads/a/b", "/m")).unwrap().branch, "a/b");
    }
}
