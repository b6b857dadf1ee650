//! Decides whether labels, annotations and label selectors are well formed.
//! It never decides whether a selector matches.

use super::at::At;
use super::field::FieldError;
use super::texts;

const ANNOTATIONS: usize = 256 * 1024;

/// The faults of a map of labels.
#[must_use]
pub fn labels(labels: &At<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (key, value) in labels.entries() {
        errors.extend(label_key(&labels.path, key));
        let wrong = texts::label_value(value.text());
        errors.extend(wrong.iter().map(|m| FieldError::invalid(labels.path.as_str(), value.text(), m)));
    }
    errors
}

/// The faults of the key of a label.
#[must_use]
pub fn label_key(path: &str, key: &str) -> Vec<FieldError> {
    texts::qualified(key).iter().map(|m| FieldError::invalid(path, key, m)).collect()
}

/// The faults of annotations.
#[must_use]
pub fn annotations(annotations: &At<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut size = 0;
    for (key, value) in annotations.entries() {
        size += key.len() + value.text().len();
        let wrong = texts::qualified(&key.to_lowercase());
        errors.extend(wrong.iter().map(|m| FieldError::invalid(annotations.path.as_str(), key, m)));
    }
    if size > ANNOTATIONS {
        errors.push(FieldError::too_long(annotations.path.as_str(), ANNOTATIONS));
    }
    errors
}

/// The faults of a label selector; a missing one has none.
#[must_use]
pub fn selector(selector: &At<'_>) -> Vec<FieldError> {
    let mut errors = labels(&selector.field("matchLabels"));
    for one in selector.field("matchExpressions").items() {
        let (operator, values) = (one.field("operator"), one.field("values"));
        match operator.text() {
            "In" | "NotIn" if values.items().is_empty() => {
                errors.push(values.required("must be specified when `operator` is 'In' or 'NotIn'"));
            }
            "Exists" | "DoesNotExist" if !values.items().is_empty() => {
                let detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
                errors.push(values.forbidden(detail));
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => {
                let detail = "not a valid selector operator";
                errors.push(FieldError::invalid(operator.path.as_str(), other, detail));
            }
        }
        errors.extend(label_key(&one.field("key").path, one.field("key").text()));
        for value in values.items() {
            errors.extend(value.named(texts::label_value));
        }
    }
    errors
}
