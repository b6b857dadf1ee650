//! Repositories on this machine, bare or with a work tree: their objects are read where they lie, nothing is copied.
//! Nothing here writes into them; only a push does.

use super::error::GitError;
use super::fault::AddressFault;
use super::text::quoted;
use super::trouble::Outcome;
use super::upstream::Upstream;
use crate::world::cause::Cause;
use git2::{Config, ErrorClass, ErrorCode, Oid, Repository};
use std::path::Path;

/// Hooks of a push; running them is Git's own business.
const HOOKS: &[&str] = &[
    "pre-receive",
    "update",
    "post-receive",
    "post-update",
    "proc-receive",
    "push-to-checkout",
    "reference-transaction",
];

/// A local repository that libgit2 can read.
pub(super) struct Local {
    /// The repository.
    pub repo: Repository,
    /// Where its objects are.
    pub objects: String,
}

/// Opens the repository at `path`; none when only `git` itself can handle its format.
pub(super) fn open(name: &str, path: &Path) -> Result<Option<Local>, GitError> {
    let repo = match Repository::open(path) {
        Ok(repo) => repo,
        Err(error) => return unopened(name, path, error),
    };
    let objects = repo.commondir().join("objects");
    let objects = objects
        .to_str()
        .map(str::to_owned)
        .ok_or_else(|| GitError::Address { url: name.to_owned(), why: AddressFault::PathNotText })?;
    Ok(Some(Local { repo, objects }))
}

/// Why a repository cannot be opened, or none when `git` should be asked instead.
fn unopened(name: &str, path: &Path, error: git2::Error) -> Result<Option<Local>, GitError> {
    let (repo, why) = (name.to_owned(), error.message().to_owned());
    if keeps_sha256(path) {
        let why = "it keeps SHA-256 objects, which are not spoken yet; use a SHA-1 repository".to_owned();
        return Err(GitError::Failed { repo, why, source: None });
    }
    // What else the library has against a repository as such is its format: a version or an extension it lacks.
    if error.class() == ErrorClass::Repository && error.code() == ErrorCode::GenericError {
        return Ok(None);
    }
    if error.code() == ErrorCode::Owner {
        let place = quoted(&path.display().to_string());
        let trust = format!("git config --global --add safe.directory {place}");
        let why = format!("it belongs to another user of this machine; if you trust it, run `{trust}`");
        return Err(GitError::Failed { repo, why, source: Cause::of(error) });
    }
    if error.code() != ErrorCode::NotFound {
        let why = format!("{why}; run `git fsck` there");
        return Err(GitError::Failed { repo, why, source: Cause::of(error) });
    }
    let why = match (path.exists(), Repository::discover_path(path, &[] as &[&Path])) {
        (false, _) => "the directory does not exist".to_owned(),
        (true, Err(_)) => "the directory is not a repository; `git init` makes it one".to_owned(),
        (true, Ok(found)) => format!("the repository it belongs to is {}; name that", found.display()),
    };
    Err(GitError::NotFound { repo, why })
}

/// Whether the configuration of a repository that cannot be opened says that its objects are named by SHA-256.
fn keeps_sha256(path: &Path) -> bool {
    let config = [path.join("config"), path.join(".git/config")].into_iter().find(|file| file.is_file());
    let format = config.and_then(|file| Config::open(&file).ok()?.get_string("extensions.objectformat").ok());
    format.is_some_and(|format| format.eq_ignore_ascii_case("sha256"))
}

impl Local {
    /// The branch's head.
    pub(super) fn head(&self, upstream: &Upstream) -> Outcome<Oid> {
        match self.repo.find_reference(&upstream.refname()).and_then(|branch| branch.peel_to_commit()) {
            Ok(commit) => Ok(commit.id()),
            Err(error) if error.code() == ErrorCode::NotFound => {
                let mut branches = Vec::new();
                for branch in self.repo.references_glob("refs/heads/*")? {
                    let name = String::from_utf8_lossy(branch?.name_bytes()).into_owned();
                    branches.push(name.trim_start_matches("refs/heads/").to_owned());
                }
                branches.sort();
                Err(GitError::no_branch(&upstream.name, &upstream.branch, branches).into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Whether a push needs `git` itself: for its hooks, or for a work tree that is checked out in part only.
    pub(super) fn needs_git(&self) -> bool {
        let config = self.repo.config().and_then(|mut config| config.snapshot());
        let hooks = config.as_ref().ok().and_then(|config| config.get_path("core.hooksPath").ok());
        let hooks = self.repo.commondir().join(hooks.unwrap_or_else(|| "hooks".into()));
        let sparse = config.is_ok_and(|config| config.get_bool("core.sparseCheckout").unwrap_or(false));
        sparse || HOOKS.iter().any(|hook| is_executable(&hooks.join(hook)))
    }
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}
