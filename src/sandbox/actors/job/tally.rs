//! Decides how a Job's pods are counted, so that each counts once even if the count is interrupted.
//! It never makes or deletes a pod.
//!
//! A finished pod keeps a finalizer. First its uid goes to `uncountedTerminatedPods`, then its finalizer goes,
//! then its uid becomes one more in `succeeded` or `failed`; each step is one write.

use super::indexes;
use crate::actors::object::{put, take};
use crate::actors::rows::{Phase, Row};
use crate::base::json::{count, list, text};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The label and annotation of a pod's index.
pub(super) const INDEX: &str = "batch.kubernetes.io/job-completion-index";

/// A Job's pods, counted.
#[derive(Debug, Default)]
pub(super) struct Tally<'a> {
    pub active: Vec<&'a Row>,
    pub terminating: i64,
    /// With the uncounted ones.
    pub succeeded: i64,
    pub failed: i64,
    /// Indexes of pods that succeeded, when the Job is indexed.
    pub indexes: BTreeSet<i64>,
    /// Counted for good.
    done: (i64, i64),
    uncounted: (BTreeSet<String>, BTreeSet<String>),
    /// Pods whose uids are written down, so that their finalizers may go.
    pub free: Vec<&'a Row>,
}

/// The index of a pod.
pub(super) fn index(row: &Row) -> Option<i64> {
    row.labels.get(INDEX)?.parse().ok()
}

/// Counts. `ends` tells that the Job is over, so that pods which are being deleted count as failed.
pub(super) fn tally<'a>(job: &Value, pods: Vec<&'a Row>, indexed: bool) -> Tally<'a> {
    let written = |field: &str| -> BTreeSet<String> {
        let uids = list(job, &format!("/status/uncountedTerminatedPods/{field}"));
        uids.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let before = (written("succeeded"), written("failed"));
    let mut tally = Tally {
        done: (count(job, "/status/succeeded"), count(job, "/status/failed")),
        indexes: if indexed { indexes::read(text(job, "/status/completedIndexes")) } else { BTreeSet::new() },
        ..Tally::default()
    };
    let held = |uid: &String| pods.iter().any(|r| r.uid == *uid && r.pod.as_ref().is_some_and(|p| p.tracked));
    tally.done.0 += length(before.0.iter().filter(|u| !held(u)));
    tally.done.1 += length(before.1.iter().filter(|u| !held(u)));
    for row in pods {
        let Some(pod) = &row.pod else { continue };
        let (good, bad) = match pod.phase {
            Phase::Succeeded => (true, false),
            Phase::Failed => (false, true),
            _ => (false, row.deleting),
        };
        if !good && !bad {
            tally.active.push(row);
        }
        tally.terminating += i64::from(row.deleting && pod.unfinished());
        if !pod.tracked {
            continue;
        }
        if good {
            tally.uncounted.0.insert(row.uid.clone());
            tally.indexes.extend(index(row).filter(|_| indexed));
        } else if bad {
            tally.uncounted.1.insert(row.uid.clone());
        }
        if before.0.contains(&row.uid) || before.1.contains(&row.uid) {
            tally.free.push(row);
        }
    }
    tally.succeeded = tally.done.0 + length(tally.uncounted.0.iter());
    tally.failed = tally.done.1 + length(tally.uncounted.1.iter());
    if indexed {
        tally.succeeded = length(tally.indexes.iter());
    }
    tally
}

fn length<T>(all: impl Iterator<Item = T>) -> i64 {
    i64::try_from(all.count()).unwrap_or(i64::MAX)
}

impl Tally<'_> {
    /// Whether every finished pod is counted for good.
    pub(super) fn is_settled(&self) -> bool {
        self.uncounted.0.is_empty() && self.uncounted.1.is_empty()
    }

    /// Writes the numbers into a status.
    pub(super) fn write(&self, status: &mut Value, indexed: bool) {
        let ready = self.active.iter().filter(|r| r.pod.as_ref().is_some_and(|p| p.ready));
        let succeeded = if indexed { self.succeeded } else { self.done.0 };
        let numbers =
            [("active", length(self.active.iter())), ("succeeded", succeeded), ("failed", self.done.1)];
        for (field, number) in numbers {
            if number > 0 { put(status, &[field], json!(number)) } else { take(status, &[field]) }
        }
        put(status, &["ready"], json!(length(ready)));
        put(status, &["terminating"], json!(self.terminating));
        let mut uncounted = json!({});
        for (field, uids) in [("succeeded", &self.uncounted.0), ("failed", &self.uncounted.1)] {
            if !uids.is_empty() {
                put(&mut uncounted, &[field], json!(uids));
            }
        }
        put(status, &["uncountedTerminatedPods"], uncounted);
        if indexed && !self.indexes.is_empty() {
            put(status, &["completedIndexes"], json!(indexes::show(&self.indexes)));
        }
    }
}
