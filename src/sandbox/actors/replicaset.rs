//! Decides which pods a ReplicaSet makes and gives up, and what its status says.
//! It never decides how many it should have.

use super::object::{after, condition, deleting, holds, name, put, stamp, take};
use super::rows::Row;
use super::task::Key;
use super::template::{claim, fully_labelled, name_after, pod};
use super::turn::Turn;
use super::victims;
use crate::api::selector::Labels;
use crate::base::json::{count, list, number, text};
use crate::propagation::Propagation;
use serde_json::{Value, json};

/// The most pods one turn makes or gives up.
const BURST: usize = 500;

/// Brings one ReplicaSet's pods and status nearer to what it asks for.
pub(super) fn sync(turn: &mut Turn<'_>, key: &Key) {
    let Some(set) = turn.read(key) else { return };
    let Some(selector) = Labels::of_workload(set.pointer("/spec/selector")) else { return };
    let pods = claim(turn, &set, "Pod", &selector);
    let unfinished = |r: &&&Row| r.pod.as_ref().is_some_and(|p| p.unfinished());
    let (going, active): (Vec<&Row>, Vec<&Row>) =
        pods.iter().filter(unfinished).copied().partition(|r| r.deleting);
    let wanted = usize::try_from(number(&set, "/spec/replicas").unwrap_or(1)).unwrap_or(0);
    let mut failure = None;
    if !deleting(&set) {
        failure = manage(turn, &set, active.clone(), wanted);
    }
    let status = status(turn, &set, &active, going.len(), failure);
    if set.get("status") != Some(&status) {
        let mut set = set;
        put(&mut set, &["status"], status);
        turn.update_status(set);
    }
}

/// Makes or gives up pods; answers with what keeps it from making them.
fn manage(turn: &mut Turn<'_>, set: &Value, mut active: Vec<&Row>, wanted: usize) -> Option<String> {
    if active.len() > wanted {
        let surplus = (active.len() - wanted).min(BURST);
        victims::order(&mut active, turn.now);
        for row in active.into_iter().take(surplus) {
            turn.delete(&row.key, &row.uid, Propagation::Background, None);
            turn.normal(set, "SuccessfulDelete", format!("Deleted pod: {}", row.key.name));
        }
        return None;
    }
    let missing = (wanted - active.len()).min(BURST);
    let refusal = turn.refusal.clone().filter(|r| missing > 0 && r.creating);
    if let Some(refusal) = refusal.as_ref().filter(|r| r.fresh && r.reason != NAMESPACE_ENDS) {
        turn.warning(set, "FailedCreate", format!("Error creating: {}", refusal.message));
    }
    if !turn.held() {
        let made = pod(set);
        for _ in 0..missing {
            let mut pod = made.clone();
            let drawn = name_after(turn, &mut pod, name(set));
            turn.create(pod);
            turn.normal(set, "SuccessfulCreate", format!("Created pod: {drawn}"));
        }
    }
    refusal.map(|r| r.message)
}

/// A namespace that goes takes no new objects: nothing to tell users about
/// (source: `pkg/controller/replicaset/replica_set.go`, `manageReplicas`).
const NAMESPACE_ENDS: &str = "NamespaceTerminating";

fn status(turn: &mut Turn<'_>, set: &Value, active: &[&Row], going: usize, failure: Option<String>) -> Value {
    let settle = number(set, "/spec/minReadySeconds").unwrap_or(0);
    let (mut labelled, mut ready, mut available) = (0_u64, 0_u64, 0_u64);
    for row in active {
        labelled += u64::from(fully_labelled(row, set));
        match ready_for(row, settle, turn) {
            Readiness::No => {}
            Readiness::Soon => ready += 1,
            Readiness::Available => {
                ready += 1;
                available += 1;
            }
        }
    }
    let mut status = set.get("status").cloned().unwrap_or_else(|| json!({}));
    put(&mut status, &["replicas"], json!(active.len()));
    put(&mut status, &["terminatingReplicas"], json!(going));
    put(&mut status, &["observedGeneration"], json!(count(set, "/metadata/generation")));
    let counts =
        [("fullyLabeledReplicas", labelled), ("readyReplicas", ready), ("availableReplicas", available)];
    for (field, number) in counts {
        if number > 0 { put(&mut status, &[field], json!(number)) } else { take(&mut status, &[field]) }
    }
    conditions(turn, set, &mut status, failure);
    status
}

/// How far a pod is.
pub(super) enum Readiness {
    /// Not ready.
    No,
    /// Ready, but not for long enough.
    Soon,
    /// Ready for `minReadySeconds`.
    Available,
}

/// How far a pod is; makes sure of a turn at the moment it becomes available.
pub(super) fn ready_for(row: &Row, settle: i64, turn: &mut Turn<'_>) -> Readiness {
    let Some(pod) = row.pod.as_ref().filter(|p| p.ready) else { return Readiness::No };
    if settle == 0 {
        return Readiness::Available;
    }
    let Some(since) = pod.ready_since else { return Readiness::Soon };
    let end = after(since, settle);
    if end <= turn.now {
        return Readiness::Available;
    }
    turn.wake_at(end);
    Readiness::Soon
}

fn conditions(turn: &Turn<'_>, set: &Value, status: &mut Value, failure: Option<String>) {
    let mut left = list(set, "/status/conditions").to_vec();
    let now = condition(set, "ReplicaFailure");
    match failure {
        Some(message) if !holds(set, "ReplicaFailure") => {
            left.retain(|c| text(c, "/type") != "ReplicaFailure");
            left.push(json!({
                "type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": message,
                "lastTransitionTime": stamp(turn.now),
            }));
        }
        None if now.is_some() => left.retain(|c| text(c, "/type") != "ReplicaFailure"),
        _ => return,
    }
    if left.is_empty() { take(status, &["conditions"]) } else { put(status, &["conditions"], json!(left)) }
}
