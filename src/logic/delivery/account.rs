//! Decides in which words it is said how a Delivery stands, before it is written down: plain data.
//! It never decides which words are chosen.

use crate::api::delivery::{DeliveryReason, HeldRollout, InventoryDigest, OwedRevert};

/// How a Delivery stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DeliveryStanding {
    /// The head is applied whole.
    Applied {
        /// In words.
        message: String,
    },
    /// It is not, but that will be tried again by itself.
    Passing {
        /// As one word.
        reason: DeliveryReason,
        /// In words.
        message: String,
    },
    /// It is not, until a person acts.
    Stuck {
        /// As one word.
        reason: DeliveryReason,
        /// In words, with what to do.
        message: String,
    },
    /// A person has said that it is left alone.
    Suspended,
}

/// What a reconcile has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    /// How it stands.
    pub(crate) standing: DeliveryStanding,
    /// The commit seen at the head, if one was seen.
    pub(crate) head: Option<String>,
    /// The commit that was to be applied, if it came to that.
    pub(crate) attempted: Option<String>,
    /// What is known of what was applied; none before the inventory was read.
    pub(crate) known: Option<Known>,
    /// What Git still has to take back.
    pub(crate) owed: Option<OwedRevert>,
    /// Rollouts that are held.
    pub(crate) held: Vec<HeldRollout>,
}

/// What is known of what was applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// The commit applied last; empty before the first.
    pub(crate) commit: String,
    /// Commits that are not applied again.
    pub(crate) fenced: Vec<String>,
    /// Those among them that went back.
    pub(crate) reverted: Vec<String>,
    /// The inventory.
    pub(crate) inventory: InventoryDigest,
}

impl Account {
    /// Nothing is known but how it stands.
    #[must_use]
    pub(crate) fn of(standing: DeliveryStanding) -> Self {
        Self { standing, head: None, attempted: None, known: None, owed: None, held: Vec::new() }
    }
}
