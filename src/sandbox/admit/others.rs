//! Decides whether autoscalers, disruption budgets, access rules, leases and claims are well formed and may change.
//! It never acts on them.

use super::metadata;
use crate::api::check::at::At;
use crate::field::FieldError;
use crate::names;
use serde_json::Value;

const RBAC: &str = "rbac.authorization.k8s.io";

/// The faults of a HorizontalPodAutoscaler.
#[must_use]
pub(crate) fn autoscaler(object: &Value) -> Vec<FieldError> {
    let spec = At::root(object).field("spec");
    let (least, most) = (spec.field("minReplicas"), spec.field("maxReplicas"));
    let mut errors = Vec::new();
    if least.number().is_some_and(|n| n < 1) {
        errors.push(least.invalid("must be greater than or equal to 1"));
    }
    let count = most.number().unwrap_or(0);
    if count < 1 {
        errors.push(FieldError::invalid(most.path.as_str(), count, "must be greater than 0"));
    }
    if least.number().is_some_and(|n| count < n) {
        let detail = "must be greater than or equal to `minReplicas`";
        errors.push(FieldError::invalid(most.path.as_str(), count, detail));
    }
    let target = spec.field("scaleTargetRef");
    for field in ["kind", "name"] {
        let field = target.field(field);
        if field.text().is_empty() {
            errors.push(field.required(""));
        } else {
            errors.extend(field.named(names::path_segment));
        }
    }
    for metric in spec.field("metrics").items() {
        errors.extend(self::metric(&metric));
    }
    errors
}

fn metric(metric: &At<'_>) -> Vec<FieldError> {
    let sources = [
        ("ContainerResource", "containerResource"),
        ("External", "external"),
        ("Object", "object"),
        ("Pods", "pods"),
        ("Resource", "resource"),
    ];
    let kind = metric.field("type");
    let mut errors = Vec::new();
    if kind.text().is_empty() {
        errors.push(kind.required("must specify a metric source type"));
    }
    match sources.iter().find(|(name, _)| *name == kind.text()) {
        None => {
            let known = sources.map(|(name, _)| name);
            errors.push(FieldError::not_supported(kind.path.as_str(), kind.text(), &known));
            errors.push(FieldError::not_supported(kind.path.as_str(), kind.text(), &known));
        }
        Some((_, field)) if !metric.field(field).is_set() => {
            errors
                .push(metric.field(field).required("must populate information for the given metric source"));
        }
        Some(_) => {}
    }
    errors
}

/// The faults of a PodDisruptionBudget.
#[must_use]
pub(crate) fn budget(object: &Value) -> Vec<FieldError> {
    let spec = At::root(object).field("spec");
    let mut errors = Vec::new();
    if spec.field("minAvailable").is_set() && spec.field("maxUnavailable").is_set() {
        errors.push(spec.invalid("minAvailable and maxUnavailable cannot be both set"));
    }
    for field in ["minAvailable", "maxUnavailable"] {
        errors.extend(spec.field(field).int_or_percent());
        errors.extend(spec.field(field).at_most_all());
    }
    errors.extend(metadata::selector(&spec.field("selector")));
    errors.extend(spec.field("unhealthyPodEvictionPolicy").one_of(&["AlwaysAllow", "IfHealthyBudget"]));
    errors
}

/// The faults of a Role (`namespaced`) or ClusterRole.
#[must_use]
pub(crate) fn role(object: &Value, namespaced: bool) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for rule in At::root(object).field("rules").items() {
        let given = |name: &str| !rule.field(name).items().is_empty();
        if !given("verbs") {
            errors.push(rule.field("verbs").required("verbs must contain at least one value"));
        }
        let urls = rule.field("nonResourceURLs");
        if given("nonResourceURLs") {
            if namespaced {
                errors.push(urls.invalid("namespaced rules cannot apply to non-resource URLs"));
            }
            if given("apiGroups") || given("resources") || given("resourceNames") {
                let detail = "rules cannot apply to both regular resources and non-resource URLs";
                errors.push(urls.invalid(detail));
            }
            continue;
        }
        if !given("apiGroups") {
            let detail = "resource rules must supply at least one api group";
            errors.push(rule.field("apiGroups").required(detail));
        }
        if !given("resources") {
            let detail = "resource rules must supply at least one resource";
            errors.push(rule.field("resources").required(detail));
        }
    }
    errors
}

