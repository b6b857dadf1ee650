//! Decides which pods a Job starts and stops, and how long it waits after a failure.
//! It never decides that a Job is over.

use super::tally::{INDEX, Tally, index};
use crate::actors::object::{after, drop_finalizer, name, put, uid};
use crate::actors::rows::{Phase, Row, TRACKING};
use crate::actors::template::{name_after, pod};
use crate::actors::turn::Turn;
use crate::actors::victims;
use crate::base::json::{list, number, text, texts};
use crate::propagation::Propagation;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The wait after the first failure in seconds; it doubles with every further one.
const PAUSE: i64 = 10;
const LONGEST_PAUSE: i64 = 600;

/// How many pods may run now.
fn wanted(job: &Value, tally: &Tally<'_>) -> i64 {
    let parallel = number(job, "/spec/parallelism").unwrap_or(1).max(0);
    match number(job, "/spec/completions") {
        Some(all) => parallel.min((all - tally.succeeded).max(0)),
        // Without a number of completions the first success ends the search for work.
        None if tally.succeeded > 0 => 0,
        None => parallel,
    }
}

/// Starts or stops pods until as many run as may.
pub(super) fn manage(turn: &mut Turn<'_>, job: &Value, tally: &Tally<'_>, pods: &[&Row], indexed: bool) {
    let active = i64::try_from(tally.active.len()).unwrap_or(i64::MAX);
    let wanted = wanted(job, tally);
    let draining = number(job, "/spec/completions").is_none() && tally.succeeded > 0;
    if active > wanted && !draining {
        let surplus = usize::try_from(active - wanted).unwrap_or(0);
        stop(turn, job, &tally.active, surplus);
    }
    let missing = usize::try_from(wanted - active).unwrap_or(0).min(500);
    if missing == 0 {
        return;
    }
    if let Some(refusal) = turn.refusal.clone().filter(|r| r.creating && r.fresh) {
        turn.warning(job, "FailedCreate", format!("Error creating: {}", refusal.message));
    }
    if turn.held() {
        return;
    }
    if let Some(end) = pause_end(pods).filter(|end| *end > turn.now) {
        return turn.wake_at(end);
    }
    if !indexed {
        (0..missing).for_each(|_| start(turn, job, None));
        return;
    }
    let mut taken: BTreeSet<i64> = tally.active.iter().filter_map(|r| index(r)).collect();
    taken.extend(&tally.indexes);
    let free = (0..number(job, "/spec/completions").unwrap_or(0)).filter(|i| !taken.contains(i));
    for index in free.take(missing) {
        start(turn, job, Some(index));
    }
}

/// Stops `number` active pods, those that serve least first. They do not count as failed.
pub(super) fn stop(turn: &mut Turn<'_>, job: &Value, active: &[&Row], number: usize) {
    let mut order = active.to_vec();
    victims::order(&mut order, turn.now);
    for row in order.into_iter().take(number) {
        release(turn, row);
        turn.delete(&row.key, &row.uid, Propagation::Background, None);
        turn.normal(job, "SuccessfulDelete", format!("Deleted pod: {}", row.key.name));
    }
}

/// Takes the tracking finalizer off a pod.
pub(super) fn release(turn: &mut Turn<'_>, row: &Row) {
    if let Some(mut pod) = turn.read(&row.key).filter(|p| uid(p) == row.uid) {
        drop_finalizer(&mut pod, TRACKING);
        turn.update(pod);
    }
}

/// The end of the wait after the failures since the last success.
fn pause_end(pods: &[&Row]) -> Option<Timestamp> {
    let ends = |phase: Phase| {
        let finished = |r: &&Row| r.pod.as_ref().filter(|p| p.phase == phase).and_then(|p| p.finished);
        pods.iter().filter_map(finished).collect::<Vec<_>>()
    };
    let success = ends(Phase::Succeeded).into_iter().max();
    let failures: Vec<Timestamp> =
        ends(Phase::Failed).into_iter().filter(|f| success.is_none_or(|s| *f > s)).collect();
    let last = failures.iter().max()?;
    let doublings = u32::try_from(failures.len().saturating_sub(1)).unwrap_or(0).min(10);
    Some(after(*last, (PAUSE << doublings).min(LONGEST_PAUSE)))
}

fn start(turn: &mut Turn<'_>, job: &Value, index: Option<i64>) {
    let mut pod = pod(job);
    let mut labels = texts(&pod, "/metadata/labels");
    for (label, value) in [
        ("batch.kubernetes.io/job-name", name(job)),
        ("batch.kubernetes.io/controller-uid", uid(job)),
        ("job-name", name(job)),
        ("controller-uid", uid(job)),
    ] {
        labels.entry(label.to_owned()).or_insert_with(|| value.to_owned());
    }
    put(&mut pod, &["metadata", "finalizers"], json!([TRACKING]));
    let mut base = name(job).to_owned();
    if let Some(index) = index {
        base = format!("{base}-{index}");
        labels.insert(INDEX.to_owned(), index.to_string());
        put(&mut pod, &["metadata", "annotations", INDEX], json!(index.to_string()));
        put(&mut pod, &["spec", "hostname"], json!(base));
        tell_index(&mut pod);
    }
    put(&mut pod, &["metadata", "labels"], json!(labels));
    let drawn = name_after(turn, &mut pod, &base);
    turn.create(pod);
    turn.normal(job, "SuccessfulCreate", format!("Created pod: {drawn}"));
}

/// Tells every container its index, unless it is told already.
fn tell_index(pod: &mut Value) {
    const VARIABLE: &str = "JOB_COMPLETION_INDEX";
    let field = format!("metadata.labels['{INDEX}']");
    let source =
        json!({"name": VARIABLE, "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": field}}});
    let Some(Value::Array(containers)) = pod.pointer_mut("/spec/containers") else { return };
    for container in containers {
        let mut variables = list(container, "/env").to_vec();
        if !variables.iter().any(|v| text(v, "/name") == VARIABLE) {
            variables.push(source.clone());
            put(container, &["env"], json!(variables));
        }
    }
}
