//! Decides which pods are restarted now when a user asks for new ones of the same revision.
//! It never takes more pods away than may be unavailable.

use crate::logic::rollout::builder::{Builder, Op};
use crate::logic::rollout::decision::Need;
use crate::logic::rollout::replicas;
use crate::logic::rollout::view::Pod;

/// Seconds until a restart that cannot go on is tried again.
const RETRY: i64 = 30;

/// Evicts as many old pods as may be missing and says in the status when none is left. Answers whether some were
/// evicted, so that nothing else moves in this pass (source: rollout/restart.go, `Reconcile`).
pub(crate) fn evict(builder: &mut Builder<'_>) -> bool {
    let Some(asked) = builder.spec().restart_at else { return false };
    if builder.old().restarted_at == Some(asked) {
        return false;
    }
    if asked.at() > builder.now() {
        builder.wake_at(asked.at());
        return false;
    }
    let Some(pods) = builder.view().pods.as_ref() else {
        builder.need(Need::Pods);
        return true;
    };
    let old = in_order(builder, pods);
    let old: Vec<&Pod> =
        old.into_iter().filter(|p| p.meta.creation_timestamp.is_none_or(|c| c < asked)).collect();
    if old.is_empty() {
        builder.status.restarted_at = Some(asked);
        return false;
    }
    let total: i32 = builder.replica_sets().iter().map(|s| s.replicas).sum();
    let unavailable = replicas::fenceposts_of(builder.spec()).unavailable.max(1);
    let least = builder.spec().replicas().max(total) - unavailable;
    let spare = usize::try_from(builder.available_of_all() - least).unwrap_or(0);
    let names: Vec<String> = old
        .iter()
        .filter(|p| p.meta.deletion_timestamp.is_none())
        .take(spare)
        .map(|p| p.meta.name.clone())
        .collect();
    let at = builder.time().plus_seconds(RETRY);
    builder.wake_at(at);
    let evicted = !names.is_empty();
    for name in names {
        builder.plan(Op::Evict(name));
    }
    evicted
}

/// The pods of the Rollout's ReplicaSets: stable ones first, then the new ones, then the others by age
/// (source: rollout/restart.go; the order of its ReplicaSets).
fn in_order<'p>(builder: &Builder<'_>, pods: &'p [Pod]) -> Vec<&'p Pod> {
    let mut order: Vec<usize> = builder
        .stable_index()
        .into_iter()
        .chain(builder.new_index().filter(|n| Some(*n) != builder.stable_index()))
        .collect();
    order.extend(builder.other_indices());
    let of = |index: usize| {
        let uid = builder.replica_set(index).map(|s| s.meta.uid.as_str()).unwrap_or_default();
        let mut own: Vec<&Pod> = pods.iter().filter(|p| p.meta.is_controlled_by(uid)).collect();
        own.sort_by(|a, b| {
            (a.meta.creation_timestamp, &a.meta.name).cmp(&(b.meta.creation_timestamp, &b.meta.name))
        });
        own
    };
    order.into_iter().flat_map(of).collect()
}
