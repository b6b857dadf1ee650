//! The endpoints of Services, in both of their kinds: EndpointSlices and the older Endpoints.
//! Nothing here routes a packet, and a Service without a selector is left to whoever made it.
//!
//! - [`ends`]: who serves a Service
//! - [`slices`]: its EndpointSlices
//! - [`legacy`]: its Endpoints

mod ends;
mod legacy;
mod slices;

use super::task::Key;
use super::turn::Turn;
use crate::api::selector::Labels;
use crate::base::json::{text, texts};
use crate::propagation::Propagation;

/// Brings the endpoints of one Service up to date.
pub(super) fn sync(turn: &mut Turn<'_>, key: &Key) {
    let Some(service) = turn.read(key) else { return legacy::forget(turn, key) };
    let selector = Labels::of_service(&texts(&service, "/spec/selector"));
    let Some(selector) = selector.filter(|_| text(&service, "/spec/type") != "ExternalName") else { return };
    let ends = ends::find(turn.rows, &service, &selector);
    legacy::sync(turn, &service, &ends);
    slices::sync(turn, &service, &ends);
}

/// Deletes an object that is not needed any more.
fn discard(turn: &mut Turn<'_>, key: &Key, uid: &str) {
    turn.delete(key, uid, Propagation::Background, None);
}
