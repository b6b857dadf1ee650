//! Decides which routers the routing of a canary names.
//! It never decides whether one of them can be acted on; `logic::traffic` does.

use crate::api::strategy::Canary;
use serde_json::Value;

/// The part of the routing that belongs to a router; none where there is none.
pub(super) fn router<'c>(canary: &'c Canary, word: &str) -> Option<&'c Value> {
    let part = canary.traffic_routing.as_ref()?.get(word)?;
    let is_empty = part.is_null() || (word == "plugins" && part.as_object().is_some_and(|p| p.is_empty()));
    (!is_empty).then_some(part)
}

/// Whether one of these routers carries the split.
pub(super) fn has_one_of(canary: &Canary, words: &[&str]) -> bool {
    words.iter().any(|word| router(canary, word).is_some())
}
