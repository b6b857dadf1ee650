//! Why a cluster, a repository or a provider cannot be set up or does not do what people ask of it.
//! It never decides how the process ends.

use crate::api::write::Target;
use crate::world::cluster::ClusterError;
use crate::world::git::GitError;
use crate::world::http::HttpError;
use thiserror::Error;

/// Why what people ask for cannot be had. The texts are those of the cause, each with what to do next.
#[derive(Debug, Error)]
pub enum AccessError {
    /// The cluster.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The repository.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The providers of metrics.
    #[error(transparent)]
    Http(#[from] HttpError),
}

impl AccessError {
    /// The cluster serves no such kind.
    #[must_use]
    pub fn no_kind(target: Target) -> Self {
        Self::Cluster(ClusterError::NoKind(target))
    }

    /// One word for what went wrong, stable across versions.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Cluster(error) => error.code(),
            Self::Git(error) => error.code(),
            Self::Http(error) => error.code(),
        }
    }

    /// Whether the object is not there.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Cluster(error) if error.is_missing())
    }

    /// Whether the object is there already.
    #[must_use]
    pub fn already_exists(&self) -> bool {
        matches!(self, Self::Cluster(error) if error.already_exists())
    }

    /// Whether the cluster is away, so that asking again may help.
    #[must_use]
    pub fn is_cluster_away(&self) -> bool {
        matches!(self, Self::Cluster(error) if error.is_away())
    }

    /// Whether the other side is away or does not let us in; otherwise what was asked for is wrong.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        match self {
            Self::Cluster(error) => matches!(
                error,
                ClusterError::Unreachable { .. }
                    | ClusterError::Unauthorized(_)
                    | ClusterError::Unreadable { .. }
            ),
            Self::Git(error) => !error.is_mistaken(),
            Self::Http(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_away_is_told_apart_from_what_is_wrong() {
        let unreachable = |error: AccessError| (error.is_unreachable(), error.code());
        let away = GitError::Unreachable { repo: "r".into(), why: "w".into(), source: None };
        assert_eq!(unreachable(away.into()), (true, "GitUnreachable"));
        let wrong = GitError::Invalid { what: "branch".into(), why: "w".into() };
        assert_eq!(unreachable(wrong.into()), (false, "GitInvalid"));
        let away = ClusterError::Unreachable { why: "w".into(), source: None };
        assert_eq!(unreachable(away.into()), (true, "ClusterUnreachable"));
        let kind = AccessError::no_kind(Target::new("v1", "Odd", "", ""));
        assert_eq!(unreachable(kind), (false, "ClusterNoKind"));
    }
}
