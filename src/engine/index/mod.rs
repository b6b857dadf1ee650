//! What is known of the cluster: one row an object, parsed when a watch brings it and never again, and who points at
//! whom. Nothing here keeps whole objects but those that decisions read whole, or decides what to do.
//!
//! - [`kinds`]: the kinds that are followed, one file each
//! - [`store`]: all rows; [`table`]: the rows of one kind, and which news are believed
//! - [`links`]: who points at whom, backwards; [`effects`]: what a change brings about
//! - [`query`]: rows by name, owner and delivery; [`facts`]: all there is to know about one Rollout

pub mod effects;
pub mod facts;
pub mod kinds;
pub mod links;
pub mod query;
pub mod store;
pub mod table;

pub use effects::Effects;
pub use kinds::{Change, Followed};
pub use store::Index;
