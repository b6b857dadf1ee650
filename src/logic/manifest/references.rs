//! Decides what an object refers to: the ConfigMaps and Secrets of pods, the Services and AnalysisTemplates of a Rollout.
//! It never reads any of them.

use crate::api::key::Key;
use serde_json::Value;
use std::collections::BTreeSet;

/// Where `template` names a ConfigMap or a Secret that pods take values from: its kind, and the pointer to its name.
#[must_use]
pub(crate) fn config_names(template: &Value) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    let each = |pointer: &str| {
        let count = template.pointer(pointer).and_then(Value::as_array).map_or(0, Vec::len);
        (0..count).map(|at| format!("{pointer}/{at}")).collect::<Vec<_>>()
    };
    let mut add = |kind: &'static str, pointer: String| {
        if template.pointer(&pointer).is_some_and(Value::is_string) {
            found.push((kind, pointer));
        }
    };
    for container in
        ["/spec/containers", "/spec/initContainers", "/spec/ephemeralContainers"].map(each).concat()
    {
        for source in each(&format!("{container}/envFrom")) {
            add("ConfigMap", format!("{source}/configMapRef/name"));
            add("Secret", format!("{source}/secretRef/name"));
        }
        for variable in each(&format!("{container}/env")) {
            add("ConfigMap", format!("{variable}/valueFrom/configMapKeyRef/name"));
            add("Secret", format!("{variable}/valueFrom/secretKeyRef/name"));
        }
    }
    for volume in each("/spec/volumes") {
        add("ConfigMap", format!("{volume}/configMap/name"));
        add("Secret", format!("{volume}/secret/secretName"));
        for source in each(&format!("{volume}/projected/sources")) {
            add("ConfigMap", format!("{source}/configMap/name"));
            add("Secret", format!("{source}/secret/name"));
        }
    }
    found
}

/// Every ConfigMap and Secret that pods of `template` in `namespace` take values from, or that their images are pulled
/// with.
#[must_use]
pub(crate) fn of_template(template: &Value, namespace: &str) -> BTreeSet<Key> {
    let text = |pointer: &str| template.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let names = config_names(template);
    let mut found: BTreeSet<Key> =
        names.iter().map(|(kind, pointer)| Key::core(kind, namespace, text(pointer))).collect();
    let pulls = template.pointer("/spec/imagePullSecrets").and_then(Value::as_array);
    let pulls = pulls.into_iter().flatten().filter_map(|secret| secret.get("name")?.as_str());
    found.extend(pulls.map(|name| Key::core("Secret", namespace, name)));
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
