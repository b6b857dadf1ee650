//! Decides whether the resources that containers ask for make sense: known names, no negative amounts, no request above
//! its limit, claims that are there. It never decides whether a node has them.

use super::super::at::At;
use super::super::field::FieldError;
use super::super::texts;
use crate::quantity::Quantity;
use serde_json::{Value, json};
use std::cmp::Ordering;
use std::collections::BTreeSet;

const OF_CONTAINERS: &[&str] = &["cpu", "memory", "ephemeral-storage"];

/// Names without a domain that are known for something, be it only for quotas
/// (source: pkg/apis/core/helper/helpers.go, `IsStandardResourceName`).
const STANDARD: &[&str] = &[
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "storage",
    "requests.storage",
    "services.nodeports",
    "services.loadbalancers",
];

/// The domain of resources that are Kubernetes' own.
const NATIVE: &str = "kubernetes.io/";

fn is_huge(name: &str) -> bool {
    name.starts_with("hugepages-")
}

/// Whether Kubernetes itself knows the resource (source: pkg/apis/core/helper/helpers.go, `IsNativeResource`).
fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains(NATIVE)
}

/// (source: pkg/apis/core/helper/helpers.go, `IsExtendedResourceName`)
fn is_extended(name: &str) -> bool {
    !is_native(name)
        && !name.starts_with("requests.")
        && texts::qualified(&format!("requests.{name}")).is_empty()
}

fn may_be_shared(name: &str) -> bool {
    is_native(name) && !is_huge(name)
}

/// The faults of a container's `resources` (source: pkg/apis/core/validation/validation.go,
/// `ValidateContainerResourceRequirements`).
pub(super) fn of_container(resources: &At<'_>, known: &BTreeSet<&str>) -> Vec<FieldError> {
    let mut errors = requirements(resources, container_name);
    errors.extend(claimed(&resources.field("claims"), known));
    errors
}

/// The faults of what running a pod costs beside its containers.
pub(super) fn overhead(overhead: &At<'_>) -> Vec<FieldError> {
    let object = json!({"limits": overhead.value});
    let told = At { value: &object, path: overhead.path.clone() };
    if overhead.is_set() { requirements(&told, container_name) } else { Vec::new() }
}

/// The faults of the `resources` of a whole pod, beside those of its containers.
pub(super) fn of_pod(resources: &At<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let claims = resources.field("claims");
    if claims.is_set() {
        errors.push(claims.forbidden("claims may not be set for Resources at pod-level"));
    }
    errors.extend(requirements(resources, pod_name));
    errors
}

/// (source: pkg/apis/core/validation/validation.go, `validateResourceRequirements`)
fn requirements(resources: &At<'_>, rule: fn(&At<'_>, &str) -> Vec<FieldError>) -> Vec<FieldError> {
    let (limits, requests) = (resources.field("limits"), resources.field("requests"));
    let mut errors = Vec::new();
    let mut names = Vec::new();
    for (name, amount) in limits.entries() {
        errors.extend(rule(&amount, name));
        errors.extend(size(&amount, name));
        names.push(name);
    }
    for (name, amount) in requests.entries() {
        errors.extend(rule(&amount, name));
        errors.extend(size(&amount, name));
        errors.extend(within(&limits, &requests, name, &amount));
        names.push(name);
    }
    if names.iter().any(|n| is_huge(n)) && !names.iter().any(|n| ["cpu", "memory"].contains(n)) {
        errors.push(resources.forbidden("HugePages require cpu or memory"));
    }
    errors
}

/// How what is asked for stands to what is allowed.
fn within(limits: &At<'_>, requests: &At<'_>, name: &str, amount: &At<'_>) -> Option<FieldError> {
    let Some(limit) = limits.value.get(name) else {
        let text = "Limit must be set for non overcommitable resources";
        return (!may_be_shared(name)).then(|| limits.required(text));
    };
    let (asked, limit) = (Quantity::from_json(amount.value).ok()?, Quantity::from_json(limit).ok()?);
    let relation = match asked.cmp(&limit) {
        Ordering::Less | Ordering::Greater if !may_be_shared(name) => "equal to",
        Ordering::Greater => "less than or equal to",
        _ => return None,
    };
    let detail = format!("must be {relation} {name} limit of {limit}");
    Some(FieldError::invalid(requests.path.as_str(), asked.to_string(), &detail))
}

/// (source: pkg/apis/core/validation/validation.go, `ValidateResourceQuantityValue`)
fn size(amount: &At<'_>, name: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let Ok(quantity) = Quantity::from_json(amount.value) else { return errors };
    let told = |detail: &str| FieldError::invalid(amount.path.as_str(), quantity.to_string(), detail);
    if quantity.nanos() < 0 {
        errors.push(told("must be greater than or equal to 0"));
    }
    if is_extended(name) && quantity.nanos() % 1_000_000_000 != 0 {
        errors.push(told("must be an integer"));
    }
    errors
}

/// (source: pkg/apis/core/validation/validation.go, `validateResourceName`)
fn any_name(amount: &At<'_>, name: &str) -> Vec<FieldError> {
    let told = |detail: &str| FieldError::invalid(amount.path.as_str(), name, detail);
    let errors: Vec<FieldError> = texts::qualified(name).iter().map(|m| told(m)).collect();
    let is_standard = STANDARD.contains(&name) || is_huge(name) || name.starts_with("requests.hugepages-");
    if errors.is_empty() && !name.contains('/') && !is_standard {
        return vec![told("must be a standard resource type or fully qualified")];
    }
    errors
}

