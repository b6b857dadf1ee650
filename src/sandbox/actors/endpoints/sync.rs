//! Decides what becomes of the endpoints of one Service in one turn.
//! It never decides who serves it.

use super::{ends, legacy, slices};
use crate::actors::task::Key;
use crate::actors::turn::Turn;
use crate::api::selector::Labels;
use crate::base::json::{text, texts};

/// Brings the endpoints of one Service up to date.
pub(in crate::actors) fn sync(turn: &mut Turn<'_>, key: &Key) {
    let Some(service) = turn.read(key) else { return legacy::forget(turn, key) };
    let selector = Labels::of_service(&texts(&service, "/spec/selector"));
    let Some(selector) = selector.filter(|_| text(&service, "/spec/type") != "ExternalName") else { return };
    let ends = ends::find(turn.rows, &service, &selector);
    legacy::sync(turn, &service, &ends);
    slices::sync(turn, &service, &ends);
}