/// The faults of a RoleBinding (`namespaced`) or ClusterRoleBinding.
#[must_use]
pub(crate) fn binding(object: &Value, namespaced: bool) -> Vec<FieldError> {
    let root = At::root(object);
    let target = root.field("roleRef");
    let mut errors = Vec::new();
    let group = target.field("apiGroup");
    if group.text() != RBAC {
        errors.push(FieldError::not_supported(group.path.as_str(), group.text(), &[RBAC]));
    }
    let kinds: &[&str] = if namespaced { &["Role", "ClusterRole"] } else { &["ClusterRole"] };
    let kind = target.field("kind");
    if !kinds.contains(&kind.text()) {
        errors.push(FieldError::not_supported(kind.path.as_str(), kind.text(), kinds));
    }
    errors.extend(target.field("name").named_always(names::path_segment));
    for subject in root.field("subjects").items() {
        let (kind, name) = (subject.field("kind"), subject.field("name"));
        if name.text().is_empty() {
            errors.push(name.required(""));
        }
        match kind.text() {
            "ServiceAccount" => {
                if !name.text().is_empty() {
                    errors.extend(name.named(names::subdomain));
                }
                if !namespaced && subject.field("namespace").text().is_empty() {
                    errors.push(subject.field("namespace").required(""));
                }
            }
            "User" | "Group" => {
                let group = subject.field("apiGroup");
                if group.text() != RBAC {
                    errors.push(FieldError::not_supported(group.path.as_str(), group.text(), &[RBAC]));
                }
            }
            other => {
                let known = ["ServiceAccount", "User", "Group"];
                errors.push(FieldError::not_supported(kind.path.as_str(), other, &known));
            }
        }
    }
    errors
}

/// The fault of a binding that names another role than before.
#[must_use]
pub(crate) fn binding_change(object: &Value, live: &Value) -> Vec<FieldError> {
    let (new, old) = (At::root(object).field("roleRef"), At::root(live).field("roleRef"));
    if new.value == old.value { Vec::new() } else { vec![new.invalid("cannot change roleRef")] }
}

/// The faults of a Lease.
#[must_use]
pub(crate) fn lease(object: &Value) -> Vec<FieldError> {
    let spec = At::root(object).field("spec");
    let mut errors = Vec::new();
    let lasts = spec.field("leaseDurationSeconds");
    if lasts.number().is_some_and(|n| n <= 0) {
        errors.push(lasts.invalid("must be greater than 0"));
    }
    errors.extend(spec.field("leaseTransitions").not_negative());
    errors
}

/// The faults of a PersistentVolumeClaim.
#[must_use]
pub(crate) fn claim(object: &Value) -> Vec<FieldError> {
    let spec = At::root(object).field("spec");
    let mut errors = Vec::new();
    let modes = spec.field("accessModes");
    if modes.items().is_empty() {
        errors.push(modes.required("at least 1 access mode is required"));
    }
    let known = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
    errors.extend(modes.items().iter().filter_map(|m| m.told_as(&modes.path).one_of(&known)));
    errors.extend(metadata::selector(&spec.field("selector")));
    let storage = spec.at(&["resources", "requests"]);
    match storage.value.get("storage").and_then(Value::as_str) {
        None => errors.push(FieldError::required(format!("{}[storage]", storage.path), "")),
        Some(amount) if amount == "0" || amount.starts_with('-') => {
            let path = format!("{}[storage]", storage.path);
            errors.push(FieldError::invalid(path, amount, "must be greater than zero"));
        }
        Some(_) => {}
    }
    errors
}

/// The faults of a namespace's finalizers.
#[must_use]
pub(crate) fn namespace(object: &Value) -> Vec<FieldError> {
    let finalizers = At::root(object).at(&["spec", "finalizers"]);
    let mut errors = Vec::new();
    for finalizer in finalizers.items() {
        let told = finalizer.told_as(&finalizers.path);
        errors.extend(told.named(names::qualified));
        let standard = ["kubernetes", "orphan", "foregroundDeletion"];
        if !told.text().contains('/') && !standard.contains(&told.text()) {
            let detail = "name is neither a standard finalizer name nor is it fully qualified";
            errors.push(told.invalid(detail));
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn texts(errors: Vec<FieldError>) -> Vec<String> {
        errors.iter().map(FieldError::text).collect()
    }

    #[test]
    fn autoscalers_need_a_target_and_a_ceiling() {
        assert_eq!(
            texts(autoscaler(&json!({"spec": {"minReplicas": 3}}))),
            [
                "spec.maxReplicas: Invalid value: 0: must be greater than 0",
                "spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`",
                "spec.scaleTargetRef.kind: Required value",
                "spec.scaleTargetRef.name: Required value"
            ]
        );
    }

    #[test]
    fn roles_and_bindings() {
        let rule = json!({"rules": [{"resources": ["pods"]}]});
        assert_eq!(
            texts(role(&rule, true)),
            [
                "rules[0].verbs: Required value: verbs must contain at least one value",
                "rules[0].apiGroups: Required value: resource rules must supply at least one api group"
            ]
        );
        let good = json!({"roleRef": {"apiGroup": RBAC, "kind": "Role", "name": "r"}});
        assert!(binding(&good, true).is_empty());
        assert_eq!(binding(&good, false).len(), 1);
        assert_eq!(binding_change(&json!({}), &good).len(), 1);
    }

    #[test]
    fn claims_ask_for_something() {
        assert_eq!(
            texts(claim(&json!({"spec": {}}))),
            [
                "spec.accessModes: Required value: at least 1 access mode is required",
                "spec.resources.requests[storage]: Required value"
            ]
        );
    }
}
