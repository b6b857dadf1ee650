//! Decides what a StatefulSet does in one turn: which pod comes or goes next, and what its status says.
//! It never lets a pod pass another one, unless pods are managed in parallel.

use super::pods::{make, ordinal, start};
use crate::actors::history::{self, Revision};
use crate::actors::object::{deleting, name, put};
use crate::actors::replicaset::{Readiness, ready_for};
use crate::actors::rows::{Phase, Row};
use crate::actors::task::Key;
use crate::actors::template::claim;
use crate::actors::turn::Turn;
use crate::api::selector::Labels;
use crate::base::json::{count, number, text};
use crate::propagation::Propagation;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const LABEL: &str = "controller.kubernetes.io/hash";

/// A StatefulSet in its turn.
struct View<'a> {
    set: Value,
    /// Pods by their numbers.
    pods: BTreeMap<i64, &'a Row>,
    update: Revision,
    /// The revision before, while an update goes on.
    current: Revision,
    parallel: bool,
    first: i64,
    end: i64,
    /// Numbers below this one stay at the current revision.
    partition: i64,
}

/// Brings one StatefulSet a step further.
pub(in crate::actors) fn sync(turn: &mut Turn<'_>, key: &Key) {
    let Some(set) = turn.read(key) else { return };
    let Some(selector) = Labels::of_workload(set.pointer("/spec/selector")) else { return };
    let rows = claim(turn, &set, "Pod", &selector);
    if deleting(&set) {
        return;
    }
    let update = history::present(turn, &set, LABEL);
    let former = text(&set, "/status/currentRevision").to_owned();
    let current = history::named(turn, &set, &former, LABEL).unwrap_or_else(|| update.clone());
    let first = start(&set);
    let view = View {
        pods: rows.iter().filter_map(|r| Some((ordinal(&set, r)?, *r))).collect(),
        parallel: text(&set, "/spec/podManagementPolicy") == "Parallel",
        end: first + number(&set, "/spec/replicas").unwrap_or(1).max(0),
        partition: first + number(&set, "/spec/updateStrategy/rollingUpdate/partition").unwrap_or(0),
        first,
        update,
        current,
        set,
    };
    if fill(turn, &view) && shrink(turn, &view) {
        renew(turn, &view);
    }
    history::prune(turn, &view.set, &[&view.update.name, &view.current.name], &rows);
    tell(turn, view);
}

fn ended(row: &Row) -> bool {
    row.pod.as_ref().is_some_and(|p| !p.unfinished())
}

/// Running, ready and available, and not about to go.
fn healthy(turn: &mut Turn<'_>, view: &View<'_>, row: &Row) -> bool {
    let settle = number(&view.set, "/spec/minReadySeconds").unwrap_or(0);
    let runs = row.pod.as_ref().is_some_and(|p| p.phase == Phase::Running);
    runs && !row.deleting && matches!(ready_for(row, settle, turn), Readiness::Available)
}

fn remove(turn: &mut Turn<'_>, view: &View<'_>, row: &Row) {
    turn.delete(&row.key, &row.uid, Propagation::Background, None);
    let message = format!("Delete Pod {} in StatefulSet {} successful", row.key.name, name(&view.set));
    turn.normal(&view.set, "SuccessfulDelete", message);
}

/// Makes the missing pods, the lowest number first; whether all are there and, in order, healthy.
fn fill(turn: &mut Turn<'_>, view: &View<'_>) -> bool {
    for number in view.first..view.end {
        let revision = if number < view.partition { &view.current } else { &view.update };
        match view.pods.get(&number) {
            None => make(turn, &view.set, number, revision),
            Some(row) if ended(row) && !row.deleting => remove(turn, view, row),
            Some(row) if view.parallel || healthy(turn, view, row) => continue,
            Some(_) => {}
        }
        if !view.parallel {
            return false;
        }
    }
    true
}

/// Removes the pods whose numbers are too high or too low, the highest first; whether there are none.
fn shrink(turn: &mut Turn<'_>, view: &View<'_>) -> bool {
    let mut none = true;
    for (number, row) in view.pods.iter().rev() {
        if (view.first..view.end).contains(number) {
            continue;
        }
        none = false;
        if !row.deleting {
            remove(turn, view, row);
        }
        if !view.parallel {
            return false;
        }
    }
    none
}

/// Removes the next pod of a former revision, the highest number first, once all above it are healthy.
fn renew(turn: &mut Turn<'_>, view: &View<'_>) {
    if text(&view.set, "/spec/updateStrategy/type") == "OnDelete" {
        return;
    }
    for number in (view.partition.max(view.first)..view.end).rev() {
        let Some(row) = view.pods.get(&number) else { return };
        if !is_of(row, &view.update) && !row.deleting {
            return remove(turn, view, row);
        }
        if !healthy(turn, view, row) {
            return;
        }
    }
}

fn is_of(row: &Row, revision: &Revision) -> bool {
    row.labels.get("controller-revision-hash") == Some(&revision.name)
}

fn tell(turn: &mut Turn<'_>, view: View<'_>) {
    let living: Vec<&Row> = view.pods.values().filter(|r| !r.deleting).copied().collect();
    let settle = number(&view.set, "/spec/minReadySeconds").unwrap_or(0);
    let (mut ready, mut available) = (0_i64, 0_i64);
    for row in &living {
        let readiness = ready_for(row, settle, turn);
        ready += i64::from(!matches!(readiness, Readiness::No));
        available += i64::from(matches!(readiness, Readiness::Available));
    }
    let number =
        |of: &dyn Fn(&Row) -> bool| i64::try_from(living.iter().filter(|r| of(r)).count()).unwrap_or(0);
    let (all, updated) = (number(&|_| true), number(&|r| is_of(r, &view.update)));
    let wanted = view.end - view.first;
    // Once all are updated and ready, the update's revision is the current one.
    let done = updated == wanted && ready == wanted && all == wanted && view.partition <= view.first;
    let current = if done { &view.update } else { &view.current };
    let of_current = number(&|r| is_of(r, current));
    let mut status = json!({
        "observedGeneration": count(&view.set, "/metadata/generation"), "replicas": all, "collisionCount": 0,
        "currentRevision": current.name, "updateRevision": view.update.name, "availableReplicas": available,
    });
    for (field, number) in
        [("readyReplicas", ready), ("currentReplicas", of_current), ("updatedReplicas", updated)]
    {
        if number > 0 {
            put(&mut status, &[field], json!(number));
        }
    }
    if view.set.get("status") != Some(&status) {
        let mut set = view.set;
        put(&mut set, &["status"], status);
        turn.update_status(set);
    }
}
