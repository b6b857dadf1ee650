//! Everything that can go wrong with Git, in words that say what to do next.
//! It never decides whether to try again, and no text here ever holds a credential.

use super::fault::AddressFault;
use crate::api::ids::CommitId;
use crate::world::cause::Cause;
use std::time::Duration;
use thiserror::Error;

/// A Git operation that did not succeed. `repo` is always the address without credentials.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GitError {
    /// The address itself cannot be used.
    #[error("`{url}` is no address Git can be reached at: {why}")]
    Address {
        /// The address, without credentials.
        url: String,
        /// What is wrong with it.
        #[source]
        why: AddressFault,
    },
    /// There is no repository, or it may not be seen.
    #[error("{repo}: no repository there ({why}); check the address, and that the credentials may read it")]
    NotFound {
        /// The repository.
        repo: String,
        /// What was found instead.
        why: String,
    },
    /// Something answered, but it does not speak Git.
    #[error(
        "{repo}: the answer is not Git's ({why}); check the address, often it only lacks `.git` at its end"
    )]
    NotGit {
        /// The repository.
        repo: String,
        /// What came back.
        why: String,
    },
    /// The network or the server failed; trying again later may help.
    #[error("{repo}: not reachable ({why}); check the network and the server, then try again")]
    Unreachable {
        /// The repository.
        repo: String,
        /// What happened.
        why: String,
        /// What lies beneath, when something does.
        source: Option<Cause>,
    },
    /// The server answers, and asks to be left alone for a while.
    #[error("{repo}: the server asks to be left alone for {} s ({why}); it is asked again after that", .after.as_secs())]
    Throttled {
        /// The repository.
        repo: String,
        /// What it said.
        why: String,
        /// For how long.
        after: Duration,
    },
    /// The server's certificate or host key is not trusted.
    #[error("{repo}: the server cannot be trusted ({why})")]
    Untrusted {
        /// The repository.
        repo: String,
        /// What is wrong with its key, and what to do.
        why: String,
        /// What lies beneath, when something does.
        source: Option<Cause>,
    },
    /// The server wants other credentials.
    #[error("{repo}: not authorized ({why})")]
    Unauthorized {
        /// The repository.
        repo: String,
        /// What was tried, and what to do.
        why: String,
    },
    /// The credentials are known but not allowed to do this.
    #[error("{repo}: the server refuses ({why}); give the credentials the right to do this")]
    Refused {
        /// The repository.
        repo: String,
        /// The server's reason.
        why: String,
    },
    /// The credentials cannot be read on our side.
    #[error("the credentials cannot be used: {why}")]
    Credentials {
        /// What is wrong; never the credential itself.
        why: String,
        /// What lies beneath, when something does.
        source: Option<Cause>,
    },
    /// The repository has no such branch.
    #[error("{repo} has no branch `{branch}`; it has {}", listed(.branches))]
    BranchMissing {
        /// The repository.
        repo: String,
        /// The branch asked for.
        branch: String,
        /// The branches there are, sorted.
        branches: Vec<String>,
    },
    /// The repository has no commit at all.
    #[error("{repo} is empty; push a first commit to `{branch}`")]
    Empty {
        /// The repository.
        repo: String,
        /// The branch asked for.
        branch: String,
    },
    /// The commit is neither in the mirror nor within reach of the branch.
    #[error("{repo} has no commit {commit} on this branch; fetch again, its history may have been rewritten")]
    UnknownCommit {
        /// The repository.
        repo: String,
        /// The commit asked for.
        commit: String,
    },
    /// The commit has nothing at that path.
    #[error("nothing is at `{path}` in {commit}: {why}")]
    NoPath {
        /// The path asked for.
        path: String,
        /// The commit.
        commit: CommitId,
        /// How far the path leads, and what is there.
        why: String,
    },
    /// `until` is no ancestor of `head`.
    #[error(
        "{repo}: {until} is no longer an ancestor of {head}; somebody rewrote the history, start from {head}"
    )]
    Rewritten {
        /// The repository.
        repo: String,
        /// The newer commit.
        head: CommitId,
        /// The commit that is gone from its history.
        until: CommitId,
    },
    /// `until` is further back than the caller wants to look.
    #[error("{repo}: {until} is not among the last {most} commits; allow more, or start from the head")]
    TooLong {
        /// The repository.
        repo: String,
        /// The commit looked for.
        until: CommitId,
        /// How many commits were allowed.
        most: usize,
    },
    /// The history ends early and nobody here can give more of it.
    #[error(
        "{repo}: its history ends at {commit} because it is a shallow clone; run `git fetch --unshallow` there"
    )]
    CutOff {
        /// The repository.
        repo: String,
        /// The last commit there is.
        commit: CommitId,
    },
    /// More than the limits allow.
    #[error("{repo}: {what} is more than the limit of {limit}; narrow the path, or raise the limit")]
    TooLarge {
        /// The repository.
        repo: String,
        /// What there is, with its number.
        what: String,
        /// The limit, with its unit.
        limit: String,
    },
    /// The mirror was damaged, and a new one is too.
    #[error("{repo}: objects are damaged or missing ({why}); run `git fsck` in the repository")]
    Corrupt {
        /// The repository.
        repo: String,
        /// The first sign of damage.
        why: String,
    },
    /// Another process works on the same mirror.
    #[error(
        "another process has been using the mirror {lock} for {seconds} s; stop it, or use another directory"
    )]
    Busy {
        /// The lock file.
        lock: String,
        /// How long we waited.
        seconds: u64,
    },
    /// A directory or file of ours cannot be read or written.
    #[error("{path}: {why}; make it readable and writable, or choose another directory")]
    Disk {
        /// The path.
        path: String,
        /// The system's reason.
        why: String,
        /// What lies beneath, when something does.
        source: Option<Cause>,
    },
    /// An argument that cannot be meant.
    #[error("{what}: {why}")]
    Invalid {
        /// The argument, quoted where that is harmless.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// A local repository was needed.
    #[error("{repo} is not a repository on this machine, nothing tells us when it moves; poll it instead")]
    NotLocal {
        /// The repository.
        repo: String,
    },
    /// A program that is needed is missing.
    #[error("`{program}` cannot be started ({why}); install it, {purpose}")]
    Program {
        /// The program.
        program: String,
        /// The system's reason.
        why: String,
        /// What it is needed for.
        purpose: String,
        /// What lies beneath, when something does.
        source: Option<Cause>,
    },
    /// The caller gave up, or the program is shutting down.
    #[error("{repo}: interrupted; nothing is half done, try again")]
    Interrupted {
        /// The repository.
        repo: String,
    },
    /// The other side said something unexpected.
    #[error("{repo}: {why}")]
    Failed {
        /// The repository.
        repo: String,
        /// What it said, and what to do.
        why: String,
        /// What lies beneath, when something does.
        source: Option<Cause>,
    },
}

