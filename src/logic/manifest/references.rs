//! Decides what an object refers to: the ConfigMaps and Secrets of pods, the Services and AnalysisTemplates of a Rollout.
//! It never reads any of them.

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

/// Fields of a strategy that name a Service.
const SERVICES: [&str; 4] = ["stableService", "canaryService", "activeService", "previewService"];

/// Every Service and AnalysisTemplate that the `strategy` of a Rollout in `namespace` names.
#[must_use]
pub(crate) fn of_strategy(strategy: &Value, namespace: &str) -> BTreeSet<Key> {
    let mut found = of_analysis(strategy, namespace);
    match strategy {
        Value::Object(fields) => {
            for (name, value) in fields {
                if let Some(service) = value.as_str().filter(|_| SERVICES.contains(&name.as_str())) {
                    found.insert(Key::core("Service", namespace, service));
                }
                found.extend(of_strategy(value, namespace));
            }
        }
        Value::Array(items) => items.iter().for_each(|item| found.extend(of_strategy(item, namespace))),
        _ => {}
    }
    found
}

/// The AnalysisTemplates in the list `templates` of `value`, of a strategy's analysis or of another template.
#[must_use]
pub(crate) fn of_analysis(value: &Value, namespace: &str) -> BTreeSet<Key> {
    let templates = value.get("templates").and_then(Value::as_array);
    let key = |reference: &Value| {
        let name = reference.get("templateName")?.as_str()?;
        let is_cluster = reference.get("clusterScope").and_then(Value::as_bool).unwrap_or(false);
        let (kind, namespace) =
            if is_cluster { ("ClusterAnalysisTemplate", "") } else { ("AnalysisTemplate", namespace) };
        Some(Key { kind: kind.to_owned(), ..Key::rollout(namespace, name) }) // of the same group
    };
    templates.into_iter().flatten().filter_map(key).collect()
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

    #[test]
    fn what_a_strategy_names() {
        let strategy = json!({"canary": {"stableService": "s", "trafficRouting": {"alb": {"rootService": "r"}},
            "steps": [{"setWeight": 20}, {"analysis": {"templates": [{"templateName": "a"},
                {"templateName": "b", "clusterScope": true}]}}]}});
        let names: Vec<String> = of_strategy(&strategy, "ns").iter().map(Key::to_string).collect();
        assert_eq!(names, ["Service ns/s", "AnalysisTemplate ns/a", "ClusterAnalysisTemplate b"]);
    }
}
