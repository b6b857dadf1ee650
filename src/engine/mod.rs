//! What is seen becomes decisions, and decisions become writes: controllers and deliveries, side by side.
//! Nothing here knows how a rollout climbs or how Git is spoken.
//!
//! - [`run`](mod@run), [`settings`]: how an engine begins and ends, and how it is told to
//! - [`leadership`], [`rivals`]: while several processes could act, whether this one does; where others show
//! - [`vitals`]: whether the loops turn, and whether they know enough to act
//! - [`controllers`]: one Rollout, AnalysisRun or Service: decide, write
//! - [`delivery`]: one repository: Git to cluster, and what fails there back in Git
//! - [`operator`]: deliveries that are objects of the cluster
//! - [`index`], [`watches`]: what is known of the cluster; which kinds are followed
//! - [`key`], [`queue`], [`worker`]: what can be reconciled; which key is next; how many run at once, and that each ends
//! - [`context`]: what every reconcile has at hand
//! - [`events`], [`metrics`]: what is recorded in the cluster; what is counted
//! - [`setup`]: clusters, repositories and credentials, for people
//! - [`act`], [`install`]: a user's word, carried out; the definitions of our kinds, brought to a cluster

pub(crate) mod act;
pub mod context;
pub(crate) mod controllers;
pub mod delivery;
pub(crate) mod events;
pub(crate) mod index;
pub(crate) mod install;
pub(crate) mod key;
pub mod leadership;
pub(crate) mod metrics;
pub mod operator;
pub(crate) mod queue;
pub mod rivals;
pub mod run;
mod settings;
pub mod setup;
pub(crate) mod vitals;
pub(crate) mod watches;
pub(crate) mod worker;
