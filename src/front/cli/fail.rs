//! Decides how an end that is no success is told, and its exit code.
//! It never tries again.

use crate::engine::delivery::{DeliverError, SyncError};
use crate::engine::open::{ClusterError, GitError};
use crate::front::{problem, screen};
use crate::logic::manifest::Problem;
use std::io::IsTerminal;
use std::process::ExitCode;

/// Exit code: the answer is no, it is degraded, there are changes.
pub const NO: u8 = 1;
/// Exit code: wrong usage or bad input.
pub const USAGE: u8 = 2;
/// Exit code: the cluster or Git cannot be reached.
pub const UNREACHABLE: u8 = 3;

/// An end that is no success.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    /// Exit code.
    pub code: u8,
    /// What is said on standard error; nothing when it was said already.
    pub text: String,
}

impl Failure {
    /// The answer is no.
    #[must_use]
    pub fn no(text: impl Into<String>) -> Self {
        Self { code: NO, text: text.into() }
    }

    /// Wrong usage or bad input.
    #[must_use]
    pub fn usage(text: impl Into<String>) -> Self {
        Self { code: USAGE, text: text.into() }
    }

    /// The cluster or Git cannot be reached.
    #[must_use]
    pub fn unreachable(text: impl Into<String>) -> Self {
        Self { code: UNREACHABLE, text: text.into() }
    }

    /// Mistakes in manifests, drawn with their lines.
    #[must_use]
    pub fn problems(problems: &[Problem], source: &dyn Fn(&str) -> Option<String>) -> Self {
        let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let text = problem::draw(problems, colour, source);
        Self { code: USAGE, text: text.trim_end().to_owned() }
    }

    /// Says it and answers the exit code.
    #[must_use]
    pub fn report(&self) -> ExitCode {
        if !self.text.is_empty() {
            let begins = self.text.trim_start_matches(|c: char| {
                c == '\u{1b}' || c == '[' || c.is_ascii_digit() || c == 'm' || c == ';'
            });
            let word = if begins.starts_with("error") { "" } else { "error: " };
            anstream::eprintln!("{}{}", screen::paint(screen::BAD, word), screen::symbols(&self.text));
        }
        ExitCode::from(self.code)
    }
}

impl From<ClusterError> for Failure {
    fn from(error: ClusterError) -> Self {
        match error {
            ClusterError::Unreachable(_)
            | ClusterError::Unauthorized(_)
            | ClusterError::Unreadable { .. } => Self::unreachable(error.to_string()),
            other => Self::usage(other.to_string()),
        }
    }
}

impl From<GitError> for Failure {
    fn from(error: GitError) -> Self {
        match error {
            GitError::Address { .. }
            | GitError::NoPath { .. }
            | GitError::BranchMissing { .. }
            | GitError::Invalid { .. } => Self::usage(error.to_string()),
            other => Self::unreachable(other.to_string()),
        }
    }
}

impl From<DeliverError> for Failure {
    fn from(error: DeliverError) -> Self {
        match error {
            DeliverError::Git(e) => e.into(),
            DeliverError::Sync(SyncError::Cluster(e)) => e.into(),
            DeliverError::Sync(SyncError::Manifests(all)) => Self::problems(&all, &|_| None),
            other => Self::usage(other.to_string()),
        }
    }
}
