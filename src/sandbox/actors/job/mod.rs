//! Jobs: pods that run to their end, counted once each.
//! Nothing here runs a CronJob, reads a pod failure policy or a success policy, or retries index by index.
//!
//! - [`sync`](mod@sync): what a Job does in one turn
//! - [`pods`]: which pods start and stop
//! - [`tally`]: how they are counted
//! - [`indexes`]: how indexes are written

mod indexes;
mod pods;
mod sync;
mod tally;

pub(super) use sync::sync;
