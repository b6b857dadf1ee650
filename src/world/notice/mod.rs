//! Where notices go besides the terminal: each destination is one file, listed once in [`ALL`].
//! Nothing here decides what is worth a notice.
//!
//! - [`log`]: the program's own log.

pub mod log;

use crate::api::notice::Notice;

/// A place where notices go.
#[derive(Clone, Copy, Debug)]
pub struct Destination {
    /// Its name, one word.
    pub name: &'static str,
    /// Hands a notice over; it neither fails nor waits.
    pub send: fn(&Notice),
}

/// Every destination.
pub const ALL: &[Destination] = &[log::DESTINATION];

/// Hands `notice` to every destination.
pub fn send(notice: &Notice) {
    for destination in ALL {
        (destination.send)(notice);
    }
}
