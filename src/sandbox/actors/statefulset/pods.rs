//! Decides what a StatefulSet's pod of one number looks like, and its claims.
//! It never decides whether the pod is due.

use crate::actors::history::Revision;
use crate::actors::object::{name, namespace, put};
use crate::actors::rows::Row;
use crate::actors::task::Key;
use crate::actors::template::pod;
use crate::actors::turn::Turn;
use crate::base::json::{list, number, text, texts};
use serde_json::{Value, json};

/// The number at the end of a pod's name, if the pod belongs to the set by its name.
pub(super) fn ordinal(set: &Value, row: &Row) -> Option<i64> {
    let digits = row.key.name.strip_prefix(name(set))?.strip_prefix('-')?;
    digits.parse().ok().filter(|n: &i64| n.to_string() == digits)
}

/// The first number: `spec.ordinals.start`.
pub(super) fn start(set: &Value) -> i64 {
    number(set, "/spec/ordinals/start").unwrap_or(0).max(0)
}

/// Makes the pod of a number from a revision's template, its claims first.
pub(super) fn make(turn: &mut Turn<'_>, set: &Value, number: i64, revision: &Revision) {
    if turn.held() {
        return;
    }
    let title = format!("{}-{number}", name(set));
    let mut of_revision = set.clone();
    put(&mut of_revision, &["spec", "template"], revision.template.clone());
    let mut made = pod(&of_revision);
    put(&mut made, &["metadata", "name"], json!(title));
    put(&mut made, &["metadata", "generateName"], json!(format!("{}-", name(set))));
    for (label, value) in [
        ("apps.kubernetes.io/pod-index", number.to_string()),
        ("controller-revision-hash", revision.name.clone()),
        ("statefulset.kubernetes.io/pod-name", title.clone()),
    ] {
        put(&mut made, &["metadata", "labels", label], json!(value));
    }
    put(&mut made, &["spec", "hostname"], json!(title));
    if !text(set, "/spec/serviceName").is_empty() {
        put(&mut made, &["spec", "subdomain"], json!(text(set, "/spec/serviceName")));
    }
    claims(turn, set, &title, &mut made);
    turn.create(made);
    let message = format!("Create Pod {title} in StatefulSet {} successful", name(set));
    turn.normal(set, "SuccessfulCreate", message);
}

/// Makes the pod's claims, unless they are there, and its volumes of them.
fn claims(turn: &mut Turn<'_>, set: &Value, title: &str, pod: &mut Value) {
    let mut volumes = list(pod, "/spec/volumes").to_vec();
    for template in list(set, "/spec/volumeClaimTemplates") {
        let volume = text(template, "/metadata/name");
        let claim = format!("{volume}-{title}");
        if turn.rows.at(&Key::new("v1", "PersistentVolumeClaim", namespace(set), &claim)).is_none() {
            let mut labels = texts(template, "/metadata/labels");
            labels.extend(texts(set, "/spec/selector/matchLabels"));
            turn.create(json!({
                "apiVersion": "v1", "kind": "PersistentVolumeClaim",
                "metadata": {"name": claim, "namespace": namespace(set), "labels": labels},
                "spec": template.get("spec"),
            }));
        }
        volumes.retain(|v| text(v, "/name") != volume);
        volumes.push(json!({"name": volume, "persistentVolumeClaim": {"claimName": claim}}));
    }
    if !volumes.is_empty() {
        put(pod, &["spec", "volumes"], json!(volumes));
    }
}
