//! Decides whether the resources a container asks for make sense: known names, no negative amounts, no request above
//! its limit. It never decides whether a node has them.

use super::at::At;
use crate::api::quantity::Quantity;
use crate::field::FieldError;
use crate::names;
use std::cmp::Ordering;

const STANDARD: &[&str] = &["cpu", "memory", "ephemeral-storage"];

/// The faults of `resources`.
#[must_use]
pub(crate) fn check(resources: &At<'_>) -> Vec<FieldError> {
    let (limits, requests) = (resources.field("limits"), resources.field("requests"));
    let mut errors = Vec::new();
    for (name, amount) in limits.entries() {
        errors.extend(entry(name, &amount));
    }
    for (name, amount) in requests.entries() {
        errors.extend(entry(name, &amount));
        let limit = limits.value.get(name);
        let Some(limit) = limit else {
            if !overcommits(name) {
                errors.push(limits.required("Limit must be set for non overcommitable resources"));
            }
            continue;
        };
        let told = |relation: &str| {
            let limit = limit.as_str().unwrap_or_default();
            FieldError::invalid(
                requests.path.as_str(),
                amount.value.clone(),
                &format!("must be {relation} {name} limit of {limit}"),
            )
        };
        match compare(amount.value, limit) {
            Some(Ordering::Greater) if overcommits(name) => errors.push(told("less than or equal to")),
            Some(Ordering::Less | Ordering::Greater) if !overcommits(name) => errors.push(told("equal to")),
            _ => {}
        }
    }
    errors
}

fn overcommits(name: &str) -> bool {
    STANDARD.contains(&name) || name.starts_with("kubernetes.io/") && !name.starts_with("hugepages-")
}

fn entry(name: &str, amount: &At<'_>) -> Vec<FieldError> {
    let told = |detail: &str| FieldError::invalid(amount.path.as_str(), name, detail);
    let mut errors: Vec<FieldError> = names::qualified(name).iter().map(|m| told(m)).collect();
    if errors.is_empty()
        && !name.contains('/')
        && !STANDARD.contains(&name)
        && !name.starts_with("hugepages-")
    {
        errors.push(told("must be a standard resource type or fully qualified"));
        errors.push(told("must be a standard resource for containers"));
    }
    if amount.text().starts_with('-') {
        errors.push(amount.invalid("must be greater than or equal to 0"));
    }
    errors
}

/// How two amounts compare; none where one of them is no quantity.
fn compare(a: &serde_json::Value, b: &serde_json::Value) -> Option<Ordering> {
    Some(Quantity::from_json(a).ok()?.cmp(&Quantity::from_json(b).ok()?))
}
