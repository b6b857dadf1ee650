//! Decides which ConfigMaps and Secrets the pods of a template use.
//! It never reads them.

use crate::api::key::Key;
use serde_json::Value;
use std::collections::BTreeSet;

/// Every ConfigMap and Secret that pods of `template` in `namespace` take values from.
#[must_use]
pub(crate) fn of_template(template: &Value, namespace: &str) -> BTreeSet<Key> {
    let mut found = BTreeSet::new();
    let mut add = |kind: &str, name: Option<&Value>| {
        if let Some(name) = name.and_then(Value::as_str) {
            found.insert(Key::core(kind, namespace, name));
        }
    };
    let list = |value: &Value, path: &str| -> Vec<Value> {
        value.pointer(path).and_then(Value::as_array).cloned().unwrap_or_default()
    };
    for group in ["/spec/containers", "/spec/initContainers", "/spec/ephemeralContainers"] {
        for container in list(template, group) {
            for source in list(&container, "/envFrom") {
                add("ConfigMap", source.pointer("/configMapRef/name"));
                add("Secret", source.pointer("/secretRef/name"));
            }
            for variable in list(&container, "/env") {
                add("ConfigMap", variable.pointer("/valueFrom/configMapKeyRef/name"));
                add("Secret", variable.pointer("/valueFrom/secretKeyRef/name"));
            }
        }
    }
    for volume in list(template, "/spec/volumes") {
        add("ConfigMap", volume.pointer("/configMap/name"));
        add("Secret", volume.pointer("/secret/secretName"));
        for source in list(&volume, "/projected/sources") {
            add("ConfigMap", source.pointer("/configMap/name"));
            add("Secret", source.pointer("/secret/name"));
        }
    }
    for secret in list(template, "/spec/imagePullSecrets") {
        add("Secret", secret.get("name"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_way_to_use_one() {
        let template = json!({"spec": {
            "containers": [{"envFrom": [{"configMapRef": {"name": "a"}}, {"secretRef": {"name": "b"}}],
                "env": [{"valueFrom": {"configMapKeyRef": {"name": "c"}}}, {"valueFrom": {"secretKeyRef": {"name": "d"}}}, {"value": "x"}]}],
            "initContainers": [{"envFrom": [{"configMapRef": {"name": "e"}}]}],
            "volumes": [{"configMap": {"name": "f"}}, {"secret": {"secretName": "g"}},
                {"projected": {"sources": [{"configMap": {"name": "h"}}, {"secret": {"name": "i"}}]}}, {"emptyDir": {}}],
            "imagePullSecrets": [{"name": "j"}],
        }});
        let names: String = of_template(&template, "ns").into_iter().map(|k| k.name).collect();
        assert_eq!(names, "acefhbdgij"); // ConfigMaps first, then Secrets
    }
}
