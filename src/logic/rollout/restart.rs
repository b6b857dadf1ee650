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
    let own = in_order(builder, pods);
    // Counted from the pods themselves: what their ReplicaSets say of them may be old, so that too many would go.
    let ready = builder.spec().min_ready_seconds();
    let available = own.iter().filter(|p| p.is_available(ready, builder.now())).count();
    let old: Vec<&Pod> =
        own.into_iter().filter(|p| p.meta.creation_timestamp.is_none_or(|c| c < asked)).collect();
    if old.is_empty() {
        builder.status.restarted_at = Some(asked);
        return false;
    }
    let total: i32 = builder.replica_sets().iter().map(|s| s.replicas).sum();
    let unavailable = replicas::fenceposts_of(builder.spec()).unavailable.max(1);
    let least = builder.spec().replicas().max(total) - unavailable;
    let spare = available.saturating_sub(usize::try_from(least).unwrap_or(0));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::meta::Meta;
    use crate::api::time::Time;
    use crate::logic::rollout::view::{ReplicaSet, View};
    use jiff::Timestamp;
    use serde_json::{Value, json};

    fn time(seconds: i64) -> Time {
        Time::of(Timestamp::from_second(seconds).unwrap())
    }

    /// A Rollout of eight pods, made at 10 and ready at 20, that are to be restarted at 100.
    fn view(strategy: &Value) -> View {
        let rollout = json!({"metadata": {"name": "web"}, "spec": {"replicas": 8, "restartAt": time(100),
            "minReadySeconds": 5, "strategy": strategy}, "status": {"stableRS": "a", "currentPodHash": "a"}});
        let owner = json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-a", "uid": "u", "controller": true}]);
        let pod = |n: i32| Pod {
            meta: Meta::of(
                &json!({"name": format!("p{n}"), "creationTimestamp": time(10), "ownerReferences": owner}),
            )
            .unwrap(),
            is_ready: true,
            ready_since: Some(time(20)),
        };
        let mut set = ReplicaSet { hash: "a".to_owned(), replicas: 8, available: 8, ..ReplicaSet::default() };
        set.meta.uid = "u".to_owned();
        View {
            rollout: serde_json::from_value(rollout).unwrap(),
            pod_hash: "a".to_owned(),
            replica_sets: vec![set],
            pods: Some((0..8).map(pod).collect()),
            ..View::default()
        }
    }

    fn evicted(view: &View) -> usize {
        let mut builder = Builder::new(view, Timestamp::from_second(120).unwrap());
        evict(&mut builder);
        builder.ops().iter().filter(|op| matches!(op, Op::Evict(_))).count()
    }

    #[test]
    fn a_quarter_goes_at_a_time_unless_another_share_is_asked_for() {
        for (strategy, at_once) in [
            (json!({"canary": {}}), 2),
            (json!({"blueGreen": {}}), 2),
            (json!({"blueGreen": {"maxUnavailable": 3}}), 3),
            (json!({"blueGreen": {"maxUnavailable": 0}}), 1),
        ] {
            assert_eq!(evicted(&view(&strategy)), at_once, "{strategy}");
        }
    }

    #[test]
    fn pods_count_as_they_are_whatever_their_replica_set_says() {
        let with = |change: fn(&mut Pod)| {
            let mut view = view(&json!({"canary": {}}));
            change(&mut view.pods.as_mut().unwrap()[7]);
            evicted(&view)
        };
        assert_eq!(with(|pod| pod.meta.deletion_timestamp = Some(time(119))), 1, "it was evicted just now");
        assert_eq!(with(|pod| pod.is_ready = false), 1);
        assert_eq!(with(|pod| pod.ready_since = Some(time(116))), 1, "not ready for long enough");
        assert_eq!(with(|pod| pod.ready_since = Some(time(115))), 2);
    }
}
