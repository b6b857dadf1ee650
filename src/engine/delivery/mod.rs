//! Brings one repository to the cluster, and lets what fails there go back in it.
//! It knows nothing of how controllers learn which reverts wait; it is told in [`Facts`](crate::logic::delivery::facts::Facts).
//!
//! - [`contract`], [`link`]: all that deliveries and controllers tell each other; the channel between them
//! - [`orders`]: how deliveries begin, change and end while they work, and what is said of each reconcile
//! - [`run`](mod@run), [`one`]: when each repository is reconciled; what is remembered of it among all
//! - [`away`]: how long a repository that failed is left alone, and when people should hear of it
//! - [`reconcile`](mod@reconcile): the order of things: fetch, revert what failed, apply the rest, note it
//! - [`needs`], [`held`]: what there is to do about each Rollout first, and which fences stand; marks of those that are held
//! - [`preview`](mod@preview), [`lint`](mod@lint): the same up to the plan, for people; of files that are in no commit
//! - [`source`], [`state`]: which repository, and its manifests at a commit; what is kept between two reconciles
//! - [`trial`], [`rollouts`]: a plan, tried on the cluster without being made; what is around the Rollouts in it
//! - [`live`], [`autoscalers`]: objects as they are in the cluster; whose say a size is, where only the cluster knows
//! - [`leftovers`]: how an object that Git no longer says is reached, and whether pods still need it
//! - [`drift`](mod@drift), [`drifted`], [`heal`](mod@heal): what others have changed or deleted of it; brought back, or told
//! - [`apply`], [`dissolve`](mod@dissolve): the writes of a plan, kind after kind; all of it deleted with its delivery
//! - [`choose`], [`undo`](mod@undo): the commits that go back; undone, in place where their objects have moved
//! - [`revert`]: the revert commit, pushed fast-forward or not at all
//! - [`inventory`], [`recover`](mod@recover): the Secrets it is kept in; which objects are ours when they are lost
//! - [`error`]: why a repository was not brought to the cluster

pub(crate) mod apply;
pub(crate) mod autoscalers;
pub(crate) mod away;
pub(crate) mod choose;
pub(crate) mod contract;
pub(crate) mod dissolve;
pub(crate) mod drift;
pub(crate) mod drifted;
pub(crate) mod error;
pub(crate) mod heal;
mod held;
pub(crate) mod inventory;
pub(crate) mod leftovers;
pub(crate) mod link;
pub(crate) mod lint;
pub(crate) mod live;
pub(crate) mod needs;
mod one;
pub(crate) mod orders;
pub(crate) mod preview;
pub(crate) mod reconcile;
pub(crate) mod recover;
pub(crate) mod revert;
pub(crate) mod rollouts;
pub(crate) mod run;
pub(crate) mod source;
pub(crate) mod state;
#[cfg(test)]
mod tests;
pub(crate) mod trial;
pub(crate) mod undo;

pub(crate) use dissolve::{Dissolved, dissolve};
pub(crate) use error::{DeliverError, SyncError};
pub(crate) use link::{Applied, FactsSender, Roster, Standing};
pub(crate) use orders::{Helm, Order, Setting, Told};
pub(crate) use preview::preview;
pub(crate) use run::{Deliveries, Link};
pub use source::Source;