/// (source: pkg/apis/core/validation/validation.go, `validateContainerResourceName`)
fn container_name(amount: &At<'_>, name: &str) -> Vec<FieldError> {
    let told = |detail: &str| FieldError::invalid(amount.path.as_str(), name, detail);
    let mut errors = any_name(amount, name);
    if !name.contains('/') {
        if !OF_CONTAINERS.contains(&name) && !is_huge(name) {
            errors.push(told("must be a standard resource for containers"));
        }
    } else if !is_native(name) && !is_extended(name) {
        errors.push(told("doesn't follow extended resource name standard"));
    }
    errors
}

/// (source: pkg/apis/core/validation/validation.go, `validatePodResourceName`)
fn pod_name(amount: &At<'_>, name: &str) -> Vec<FieldError> {
    let errors = any_name(amount, name);
    if errors.is_empty() && !["cpu", "memory"].contains(&name) && !is_huge(name) {
        return vec![FieldError::not_supported(amount.path.as_str(), name, &["cpu", "hugepages-", "memory"])];
    }
    errors
}

/// The faults of a pod's claims (source: pkg/apis/core/validation/validation.go, `validatePodResourceClaims`).
pub(super) fn claims(claims: &At<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut seen = BTreeSet::new();
    for claim in claims.items() {
        let name = claim.field("name");
        if !name.text().is_empty() && !seen.insert(name.text()) {
            errors.push(name.duplicate());
        } else {
            errors.extend(name.named_always(texts::label));
        }
        let (own, template) = (claim.field("resourceClaimName"), claim.field("resourceClaimTemplateName"));
        let shown = json!({"Name": name.text(), "ResourceClaimName": own.value,
            "ResourceClaimTemplateName": template.value});
        let told = |detail: &str| FieldError::invalid(claim.path.as_str(), shown.clone(), detail);
        match (own.is_set(), template.is_set()) {
            (true, true) => errors.push(told(
                "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified",
            )),
            (false, false) => {
                errors.push(told("must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"));
            }
            _ => {}
        }
        errors.extend(own.named(texts::subdomain));
        errors.extend(template.named(texts::subdomain));
    }
    errors
}

/// The faults of the claims that a container names
/// (source: pkg/apis/core/validation/validation.go, `validateResourceClaimNames`).
fn claimed(claims: &At<'_>, known: &BTreeSet<&str>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for claim in claims.items() {
        let (name, request) = (claim.field("name").text(), claim.field("request"));
        if name.is_empty() {
            errors.push(claim.required(""));
            continue;
        }
        if seen.contains(name) {
            errors.push(FieldError::duplicate(claim.path.as_str(), name));
        } else {
            let mut key = name.to_owned();
            if !request.text().is_empty() {
                errors.extend(request.named(texts::label));
                key = format!("{name}/{}", request.text());
            }
            let part_is_named = seen.iter().filter(|k| k.split_once('/').is_some_and(|(n, _)| n == name));
            let doubled = if seen.contains(&key) { 1 } else { part_is_named.count() };
            if request.text().is_empty() || seen.contains(&key) {
                errors.extend((0..doubled).map(|_| FieldError::duplicate(claim.path.as_str(), key.as_str())));
            }
            seen.insert(key);
        }
        if !known.contains(name) {
            let all: Vec<&str> = known.iter().copied().filter(|n| !n.is_empty()).collect();
            let list =
                if all.is_empty() { " which is empty".to_owned() } else { format!(": {}", all.join(", ")) };
            let detail = format!("must be one of the names in pod.spec.resourceClaims{list}");
            errors.push(FieldError::not_found(claim.path.as_str(), name).because(&detail));
        }
    }
    errors
}

/// What is told of a list of policies of resizing.
pub(super) fn resize_in_words(policies: &At<'_>) -> Value {
    let told = |p: &At<'_>| json!({"ResourceName": p.field("resourceName").text(), "RestartPolicy": p.field("restartPolicy").text()});
    policies.items().iter().map(told).collect()
}

/// The faults of what a container does when its resources change
/// (source: pkg/apis/core/validation/validation.go, `validateResizePolicy`).
pub(super) fn resizes(container: &At<'_>, spec: &At<'_>) -> Vec<FieldError> {
    let policies = container.field("resizePolicy");
    let never = spec.field("restartPolicy").text() == "Never";
    let mut errors = Vec::new();
    let mut seen = BTreeSet::new();
    for policy in policies.items() {
        let (resource, restart) = (policy.field("resourceName").text(), policy.field("restartPolicy").text());
        if !seen.insert(resource) {
            errors.push(FieldError::duplicate(policy.path.as_str(), resource));
        }
        for (value, supported) in
            [(resource, ["cpu", "memory"]), (restart, ["NotRequired", "RestartContainer"])]
        {
            if value.is_empty() {
                errors.push(policies.required(""));
            } else if !supported.contains(&value) {
                errors.push(FieldError::not_supported(policies.path.as_str(), value, &supported));
            }
        }
        if never && restart != "NotRequired" {
            let detail = "must be 'NotRequired' when `restartPolicy` is 'Never'";
            errors.push(FieldError::invalid(policies.path.as_str(), restart, detail));
        }
    }
    errors
}
