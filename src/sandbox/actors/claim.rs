//! Decides that a volume claim is bound at once, and when a claim or a volume that is to go may go: the sandbox has
//! room for everybody and stores nothing. It never makes a volume.

use super::object::{deleting, drop_finalizer, has_finalizer, put};
use super::task::Key;
use super::turn::Turn;
use crate::base::json::text;
use serde_json::{Value, json};

/// Keeps a claim while pods use it.
const CLAIM_PROTECTION: &str = "kubernetes.io/pvc-protection";
/// Keeps a volume while a claim is bound to it.
const VOLUME_PROTECTION: &str = "kubernetes.io/pv-protection";

/// Looks after a claim or a volume.
pub(super) fn keep(turn: &mut Turn<'_>, key: &Key) {
    let Some(object) = turn.read(key) else { return };
    match (key.kind.as_str(), deleting(&object)) {
        ("PersistentVolumeClaim", true) if !is_used(turn, key) => let_go(turn, object, CLAIM_PROTECTION),
        ("PersistentVolumeClaim", false) => bind(turn, object),
        ("PersistentVolume", true) if text(&object, "/status/phase") != "Bound" => {
            let_go(turn, object, VOLUME_PROTECTION);
        }
        _ => {}
    }
}

/// Whether a pod that has a node uses the claim.
fn is_used(turn: &Turn<'_>, claim: &Key) -> bool {
    let pods = turn.rows.of_kind("v1", "Pod", &claim.namespace);
    pods.iter().filter_map(|r| r.pod.as_ref()).any(|p| !p.node.is_empty() && p.claims.contains(&claim.name))
}

fn let_go(turn: &mut Turn<'_>, mut object: Value, protection: &str) {
    if has_finalizer(&object, protection) {
        drop_finalizer(&mut object, protection);
        turn.update(object);
    }
}

/// Binds a claim: first its volume's name is written, then its status.
fn bind(turn: &mut Turn<'_>, mut claim: Value) {
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
