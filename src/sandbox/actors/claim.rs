//! Decides that a volume claim is bound at once: the sandbox has room for everybody and stores nothing.
//! It never makes a volume.

use super::object::{deleting, put};
use super::task::Key;
use super::turn::Turn;
use crate::base::json::text;
use serde_json::json;

/// Binds a claim: first its volume's name is written, then its status.
pub(super) fn bind(turn: &mut Turn<'_>, key: &Key) {
    let Some(mut claim) = turn.read(key).filter(|c| !deleting(c)) else { return };
    if text(&claim, "/spec/volumeName").is_empty() {
        let volume = format!("pvc-{}", text(&claim, "/metadata/uid"));
        put(&mut claim, &["spec", "volumeName"], json!(volume));
        turn.update(claim);
    } else if text(&claim, "/status/phase") != "Bound" {
        let part = |pointer: &str| claim.pointer(pointer).cloned().unwrap_or_default();
        let (modes, size) = (part("/spec/accessModes"), part("/spec/resources/requests"));
        put(&mut claim, &["status", "phase"], json!("Bound"));
        put(&mut claim, &["status", "accessModes"], modes);
        put(&mut claim, &["status", "capacity"], size);
        turn.update_status(claim);
    }
}
