//! Decides which ReplicaSet is the present template's, how a new one is made, and what revision it has.
//! It never decides how many pods the old ones keep.

use super::amount::Amounts;
use super::scale::new_size;
use super::set::{DESIRED, HASH, HISTORY, MOST, REVISION, Set, bare};
use crate::actors::object::{controller_reference, name, namespace, put};
use crate::base::digest::{fnv1a32, safe_encode};
use crate::base::json::{number, texts};
use serde_json::{Value, json};

/// Annotations of a Deployment that its ReplicaSets do not take over.
const OWN: [&str; 6] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    REVISION,
    HISTORY,
    DESIRED,
    MOST,
    "deprecated.deployment.rollback.to",
];

/// The place of the ReplicaSet that has the Deployment's template: the oldest, if there are several.
pub(super) fn find(deployment: &Value, sets: &[Set]) -> Option<usize> {
    let template = deployment.pointer("/spec/template")?;
    sets.iter().position(|s| s.is_of(template))
}

/// Hash of a template in the alphabet of names. It is this sandbox's own: a real cluster hashes Go's memory.
pub(super) fn hash(deployment: &Value) -> String {
    let template = deployment.pointer("/spec/template").map(bare).unwrap_or_default();
    let mut bytes = template.to_string().into_bytes();
    if let Some(collisions) = number(deployment, "/status/collisionCount") {
        bytes.extend(collisions.to_le_bytes());
    }
    safe_encode(&fnv1a32(&bytes).to_string())
}

/// The highest revision among the sets other than `new`.
fn highest(sets: &[Set], new: Option<usize>) -> i64 {
    let others = sets.iter().enumerate().filter(|(i, _)| Some(*i) != new);
    others.map(|(_, s)| s.revision()).max().unwrap_or(0)
}

/// A new ReplicaSet for the Deployment's template.
pub(super) fn make(deployment: &Value, sets: &[Set], amounts: &Amounts) -> Set {
    let hash = hash(deployment);
    let mut template = deployment.pointer("/spec/template").cloned().unwrap_or_default();
    put(&mut template, &["metadata", "labels", HASH], json!(hash));
    let mut selector = deployment.pointer("/spec/selector").cloned().unwrap_or_default();
    put(&mut selector, &["matchLabels", HASH], json!(hash));
    let mut object = json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {
            "name": format!("{}-{hash}", name(deployment)), "namespace": namespace(deployment),
            "labels": texts(&template, "/metadata/labels"),
            "ownerReferences": [controller_reference(deployment)],
        },
        "spec": {"replicas": new_size(sets, None, amounts), "selector": selector, "template": template},
    });
    if let Some(settle) = number(deployment, "/spec/minReadySeconds").filter(|s| *s > 0) {
        put(&mut object, &["spec", "minReadySeconds"], json!(settle));
    }
    let mut set = Set::new(object);
    inherit(deployment, &mut set);
    set.annotate(REVISION, &(highest(sets, None) + 1).to_string());
    set.annotate(DESIRED, &amounts.replicas.to_string());
    set.annotate(MOST, &(amounts.replicas + amounts.surge).to_string());
    set
}

/// Brings the annotations and `minReadySeconds` of the present template's set up to date.
///
/// A set that becomes the present one again gets a new revision; its former ones go to its history.
pub(super) fn refresh(deployment: &Value, sets: &mut [Set], new: usize) {
    let next = highest(sets, Some(new)) + 1;
    let settle = number(deployment, "/spec/minReadySeconds").unwrap_or(0);
    let Some(set) = sets.get_mut(new) else { return };
    inherit(deployment, set);
    let former = set.revision();
    if former < next {
        if former > 0 {
            let history = texts(&set.object, "/metadata/annotations").remove(HISTORY).unwrap_or_default();
            let joined = if history.is_empty() { former.to_string() } else { format!("{history},{former}") };
            set.annotate(HISTORY, &joined);
        }
        set.annotate(REVISION, &next.to_string());
    }
    if number(&set.object, "/spec/minReadySeconds").unwrap_or(0) != settle {
        put(&mut set.object, &["spec", "minReadySeconds"], json!(settle));
        set.changed = true;
    }
}

fn inherit(deployment: &Value, set: &mut Set) {
    for (which, value) in texts(deployment, "/metadata/annotations") {
        if !OWN.contains(&which.as_str()) {
            set.annotate(&which, &value);
        }
    }
}
