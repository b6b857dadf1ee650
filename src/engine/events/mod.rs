//! Telling: how events that controllers think of become Events of the cluster.
//! Nothing here decides what is told.
//!
//! - [`recorder`]: takes them, and writes them behind the back of what caused them
//! - [`line`](mod@line): those about the objects of one queue: in their order, repeated ones together
//! - [`object`]: what an Event looks like
pub(crate) mod line;
pub(crate) mod object;
pub(crate) mod recorder;