impl GitError {
    /// One word for what went wrong, stable across versions.
    #[must_use]
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Address { .. } => "GitAddress",
            Self::NotFound { .. } => "GitNotFound",
            Self::NotGit { .. } => "GitNotGit",
            Self::Unreachable { .. } => "GitUnreachable",
            Self::Throttled { .. } => "GitThrottled",
            Self::Untrusted { .. } => "GitUntrusted",
            Self::Unauthorized { .. } => "GitUnauthorized",
            Self::Refused { .. } => "GitRefused",
            Self::Credentials { .. } => "GitCredentials",
            Self::BranchMissing { .. } => "GitBranchMissing",
            Self::Empty { .. } => "GitEmpty",
            Self::UnknownCommit { .. } => "GitUnknownCommit",
            Self::NoPath { .. } => "GitNoPath",
            Self::Rewritten { .. } => "GitRewritten",
            Self::TooLong { .. } => "GitTooLong",
            Self::CutOff { .. } => "GitCutOff",
            Self::TooLarge { .. } => "GitTooLarge",
            Self::Corrupt { .. } => "GitCorrupt",
            Self::Busy { .. } => "GitBusy",
            Self::Disk { .. } => "GitDisk",
            Self::Invalid { .. } => "GitInvalid",
            Self::NotLocal { .. } => "GitNotLocal",
            Self::Program { .. } => "GitProgram",
            Self::Interrupted { .. } => "GitInterrupted",
            Self::Failed { .. } => "GitFailed",
        }
    }

    /// Whether it may well be over after a while without a person.
    #[must_use]
    pub(crate) fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. } | Self::Throttled { .. } | Self::Busy { .. } | Self::Interrupted { .. }
        )
    }

    /// Whether what was asked for can hardly have been meant, such as a branch that is not there.
    #[must_use]
    pub(crate) fn is_mistaken(&self) -> bool {
        matches!(
            self,
            Self::Address { .. } | Self::Invalid { .. } | Self::BranchMissing { .. } | Self::NoPath { .. }
        )
    }

    /// Whether the server does not accept who we are, so that the same credentials are better not shown again soon.
    #[must_use]
    pub(crate) fn refuses_credentials(&self) -> bool {
        matches!(self, Self::Unauthorized { .. } | Self::Refused { .. } | Self::Credentials { .. })
    }

    /// What a failure at `path` on our own disk means.
    pub(super) fn disk(path: &str, error: std::io::Error) -> Self {
        Self::Disk { path: path.to_owned(), why: error.to_string(), source: Cause::of(error) }
    }

    /// The error of a branch that is not among `branches`.
    pub(super) fn no_branch(repo: &str, branch: &str, branches: Vec<String>) -> Self {
        let (repo, branch) = (repo.to_owned(), branch.to_owned());
        match branches.is_empty() {
            true => Self::Empty { repo, branch },
            false => Self::BranchMissing { repo, branch, branches },
        }
    }
}

/// The first ten names, and how many more there are.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 10;
    let mut text = names.iter().take(SHOWN).map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
    if names.is_empty() {
        text.push_str("none");
    }
    if let Some(more) = names.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_branch_names_the_others() {
        let missing = |branches: Vec<String>| {
            GitError::BranchMissing { repo: "r".into(), branch: "mian".into(), branches }.to_string()
        };
        assert_eq!(missing(vec!["main".into(), "x".into()]), "r has no branch `mian`; it has `main`, `x`");
        assert_eq!(missing(vec![]), "r has no branch `mian`; it has none");
        let many: Vec<String> = (10..25).map(|n| format!("b{n}")).collect();
        assert!(missing(many).ends_with("`b19` and 5 more"));
    }
}
