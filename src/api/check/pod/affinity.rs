//! Decides what is wrong with the rules that lead a pod to nodes, to other pods or away from them.
//! It never schedules.

use super::super::at::At;
use super::super::field::FieldError;
use super::super::{labels, texts};
use super::spread::keys;
use std::collections::BTreeSet;

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

/// The faults of `affinity` (source: pkg/apis/core/validation/validation.go, `validateAffinity`).
pub(super) fn affinity(affinity: &At<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if !affinity.is_set() {
        return errors;
    }
    let nodes = affinity.field("nodeAffinity");
    let required = nodes.field(REQUIRED);
    if required.is_set() {
        let terms = required.field("nodeSelectorTerms");
        if terms.items().is_empty() {
            errors.push(terms.required("must have at least one node selector term"));
        }
        errors.extend(terms.items().iter().flat_map(|term| node_term(term, true)));
    }
    for preferred in nodes.field(PREFERRED).items() {
        errors.extend(weight(&preferred));
        errors.extend(node_term(&preferred.field("preference"), false));
    }
    for kind in ["podAffinity", "podAntiAffinity"] {
        let pods = affinity.field(kind);
        errors.extend(pods.field(REQUIRED).items().iter().flat_map(pod_term));
        for preferred in pods.field(PREFERRED).items() {
            errors.extend(weight(&preferred));
            errors.extend(pod_term(&preferred.field("podAffinityTerm")));
        }
    }
    errors
}

fn weight(preferred: &At<'_>) -> Option<FieldError> {
    let weight = preferred.field("weight");
    let number = weight.number().unwrap_or(0);
    let told = || FieldError::invalid(weight.path.as_str(), number, "must be in the range 1-100");
    (!(1..=100).contains(&number)).then(told)
}

/// (source: pkg/apis/core/validation/validation.go, `ValidateNodeSelectorTerm`)
fn node_term(term: &At<'_>, checks_values: bool) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for rule in term.field("matchExpressions").items() {
        let (operator, values) = (rule.field("operator"), rule.field("values"));
        let count = values.items().len();
        match operator.text() {
            "In" | "NotIn" if count == 0 => {
                errors.push(values.required("must be specified when `operator` is 'In' or 'NotIn'"));
            }
            "Exists" | "DoesNotExist" if count > 0 => {
                let detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
                errors.push(values.forbidden(detail));
            }
            "Gt" | "Lt" if count != 1 => {
                let detail = "must be specified single value when `operator` is 'Lt' or 'Gt'";
                errors.push(values.required(detail));
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
            other => {
                let detail = "not a valid selector operator";
                errors.push(FieldError::invalid(operator.path.as_str(), other, detail));
            }
        }
        let key = rule.field("key");
        errors.extend(labels::label_key(&key.path, key.text()));
        let all = values.items();
        errors.extend(all.iter().filter(|_| checks_values).flat_map(|v| v.named(texts::label_value)));
    }
    errors.extend(term.field("matchFields").items().iter().flat_map(node_field));
    errors
}

/// (source: pkg/apis/core/validation/validation.go, `ValidateNodeFieldSelectorRequirement`)
fn node_field(rule: &At<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let (key, operator, values) = (rule.field("key"), rule.field("operator"), rule.field("values"));
    match operator.text() {
        "In" | "NotIn" if values.items().len() != 1 => {
            let detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
            errors.push(values.required(detail));
        }
        "In" | "NotIn" => {}
        other => {
            let detail = "not a valid selector operator";
            errors.push(FieldError::invalid(operator.path.as_str(), other, detail));
        }
    }
    if key.text() == "metadata.name" {
        errors.extend(values.items().iter().flat_map(|v| v.named(texts::subdomain)));
    } else {
        let detail = "not a valid field selector key";
        errors.push(FieldError::invalid(key.path.as_str(), key.text(), detail));
    }
    errors
}

/// (source: pkg/apis/core/validation/validation.go, `validatePodAffinityTerm`)
fn pod_term(term: &At<'_>) -> Vec<FieldError> {
    let mut errors = labels::selector(&term.field("labelSelector"));
    errors.extend(labels::selector(&term.field("namespaceSelector")));
    for name in term.field("namespaces").items() {
        errors.extend(name.told_as(&format!("{}.namespace", term.path)).named(texts::label));
    }
    errors.extend(keys(term));
    let topology = term.field("topologyKey");
    if topology.text().is_empty() {
        errors.push(topology.required("can not be empty"));
    }
    errors.extend(labels::label_key(&topology.path, topology.text()));
    errors
}

/// The faults of gates that hold a pod back
/// (source: pkg/apis/core/validation/validation.go, `validateSchedulingGates`).
pub(super) fn gates(gates: &At<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut seen = BTreeSet::new();
    for gate in gates.items() {
        let name = gate.field("name").text();
        errors.extend(labels::label_key(&gate.path, name));
        if !seen.insert(name) {
            errors.push(FieldError::duplicate(gate.path, name));
        }
    }
    errors
}

/// The faults of tolerations (source: pkg/apis/core/validation/validation.go, `ValidateTolerations`).
pub(super) fn tolerations(tolerations: &At<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for toleration in tolerations.items() {
        let (key, operator) = (toleration.field("key"), toleration.field("operator"));
        let effect = toleration.field("effect");
        if !key.text().is_empty() {
            errors.extend(key.named(texts::qualified));
        } else if operator.text() != "Exists" {
            let detail =
                "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
            errors.push(FieldError::invalid(operator.path.as_str(), operator.text(), detail));
        }
        if toleration.field("tolerationSeconds").is_set() && effect.text() != "NoExecute" {
            let detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
            errors.push(FieldError::invalid(effect.path.as_str(), effect.text(), detail));
        }
        let value = toleration.field("value").text();
        match operator.text() {
            "" | "Equal" => {
                let wrong = texts::label_value(value);
                if !wrong.is_empty() {
                    errors.push(FieldError::invalid(operator.path.as_str(), value, &wrong.join(";")));
                }
            }
            "Exists" if !value.is_empty() => {
                let detail = "value must be empty when `operator` is 'Exists'";
                errors.push(FieldError::invalid(operator.path.as_str(), value, detail));
            }
            "Exists" => {}
            _ => errors.push(operator.not_supported(&["Equal", "Exists"])),
        }
        errors.extend(effect.one_of_or_none(&["NoSchedule", "PreferNoSchedule", "NoExecute"]));
    }
    errors
}
