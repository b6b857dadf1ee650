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
    deliveries: Vec<FactsSender>,
    /// The delivery that each Rollout belongs to, by its place in the list.
    of: BTreeMap<ObjectName, usize>,
}

impl Pending {
    /// No Rollout is known yet.
    pub(super) fn new(deliveries: Vec<FactsSender>) -> Self {
        Self { deliveries, of: BTreeMap::new() }
    }

    /// Tells the delivery of the Rollout at `name` how it stands now.
    pub(super) fn update(&mut self, index: &Index, name: &ObjectName) {
        if self.deliveries.is_empty() {
            return;
        }
        let source = index.rollout(name).and_then(|row| row.source.as_ref());
        let now = source.and_then(|source| self.deliveries.iter().position(|d| d.source() == source));
        let key = Key::rollout(&name.namespace, &name.name);
        let before = self.of.get(name).copied();
        if let Some(before) = before.filter(|b| Some(*b) != now)
            && let Some(delivery) = self.deliveries.get_mut(before)
        {
            delivery.gone(&key);
            self.of.remove(name);
        }
        if let Some(now) = now
            && let Some(delivery) = self.deliveries.get_mut(now)
            && let Some(row) = index.rollout(name)
        {
            let facts = RolloutFacts {
                template: row.stands_for.template.clone(),
                template_key: row.stands_for.template_key.clone(),
                is_healthy: is_healthy(row),
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
        self.deliveries.iter().map(FactsSender::wakes).sum()
    }

    /// The sources of the deliveries.
    pub(super) fn sources(&self) -> impl Iterator<Item = &str> {
        self.deliveries.iter().map(FactsSender::source)
    }
}

/// Whether the template that a Rollout has is promoted and nothing is known against it. Counts of pods in its status are
/// written late, so that it may be called progressing for a while.
fn is_healthy(row: &RolloutRow) -> bool {
    let (hash, status) = (&row.stands_for.pod_hash, &row.rollout.status);
    let is_promoted = !hash.is_empty() && status.stable_rs == *hash && status.current_pod_hash == *hash;
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
