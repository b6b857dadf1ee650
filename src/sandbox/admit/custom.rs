//! Decides what is wrong with a custom object: its schema, its scale, items that occur twice.
//! It never knows a kind; everything comes from the definition.

use crate::field::FieldError;
use crate::served::Served;
use serde_json::Value;

/// The faults of a custom object, or with `status` of its status.
#[must_use]
pub(crate) fn check(served: &Served, object: &Value, status: bool) -> Vec<FieldError> {
    let Some(custom) = &served.custom else { return Vec::new() };
    let version = &served.kind.version;
    let mut errors = custom.faults(version, object, status);
    errors.extend(scale(served, object, status));
    errors.extend(custom.duplicates(version, object));
    errors
}

/// The faults that a change brought; those that were there before are let be.
#[must_use]
pub(crate) fn change(served: &Served, object: &Value, live: &Value, status: bool) -> Vec<FieldError> {
    let errors = check(served, object, status);
    if errors.is_empty() {
        return errors;
    }
    let before = check(served, live, status);
    errors.into_iter().filter(|e| !before.contains(e)).collect()
}

/// The faults of the numbers and texts that the scale subresource reads.
fn scale(served: &Served, object: &Value, status: bool) -> Vec<FieldError> {
    let Some(scale) = &served.scale else { return Vec::new() };
    let mut errors = Vec::new();
    if !status {
        errors.extend(replicas(object, &scale.spec_replicas));
    }
    errors.extend(replicas(object, &scale.status_replicas));
    if let Some(path) = &scale.selector {
        match reach(object, path) {
            Ok(Some(Value::String(_)) | None) => {}
            Ok(Some(other)) => {
                let text = format!(
                    "{} accessor error: {other} is of the type {}, expected string",
                    dotted(path),
                    go(other)
                );
                errors.push(FieldError::invalid(dotted(path), "", &text));
            }
            Err(text) => errors.push(FieldError::invalid(dotted(path), "", &text)),
        }
    }
    errors
}

fn dotted(pointer: &str) -> String {
    pointer.replace('/', ".")
}

/// Go's name for the type of a JSON value.
fn go(value: &Value) -> &'static str {
    match value {
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
        Value::Bool(_) => "bool",
        Value::String(_) => "string",
        Value::Number(n) if n.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::Null => "<nil>",
    }
}

/// The value at a pointer; an error where something on the way is no map.
fn reach<'a>(object: &'a Value, pointer: &str) -> Result<Option<&'a Value>, String> {
    let mut here = object;
    for name in pointer.split('/').skip(1) {
        match here {
            Value::Object(fields) => match fields.get(name) {
                Some(inner) => here = inner,
                None => return Ok(None),
            },
            other => {
                let shown = other.as_str().map_or_else(|| other.to_string(), str::to_owned);
                return Err(format!(
                    "{} accessor error: {shown} is of the type {}, expected map[string]interface{{}}",
                    dotted(pointer),
                    go(other)
                ));
            }
        }
    }
    Ok(Some(here))
}

fn replicas(object: &Value, pointer: &str) -> Option<FieldError> {
    let path = dotted(pointer);
    match reach(object, pointer) {
        Err(text) => Some(FieldError::invalid(path, 0, &text)),
        Ok(None) => None,
        Ok(Some(value)) => match value.as_i64() {
            Some(n) if n < 0 => Some(FieldError::invalid(path, n, "should be a non-negative integer")),
            Some(n) if n > i64::from(i32::MAX) => {
                let text = format!("should be less than or equal to {}", i32::MAX);
                Some(FieldError::invalid(path, n, &text))
            }
            Some(_) => None,
            None => {
                let text =
                    format!("{path} accessor error: {value} is of the type {}, expected int64", go(value));
                Some(FieldError::invalid(path, 0, &text))
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn replicas_are_numbers_within_bounds() {
        let fault = |object: Value| replicas(&object, "/spec/replicas").map(|e| e.text()).unwrap_or_default();
        assert_eq!(fault(json!({"spec": {"replicas": 3}})), "");
        assert_eq!(fault(json!({})), "");
        assert_eq!(
            fault(json!({"spec": {"replicas": -1}})),
            ".spec.replicas: Invalid value: -1: should be a non-negative integer"
        );
        assert_eq!(
            fault(json!({"spec": []})),
            ".spec.replicas: Invalid value: 0: .spec.replicas accessor error: [] is of the type []interface {}, \
             expected map[string]interface{}"
        );
    }
}
