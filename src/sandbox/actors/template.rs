//! Decides the pod that a workload's template gives, and the workload's claim on pods it did not make.
//! It never decides how many pods there are.

use super::object::{controller_reference, deleting, drop_owners, name, namespace, put, uid};
use super::rows::Row;
use super::turn::Turn;
use crate::api::selector::Labels;
use crate::base::json::{list, texts};
use serde_json::{Map, Value, json};

/// The pod of `owner`'s template, without a name.
pub(super) fn pod(owner: &Value) -> Value {
    let template = owner.pointer("/spec/template");
    let part = |pointer: &str| template.and_then(|t| t.pointer(pointer)).cloned();
    let mut meta = Map::new();
    for field in ["labels", "annotations", "finalizers"] {
        if let Some(value) = part(&format!("/metadata/{field}")) {
            meta.insert(field.to_owned(), value);
        }
    }
    meta.insert("namespace".to_owned(), json!(namespace(owner)));
    meta.insert("ownerReferences".to_owned(), json!([controller_reference(owner)]));
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": meta,
        "spec": part("/spec").unwrap_or_else(|| json!({})),
    })
}

/// Gives a pod a generated name that begins with its owner's.
pub(super) fn name_after(turn: &mut Turn<'_>, pod: &mut Value, base: &str) -> String {
    let prefix = format!("{base}-");
    let drawn = turn.names.suffixed(&prefix);
    put(pod, &["metadata", "generateName"], json!(prefix));
    put(pod, &["metadata", "name"], json!(drawn));
    drawn
}

/// The objects of one kind that `owner` controls, after claiming: what matches and has no controller is adopted,
/// what is controlled and no longer matches is released. Objects adopted in this turn are among the answer.
pub(super) fn claim<'a>(turn: &mut Turn<'a>, owner: &Value, kind: &str, selector: &Labels) -> Vec<&'a Row> {
    let rows = turn.rows;
    let own = rows.controlled_by(uid(owner), kind);
    let (held, strayed): (Vec<&Row>, Vec<&Row>) = own.into_iter().partition(|r| selector.matches(&r.labels));
    if deleting(owner) {
        return held;
    }
    for row in strayed.iter().filter(|r| !r.deleting) {
        if let Some(mut object) = turn.read(&row.key) {
            drop_owners(&mut object, &[uid(owner)]);
            turn.update(object);
        }
    }
    let mut claimed = held;
    let orphans = rows.orphans(kind, namespace(owner)).filter(|r| !r.deleting && selector.matches(&r.labels));
    for row in orphans.filter(|r| r.pod.as_ref().is_none_or(|p| p.unfinished())) {
        if let Some(mut object) = turn.read(&row.key).filter(|o| !deleting(o)) {
            let mut refs = list(&object, "/metadata/ownerReferences").to_vec();
            refs.push(controller_reference(owner));
            put(&mut object, &["metadata", "ownerReferences"], json!(refs));
            turn.update(object);
            claimed.push(row);
        }
    }
    claimed
}

/// Whether a pod carries every label of its owner's template.
pub(super) fn fully_labelled(row: &Row, owner: &Value) -> bool {
    texts(owner, "/spec/template/metadata/labels").iter().all(|(k, v)| row.labels.get(k) == Some(v))
}

/// Where messages name a container or a pod by its owner.
pub(super) fn title(object: &Value) -> String {
    format!("{}/{}", namespace(object), name(object))
}
