//! Decides what is remembered of a repository between two reconciles.
//! It never holds what must outlive the process; the inventory in the cluster does.

use crate::api::ids::CommitId;
use crate::api::key::Key;
use crate::engine::delivery::drifted::Drift;
use crate::engine::delivery::error::DeliverError;
use crate::engine::delivery::inventory::InventoryStore;
use crate::engine::delivery::link::WhatMatters;
use crate::engine::delivery::source::Source;
use crate::logic::delivery::order::Gate;
use crate::logic::manifest::kept::ReadFiles;
use crate::logic::manifest::skipped::Skipped;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How long what only a person can mend is left alone, as long as nothing of it changes.
pub(crate) const STUCK: SignedDuration = SignedDuration::from_mins(5);

/// What is remembered of a repository between two reconciles.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// What was applied last.
    pub(crate) inventory: InventoryStore,
    /// What new commits wait for.
    pub(crate) gate: Gate,
    /// The head seen last.
    pub(crate) head: Option<String>,
    /// Whether the cluster was compared whole since we started.
    pub(crate) verified: bool,
    /// A revert commit that could not be pushed.
    pub(crate) unpushed: Option<UnpushedRevert>,
    /// What was passed over and people were notified of last, so that they are once.
    pub(crate) skipped: Vec<Skipped>,
    /// The problem that people were notified of last, so that they are once.
    pub(crate) problem: Option<String>,
    /// The Rollouts that a revert is to be made for, with what it waits for.
    pub(crate) owed: BTreeMap<Key, String>,
    /// The Rollouts that are held, with what people were told of it.
    pub(crate) held: BTreeMap<Key, String>,
    /// What the files of the commit read last came to.
    pub(crate) read: Arc<ReadFiles>,
    /// What is remembered of objects that somebody else has changed.
    pub(crate) drift: Drift,
    /// Whether something waits to be pruned until a revision is kept no longer.
    pub(crate) waits_for_revisions: bool,
    /// What the last reconcile that left nothing open was about: while it stays so there is nothing to do.
    pub(crate) settled: Option<Settled>,
    /// What the present reconcile is about, once that is known.
    pub(crate) about: Option<Settled>,
    /// What only a person can mend, if that is how the last reconcile ended.
    pub(crate) stuck: Option<Stuck>,
}

/// A reconcile that only a person can help on.
#[derive(Clone, Debug)]
pub(crate) struct Stuck {
    /// What it was about: it is the same again as long as that is.
    pub(crate) about: Settled,
    /// Why it got no further.
    pub(crate) error: Arc<DeliverError>,
    /// When it is tried all the same: people mend things in the cluster too.
    pub(crate) until: Timestamp,
    /// The objects that are in its way.
    pub(crate) objects: BTreeSet<Key>,
}

/// What a reconcile was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settled {
    /// The head.
    pub(crate) head: CommitId,
    /// The reverts that waited.
    pub(crate) pending: BTreeMap<Key, WhatMatters>,
    /// The ReplicaSets of each Rollout, when something waited for one to go.
    pub(crate) revisions: BTreeMap<Key, BTreeSet<String>>,
}

/// A revert commit that could not be pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnpushedRevert {
    /// The head it was made on.
    pub(crate) head: CommitId,
    /// The commits it reverts, newest first.
    pub(crate) commits: Vec<CommitId>,
    /// The revert commit itself.
    pub(crate) revert: CommitId,
}

impl State {
    /// What is known of `source` before the first reconcile: where its inventory is kept.
    #[must_use]
    pub(crate) fn new(source: &Source) -> Self {
        Self { inventory: InventoryStore::new(source), ..Self::default() }
    }

    /// Why a reconcile about this ends as the last one did, if it does.
    #[must_use]
    pub(crate) fn stuck_at(&self, about: &Settled, now: Timestamp) -> Option<&Arc<DeliverError>> {
        let stuck = self.stuck.as_ref().filter(|stuck| stuck.about == *about && now < stuck.until);
        stuck.map(|stuck| &stuck.error)
    }

    /// Remembers how a reconcile has ended, unless it may end otherwise when it is tried again.
    pub(crate) fn ends(&mut self, error: DeliverError, now: Timestamp) -> DeliverError {
        if matches!(error, DeliverError::Stuck(_) | DeliverError::Waits(_)) {
            return error;
        }
        self.stuck = None;
        let Some(about) = self.about.take().filter(|_| !error.is_passing() && !error.may_pass()) else {
            return error;
        };
        let (objects, error) = (error.in_the_way(), Arc::new(error));
        self.stuck = Some(Stuck { about, error: Arc::clone(&error), until: now + STUCK, objects });
        DeliverError::Stuck(error)
    }

    /// The cluster is to be compared whole again, with what may be another repository by now; people are told again.
    pub(crate) fn renew(&mut self) {
        (self.settled, self.stuck) = (None, None);
        self.verified = false;
        (self.unpushed, self.owed) = (None, BTreeMap::new());
        self.problem = None;
        self.skipped = Vec::new();
    }

    /// The revert commit made before for the same commits on the same head.
    #[must_use]
    pub(crate) fn unpushed_for(&self, head: &CommitId, commits: &[CommitId]) -> Option<&CommitId> {
        let made = self.unpushed.as_ref().filter(|u| u.head == *head && u.commits == commits);
        made.map(|u| &u.revert)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revert_is_taken_again_only_for_the_same_commits_on_the_same_head() {
        let commits = vec![CommitId::from("b"), CommitId::from("a")];
        let made = UnpushedRevert { head: "h".into(), commits: commits.clone(), revert: "r".into() };
        let state = State { unpushed: Some(made), ..State::default() };
        assert_eq!(state.unpushed_for(&"h".into(), &commits), Some(&"r".into()));
        assert_eq!(state.unpushed_for(&"i".into(), &commits), None);
        assert_eq!(state.unpushed_for(&"h".into(), &commits[..1]), None);
    }
}
