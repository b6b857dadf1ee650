//! Decides how it is reported that a configuration cannot be applied.
//! It never decides that it cannot.

use super::{Conflicts, ManagedError};

/// Why a configuration cannot be applied. The texts are an API server's own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// Others own fields that the configuration sets to something else; apply with force, or leave them out.
    #[error("{0}")]
    Conflicts(Conflicts),
    /// The configuration holds `metadata.managedFields`; leave it out.
    #[error("metadata.managedFields must be nil")]
    ManagedFields,
    /// The configuration is of another kind or version than the object; apply it where it belongs.
    #[error("invalid object type: {0}")]
    WrongType(String),
    /// The configuration does not fit the schema of its kind.
    #[error("failed to create typed patch object ({object}): {problem}")]
    Patch {
        /// Namespace, name and kind.
        object: String,
        /// What does not fit, and where.
        problem: String,
    },
    /// The owners of the live object's fields cannot be read.
    #[error("failed to decode managed fields: {0}")]
    Owners(#[from] ManagedError),
}

impl ApplyError {
    /// The HTTP status an API server answers with: 409 for conflicts, 400 for a bad request, else 500.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Conflicts(_) => 409,
            Self::ManagedFields | Self::WrongType(_) => 400,
            Self::Patch { .. } | Self::Owners(_) => 500,
        }
    }
}
