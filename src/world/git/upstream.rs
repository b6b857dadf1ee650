//! The other side of a mirror: which branch of which repository, and everything needed to reach it.
//! It never reaches for it.

use super::address::Address;
use super::error::GitError;
use super::limits::Limits;
use super::secret::{Credentials, Secret};
use crate::base::digest::sha256_hex;
use crate::world::forge::{self, Forge};
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

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
    pub ca: Option<Secret>,
    /// The ssh servers that are trusted, in the format of `known_hosts`; none for the user's own.
    pub known_hosts: Option<Secret>,
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
            ca: None,
            known_hosts: None,
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
            .field("ca", &self.ca)
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
    pub ca: Option<Secret>,
    /// The ssh servers that are trusted.
    pub known_hosts: Option<Secret>,
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
    /// Checks the options; touches neither disk nor network.
    pub(super) fn new(options: Options) -> Result<Self, GitError> {
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
            ca: options.ca,
            known_hosts: options.known_hosts,
            ssh_command: options.ssh_command,
            limits: options.limits,
        })
    }

    /// The forge that the repository is on, when it is a known one.
    pub(super) fn forge(&self) -> Option<&'static Forge> {
        self.address.host().and_then(forge::of)
    }

    /// Whether others can read along what it is shown; this machine has no others.
    pub(super) fn shows_credentials(&self) -> bool {
        let Address::Http { base, .. } = &self.address else { return false };
        let host = base.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        base.scheme() == "http" && !is_here && !matches!(self.credentials, Credentials::None)
    }

    /// The branch's full name, here and there.
    pub(super) fn refname(&self) -> String {
        format!("refs/heads/{}", self.branch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn credentials_over_http_are_noticed_unless_they_stay_on_this_machine() {
        let shows = |url: &str| Upstream::new(Options::new(url, "main", "/m")).unwrap().shows_credentials();
        assert!(shows("http://me:pw@host/web") && shows("http://me:pw@127.1.example.com/web"));
        for harmless in ["http://host/web", "https://me:pw@host/web", "http://me:pw@127.0.0.1:80/web"] {
            assert!(!shows(harmless), "{harmless}");
        }
        assert!(!shows("http://me:pw@localhost/web") && !shows("http://me:pw@[::1]:3000/web"));
    }

    #[test]
    fn branches_may_be_named_in_full() {
        assert_eq!(Upstream::new(Options::new("/r", "refs/heads/a/b", "/m")).unwrap().branch, "a/b");
    }

    #[test]
    fn forges_are_known_by_the_address() {
        let name = |url: &str| {
            let upstream = Upstream::new(Options::new(url, "main", "/m")).unwrap();
            upstream.forge().map(|forge| forge.name)
        };
        assert_eq!(name("https://github.com/team/shop.git"), Some("GitHub"));
        assert_eq!(name("git@gitlab.example.com:team/shop.git"), Some("GitLab"));
        assert_eq!(name("ssh://git@github.com:22/team/shop"), Some("GitHub"));
        assert_eq!(name("https://git.example.com/github.com"), None);
        assert_eq!(name("/srv/github.com"), None);
    }
}
