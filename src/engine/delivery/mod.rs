//! Brings one repository to the cluster, and lets what fails there go back in it.
//! It knows nothing of how controllers learn what Rollouts owe; it is told in [`Facts`], and answers a [`DeliveryReport`].
//!
//! - [`contract`]: what goes in and what comes out, all that delivery and controllers know of each other
//! - [`reconcile`](mod@reconcile): the order of things: fetch, revert what failed, apply the rest, note it
//! - [`preview`](mod@preview): the same up to the plan, for people
//! - [`source`]: which repository, and its manifests at a commit
//! - [`state`]: what is remembered between two reconciles
//! - [`trial`]: a plan, tried on the cluster without being made
//! - [`live`]: objects as they are in the cluster
//! - [`apply`]: the writes of a plan, kind after kind
//! - [`revert`]: the revert commit, pushed fast-forward or not at all
//! - [`inventory`]: the Secrets in which the inventory is kept
//! - [`error`]: why a repository was not brought to the cluster

pub mod apply;
pub mod contract;
pub mod error;
pub mod inventory;
pub mod live;
pub mod preview;
pub mod reconcile;
pub mod revert;
pub mod source;
pub mod state;
pub mod trial;

pub use contract::{DeliveryReport, Facts};
pub use error::{DeliverError, Hold, SyncError};
pub use preview::preview;
pub use reconcile::reconcile;
pub use source::Source;
pub use state::State;
