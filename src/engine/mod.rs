//! The loops that turn what is seen into decisions and decisions into writes.
//! Nothing here knows how a rollout climbs or how Git is spoken.
//!
//! - [`mod@run`]: how an engine begins and ends; [`settings`]: how it is told to
//! - [`index`]: what is known of the cluster; [`watches`]: which kinds are followed
//! - [`controllers`]: one Rollout, AnalysisRun or Service: decide, write; [`key`]: what can be reconciled
//! - [`delivery`]: one repository: Git to cluster, and what fails there back in Git
//! - [`queue`]: which key is next, and when; [`worker`]: how many run at once, and that each ends
//! - [`context`]: what every reconcile has at hand; [`events`]: what is told to the cluster; [`metrics`]: what is counted
//! - [`setup`]: clusters, repositories and credentials, for people
//! - [`act`]: a user's word, carried out; [`install`]: the definitions of our kinds, brought to a cluster

pub(crate) mod act;
pub mod context;
pub(crate) mod controllers;
pub mod delivery;
pub(crate) mod events;
pub(crate) mod index;
pub(crate) mod install;
pub(crate) mod key;
pub(crate) mod metrics;
pub(crate) mod queue;
pub mod run;
mod settings;
pub mod setup;
pub(crate) mod watches;
pub(crate) mod worker;
