//! Decides how controllers and deliveries reach each other: facts go to a delivery as they change, and what it applied
//! comes back before it reconciles again. It never decides what they say.

use crate::api::key::Key;
use crate::logic::delivery::facts::{Facts, RolloutFacts};
use crate::logic::revert::{PendingRevert, RevertReason, Safety};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};

/// The controllers' end of the link to one delivery.
#[derive(Debug)]
pub(crate) struct FactsSender {
    source: String,
    number: usize,
    facts: watch::Sender<Facts>,
    wake: mpsc::UnboundedSender<usize>,
    wakes: u64,
}

/// A delivery that begins or ends while controllers work.
#[derive(Debug)]
pub(crate) enum Roster {
    /// It begins, and waits to be told what is known of its Rollouts.
    Begins(FactsSender),
    /// It has ended.
    Ends(usize),
}

/// Rollouts that a delivery has applied, as they are now.
#[derive(Debug)]
pub(crate) struct Applied {
    /// The Rollouts.
    pub(crate) rollouts: Vec<Value>,
    /// To be told when they are taken in; the delivery waits for it.
    pub(crate) taken_in: oneshot::Sender<()>,
}

/// How the deliveries stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// How often they were woken by controllers, as far as they have noticed.
    pub(crate) wakes: u64,
    /// Whether none is under way or about to be.
    pub(crate) is_idle: bool,
    /// How many reconciles have ended.
    pub(crate) passes: u64,
    /// How the last reconcile of each delivery ended.
    pub(crate) fares: Vec<Fare>,
    /// The workloads that they have applied, with the API version each was written in.
    pub(crate) workloads: Arc<BTreeMap<Key, String>>,
}

/// How the last reconcile of a delivery ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fare {
    /// Well.
    Well,
    /// Trying again may help; what it waits for.
    Waits(String),
    /// Nothing helps but a person, who was told.
    Ill,
}

impl Standing {
    /// Whether a delivery needs a person.
    #[must_use]
    pub(crate) fn is_ill(&self) -> bool {
        self.fares.contains(&Fare::Ill)
    }

    /// What deliveries wait for.
    pub(crate) fn waits(&self) -> impl Iterator<Item = &str> {
        self.fares.iter().filter_map(|fare| match fare {
            Fare::Waits(what) => Some(what.as_str()),
            Fare::Well | Fare::Ill => None,
        })
    }
}

impl FactsSender {
    /// The link to the delivery of `source`, the one of this `number`, which listens to `wake`.
    #[must_use]
    pub(crate) fn new(
        source: String,
        number: usize,
        wake: mpsc::UnboundedSender<usize>,
    ) -> (Self, watch::Receiver<Facts>) {
        let (facts, receiver) = watch::channel(Facts::default());
        (Self { source, number, facts, wake, wakes: 0 }, receiver)
    }

    /// The number of the delivery.
    #[must_use]
    pub(crate) fn number(&self) -> usize {
        self.number
    }

    /// Wakes the delivery: what it has to know was told.
    pub(crate) fn wake(&mut self) {
        self.wakes += 1;
        let _it_may_have_ended = self.wake.send(self.number);
    }

    /// The name of the delivery's source.
    #[must_use]
    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// How often the delivery was woken.
    #[must_use]
    pub(crate) fn wakes(&self) -> u64 {
        self.wakes
    }

    /// This is known of a Rollout now. The delivery is woken when another revert waits for it than before, or a safe one
    /// at last, and when a revision is kept no longer.
    pub(crate) fn rollout(&mut self, rollout: Key, now: RolloutFacts) {
        let mut is_new = false;
        self.facts.send_if_modified(|facts| {
            let known = facts.rollouts.get(&rollout);
            let pending = known.and_then(|k| k.pending.as_ref());
            let is_one_gone = known.is_some_and(|known| !known.revisions.is_subset(&now.revisions));
            is_new = is_one_gone || pending.map(what_matters) != now.pending.as_ref().map(what_matters);
            let is_same = known == Some(&now);
            if !is_same {
                facts.rollouts.insert(rollout, now);
            }
            !is_same
        });
        if is_new {
            self.wake();
        }
    }

    /// A Rollout is gone, or belongs to another delivery now.
    pub(crate) fn gone(&mut self, rollout: &Key) {
        self.facts.send_modify(|facts| drop(facts.rollouts.remove(rollout)));
    }
}

/// What makes one revert another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WhatMatters {
    revision: i64,
    reason: RevertReason,
    safety: Safety,
    policy: Option<String>,
    template: String,
}

/// What makes `revert` another than one before.
#[must_use]
pub(crate) fn what_matters(revert: &PendingRevert) -> WhatMatters {
    WhatMatters {
        revision: revert.revision,
        reason: revert.reason,
        safety: revert.safety,
        policy: revert.policy.clone(),
        template: revert.template_key.clone(),
    }
}
