//! Where notices go besides the terminal: each destination is one file, listed once in [`ALL`].
//! Nothing here decides what is worth a notice.
//!
//! - [`log`]: the program's own log.

pub(crate) mod log;

use crate::api::notice::Notice;

/// A place where notices go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Destination {
    /// Hands a notice over; it neither fails nor waits.
    pub(crate) send: fn(&Notice),
}

/// Every destination.
pub(crate) const ALL: &[Destination] = &[log::DESTINATION];

/// Hands `notice` to every destination.
pub(crate) fn send(notice: &Notice) {
    for destination in ALL {
        (destination.send)(notice);
    }
}
