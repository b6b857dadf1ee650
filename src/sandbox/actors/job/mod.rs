//! Jobs: pods that run to their end, counted once each.
//! Nothing here runs a CronJob, reads a pod failure policy or a success policy, or retries index by index.

mod indexes;
mod pods;
mod sync;
mod tally;

pub(super) use sync::sync;
