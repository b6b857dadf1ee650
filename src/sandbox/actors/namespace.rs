//! Decides what a new namespace is furnished with and how one that goes is emptied.
//! It never deletes the namespace itself; taking its finalizer away does.

use super::object::{deleting, name, put};
use super::task::Key;
use super::turn::Turn;
use crate::base::json::{list, text};
use crate::propagation::Propagation;
use serde_json::{Value, json};

const BUNDLE: &str = "kube-root-ca.crt";

/// Furnishes or empties a namespace.
pub(super) fn keep(turn: &mut Turn<'_>, key: &Key) {
    let Some(namespace) = turn.read(key) else { return };
    if deleting(&namespace) { empty(turn, namespace) } else { furnish(turn, &namespace) }
}

fn furnish(turn: &mut Turn<'_>, namespace: &Value) {
    let home = name(namespace);
    if turn.rows.at(&Key::new("v1", "ServiceAccount", home, "default")).is_none() {
        turn.create(json!({
            "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": home},
        }));
    }
    if turn.rows.at(&Key::new("v1", "ConfigMap", home, BUNDLE)).is_none() {
        let about = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal \
                     endpoints such as the internal service IP or kubernetes.default.svc. No other usage is \
                     guaranteed across distributions of Kubernetes clusters.";
        turn.create(json!({
            "apiVersion": "v1", "kind": "ConfigMap", "data": {"ca.crt": ""},
            "metadata": {
                "name": BUNDLE, "namespace": home, "annotations": {"kubernetes.io/description": about},
            },
        }));
    }
}

fn empty(turn: &mut Turn<'_>, mut namespace: Value) {
    let rows = turn.rows;
    let mut content = 0;
    for row in rows.in_namespace(name(&namespace)) {
        content += 1;
        if !row.deleting {
            turn.delete(&row.key, &row.uid, Propagation::Background, None);
        }
    }
    let mut left = list(&namespace, "/spec/finalizers").to_vec();
    left.retain(|f| f.as_str() != Some("kubernetes"));
    if content == 0 && left.len() < list(&namespace, "/spec/finalizers").len() {
        put(&mut namespace, &["spec", "finalizers"], json!(left));
        turn.finalize(namespace);
    } else if content > 0 && text(&namespace, "/status/phase") != "Terminating" {
        put(&mut namespace, &["status", "phase"], json!("Terminating"));
        turn.update_status(namespace);
    }
}
