//! Decides which fields of each kind a field selector may ask for, and what they hold.
//! It never matches; that is `select`'s business.

use super::refuse::Refusal;
use super::select::Fields;
use super::served::Served;
use crate::base::json::{number, text};
use serde_json::Value;
use std::collections::BTreeMap;

fn own_fields(group: &str, kind: &str) -> &'static [&'static str] {
    match (group, kind) {
        ("", "Pod") => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.podIPs",
            "status.nominatedNodeName",
        ],
        ("" | "events.k8s.io", "Event") => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        ("", "Secret") => &["type"],
        ("", "Service") => &["spec.clusterIP", "spec.type"],
        ("", "Namespace") => &["status.phase"],
        ("", "Node") => &["spec.unschedulable"],
        ("", "ReplicationController") | ("apps", "ReplicaSet") => &["status.replicas"],
        ("batch", "Job") => &["status.successful"],
        _ => &[],
    }
}

/// The selectable fields of `object`.
#[must_use]
pub(crate) fn selectable(served: &Served, object: &Value) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    let mut put = |field: &str, value: String| out.insert(field.to_owned(), value);
    put("metadata.name", text(object, "/metadata/name").to_owned());
    if served.kind.namespaced {
        put("metadata.namespace", text(object, "/metadata/namespace").to_owned());
    }
    for field in own_fields(&served.kind.group, &served.kind.kind) {
        put(field, value_of(served, object, field));
    }
    if let Some(custom) = &served.custom {
        for (field, value) in custom.selectable(&served.kind.version, object) {
            put(&field, value);
        }
    }
    out
}

fn value_of(served: &Served, object: &Value, field: &str) -> String {
    let pointer = format!("/{}", field.replace('.', "/"));
    match (served.kind.kind.as_str(), field) {
        ("Pod", "spec.hostNetwork") | ("Node", "spec.unschedulable") => {
            object.pointer(&pointer).and_then(Value::as_bool).unwrap_or(false).to_string()
        }
        ("Job", "status.successful") => number(object, "/status/succeeded").unwrap_or(0).to_string(),
        (_, "status.replicas") => number(object, &pointer).unwrap_or(0).to_string(),
        ("Pod", "status.podIPs") => text(object, "/status/podIP").to_owned(),
        ("Event", "source") => match text(object, "/source/component") {
            "" => text(object, "/reportingComponent").to_owned(),
            component => component.to_owned(),
        },
        _ => text(object, &pointer).to_owned(),
    }
}

/// Checks that `selector` asks only for fields the kind has, and renames old spellings.
///
/// # Errors
/// 400 with Kubernetes' text for that kind.
pub(crate) fn check(served: &Served, selector: &mut Fields) -> Result<(), Refusal> {
    let (group, kind) = (served.kind.group.as_str(), served.kind.kind.as_str());
    if (group, kind) == ("", "Pod") {
        selector.rename("spec.host", "spec.nodeName");
    }
    if group == "events.k8s.io" {
        for (new, old) in EVENT_NAMES {
            selector.rename(new, old);
        }
    }
    let own = own_fields(group, kind);
    let has_namespace = !matches!((group, kind), ("", "Namespace" | "Node"));
    for field in selector.names() {
        let known = field == "metadata.name"
            || (field == "metadata.namespace" && has_namespace)
            || own.contains(&field)
            || served.custom.as_ref().is_some_and(|c| c.is_selectable(&served.kind.version, field));
        if !known {
            return Err(Refusal::bad_request(unknown(served, field)));
        }
    }
    Ok(())
}

const EVENT_NAMES: &[(&str, &str)] = &[
    ("regarding.kind", "involvedObject.kind"),
    ("regarding.namespace", "involvedObject.namespace"),
    ("regarding.name", "involvedObject.name"),
    ("regarding.uid", "involvedObject.uid"),
    ("regarding.apiVersion", "involvedObject.apiVersion"),
    ("regarding.resourceVersion", "involvedObject.resourceVersion"),
    ("regarding.fieldPath", "involvedObject.fieldPath"),
    ("reportingController", "reportingComponent"),
];

fn unknown(served: &Served, field: &str) -> String {
    match (served.kind.group.as_str(), served.kind.kind.as_str()) {
        ("apps", "ReplicaSet") => format!("field label not supported: {field}"),
        ("batch", "Job") => format!("field label \"{field}\" not supported for Job"),
        ("" | "events.k8s.io", kind) if !own_fields(&served.kind.group, kind).is_empty() => {
            format!("field label not supported: {field}")
        }
        _ if served.custom.is_some() => format!("field label not supported: {field}"),
        _ => format!(
            "\"{field}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::served::Kinds;
    use serde_json::json;

    #[test]
    fn pods_can_be_selected_by_node_and_others_only_by_name() {
        let kinds = Kinds::built_in();
        let pod = kinds.named("v1", "Pod").unwrap();
        let object = json!({"metadata": {"name": "p", "namespace": "n"}, "spec": {"nodeName": "n0"}});
        let mut selector = Fields::parse("spec.host=n0,spec.hostNetwork=false").unwrap();
        check(&pod, &mut selector).unwrap();
        assert!(selector.matches(&selectable(&pod, &object)));
        let text = |kind: &str, version: &str| {
            let served = kinds.named(version, kind).unwrap();
            check(&served, &mut Fields::parse("spec.x=1").unwrap()).unwrap_err().message
        };
        assert_eq!(text("Pod", "v1"), "field label not supported: spec.x");
        assert_eq!(text("Job", "batch/v1"), "field label \"spec.x\" not supported for Job");
        assert!(text("ConfigMap", "v1").starts_with("\"spec.x\" is not a known field selector: only"));
    }
}
