//! Where notices go besides the terminal: each destination is one file, listed once in [`ALL`].
//! Nothing here decides what is worth a notice.
//!
//! - [`destination`]: what a destination is
//! - [`log`]: the program's own log

pub mod destination;
pub mod log;

use crate::api::notice::Notice;
use destination::Destination;

/// Every destination.
pub const ALL: &[Destination] = &[log::DESTINATION];

/// Hands `notice` to every destination.
pub fn send(notice: &Notice) {
    for destination in ALL {
        (destination.send)(notice);
    }
}
