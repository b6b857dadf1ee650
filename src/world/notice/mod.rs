//! Where notices go besides the terminal: each destination is one file, listed once in [`ALL`].
//! Nothing here decides what is worth a notice.
//!
//! - [`destination`]: what a destination is
//! - [`log`]: the program's own log

pub(crate) mod destination;
pub(crate) mod log;

use crate::api::notice::Notice;
use destination::Destination;

/// Every destination.
pub(crate) const ALL: &[Destination] = &[log::DESTINATION];

/// Hands `notice` to every destination.
pub(crate) fn send(notice: &Notice) {
    for destination in ALL {
        (destination.send)(notice);
    }
}
