//! Decides which pods of a set are given up first when the set shrinks.
//! It never decides how many.

use super::rows::{PodRow, Row};
use jiff::Timestamp;
use std::cmp::Ordering;

/// Orders `pods` so that the ones to give up first come first.
///
/// Without a node before with one; pending before unknown before running; not ready before ready; cheaper before
/// dearer (`pod-deletion-cost`); ready for a shorter time (compared by powers of two) before longer; more restarts
/// before fewer; younger (by powers of two) before older; then by uid. The rule that prefers nodes with many pods
/// has no effect here: there is one node.
pub(super) fn order(pods: &mut [&Row], now: Timestamp) {
    pods.sort_by(|a, b| match (&a.pod, &b.pod) {
        (Some(x), Some(y)) => compare((a, x), (b, y), now),
        _ => Ordering::Equal,
    });
}

fn compare((a, x): (&Row, &PodRow), (b, y): (&Row, &PodRow), now: Timestamp) -> Ordering {
    let ready_since = |p: &PodRow| p.ready.then_some(p.ready_since).flatten();
    x.node
        .is_empty()
        .cmp(&y.node.is_empty())
        .reverse()
        .then(x.phase.cmp(&y.phase))
        .then(x.ready.cmp(&y.ready))
        .then(x.cost.cmp(&y.cost))
        .then_with(|| by_age(ready_since(x), ready_since(y), now))
        .then(y.restarts.cmp(&x.restarts))
        .then_with(|| by_age(a.created, b.created, now))
        .then_with(|| a.uid.cmp(&b.uid))
}

/// The younger first; ages that round to the same power of two are alike.
fn by_age(a: Option<Timestamp>, b: Option<Timestamp>, now: Timestamp) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => rank(a, now).cmp(&rank(b, now)),
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Less,
        (Some(_), None) => Ordering::Greater,
    }
}

/// The power of two of an age in nanoseconds, none for the future.
fn rank(since: Timestamp, now: Timestamp) -> Option<u32> {
    u128::try_from(now.duration_since(since).as_nanos()).ok().and_then(u128::checked_ilog2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(
        uid: &str,
        node: &str,
        phase: &str,
        ready_at: Option<&str>,
        cost: &str,
        restarts: i64,
        born: &str,
    ) -> Row {
        let mut pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": uid, "namespace": "d", "uid": uid, "creationTimestamp": born,
                "annotations": {"controller.kubernetes.io/pod-deletion-cost": cost}},
            "spec": {"nodeName": node},
            "status": {"phase": phase, "containerStatuses": [{"restartCount": restarts}], "conditions": []},
        });
        if let Some(at) = ready_at {
            pod["status"]["conditions"] =
                json!([{"type": "Ready", "status": "True", "lastTransitionTime": at}]);
        }
        Row::of(&pod).unwrap()
    }

    #[test]
    fn each_rule_decides_only_when_the_ones_before_do_not() {
        let (old, new, now) = ("2026-01-01T00:00:00Z", "2026-01-01T09:00:00Z", "2026-01-01T10:00:00Z");
        let (long, short) = (Some("2026-01-01T00:01:00Z"), Some("2026-01-01T09:50:00Z"));
        let expected = [
            pod("i", "", "Pending", None, "9", 0, old),
            pod("h", "n", "Pending", None, "9", 0, old),
            pod("g", "n", "Running", None, "9", 0, old),
            pod("f", "n", "Running", long, "-5", 0, old),
            pod("e", "n", "Running", short, "0", 0, old),
            pod("d", "n", "Running", long, "nonsense", 3, old),
            pod("c", "n", "Running", long, "0", 1, new),
            pod("a", "n", "Running", long, "0", 1, old),
            pod("b", "n", "Running", long, "0", 1, old),
            pod("j", "n", "Running", long, "1", 1, new),
        ];
        let mut pods: Vec<&Row> = expected.iter().rev().collect();
        order(&mut pods, now.parse().unwrap());
        let names = |rows: Vec<&Row>| rows.iter().map(|r| r.uid.clone()).collect::<Vec<_>>();
        assert_eq!(names(pods), names(expected.iter().collect()));
    }

    #[test]
    fn ages_of_the_same_power_of_two_are_alike() {
        let now: Timestamp = "2026-01-01T10:00:00Z".parse().unwrap();
        let row = |uid, at| pod(uid, "n", "Running", Some(at), "0", 0, "2026-01-01T00:00:00Z");
        let (a, b) = (row("a", "2026-01-01T09:00:00Z"), row("b", "2026-01-01T09:05:00Z"));
        let mut pods = vec![&b, &a];
        order(&mut pods, now);
        assert_eq!(pods.first().map(|r| r.uid.as_str()), Some("a"));
    }
}
