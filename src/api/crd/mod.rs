//! The CustomResourceDefinitions of our kinds.
//! Nothing here installs one.
//!
//! - [`definitions`](mod@definitions): what each says
//! - [`table`]: Argo's fields, read from a table of facts
//! - [`widen`]: what a definition says where the cluster has one already
mod definitions;
mod table;
mod widen;

pub use definitions::definitions;
pub use widen::widened;
