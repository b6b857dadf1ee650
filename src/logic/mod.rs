//! Thinking: pure functions from what is known to what should be written.
//! Nothing here waits, reads a clock, draws a random number or talks to anyone.
//!
//! - [`manifest`]: what Git says: files become objects
//! - [`plan`]: what would change in the cluster
//! - [`rollout`]: how a Rollout climbs
//! - [`traffic`]: how requests are split, one file for each router
//! - [`analysis`]: how metrics are measured and judged, one file for each provider
//! - [`backoff`]: how long a repository that fails is left alone
//! - [`correlator`]: which events are told one by one
//! - [`revert`]: how a failed revision goes back in Git
//! - [`delivery`]: what a delivery is to do, what was applied of it, and how it stands
//! - [`lease`]: who of several acts
//! - [`health`]: whether a workload is as it was asked to be

pub mod analysis;
pub(crate) mod backoff;
pub(crate) mod correlator;
pub(crate) mod delivery;
pub(crate) mod health;
pub mod lease;
pub(crate) mod manifest;
pub mod plan;
pub mod revert;
pub mod rollout;
pub mod traffic;
