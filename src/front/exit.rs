//! Decides how an end that is no success is reported, and its exit code.
//! It never tries again.

use crate::engine::delivery::DeliverError;
use crate::engine::delivery::SyncError;
use crate::engine::setup::AccessError;
use crate::front::view::follow::FollowError;
use crate::front::{problem, screen};
use crate::logic::manifest::Problem;
use std::process::ExitCode;
use thiserror::Error;

/// How the process ends where it is no success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The answer is no, it is degraded, there are changes.
    No,
    /// Wrong usage or bad input.
    Usage,
    /// The cluster or Git cannot be reached.
    Unreachable,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::No => 1_u8,
            Exit::Usage => 2,
            Exit::Unreachable => 3,
        })
    }
}

/// An end that is no success.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{text}")]
pub(crate) struct Failure {
    /// How the process ends.
    pub(crate) exit: Exit,
    /// What is said on standard error; nothing when it was said already.
    pub(crate) text: String,
    /// Whether the text says by itself that it is an error, in its own colours.
    pub(crate) labelled: bool,
    /// Whether it is so because the cluster is away, so that the same may go well later.
    pub(crate) is_away: bool,
}

impl Failure {
    fn new(exit: Exit, text: impl Into<String>) -> Self {
        Self { exit, text: text.into(), labelled: false, is_away: false }
    }

    /// The answer is no.
    #[must_use]
    pub(crate) fn no(text: impl Into<String>) -> Self {
        Self::new(Exit::No, text)
    }

    /// Wrong usage or bad input.
    #[must_use]
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self::new(Exit::Usage, text)
    }

    /// The cluster or Git cannot be reached.
    #[must_use]
    pub(crate) fn unreachable(text: impl Into<String>) -> Self {
        Self::new(Exit::Unreachable, text)
    }

    /// Mistakes in manifests, drawn with their lines.
    #[must_use]
    pub(crate) fn problems(problems: &[Problem], source: &dyn Fn(&str) -> Option<String>) -> Self {
        let text = problem::draw(problems, screen::is_coloured(), source);
        Self { labelled: true, ..Self::usage(text.trim_end()) }
    }

    /// Says it and answers the exit code.
    #[must_use]
    pub(crate) fn report(&self) -> ExitCode {
        if !self.text.is_empty() {
            let word = if self.labelled { "" } else { "error: " };
            anstream::eprintln!("{}{}", screen::paint(screen::BAD, word), screen::symbols(&self.text));
        }
        self.exit.into()
    }
}

impl From<AccessError> for Failure {
    fn from(error: AccessError) -> Self {
        let is_away = error.is_cluster_away();
        let failure = if is_away || error.is_unreachable() {
            Self::unreachable(error.to_string())
        } else {
            Self::usage(error.to_string())
        };
        Self { is_away, ..failure }
    }
}

impl From<DeliverError> for Failure {
    fn from(error: DeliverError) -> Self {
        match error {
            DeliverError::Git(e) => AccessError::from(e).into(),
            DeliverError::Sync(SyncError::Cluster(e)) => AccessError::from(e).into(),
            DeliverError::Sync(SyncError::Manifests(all)) => Self::problems(&all, &|_| None),
            other => Self::usage(other.to_string()),
        }
    }
}

impl From<FollowError> for Failure {
    fn from(error: FollowError) -> Self {
        match error {
            FollowError::NotServed => Self::usage(error.to_string()),
            FollowError::Trouble(_) | FollowError::Ended => Self::unreachable(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_drawn_mistake_says_by_itself_that_it_is_an_error() {
        let drawn =
            Failure::problems(&[Problem::at("a.yaml", None, "two strategies", "keep one")], &|_| None);
        assert!(drawn.labelled && drawn.text.starts_with("error: two strategies"), "{drawn:?}");
        assert_eq!(drawn.exit, Exit::Usage);
        assert!(!Failure::no("error in a word of somebody else").labelled);
    }

    #[test]
    fn what_cannot_be_followed_ends_as_wrong_usage_only_where_the_kind_is_not_served() {
        let missing = Failure::from(FollowError::NotServed);
        assert_eq!((missing.exit, missing.labelled), (Exit::Usage, false));
        assert!(missing.text.ends_with("switchback install-crds"), "{missing}");
        assert_eq!(Failure::from(FollowError::Ended).exit, Exit::Unreachable);
    }
}
