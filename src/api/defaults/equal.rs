//! Decides whether two pod templates run the same pods: once defaults are filled in and what the operator itself
//! has injected is set aside. It never decides which template is newer.

use super::fill::{Fields, object};
use super::pod::fill;
use crate::podhash;
use serde_json::Value;

/// The label that the operator puts on the pods of a revision; Argo Rollouts' own.
const HASH_LABEL: &str = "rollouts-pod-template-hash";

/// What the operator has put into a template and equality is to overlook.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Injected<'a> {
    /// Keys of labels from ephemeral metadata.
    pub labels: &'a [&'a str],
    /// Keys of annotations from ephemeral metadata.
    pub annotations: &'a [&'a str],
}

/// Whether `a` and `b` describe the same pods (source: Argo's utils/replicaset/replicaset.go, `PodTemplateEqualIgnoreHash`).
///
/// Both are compared with their defaults, as Go's types hold them: unknown fields, the order of keys, empty lists and
/// the notation of amounts do not count. Set aside in both are the hash label, the keys in `injected`, anti-affinity
/// against pods by their hash label, and the deprecated `serviceAccount`.
///
/// Templates that Go's types cannot hold are compared as they are.
#[must_use]
pub fn templates_equal(a: &Value, b: &Value, injected: &Injected<'_>) -> bool {
    let (a, b) = (bare(a, injected), bare(b, injected));
    match (podhash::comparable_form(&a), podhash::comparable_form(&b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}

/// The template with its defaults and without what is set aside.
pub(crate) fn bare(template: &Value, injected: &Injected<'_>) -> Value {
    let mut template = template.clone();
    fill(&mut template);
    let Some(fields) = template.as_object_mut() else { return template };
    if let Some(metadata) = object(fields, "metadata") {
        drop_keys(metadata, "labels", injected.labels.iter().copied().chain([HASH_LABEL]));
        drop_keys(metadata, "annotations", injected.annotations.iter().copied());
    }
    if let Some(spec) = object(fields, "spec") {
        spec.remove("serviceAccount");
        drop_anti_affinity(spec);
    }
    template
}

fn drop_keys<'a>(metadata: &mut Fields, list: &str, keys: impl Iterator<Item = &'a str>) {
    let Some(entries) = object(metadata, list) else { return };
    for key in keys {
        entries.remove(key);
    }
    if entries.is_empty() {
        metadata.remove(list);
    }
}

/// Whether a pod affinity term looks at pods by their hash label.
fn by_hash(term: &Value) -> bool {
    let expressions =
        term.get("labelSelector").and_then(|s| s.get("matchExpressions")).and_then(Value::as_array);
    expressions.is_some_and(|all| all.iter().any(|e| e.get("key").is_some_and(|key| key == HASH_LABEL)))
}

fn drop_anti_affinity(spec: &mut Fields) {
    let Some(affinity) = object(spec, "affinity") else { return };
    let Some(against) = object(affinity, "podAntiAffinity") else { return };
    let mut dropped = false;
    for (list, term) in [
        ("requiredDuringSchedulingIgnoredDuringExecution", ""),
        ("preferredDuringSchedulingIgnoredDuringExecution", "podAffinityTerm"),
    ] {
        let Some(terms) = against.get_mut(list).and_then(Value::as_array_mut) else { continue };
        let before = terms.len();
        terms.retain(|t| !by_hash(if term.is_empty() { t } else { t.get(term).unwrap_or(&Value::Null) }));
        dropped |= terms.len() < before;
        if terms.is_empty() {
            against.remove(list);
        }
    }
    if !dropped {
        return;
    }
    if against.is_empty() {
        affinity.remove("podAntiAffinity");
    }
    if affinity.is_empty() {
        spec.remove("affinity");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn template(spec: Value) -> Value {
        json!({"metadata": {"labels": {"app": "a"}}, "spec": spec})
    }

    fn plain() -> Value {
        template(json!({"containers": [{"name": "a", "image": "nginx", "ports": [{"containerPort": 80}]}]}))
    }

    fn equal(a: &Value, b: &Value) -> bool {
        templates_equal(a, b, &Injected::default())
    }

    #[test]
    fn defaults_and_notation_do_not_count() {
        let mut full = plain();
        super::super::pod::pod_template(&mut full);
        full["metadata"]["creationTimestamp"] = Value::Null;
        assert!(equal(&plain(), &full) && equal(&full, &plain()));
        let with = |cpu: &str| template(json!({"containers": [{"resources": {"limits": {"cpu": cpu}}}]}));
        assert!(equal(&with("1"), &with("1000m")) && equal(&with("1000Ki"), &with("1024k")));
        assert!(!equal(&with("1"), &with("1001m")));
    }

    #[test]
    fn every_other_difference_counts() {
        for (path, value) in [
            ("/spec/containers/0/image", json!("nginx:1")),
            ("/spec/containers/0/ports/0/containerPort", json!(81)),
            ("/metadata/labels/app", json!("b")),
        ] {
            let mut other = plain();
            *other.pointer_mut(path).unwrap() = value;
            assert!(!equal(&plain(), &other), "{path}");
        }
    }

    #[test]
    fn what_the_operator_injects_does_not_count() {
        let mut live = plain();
        live["metadata"]["labels"][HASH_LABEL] = json!("abc");
        live["metadata"]["labels"]["role"] = json!("canary");
        live["metadata"]["annotations"] = json!({"note": "x"});
        live["spec"]["serviceAccountName"] = json!("sa");
        let mut desired = plain();
        desired["spec"]["serviceAccount"] = json!("sa");
        assert!(!equal(&live, &desired));
        let injected = Injected { labels: &["role"], annotations: &["note"] };
        assert!(templates_equal(&live, &desired, &injected));
        let term = json!({"topologyKey": "k", "labelSelector": {"matchExpressions":
            [{"key": HASH_LABEL, "operator": "NotIn", "values": ["x"]}]}});
        let required = json!({"requiredDuringSchedulingIgnoredDuringExecution": [term]});
        live["spec"]["affinity"] = json!({ "podAntiAffinity": required });
        assert!(templates_equal(&live, &desired, &injected));
        let preferred = json!([{"weight": 1, "podAffinityTerm": term},
            {"weight": 2, "podAffinityTerm": {"topologyKey": "k"}}]);
        live["spec"]["affinity"] =
            json!({"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}});
        assert!(!templates_equal(&live, &desired, &injected));
        desired["spec"]["affinity"] = json!({"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution":
            [{"weight": 2, "podAffinityTerm": {"topologyKey": "k"}}]}});
        assert!(templates_equal(&live, &desired, &injected));
    }

    #[test]
    fn templates_of_no_shape_are_compared_as_they_are() {
        assert!(equal(&json!({"spec": {"containers": 5}}), &json!({"spec": {"containers": 5}})));
        assert!(!equal(&json!({"spec": {"containers": 5}}), &plain()));
        assert!(equal(&Value::Null, &json!({})));
    }
}
