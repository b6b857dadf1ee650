//! Decides what the kubelet remembers of a pod beside what its status tells to the second.
//! It never decides what becomes of the pod.

use crate::actors::rows::{Phase, Row};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// What the kubelet remembers of a pod, beside what its status tells to the second.
#[derive(Clone, Debug)]
pub(in crate::actors) struct Life {
    /// When the assignment to the node was seen.
    pub(super) bound: Timestamp,
    /// Since when the pod is in its phase.
    pub(super) phase: (Phase, Timestamp),
    /// When the deletion was seen.
    pub(super) doomed: Option<Timestamp>,
    /// When the kubelet last wrote.
    pub(super) wrote: Timestamp,
    pub(super) address: String,
}

/// Takes note of a pod that is on the node.
pub(in crate::actors) fn note(lives: &mut BTreeMap<String, Life>, row: &Row, now: Timestamp) {
    let Some(pod) = row.pod.as_ref().filter(|p| !p.node.is_empty()) else { return };
    let fresh =
        Life { bound: now, phase: (pod.phase, now), doomed: None, wrote: now, address: pod.address.clone() };
    let life = lives.entry(row.uid.clone()).or_insert(fresh);
    if life.phase.0 != pod.phase {
        life.phase = (pod.phase, now);
    }
    if row.deleting && life.doomed.is_none() {
        life.doomed = Some(now);
    }
}
