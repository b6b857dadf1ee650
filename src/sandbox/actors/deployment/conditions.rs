//! Decides how conditions of a Deployment are set and kept.
//! It never decides which ones hold.

use crate::actors::object::{put, stamp};
use crate::base::json::text;
use jiff::Timestamp;
use serde_json::{Value, json};

/// A condition as of `now`.
pub(super) fn new(kind: &str, status: &str, reason: &str, message: &str, now: Timestamp) -> Value {
    json!({
        "type": kind, "status": status, "reason": reason, "message": message,
        "lastUpdateTime": stamp(now), "lastTransitionTime": stamp(now),
    })
}

/// The condition of a type.
pub(super) fn get<'a>(all: &'a [Value], kind: &str) -> Option<&'a Value> {
    all.iter().find(|c| text(c, "/type") == kind)
}

/// Puts a condition at the end of the list, unless one of the same status and reason is there.
pub(super) fn set(all: &mut Vec<Value>, mut condition: Value) {
    let kind = text(&condition, "/type").to_owned();
    if let Some(before) = get(all, &kind) {
        let same = |field: &str| before.get(field) == condition.get(field);
        if same("status") && same("reason") {
            return;
        }
        if same("status") {
            let since = before.get("lastTransitionTime").cloned().unwrap_or_default();
            put(&mut condition, &["lastTransitionTime"], since);
        }
    }
    remove(all, &kind);
    all.push(condition);
}

/// Takes a condition out.
pub(super) fn remove(all: &mut Vec<Value>, kind: &str) {
    all.retain(|c| text(c, "/type") != kind);
}
