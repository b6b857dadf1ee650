//! Decides what the admission plugins of a plain cluster put into objects: priorities, tolerations, default classes,
//! finalizers of storage in use, the taint of a new node.
//! It never counts resources against a quota and never calls a webhook.

use super::gate::refused;
use crate::base::json::{self, list, number, text};
use crate::object::{self, fields_mut, meta};
use crate::place::Place;
use crate::refuse::Refusal;
use crate::state::State;
use serde_json::{Value, json};

/// Puts into an object what admission plugins put there when it is created (`live` is missing) or updated.
///
/// # Errors
/// 403 for a reference that leads nowhere.
pub(crate) fn mutate(
    state: &State,
    place: &Place,
    object: &mut Value,
    live: Option<&Value>,
) -> Result<(), Refusal> {
    if !place.sub.is_empty() || !place.served.is_built_in() {
        return Ok(());
    }
    match (place.served.kind.kind.as_str(), live) {
        ("Pod", None) => {
            priority(state, place, object)?;
            tolerations(object);
        }
        ("Pod", Some(live)) => {
            for field in ["priority", "preemptionPolicy"] {
                let old = live.pointer(&format!("/spec/{field}")).filter(|v| !v.is_null());
                if let Some(old) = old {
                    fields_mut(object, "spec").entry(field).or_insert_with(|| old.clone());
                }
            }
            tolerations(object);
        }
        ("Node", None) => taint(object),
        ("PersistentVolume", None) => protect(object, "kubernetes.io/pv-protection"),
        ("PersistentVolumeClaim", None) => {
            protect(object, "kubernetes.io/pvc-protection");
            storage_class(state, object);
        }
        ("Ingress", None) => ingress_class(state, object),
        ("PriorityClass", live) => only_default(state, place, object, live)?,
        _ => {}
    }
    Ok(())
}

fn default_priority(state: &State) -> Option<Value> {
    let classes = state.snapshot("scheduling.k8s.io/v1", "PriorityClass", "").into_iter();
    let defaults = classes.filter(|c| c.get("globalDefault").and_then(Value::as_bool) == Some(true));
    defaults.min_by_key(|c| number(c, "/value"))
}

fn priority(state: &State, place: &Place, pod: &mut Value) -> Result<(), Refusal> {
    let named = text(pod, "/spec/priorityClassName").to_owned();
    let class = if named.is_empty() {
        default_priority(state)
    } else {
        let mut classes = state.snapshot("scheduling.k8s.io/v1", "PriorityClass", "").into_iter();
        let found = classes.find(|c| meta(c, "name") == named);
        let missing = || refused(place, pod, &format!("no PriorityClass with name {named} was found"));
        Some(found.ok_or_else(missing)?)
    };
    let wanted = class.as_ref().and_then(|c| number(c, "/value")).unwrap_or(0);
    let policy = class.as_ref().map_or("PreemptLowerPriority", |c| text(c, "/preemptionPolicy")).to_owned();
    if let Some(given) = number(pod, "/spec/priority").filter(|given| *given != wanted) {
        let why = format!(
            "the integer value of priority ({given}) must not be provided in pod spec; priority admission controller \
             computed {wanted} from the given PriorityClass name"
        );
        return Err(refused(place, pod, &why));
    }
    let given = text(pod, "/spec/preemptionPolicy");
    if !given.is_empty() && !policy.is_empty() && given != policy {
        let why = format!(
            "the string value of PreemptionPolicy ({given}) must not be provided in pod spec; priority admission \
             controller computed {policy} from the given PriorityClass name"
        );
        return Err(refused(place, pod, &why));
    }
    let spec = fields_mut(pod, "spec");
    spec.insert("priority".to_owned(), wanted.into());
    if !policy.is_empty() {
        spec.insert("preemptionPolicy".to_owned(), policy.into());
    }
    if let Some(class) = class {
        spec.insert("priorityClassName".to_owned(), meta(&class, "name").into());
    }
    Ok(())
}

