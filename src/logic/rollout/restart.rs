//! Decides which pods are restarted now when a user asks for new ones of the same revision.
//! It never takes more pods away than may be unavailable.

use crate::logic::rollout::decision::Need;
use crate::logic::rollout::replicas;
use crate::logic::rollout::view::Pod;
use crate::logic::rollout::work::{Op, Work};

/// Seconds until a restart that cannot go on looks again.
const LOOK_AGAIN: i64 = 30;

/// Evicts as many old pods as may be missing and notes when none is left. Answers whether some were evicted, so
/// that nothing else moves in this pass (source: rollout/restart.go, `Reconcile`).
pub fn evict(work: &mut Work<'_>) -> bool {
    let Some(asked) = work.spec().restart_at else { return false };
    if work.old.restarted_at == Some(asked) {
        return false;
    }
    if asked.at() > work.now {
        work.look_again(asked.at());
        return false;
    }
    let Some(pods) = work.view.pods.as_ref() else {
        work.needs = Some(Need::Pods);
        return true;
    };
    let old = in_order(work, pods);
    let old: Vec<&Pod> =
        old.into_iter().filter(|p| p.meta.creation_timestamp.is_none_or(|c| c < asked)).collect();
    if old.is_empty() {
        work.status.restarted_at = Some(asked);
        return false;
    }
    let total: i32 = work.sets.iter().map(|s| s.replicas).sum();
    let unavailable = replicas::fenceposts_of(work.spec()).unavailable.max(1);
    let least = work.spec().replicas().max(total) - unavailable;
    let spare = usize::try_from(work.available_of_all() - least).unwrap_or(0);
    let names: Vec<String> = old
        .iter()
        .filter(|p| p.meta.deletion_timestamp.is_none())
        .take(spare)
        .map(|p| p.meta.name.clone())
        .collect();
    let at = work.time().plus_seconds(LOOK_AGAIN);
    work.look_again(at);
    let evicted = !names.is_empty();
    for name in names {
        work.note(Op::Evict(name));
    }
    evicted
}

/// The pods of the Rollout's sets: stable ones first, then the new ones, then the others by age.
fn in_order<'p>(work: &Work<'_>, pods: &'p [Pod]) -> Vec<&'p Pod> {
    let mut order: Vec<usize> =
        work.stable.into_iter().chain(work.new.filter(|n| Some(*n) != work.stable)).collect();
    order.extend(work.other_indices());
    let of = |index: usize| {
        let uid = work.sets.get(index).map(|s| s.meta.uid.as_str()).unwrap_or_default();
        let mut own: Vec<&Pod> = pods.iter().filter(|p| p.meta.is_controlled_by(uid)).collect();
        own.sort_by(|a, b| {
            (a.meta.creation_timestamp, &a.meta.name).cmp(&(b.meta.creation_timestamp, &b.meta.name))
        });
        own
    };
    order.into_iter().flat_map(of).collect()
}
