//! What is counted and shown to Prometheus, under the names, labels and types that Argo Rollouts uses.
//! Nothing here decides anything by what it counts.
//!
//! - [`counts`]: all that is counted, and the page of it
//! - [`rollouts`]: what is shown of each Rollout
//! - [`analyses`]: of each AnalysisRun and template
//! - [`queues`]: of the queues of keys
//! - [`buckets`]: a histogram
//! - [`process`]: what the system says of the process
//! - [`page`](mod@page): the form in which Prometheus reads it

mod analyses;
mod buckets;
mod counts;
mod page;
mod process;
mod queues;
mod rollouts;

pub(crate) use counts::Metrics;
pub(crate) use queues::Queues;
