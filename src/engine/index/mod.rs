//! What is known of the cluster: one row an object, parsed when a watch brings it and never again, and who points at
//! whom. Nothing here keeps whole objects but those that decisions read whole, or decides what to do.
//!
//! - [`kinds`]: the kinds that are followed, one file each
//! - [`rows`], [`table`]: what is kept of each; the rows of one kind, and which news are believed
//! - [`store`]: all rows
//! - [`scope`]: whose objects they are: ours or another controller's
//! - [`links`], [`effects`]: who points at whom, backwards; what a change brings about
//! - [`query`], [`facts`]: rows by name, owner and delivery; all there is to know about one Rollout

pub(crate) mod effects;
pub(crate) mod facts;
pub(crate) mod kinds;
pub(crate) mod links;
pub(crate) mod query;
pub(crate) mod rows;
pub(crate) mod scope;
pub(crate) mod store;
pub(crate) mod table;

pub(crate) use effects::{Effects, Gone};
pub(crate) use kinds::{Change, Followed};
pub(crate) use store::Index;
