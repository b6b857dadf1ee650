//! Decides what a Deployment's status says: numbers, availability, progress.
//! It never changes a ReplicaSet.

use super::amount::Amounts;
use super::conditions::{get, new, remove, set};
use super::set::Set;
use crate::actors::object::{after, moment, name, put, take};
use crate::actors::turn::Turn;
use crate::base::json::{count, list, number, text};
use serde_json::{Value, json};

/// Numbers and availability, with the other conditions as they are.
pub(super) fn plain(
    turn: &Turn<'_>,
    deployment: &Value,
    sets: &[Set],
    fresh: Option<&Set>,
    amounts: &Amounts,
) -> Value {
    let sum = |of: fn(&Set) -> i64| sets.iter().map(of).sum::<i64>();
    let available = sum(Set::available);
    let mut status = deployment.get("status").filter(|s| s.is_object()).cloned().unwrap_or_else(|| json!({}));
    let numbers = [
        ("replicas", sum(Set::existing)),
        ("updatedReplicas", fresh.map_or(0, Set::existing)),
        ("readyReplicas", sum(Set::ready)),
        ("availableReplicas", available),
        ("unavailableReplicas", (sum(Set::wanted) - available).max(0)),
        ("observedGeneration", count(deployment, "/metadata/generation")),
    ];
    for (field, number) in numbers {
        if number > 0 { put(&mut status, &[field], json!(number)) } else { take(&mut status, &[field]) }
    }
    let going: Option<i64> = sets.iter().map(|s| number(&s.object, "/status/terminatingReplicas")).sum();
    match going {
        Some(going) => put(&mut status, &["terminatingReplicas"], json!(going)),
        None => take(&mut status, &["terminatingReplicas"]),
    }
    let mut all = list(deployment, "/status/conditions").to_vec();
    let enough = available >= amounts.replicas - amounts.unavailable;
    let (holds, reason, message) = if enough {
        ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    } else {
        ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    };
    set(&mut all, new("Available", holds, reason, message, turn.now));
    put(&mut status, &["conditions"], json!(all));
    status
}

/// The deadline for progress in seconds; none when the Deployment has none.
pub(super) fn deadline(deployment: &Value) -> Option<i64> {
    number(deployment, "/spec/progressDeadlineSeconds").filter(|s| *s != i64::from(i32::MAX))
}

/// Whether every pod is of the present template and available.
pub(super) fn complete(deployment: &Value, status: &Value, amounts: &Amounts) -> bool {
    ["/updatedReplicas", "/replicas", "/availableReplicas"]
        .iter()
        .all(|p| count(status, p) == amounts.replicas)
        && count(status, "/observedGeneration") >= count(deployment, "/metadata/generation")
}

/// The status in the course of a rollout: [`plain`] and how it progresses.
pub(super) fn rolling(
    turn: &mut Turn<'_>,
    deployment: &Value,
    sets: &[Set],
    fresh: Option<&Set>,
    amounts: &Amounts,
) -> Value {
    let mut status = plain(turn, deployment, sets, fresh, amounts);
    let mut all = list(&status, "/conditions").to_vec();
    let before = get(&all, "Progressing").cloned();
    let Some(limit) = deadline(deployment) else {
        remove(&mut all, "Progressing");
        return finish(status, all, sets, fresh);
    };
    let done = before.as_ref().is_some_and(|c| text(c, "/reason") == "NewReplicaSetAvailable")
        && count(&status, "/replicas") == count(&status, "/updatedReplicas");
    if !done {
        let whom = match fresh {
            Some(set) => format!("ReplicaSet \"{}\"", set.name()),
            None => format!("Deployment \"{}\"", name(deployment)),
        };
        if complete(deployment, &status, amounts) {
            let message = format!("{whom} has successfully progressed.");
            set(&mut all, new("Progressing", "True", "NewReplicaSetAvailable", &message, turn.now));
        } else if progressing(deployment, &status) {
            let message = format!("{whom} is progressing.");
            let mut now = new("Progressing", "True", "ReplicaSetUpdated", &message, turn.now);
            if let Some(since) = before
                .as_ref()
                .filter(|c| text(c, "/status") == "True")
                .and_then(|c| c.get("lastTransitionTime"))
            {
                put(&mut now, &["lastTransitionTime"], since.clone());
            }
            remove(&mut all, "Progressing");
            all.push(now);
        } else if timed_out(turn, before.as_ref(), limit) {
            let message = format!("{whom} has timed out progressing.");
            set(&mut all, new("Progressing", "False", "ProgressDeadlineExceeded", &message, turn.now));
        }
    }
    put(&mut status, &["conditions"], json!(all));
    finish(status, all, sets, fresh)
}

/// Whether the numbers are nearer to the end than those written last.
fn progressing(deployment: &Value, status: &Value) -> bool {
    let was = |field: &str| count(deployment, &format!("/status/{field}"));
    let is = |field: &str| count(status, &format!("/{field}"));
    let old_was = was("replicas") - was("updatedReplicas");
    let old_is = is("replicas") - is("updatedReplicas");
    is("updatedReplicas") > was("updatedReplicas")
        || old_is < old_was
        || is("readyReplicas") > was("readyReplicas")
        || is("availableReplicas") > was("availableReplicas")
}

/// Whether the deadline has passed since the last progress; makes sure of a turn when it does.
fn timed_out(turn: &mut Turn<'_>, progress: Option<&Value>, limit: i64) -> bool {
    let Some(progress) = progress else { return false };
    match text(progress, "/reason") {
        "NewReplicaSetAvailable" => return false,
        "ProgressDeadlineExceeded" => return true,
        _ => {}
    }
    let Some(last) = moment(progress, "/lastUpdateTime") else { return false };
    let end = after(last, limit);
    if end >= turn.now {
        turn.wake_at(after(end, 1));
    }
    end < turn.now
}

/// The failures of the sets go over into the Deployment's conditions, those of the present one first.
fn finish(mut status: Value, mut all: Vec<Value>, sets: &[Set], fresh: Option<&Set>) -> Value {
    let failure = fresh.and_then(Set::failure).or_else(|| sets.iter().find_map(Set::failure));
    match failure {
        Some(failure) => {
            let mut own = failure.clone();
            let since = failure.get("lastTransitionTime").cloned().unwrap_or_default();
            put(&mut own, &["lastUpdateTime"], since);
            set(&mut all, own);
        }
        None => remove(&mut all, "ReplicaFailure"),
    }
    put(&mut status, &["conditions"], json!(all));
    status
}
