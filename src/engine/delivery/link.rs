//! Decides how controllers and deliveries reach each other: facts go to a delivery as they change, and what it applied
//! comes back before it reconciles again. It never decides what they say.

use crate::api::key::Key;
use crate::engine::delivery::contract::Facts;
use crate::logic::revert::PendingRevert;
use serde_json::Value;
use std::collections::BTreeMap;
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
    /// Whether the last reconcile of every delivery went well; none while one was never reconciled.
    pub(crate) is_well: Option<bool>,
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

    /// A Rollout has this template now, and this revert waits for it. The delivery is woken when that is another revert
    /// than before, or a safe one at last.
    pub(crate) fn rollout(&mut self, rollout: Key, template_key: &str, pending: Option<PendingRevert>) {
        let mut is_new = false;
        self.facts.send_if_modified(|facts| {
            let known = facts.pending.get(&rollout);
            is_new = known.map(what_matters) != pending.as_ref().map(what_matters);
            let is_same_template = facts.templates.get(&rollout).is_some_and(|t| t == template_key);
            let is_same = is_same_template && known == pending.as_ref();
            if !is_same {
                facts.templates.insert(rollout.clone(), template_key.to_owned());
                set(&mut facts.pending, rollout, pending);
            }
            !is_same
        });
        if is_new {
            self.wakes += 1;
            let _it_may_have_ended = self.wake.send(self.number);
        }
    }

    /// A Rollout is gone, or belongs to another delivery now.
    pub(crate) fn gone(&mut self, rollout: &Key) {
        self.facts.send_modify(|facts| {
            facts.templates.remove(rollout);
            facts.pending.remove(rollout);
        });
    }
}

/// What makes one revert another.
fn what_matters(revert: &PendingRevert) -> (i64, crate::logic::revert::RevertReason, bool, Option<&str>) {
    (revert.revision, revert.reason, revert.is_safe, revert.good.as_deref())
}

fn set(all: &mut BTreeMap<Key, PendingRevert>, rollout: Key, pending: Option<PendingRevert>) {
    match pending {
        Some(pending) => drop(all.insert(rollout, pending)),
        None => drop(all.remove(&rollout)),
    }
}
