//! Decides the ControllerRevisions of StatefulSets and DaemonSets: their former templates, numbered.
//! It never rolls anything back; kubectl writes the old template, and this numbers it anew.

use super::object::{controller_reference, name, namespace, put, uid};
use super::rows::Row;
use super::turn::Turn;
use crate::base::digest::{fnv1a32, safe_encode};
use crate::base::json::{count, number, text, texts};
use crate::propagation::Propagation;
use serde_json::{Value, json};

/// A template of the past or the present.
#[derive(Clone, Debug)]
pub(super) struct Revision {
    pub name: String,
    pub hash: String,
    pub template: Value,
}

/// The present template's revision, made when it is new, numbered anew when it is an old one.
/// `label` is the label under which a revision carries its hash.
pub(super) fn present(turn: &mut Turn<'_>, owner: &Value, label: &str) -> Revision {
    let template = owner.pointer("/spec/template").cloned().unwrap_or_default();
    let hash = safe_encode(&fnv1a32(template.to_string().as_bytes()).to_string());
    let own_name = format!("{}-{hash}", name(owner));
    let all = all(turn, owner);
    let highest = all.iter().map(|r| count(r, "/revision")).max().unwrap_or(0);
    match all.into_iter().find(|r| name(r) == own_name) {
        Some(mut old) if count(&old, "/revision") < highest => {
            put(&mut old, &["revision"], json!(highest + 1));
            turn.update(old);
        }
        Some(_) => {}
        None => {
            let mut patch = template.clone();
            put(&mut patch, &["$patch"], json!("replace"));
            let mut labels = texts(owner, "/spec/template/metadata/labels");
            labels.insert(label.to_owned(), hash.clone());
            let mut revision = json!({
                "apiVersion": "apps/v1", "kind": "ControllerRevision", "revision": highest + 1,
                "metadata": {
                    "name": own_name, "namespace": namespace(owner), "labels": labels,
                    "ownerReferences": [controller_reference(owner)],
                },
                "data": {"spec": {"template": patch}},
            });
            let annotations = texts(owner, "/metadata/annotations");
            if !annotations.is_empty() {
                put(&mut revision, &["metadata", "annotations"], json!(annotations));
            }
            turn.create(revision);
        }
    }
    Revision { name: own_name, hash, template }
}

/// A former revision by its name.
pub(super) fn named(turn: &Turn<'_>, owner: &Value, wanted: &str, label: &str) -> Option<Revision> {
    let found = all(turn, owner).into_iter().find(|r| name(r) == wanted)?;
    let mut template = found.pointer("/data/spec/template").cloned()?;
    super::object::take(&mut template, &["$patch"]);
    let hash = texts(&found, "/metadata/labels").remove(label)?;
    Some(Revision { name: wanted.to_owned(), hash, template })
}

/// Deletes the oldest revisions beyond the limit that no pod and no name in `alive` needs.
pub(super) fn prune(turn: &mut Turn<'_>, owner: &Value, alive: &[&str], pods: &[&Row]) {
    let limit = usize::try_from(number(owner, "/spec/revisionHistoryLimit").unwrap_or(10)).unwrap_or(0);
    let mut old = all(turn, owner);
    let used = |revision: &Value| {
        let labels = pods.iter().filter_map(|r| r.labels.get("controller-revision-hash"));
        labels.into_iter().any(|l| l == name(revision) || l == revision_hash(revision))
    };
    old.retain(|r| !alive.contains(&name(r)) && !used(r));
    old.sort_by_key(|r| count(r, "/revision"));
    for revision in old.iter().take(old.len().saturating_sub(limit)) {
        turn.delete(&super::Key::of(revision), uid(revision), Propagation::Background, None);
    }
}

fn revision_hash(revision: &Value) -> &str {
    match text(revision, "/metadata/labels/controller-revision-hash") {
        "" => revision.pointer("/metadata/labels").map_or("", |l| {
            l.get("controller.kubernetes.io/hash").and_then(Value::as_str).unwrap_or_default()
        }),
        hash => hash,
    }
}

fn all(turn: &Turn<'_>, owner: &Value) -> Vec<Value> {
    let rows = turn.rows.controlled_by(uid(owner), "ControllerRevision");
    rows.into_iter().filter_map(|r| turn.read(&r.key)).collect()
}
