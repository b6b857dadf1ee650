//! Why work in a mirror stopped: for the caller to know, or because the mirror itself is broken.
//! It never repairs anything.

use super::error::GitError;
use crate::world::cause::Cause;

/// Why work in a mirror stopped.
pub(super) enum Trouble {
    /// For the caller to know.
    Git(GitError),
    /// The mirror itself is broken, in libgit2's words; a new one may work.
    Damaged(String),
}

impl From<GitError> for Trouble {
    fn from(error: GitError) -> Self {
        Self::Git(error)
    }
}

impl From<git2::Error> for Trouble {
    /// What an id names has been checked before, so whatever libgit2 still misses is the mirror's fault.
    fn from(error: git2::Error) -> Self {
        let why = error.message().to_owned();
        // libgit2 writes the system's words into its message and keeps the number to itself.
        let full = ["No space left", "quota exceeded", "Read-only file system", "Permission denied"];
        if full.iter().any(|phrase| why.contains(phrase)) {
            return GitError::Disk { path: "the mirror".into(), why, source: Cause::of(error) }.into();
        }
        Self::Damaged(why)
    }
}

/// The result of work in a mirror.
pub(super) type Outcome<T> = Result<T, Trouble>;
