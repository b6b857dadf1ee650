//! Decides the defaults of what rules others: secrets, namespaces, quotas, autoscalers, roles, webhooks, definitions.
//! It never decides the defaults of workloads and traffic.

use super::fill::{
    Fields, is_empty_list, made, number, object, objects, pointer, quantity, resource_list, str_at, text,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

const RBAC: &str = "rbac.authorization.k8s.io";

/// A Secret: `stringData` is written into `data`, and wins there
/// (source: pkg/apis/core/v1/defaults.go, `SetDefaults_Secret`).
pub(super) fn secret(fields: &mut Fields) {
    text(fields, "type", "Opaque");
    let Some(Value::Object(plain)) = fields.remove("stringData") else { return };
    if let Some(data) = made(fields, "data").filter(|_| !plain.is_empty()) {
        for (key, value) in plain {
            let value = value.as_str().unwrap_or_default();
            data.insert(key, STANDARD.encode(value).into());
        }
    }
}

/// A Namespace: the label with its name, and the finalizer that lets its content go first
/// (source: pkg/apis/core/v1/defaults.go, `SetDefaults_Namespace`).
pub(super) fn namespace(fields: &mut Fields) {
    let name = fields.get("metadata").and_then(|m| m.get("name")).and_then(Value::as_str).map(str::to_owned);
    if let (Some(name), Some(metadata)) = (name, made(fields, "metadata"))
        && let Some(labels) = made(metadata, "labels")
    {
        labels.insert("kubernetes.io/metadata.name".to_owned(), name.into());
    }
    let Some(spec) = made(fields, "spec") else { return };
    pointer(spec, "finalizers", json!([]));
    if let Some(list) = spec.get_mut("finalizers").and_then(Value::as_array_mut)
        && !list.iter().any(|f| f == "kubernetes")
    {
        list.push("kubernetes".into());
    }
}

/// A LimitRange: for containers, limits default to the most, and requests to the limits or the least
/// (source: pkg/apis/core/v1/defaults.go, `SetDefaults_LimitRangeItem`).
pub(super) fn limit_range(fields: &mut Fields) {
    let Some(spec) = object(fields, "spec") else { return };
    for item in objects(spec, "limits") {
        for list in ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"] {
            resource_list(item, list);
        }
        if str_at(item, "type") != "Container" {
            continue;
        }
        for (from, to) in [("max", "default"), ("default", "defaultRequest"), ("min", "defaultRequest")] {
            let amounts = object(item, from).map(|amounts| amounts.clone()).unwrap_or_default();
            if let Some(defaults) = made(item, to).filter(|_| !amounts.is_empty()) {
                for (name, amount) in amounts {
                    defaults.entry(name).or_insert(amount);
                }
            }
        }
        item.retain(|_, amounts| amounts != &json!({}));
    }
}

/// A ResourceQuota.
pub(super) fn resource_quota(fields: &mut Fields) {
    if let Some(spec) = object(fields, "spec") {
        resource_list(spec, "hard");
    }
}

/// A HorizontalPodAutoscaler of `autoscaling/v1` or `/v2`
/// (source: pkg/apis/autoscaling/v2/defaults.go, `SetDefaults_HorizontalPodAutoscaler`).
pub(super) fn autoscaler(fields: &mut Fields, version: &str) {
    let Some(spec) = made(fields, "spec") else { return };
    pointer(spec, "minReplicas", 1.into());
    if version == "autoscaling/v1" {
        pointer(spec, "targetCPUUtilizationPercentage", 80.into());
        return;
    }
    if is_empty_list(spec, "metrics") {
        let target = json!({"type": "Utilization", "averageUtilization": 80});
        let metric = json!([{"type": "Resource", "resource": {"name": "cpu", "target": target}}]);
        spec.insert("metrics".to_owned(), metric);
    }
    for metric in objects(spec, "metrics") {
        for source in ["resource", "containerResource", "pods", "object", "external"] {
            if let Some(target) = object(metric, source).and_then(|source| object(source, "target")) {
                quantity(target, "value");
                quantity(target, "averageValue");
            }
        }
    }
    let Some(behavior) = object(spec, "behavior") else { return };
    let percent = json!({"type": "Percent", "value": 100, "periodSeconds": 15});
    if let Some(up) = made(behavior, "scaleUp") {
        pointer(up, "stabilizationWindowSeconds", 0.into());
        pointer(up, "selectPolicy", "Max".into());
        let pods = json!({"type": "Pods", "value": 4, "periodSeconds": 15});
        pointer(up, "policies", json!([pods, percent]));
    }
    if let Some(down) = made(behavior, "scaleDown") {
        pointer(down, "selectPolicy", "Max".into());
        pointer(down, "policies", json!([percent]));
    }
}

/// A PriorityClass (source: pkg/apis/scheduling/v1/defaults.go, `SetDefaults_PriorityClass`).
pub(super) fn priority_class(fields: &mut Fields) {
    pointer(fields, "preemptionPolicy", "PreemptLowerPriority".into());
}

/// Roles and their bindings: users and groups belong to the API group of RBAC, service accounts to the core group.
pub(super) fn rbac(fields: &mut Fields, kind: &str) {
    match kind {
        "Role" | "ClusterRole" => pointer(fields, "rules", Value::Null),
        "RoleBinding" | "ClusterRoleBinding" => {
            if let Some(role) = made(fields, "roleRef") {
                text(role, "apiGroup", RBAC);
            }
            for subject in objects(fields, "subjects") {
                if matches!(str_at(subject, "kind"), "User" | "Group") {
                    text(subject, "apiGroup", RBAC);
                }
            }
        }
        _ => {}
    }
}

/// The webhooks of a mutating or validating configuration.
pub(super) fn webhooks(fields: &mut Fields, kind: &str) {
    for hook in objects(fields, "webhooks") {
        pointer(hook, "failurePolicy", "Fail".into());
        pointer(hook, "matchPolicy", "Equivalent".into());
        pointer(hook, "namespaceSelector", json!({}));
        pointer(hook, "objectSelector", json!({}));
        pointer(hook, "timeoutSeconds", 10.into());
        if kind == "MutatingWebhookConfiguration" {
            pointer(hook, "reinvocationPolicy", "Never".into());
        }
        for rule in objects(hook, "rules") {
            pointer(rule, "scope", "*".into());
        }
        if let Some(client) = object(hook, "clientConfig") {
            client_port(client);
        }
    }
}

fn client_port(client: &mut Fields) {
    if let Some(service) = object(client, "service") {
        number(service, "port", 443);
    }
}

/// A CustomResourceDefinition.
pub(super) fn custom_resource(fields: &mut Fields) {
    let Some(spec) = made(fields, "spec") else { return };
    if let Some(names) = object(spec, "names") {
        let kind = str_at(names, "kind").to_owned();
        text(names, "singular", &kind.to_lowercase());
        text(names, "listKind", &format!("{kind}List"));
    }
    let Some(conversion) = made(spec, "conversion") else { return };
    text(conversion, "strategy", "None");
    if let Some(client) = object(conversion, "webhook").and_then(|hook| object(hook, "clientConfig")) {
        client_port(client);
    }
}
