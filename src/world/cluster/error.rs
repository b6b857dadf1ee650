//! Decides how the failures of a cluster are reported, each with what to do next.
//! It never decides whether to try again.

use crate::api::write::Target;
use crate::world::cause::Cause;
use crate::world::cluster::fault::{self, FieldFault};
use crate::world::cluster::right::MissingRight;
use crate::world::random::NoRandom;
use thiserror::Error;

/// Why a cluster did not do what it was asked.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ClusterError {
    /// No way to reach a cluster is known.
    #[error("no cluster is configured: {why}; pass --kubeconfig FILE, set KUBECONFIG, or use --sandbox")]
    Config {
        /// What is wrong with the configuration.
        why: String,
        /// What the library says.
        source: Option<Cause>,
    },
    /// The cluster does not answer.
    #[error(
        "the cluster cannot be reached: {why}; check the address in the kubeconfig and that the API server runs"
    )]
    Unreachable {
        /// The innermost cause.
        why: String,
        /// What the library says.
        source: Option<Cause>,
    },
    /// The credentials are not accepted.
    #[error("the cluster does not accept our credentials: {0}; renew the token in the kubeconfig")]
    Unauthorized(String),
    /// The cluster refuses the request.
    #[error("{what}: {message}")]
    Refused {
        /// What was asked, in words.
        what: String,
        /// Status code.
        code: u16,
        /// `Conflict`, `NotFound`, `Invalid` …
        reason: String,
        /// The resource that the reason is about, such as `namespaces`; empty when the cluster names none.
        about: Box<str>,
        /// What the cluster says, in a line.
        message: String,
        /// The fields that are wrong, where it says so.
        faults: Box<[FieldFault]>,
        /// The right that is missing, where it is that.
        lacks: Option<Box<MissingRight>>,
    },
    /// The answer is none of a cluster.
    #[error("{what}: the answer cannot be read: {why}; is this address a Kubernetes API server?")]
    Unreadable {
        /// What was asked, in words.
        what: String,
        /// Why it cannot be read.
        why: String,
        /// What the library says.
        source: Option<Cause>,
    },
    /// We do not know how a kind is served.
    #[error("{0}: the cluster serves no such kind; install its CustomResourceDefinition")]
    NoKind(Target),
    /// Another process acts on this cluster.
    #[error("nothing is written: we do not hold the Lease; whoever holds it acts")]
    NotLeader,
    /// What should be a name of an object cannot be one.
    #[error("{0}: an object cannot have this name or namespace; use small letters, digits, '-' and '.'")]
    NoName(Target),
    /// What is to be written needs a number that nobody can guess.
    #[error(transparent)]
    NoRandom(#[from] NoRandom),
}

impl ClusterError {
    /// What `error` means for a request described by `what`.
    #[must_use]
    pub(crate) fn of(what: &str, error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => {
                let faults = fault::faults(&status);
                let message = fault::message(&status, &faults);
                if status.code == 401 {
                    return Self::Unauthorized(message);
                }
                Self::Refused {
                    what: what.to_owned(),
                    code: status.code,
                    reason: status.reason.clone(),
                    about: status.details.as_ref().map(|d| d.kind.as_str().into()).unwrap_or_default(),
                    message,
                    faults: faults.into(),
                    lacks: MissingRight::of(&status.message).filter(|_| status.code == 403).map(Box::new),
                }
            }
            kube::Error::SerdeError(e) => Self::unreadable(what, e),
            kube::Error::FromUtf8(e) => Self::unreadable(what, e),
            other => Self::Unreachable { why: roots(&other), source: Cause::of(other) },
        }
    }

    fn unreadable(what: &str, error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Unreadable { what: what.to_owned(), why: error.to_string(), source: Cause::of(error) }
    }

    /// One word for what went wrong, stable across versions.
    #[must_use]
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Config { .. } => "ClusterConfig",
            Self::Unreachable { .. } => "ClusterUnreachable",
            Self::Unauthorized(_) => "ClusterUnauthorized",
            Self::Refused { .. } => "ClusterRefused",
            Self::Unreadable { .. } => "ClusterUnreadable",
            Self::NoKind(_) => "ClusterNoKind",
            Self::NotLeader => "ClusterNotLeader",
            Self::NoName(_) => "ClusterNoName",
            Self::NoRandom(_) => "NoRandom",
        }
    }

    /// The HTTP status code of a refusal.
    fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            _ => None,
        }
    }

    fn reason(&self) -> &str {
        match self {
            Self::Refused { reason, .. } => reason,
            _ => "",
        }
    }

    /// The right that is missing, if it is refused for that.
    #[must_use]
    pub(crate) fn lacks(&self) -> Option<&MissingRight> {
        match self {
            Self::Refused { lacks, .. } => lacks.as_deref(),
            _ => None,
        }
    }

    /// What the cluster says where it denies a request for what it is: by a webhook, a policy, a rule or a missing right.
    #[must_use]
    pub(crate) fn denial(&self) -> Option<&str> {
        match self {
            Self::Refused { code: 400 | 403 | 422 | 500, message, .. } => Some(message),
            _ => None,
        }
    }

    /// Whether the object is not there.
    #[must_use]
    pub(crate) fn is_missing(&self) -> bool {
        self.status() == Some(404)
    }

    /// Whether the object has moved on since it was read, or is there already.
    #[must_use]
    pub(crate) fn is_conflict(&self) -> bool {
        self.status() == Some(409)
    }

    /// Whether the object is there already.
    #[must_use]
    pub(crate) fn already_exists(&self) -> bool {
        self.reason() == "AlreadyExists"
    }

    /// Whether the namespace that the object is to live in is not there.
    #[must_use]
    pub(crate) fn lacks_namespace(&self) -> bool {
        matches!(self, Self::Refused { code: 404, about, .. } if &**about == "namespaces")
    }

    /// Whether it may well be over after a while: the cluster is away, is asked too much or is about to serve a kind.
    #[must_use]
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::NoKind(_) | Self::NotLeader => true,
            Self::Refused { code, .. } => matches!(code, 408 | 409 | 429 | 500..),
            Self::Config { .. }
            | Self::Unauthorized(_)
            | Self::Unreadable { .. }
            | Self::NoName(_)
            | Self::NoRandom(_) => false,
        }
    }

    /// Whether the cluster is away, or not able to answer just now.
    #[must_use]
    pub(crate) fn is_away(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Refused { code: 408 | 429 | 500.., .. })
    }

    /// Whether the cluster finds the object itself wrong, so that trying again helps nothing.
    #[must_use]
    pub(crate) fn is_invalid(&self) -> bool {
        matches!(self, Self::NoName(_)) || matches!(self.status(), Some(400 | 415 | 422))
    }
}

/// The innermost causes of an error, which say more than its outside.
fn roots(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let words = inner.to_string();
        if !text.contains(&words) {
            text = words;
        }
        cause = inner.source();
    }
    text
}
