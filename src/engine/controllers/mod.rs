//! The controllers: what is known of the cluster becomes decisions, and decisions become writes, one key at a time.
//! Nothing here knows how Git is spoken; the reverts that wait for Rollouts are handed to their deliveries.
//!
//! - [`run`](mod@run): the one loop of all controllers
//! - [`start`](mod@start): which controller a key belongs to
//! - [`rollout`]: decide, write
//! - [`analysis_run`]: ask, judge, write
//! - [`asking`]: the measurements under way beside the reconciles
//! - [`service`]: let go what nobody names any more
//! - [`once`](mod@once): when an engine that runs only once has ended
//! - [`outcome`]: what a reconcile has come to
//! - [`pending`](mod@pending): what deliveries learn of their Rollouts
//! - [`refusals`]: how long a write that the cluster refused is not tried again

mod analysis_run;
mod asking;
mod once;
mod outcome;
mod pending;
mod refusals;
mod rollout;
pub(super) mod run;
mod service;
mod start;