fn only_default(state: &State, place: &Place, class: &Value, live: Option<&Value>) -> Result<(), Refusal> {
    if class.get("globalDefault").and_then(Value::as_bool) != Some(true) {
        return Ok(());
    }
    match default_priority(state) {
        Some(other) if live.is_none() || meta(&other, "name") != meta(class, "name") => {
            let name = meta(&other, "name");
            let why =
                format!("PriorityClass {name} is already marked as default. Only one default can exist");
            Err(refused(place, class, &why))
        }
        _ => Ok(()),
    }
}

/// A pod stays five minutes on a node that is not ready or cannot be reached, unless it says otherwise.
fn tolerations(pod: &mut Value) {
    let tolerates = |pod: &Value, taint: &str| {
        list(pod, "/spec/tolerations").iter().any(|t| {
            matches!(text(t, "/key"), key if key == taint || key.is_empty())
                && matches!(text(t, "/effect"), "NoExecute" | "")
        })
    };
    for taint in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        if tolerates(pod, taint) {
            continue;
        }
        push(
            fields_mut(pod, "spec").entry("tolerations").or_insert(Value::Null),
            json!({"key": taint, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}),
        );
    }
}

fn push(items: &mut Value, item: Value) {
    match items {
        Value::Array(all) => all.push(item),
        other => *other = json!([item]),
    }
}

/// A new node is not ready.
fn taint(node: &mut Value) {
    let not_ready = json!({"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"});
    let has = |t: &Value| t.get("key") == not_ready.get("key") && t.get("effect") == not_ready.get("effect");
    if !list(node, "/spec/taints").iter().any(has) {
        push(fields_mut(node, "spec").entry("taints").or_insert(Value::Null), not_ready);
    }
}

fn protect(object: &mut Value, finalizer: &str) {
    let mut finalizers = object::meta_texts(object, "finalizers");
    if !finalizers.iter().any(|f| f == finalizer) {
        finalizers.push(finalizer.to_owned());
        object::set_meta_texts(object, "finalizers", &finalizers);
    }
}

/// The newest class that is marked as the default one; of several as new the first by name.
fn default_class(state: &State, (version, kind): (&str, &str), marks: &[&str]) -> Option<String> {
    let is_default = |class: &Value| {
        let notes = json::texts(class, "/metadata/annotations");
        marks.iter().any(|mark| notes.get(*mark).is_some_and(|v| v == "true"))
    };
    let mut classes: Vec<Value> =
        state.snapshot(version, kind, "").into_iter().filter(|class| is_default(class)).collect();
    classes.sort_by(|a, b| meta(b, "creationTimestamp").cmp(meta(a, "creationTimestamp")));
    classes.first().map(|class| meta(class, "name").to_owned())
}

fn ingress_class(state: &State, ingress: &mut Value) {
    let notes = json::texts(ingress, "/metadata/annotations");
    let has = ingress.pointer("/spec/ingressClassName").is_some_and(|v| !v.is_null());
    if has || notes.contains_key("kubernetes.io/ingress.class") {
        return;
    }
    let kind = ("networking.k8s.io/v1", "IngressClass");
    if let Some(name) = default_class(state, kind, &["ingressclass.kubernetes.io/is-default-class"]) {
        fields_mut(ingress, "spec").insert("ingressClassName".to_owned(), name.into());
    }
}

fn storage_class(state: &State, claim: &mut Value) {
    let notes = json::texts(claim, "/metadata/annotations");
    let has = claim.pointer("/spec/storageClassName").is_some_and(|v| !v.is_null());
    if has || notes.contains_key("volume.beta.kubernetes.io/storage-class") {
        return;
    }
    let kind = ("storage.k8s.io/v1", "StorageClass");
    let marks =
        ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];
    if let Some(name) = default_class(state, kind, &marks) {
        fields_mut(claim, "spec").insert("storageClassName".to_owned(), name.into());
    }
}
