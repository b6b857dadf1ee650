//! Decides how it is reported that an object cannot be made as Git says: why, and what to do.
//! It never decides that; `plan::change` and the cluster do.

use crate::api::names;
use crate::merge::MergeError;
use thiserror::Error;

/// Why an object cannot be made as Git says.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum InTheWay {
    /// Another delivery has put its mark on the object.
    #[error("it belongs to another delivery, {other}")]
    OtherDelivery {
        /// Name of the inventory of that delivery.
        other: String,
    },
    /// Somebody has deleted the object, and it is not gone yet.
    #[error("it is being deleted")]
    BeingDeleted,
    /// The manifest has a list that cannot be merged.
    #[error(transparent)]
    Unmergeable(#[from] MergeError),
    /// The cluster takes the object as it is in Git, but not the change to it: a field that cannot be changed any more.
    #[error("{message}")]
    Immutable {
        /// What the cluster says of it.
        message: String,
    },
}

impl InTheWay {
    /// A word that programs read.
    #[must_use]
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::OtherDelivery { .. } => "OtherDelivery",
            Self::BeingDeleted => "BeingDeleted",
            Self::Unmergeable(_) => "Unmergeable",
            Self::Immutable { .. } => "Immutable",
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub(crate) fn help(&self) -> String {
        match self {
            Self::OtherDelivery { .. } => format!(
                "remove it from one of the two repositories, or delete the annotation {}",
                names::SOURCE
            ),
            Self::BeingDeleted => "it is created anew once it is gone; finalizers may hold it".to_owned(),
            Self::Unmergeable(_) => "correct the manifest".to_owned(),
            Self::Immutable { .. } => {
                "give the object another name, or delete it in the cluster so that it is made anew (kubectl delete \
                 --cascade=orphan leaves its pods running)"
                    .to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_says_why_and_what_to_do() {
        let other = InTheWay::OtherDelivery { other: "switchback-shop-1".into() };
        assert_eq!(other.to_string(), "it belongs to another delivery, switchback-shop-1");
        assert!(other.help().ends_with("delete the annotation switchback.dev/source"));
        let merge = InTheWay::from(MergeError::ListOfLists);
        assert_eq!((merge.to_string(), merge.code()), (MergeError::ListOfLists.to_string(), "Unmergeable"));
    }
}
