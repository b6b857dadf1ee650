//! Decides which kinds are workloads.
//! It never decides how it goes with one.

use crate::api::key::Key;
use crate::logic::health::row::Workload;
use crate::logic::health::{daemon_set, deployment, job, replica_set, stateful_set};

/// Every kind of workload.
const ALL: [&Workload; 5] =
    [&daemon_set::ROW, &deployment::ROW, &job::ROW, &replica_set::ROW, &stateful_set::ROW];

/// The kind of workload that `key` is; none when it is another kind.
#[must_use]
pub(crate) fn workload(key: &Key) -> Option<&'static Workload> {
    ALL.into_iter().find(|row| row.group == key.group && row.kind == key.kind)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
