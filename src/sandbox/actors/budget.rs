//! Decides how many pods a disruption budget lets go, for the server to count evictions against.
//! It never evicts a pod.

use super::deployment::resolve;
use super::object::{deleting, namespace, put, stamp};
use super::rows::Row;
use super::task::Key;
use super::turn::Turn;
use crate::api::selector::Labels;
use crate::base::json::{count, list, number, text, texts};
use serde_json::{Value, json};

/// A pod that is still there this many seconds after its eviction was not evicted.
const EVICTION: i64 = 120;

/// Brings one budget's status up to date.
pub(super) fn sync(turn: &mut Turn<'_>, key: &Key) {
    let Some(mut budget) = turn.read(key).filter(|b| !deleting(b)) else { return };
    let pods = selected(turn, &budget);
    let healthy = |r: &&Row| !r.deleting && r.pod.as_ref().is_some_and(|p| p.ready);
    let gone = disrupted(turn, &mut budget, &pods);
    let current = length(pods.iter().copied().filter(healthy).filter(|r| !gone.contains(&r.key.name)));
    let (expected, desired) = expectation(turn, &budget, &pods);
    let allowed = if expected > 0 { (current - desired).max(0) } else { 0 };
    let mut status = budget.get("status").filter(|s| s.is_object()).cloned().unwrap_or_else(|| json!({}));
    for (field, number) in [
        ("currentHealthy", current),
        ("desiredHealthy", desired),
        ("expectedPods", expected),
        ("disruptionsAllowed", allowed),
        ("observedGeneration", count(&budget, "/metadata/generation")),
    ] {
        put(&mut status, &[field], json!(number));
    }
    condition(turn, &budget, &mut status, allowed > 0);
    if turn.read(key).is_some_and(|b| b.get("status") != Some(&status)) {
        put(&mut budget, &["status"], status);
        turn.update_status(budget.clone());
        if pods.is_empty() {
            turn.normal(&budget, "NoPods", "No matching pods found".to_owned());
        }
    }
}

fn length<'a>(rows: impl Iterator<Item = &'a Row>) -> i64 {
    i64::try_from(rows.count()).unwrap_or(i64::MAX)
}

/// The pods of the budget that have not ended. An empty selector selects all, an absent one none.
fn selected<'a>(turn: &Turn<'a>, budget: &Value) -> Vec<&'a Row> {
    let given = budget.pointer("/spec/selector").filter(|s| !s.is_null());
    let selector = Labels::of_workload(given);
    let rows = turn.rows.of_kind("v1", "Pod", namespace(budget));
    let matches = |r: &&Row| match &selector {
        Some(selector) => selector.matches(&r.labels),
        None => given.is_some(),
    };
    rows.into_iter().filter(matches).filter(|r| r.pod.as_ref().is_some_and(|p| p.unfinished())).collect()
}

/// Pods that were evicted and are still there; the ones that are gone are taken off the list.
fn disrupted(turn: &mut Turn<'_>, budget: &mut Value, pods: &[&Row]) -> Vec<String> {
    let listed = texts(budget, "/status/disruptedPods");
    let there = |name: &String| pods.iter().any(|r| r.key.name == *name && !r.deleting);
    let mut left: Vec<(String, String)> = Vec::new();
    for (name, at) in listed.into_iter().filter(|(n, _)| there(n)) {
        let Some(end) = at.parse().ok().map(|at| super::object::after(at, EVICTION)) else { continue };
        if end > turn.now {
            turn.wake_at(end);
            left.push((name, at));
        }
    }
    if left.is_empty() {
        super::object::take(budget, &["status", "disruptedPods"]);
    } else {
        let map: serde_json::Map<String, Value> = left.iter().map(|(n, at)| (n.clone(), json!(at))).collect();
        put(budget, &["status", "disruptedPods"], Value::Object(map));
    }
    left.into_iter().map(|(name, _)| name).collect()
}

/// How many pods there should be, and how many of them must be healthy.
fn expectation(turn: &Turn<'_>, budget: &Value, pods: &[&Row]) -> (i64, i64) {
    let least = budget.pointer("/spec/minAvailable").filter(|v| !v.is_null());
    let most = budget.pointer("/spec/maxUnavailable").filter(|v| !v.is_null());
    if let Some(least @ Value::Number(_)) = least {
        return (length(pods.iter().copied()), resolve(Some(least), 0, true));
    }
    let expected = scale(turn, pods);
    match (least, most) {
        (Some(least), _) => (expected, resolve(Some(least), expected, true)),
        (None, Some(most)) => (expected, (expected - resolve(Some(most), expected, true)).max(0)),
        (None, None) => (expected, expected.max(1)),
    }
}

/// The sizes that the pods' controllers ask for, each counted once; a Deployment counts for its ReplicaSets.
fn scale(turn: &Turn<'_>, pods: &[&Row]) -> i64 {
    let mut owners = std::collections::BTreeMap::new();
    for row in pods {
        let Some(owner) = row.controller() else { continue };
        let above = turn.rows.get(&owner.uid).and_then(Row::controller).unwrap_or(owner);
        let key = Key::new(&above.api_version, &above.kind, &row.key.namespace, &above.name);
        owners.entry(above.uid.clone()).or_insert(key);
    }
    let size = |key: &Key| turn.read(key).map_or(0, |o| number(&o, "/spec/replicas").unwrap_or(1));
    owners.values().map(size).sum()
}

fn condition(turn: &Turn<'_>, budget: &Value, status: &mut Value, allowed: bool) {
    let (state, reason) = if allowed { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
    let generation = count(budget, "/metadata/generation");
    let mut all = list(budget, "/status/conditions").to_vec();
    let before = all.iter().find(|c| text(c, "/type") == "DisruptionAllowed");
    let same = before.is_some_and(|c| text(c, "/status") == state);
    let since = before.filter(|_| same).and_then(|c| c.get("lastTransitionTime")).cloned();
    let now = json!({
        "type": "DisruptionAllowed", "status": state, "reason": reason, "message": "",
        "observedGeneration": generation, "lastTransitionTime": since.unwrap_or_else(|| stamp(turn.now)),
    });
    all.retain(|c| text(c, "/type") != "DisruptionAllowed");
    all.push(now);
    put(status, &["conditions"], json!(all));
}
