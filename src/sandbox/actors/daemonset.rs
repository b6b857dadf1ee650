//! Decides the one pod of a DaemonSet on the one node.
//! It never looks at taints or affinity; a node selector that the node does not match keeps the pod away.

use super::history::{self, Revision};
use super::object::{deleting, name, put};
use super::replicaset::{Readiness, ready_for};
use super::rows::Row;
use super::task::Key;
use super::template::{claim, name_after, pod};
use super::turn::Turn;
use super::{NODE, victims};
use crate::api::selector::Labels;
use crate::base::json::{count, list, number, text, texts};
use crate::propagation::Propagation;
use serde_json::{Value, json};

const LABEL: &str = "controller-revision-hash";

/// Brings one DaemonSet's pod and status nearer to what it asks for.
pub(super) fn sync(turn: &mut Turn<'_>, key: &Key) {
    let Some(set) = turn.read(key) else { return };
    let Some(selector) = Labels::of_workload(set.pointer("/spec/selector")) else { return };
    let pods = claim(turn, &set, "Pod", &selector);
    if deleting(&set) {
        return;
    }
    let revision = history::present(turn, &set, LABEL);
    let here = fits(turn, &set);
    let mut living: Vec<&Row> = pods.iter().filter(|r| !r.deleting).copied().collect();
    let ended = |r: &&Row| r.pod.as_ref().is_none_or(|p| !p.unfinished());
    let (over, mut left): (Vec<&Row>, Vec<&Row>) = living.drain(..).partition(ended);
    victims::order(&mut left, turn.now);
    let keep = usize::from(here);
    let surplus: Vec<&Row> = left.drain(..left.len().saturating_sub(keep)).collect();
    let rolls = text(&set, "/spec/updateStrategy/type") != "OnDelete";
    for row in over.into_iter().chain(surplus) {
        remove(turn, &set, row);
    }
    match left.first() {
        Some(row) if rolls && !is_of(row, &revision) => remove(turn, &set, row),
        Some(_) => {}
        None if here && !pods.iter().any(|r| r.deleting) => make(turn, &set, &revision),
        None => {}
    }
    history::prune(turn, &set, &[&revision.name], &pods);
    tell(turn, set, &left, here, &revision);
}

fn is_of(row: &Row, revision: &Revision) -> bool {
    row.labels.get(LABEL) == Some(&revision.hash)
}

/// Whether the node has the labels that the template asks for.
fn fits(turn: &Turn<'_>, set: &Value) -> bool {
    let Some(node) = turn.read(&Key::new("v1", "Node", "", NODE)) else { return false };
    let labels = texts(&node, "/metadata/labels");
    texts(set, "/spec/template/spec/nodeSelector").iter().all(|(k, v)| labels.get(k) == Some(v))
}

fn remove(turn: &mut Turn<'_>, set: &Value, row: &Row) {
    turn.delete(&row.key, &row.uid, Propagation::Background, None);
    turn.normal(set, "SuccessfulDelete", format!("Deleted pod: {}", row.key.name));
}

fn make(turn: &mut Turn<'_>, set: &Value, revision: &Revision) {
    if turn.held() {
        return;
    }
    let mut made = pod(set);
    put(&mut made, &["metadata", "labels", LABEL], json!(revision.hash));
    let generation = count(set, "/metadata/generation").to_string();
    put(&mut made, &["metadata", "labels", "pod-template-generation"], json!(generation));
    let field = json!({"key": "metadata.name", "operator": "In", "values": [NODE]});
    let affinity = json!({"requiredDuringSchedulingIgnoredDuringExecution": {
        "nodeSelectorTerms": [{"matchFields": [field]}],
    }});
    put(&mut made, &["spec", "affinity", "nodeAffinity"], affinity);
    let mut tolerations = list(&made, "/spec/tolerations").to_vec();
    for (taint, effect) in [
        ("not-ready", "NoExecute"),
        ("unreachable", "NoExecute"),
        ("disk-pressure", "NoSchedule"),
        ("memory-pressure", "NoSchedule"),
        ("pid-pressure", "NoSchedule"),
        ("unschedulable", "NoSchedule"),
    ] {
        tolerations.push(
            json!({"key": format!("node.kubernetes.io/{taint}"), "operator": "Exists", "effect": effect}),
        );
    }
    put(&mut made, &["spec", "tolerations"], json!(tolerations));
    let drawn = name_after(turn, &mut made, name(set));
    turn.create(made);
    turn.normal(set, "SuccessfulCreate", format!("Created pod: {drawn}"));
}

fn tell(turn: &mut Turn<'_>, mut set: Value, pods: &[&Row], here: bool, revision: &Revision) {
    let settle = number(&set, "/spec/minReadySeconds").unwrap_or(0);
    let (mut ready, mut available) = (0, 0);
    for row in pods {
        let readiness = ready_for(row, settle, turn);
        ready += i64::from(!matches!(readiness, Readiness::No));
        available += i64::from(matches!(readiness, Readiness::Available));
    }
    let current = i64::from(!pods.is_empty());
    let updated = i64::from(pods.first().is_some_and(|r| is_of(r, revision)));
    let mut status = json!({
        "currentNumberScheduled": current, "numberMisscheduled": 0, "desiredNumberScheduled": i64::from(here),
        "numberReady": ready, "observedGeneration": count(&set, "/metadata/generation"),
    });
    let optional = [
        ("updatedNumberScheduled", updated),
        ("numberAvailable", available),
        ("numberUnavailable", i64::from(here) - available),
    ];
    for (field, number) in optional.into_iter().filter(|(_, n)| *n > 0) {
        put(&mut status, &[field], json!(number));
    }
    if set.get("status") != Some(&status) {
        put(&mut set, &["status"], status);
        turn.update_status(set);
    }
}
