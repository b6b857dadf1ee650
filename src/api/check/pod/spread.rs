//! Decides what is wrong with how pods are to be spread over the parts of a cluster.
//! It never knows the parts.

use super::super::at::At;
use super::super::field::FieldError;
use super::super::labels;
use super::rules::Rules;
use std::collections::BTreeSet;

/// The faults of `topologySpreadConstraints`
/// (source: pkg/apis/core/validation/validation.go, `validateTopologySpreadConstraints`).
pub(super) fn constraints(constraints: &At<'_>, rules: Rules) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let all = constraints.items();
    for (index, constraint) in all.iter().enumerate() {
        let (topology, action) = (constraint.field("topologyKey"), constraint.field("whenUnsatisfiable"));
        errors.extend(positive(&constraint.field("maxSkew")));
        if topology.text().is_empty() {
            errors.push(topology.required("can not be empty"));
        }
        if !matches!(action.text(), "DoNotSchedule" | "ScheduleAnyway") {
            let known = ["DoNotSchedule", "ScheduleAnyway"];
            errors.push(FieldError::not_supported(action.path.as_str(), action.text(), &known));
        }
        let is_again = |other: &At<'_>| {
            other.field("topologyKey").text() == topology.text()
                && other.field("whenUnsatisfiable").text() == action.text()
        };
        if all.iter().skip(index + 1).any(is_again) {
            let both = format!("{{{}, {}}}", topology.text(), action.text());
            let told = format!("{}.{{topologyKey, whenUnsatisfiable}}", constraint.path);
            errors.push(FieldError::duplicate(told, both));
        }
        errors.extend(domains(&constraint.field("minDomains"), action.text()));
        for policy in ["nodeAffinityPolicy", "nodeTaintsPolicy"] {
            errors.extend(constraint.field(policy).one_of(&["Honor", "Ignore"]));
        }
        errors.extend(if rules.are_new() { keys(constraint) } else { keys_of_old(constraint) });
        errors.extend(labels::selector(&constraint.field("labelSelector")));
    }
    errors
}

fn positive(number: &At<'_>) -> Option<FieldError> {
    let value = number.number().unwrap_or(0);
    (value <= 0).then(|| FieldError::invalid(number.path.as_str(), value, "must be greater than zero"))
}

fn domains(domains: &At<'_>, action: &str) -> Vec<FieldError> {
    if !domains.is_set() {
        return Vec::new();
    }
    let mut errors: Vec<FieldError> = positive(domains).into_iter().collect();
    if action != "DoNotSchedule" {
        let detail = format!("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}");
        errors.push(domains.invalid(&detail));
    }
    errors
}

/// The labels that a selector speaks of.
fn spoken_of<'a>(selector: &At<'a>) -> BTreeSet<&'a str> {
    let rules = selector.field("matchExpressions").items();
    let of_rules = rules.iter().map(|rule| rule.field("key").text());
    selector.field("matchLabels").entries().into_iter().map(|(key, _)| key).chain(of_rules).collect()
}

/// The faults of keys whose values the pod itself gives
/// (source: pkg/apis/core/validation/validation.go, `ValidateMatchLabelKeysInTopologySpread`).
fn keys_of_old(constraint: &At<'_>) -> Vec<FieldError> {
    let (keys, selector) = (constraint.field("matchLabelKeys"), constraint.field("labelSelector"));
    if keys.items().is_empty() {
        return Vec::new();
    }
    let mut errors = Vec::new();
    if !selector.is_set() {
        errors.push(keys.forbidden("must not be specified when labelSelector is not set"));
    }
    let spoken_of = spoken_of(&selector);
    for key in keys.items() {
        errors.extend(labels::label_key(&key.path, key.text()));
        if spoken_of.contains(key.text()) {
            errors.push(key.invalid("exists in both matchLabelKeys and labelSelector"));
        }
    }
    errors
}

/// The same in newer versions, and of rules about other pods
/// (source: pkg/apis/core/validation/validation.go, `ValidateMatchLabelKeysAndMismatchLabelKeys`).
pub(super) fn keys(term: &At<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let selector = term.field("labelSelector");
    for field in ["matchLabelKeys", "mismatchLabelKeys"] {
        let keys = term.field(field);
        let all = keys.items();
        if !all.is_empty() && !selector.is_set() {
            errors.push(keys.forbidden("must not be specified when labelSelector is not set"));
            continue;
        }
        errors.extend(all.iter().flat_map(|key| labels::label_key(&key.path, key.text())));
    }
    let matched = term.field("matchLabelKeys").items();
    let mut seen: BTreeSet<&str> =
        selector.field("matchLabels").entries().into_iter().map(|(key, _)| key).collect();
    for rule in selector.field("matchExpressions").items() {
        let key = rule.field("key").text();
        // The server has put a rule for each key into the selector; one that was there before is one too many.
        let index = matched.iter().rposition(|m| m.text() == key);
        if let Some(index) = index.filter(|_| seen.contains(key)) {
            let detail = "exists in both matchLabelKeys and labelSelector";
            errors.push(FieldError::invalid(format!("{}[{index}]", term.path), key, detail));
        }
        seen.insert(key);
    }
    let mismatched = term.field("mismatchLabelKeys").items();
    let both = matched.iter().filter(|key| mismatched.iter().any(|m| m.text() == key.text()));
    errors.extend(both.map(|key| key.invalid("exists in both matchLabelKeys and mismatchLabelKeys")));
    errors
}
