//! The loops that turn what is seen into decisions and decisions into writes.
//! Nothing here knows how a rollout climbs or how Git is spoken.
//!
//! - [`run`]: the one loop over everything
//! - [`queue`]: which key is next, and when
//! - [`pump`]: the watches
//! - [`index`], [`rows`], [`links`]: what is known of the cluster, never whole caches
//! - [`view`]: the facts about one Rollout
//! - [`facts`]: what a repository is told about its Rollouts
//! - [`roll`]: one Rollout: decide, write
//! - [`analyse`]: one AnalysisRun: ask, judge, write
//! - [`release`]: one Service that nobody names any more
//! - [`delivery`]: one repository: Git to cluster, and what fails there back in Git
//! - [`context`]: what every reconcile has at hand
//! - [`record`], [`meter`]: events; metrics
//! - [`setup`]: clusters, repositories and credentials, for people
//! - [`act`]: a user's word, carried out
//! - [`install`]: the definitions of our kinds, brought to a cluster

pub mod act;
pub mod analyse;
pub mod context;
pub mod delivery;
pub mod facts;
pub mod index;
pub mod install;
pub mod links;
pub mod meter;
pub mod pump;
pub mod queue;
pub mod record;
pub mod release;
pub mod roll;
pub mod rows;
pub mod run;
pub mod setup;
pub mod view;
