//! Decides how long an Event stays: an hour after it was last told.
//! It never decides what is worth an Event; `recorder` writes them.

use super::object::{after, moment, uid};
use super::task::Key;
use super::turn::Turn;
use crate::propagation::Propagation;
use jiff::Timestamp;
use serde_json::Value;

/// How long a cluster keeps an Event that is not repeated, in seconds.
const LIFETIME: i64 = 3600;

/// When an Event is to be taken away.
fn expires(event: &Value) -> Option<Timestamp> {
    let written = ["/lastTimestamp", "/series/lastObservedTime", "/eventTime", "/metadata/creationTimestamp"];
    let last = written.iter().filter_map(|p| moment(event, p)).max()?;
    Some(after(last, LIFETIME))
}

/// Takes an Event away once its hour is over.
pub(super) fn keep(turn: &mut Turn<'_>, key: &Key) {
    let Some(event) = turn.read(key) else { return };
    let Some(end) = expires(&event) else { return };
    if end > turn.now {
        turn.wake_at(end);
    } else {
        turn.delete(key, uid(&event), Propagation::Background, None);
    }
}
