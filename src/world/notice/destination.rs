//! Decides what a place is where notices go.
//! It never knows one by its name; each stands in a file of its own.

use crate::api::notice::Notice;

/// A place where notices go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Destination {
    /// Hands a notice over; it neither fails nor waits.
    pub(crate) send: fn(&Notice),
}
