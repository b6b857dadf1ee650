//! Decides what each delivery learns of its Rollouts, change by change: the reverts that wait and the templates they
//! have. It never scans all Rollouts, and never decides what goes back.

use crate::api::key::Key;
use crate::api::names;
use crate::api::object_name::ObjectName;
use crate::api::phase::RolloutPhase;
use crate::engine::delivery::FactsSender;
use crate::engine::index::Index;
use crate::engine::index::rows::RolloutRow;
use crate::logic::delivery::facts::RolloutFacts;
use crate::logic::revert::{PendingRevert, pending as reverts};
use crate::logic::rollout::phase;
use std::collections::BTreeMap;

/// The deliveries, and whose Rollouts are whose.
#[derive(Debug)]
pub(super) struct Pending {
    /// By number.
    deliveries: BTreeMap<usize, FactsSender>,
    /// Their numbers, by the names of their sources.
    numbers: BTreeMap<String, usize>,
    /// The delivery that each Rollout belongs to.
    of: BTreeMap<ObjectName, usize>,
    /// How often deliveries that have ended were woken.
    past_wakes: u64,
}

impl Pending {
    /// No Rollout is known yet.
    pub(super) fn new(deliveries: Vec<FactsSender>) -> Self {
        let numbers = deliveries.iter().map(|d| (d.source().to_owned(), d.number())).collect();
        let deliveries = deliveries.into_iter().map(|d| (d.number(), d)).collect();
        Self { deliveries, numbers, of: BTreeMap::new(), past_wakes: 0 }
    }

    /// A delivery begins; it is woken once it knows of its Rollouts.
    pub(super) fn begins(&mut self, index: &Index, delivery: FactsSender) {
        let (number, source) = (delivery.number(), delivery.source().to_owned());
        self.deliveries.insert(number, delivery);
        self.numbers.insert(source.clone(), number);
        for name in index.delivered_by(&source) {
            self.update(index, name);
        }
        if let Some(delivery) = self.deliveries.get_mut(&number) {
            delivery.wake();
        }
    }

    /// A delivery has ended.
    pub(super) fn ends(&mut self, number: usize) {
        let Some(delivery) = self.deliveries.remove(&number) else { return };
        self.past_wakes += delivery.wakes();
        self.numbers.remove(delivery.source());
        self.of.retain(|_, of| *of != number);
    }

    /// Tells the delivery of the Rollout at `name` how it stands now.
    pub(super) fn update(&mut self, index: &Index, name: &ObjectName) {
        if self.deliveries.is_empty() {
            return;
        }
        let source = index.rollout(name).and_then(|row| row.source.as_ref());
        let now = source.and_then(|source| self.numbers.get(source).copied());
        let key = Key::rollout(&name.namespace, &name.name);
        let before = self.of.get(name).copied();
        if let Some(before) = before.filter(|b| Some(*b) != now)
            && let Some(delivery) = self.deliveries.get_mut(&before)
        {
            delivery.gone(&key);
            self.of.remove(name);
        }
        if let Some(now) = now
            && let Some(delivery) = self.deliveries.get_mut(&now)
            && let Some(row) = index.rollout(name)
        {
            let facts = RolloutFacts {
                template: row.stands_for.template.clone(),
                template_key: row.stands_for.template_key.clone(),
                is_healthy: is_healthy(index, row),
                revisions: index.revisions(&row.rollout.metadata.uid),
                held: row.rollout.metadata.annotation(names::HELD).map(str::to_owned),
                pending: pending(index, name),
            };
            delivery.rollout(key, facts);
            self.of.insert(name.clone(), now);
        }
    }

    /// Number of Rollouts that deliveries know of.
    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.of.len()
    }

    /// How often deliveries were woken.
    pub(super) fn wakes(&self) -> u64 {
        self.past_wakes + self.deliveries.values().map(FactsSender::wakes).sum::<u64>()
    }

    /// Whether one of the deliveries brings `source`.
    pub(super) fn delivers(&self, source: &str) -> bool {
        self.numbers.contains_key(source)
    }

    /// The sources of the deliveries.
    pub(super) fn sources(&self) -> impl Iterator<Item = &str> {
        self.deliveries.values().map(FactsSender::source)
    }
}

/// Whether the template that a Rollout has is promoted and nothing is known against it. Counts of pods in its status are
/// written late, so that it may be called progressing for a while.
fn is_healthy(index: &Index, row: &RolloutRow) -> bool {
    let (hash, status) = (index.current_hash(row), &row.rollout.status);
    let is_promoted = !hash.is_empty() && status.stable_rs == hash && status.current_pod_hash == hash;
    row.problem.is_none() && is_promoted && phase::observed(&row.rollout).0 != RolloutPhase::Degraded
}

/// The revert that waits for a Rollout.
pub(super) fn pending(index: &Index, name: &ObjectName) -> Option<PendingRevert> {
    let rollout = &index.rollout(name)?.rollout;
    if !reverts::may_be(&rollout.status) && rollout.metadata.annotation(names::UNDO).is_none() {
        return None; // as nearly always
    }
    reverts::of(&index.view(name, false)?)
}
