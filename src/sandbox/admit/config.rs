//! Decides whether ConfigMaps and Secrets are well formed, and whether they may change.
//! It never reads what they hold.

use crate::api::check::at::At;
use crate::field::FieldError;
use crate::names;
use serde_json::Value;

const MOST: usize = 1024 * 1024;
const FIXED: &str = "field is immutable when `immutable` is set";

fn keys(data: &At<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (key, entry) in data.entries() {
        let wrong = names::config_key(key);
        errors.extend(wrong.iter().map(|m| FieldError::invalid(entry.path.as_str(), key, m)));
    }
    errors
}

fn size(data: &At<'_>, base64: bool) -> usize {
    let bytes = |text: &str| if base64 { text.trim_end_matches('=').len() * 3 / 4 } else { text.len() };
    data.entries().iter().map(|(_, v)| bytes(v.text())).sum()
}

/// The faults of a ConfigMap.
#[must_use]
pub(crate) fn map(object: &Value) -> Vec<FieldError> {
    let root = At::root(object);
    let (data, binary) = (root.field("data"), root.field("binaryData"));
    let mut errors = Vec::new();
    for (key, entry) in data.entries() {
        let wrong = names::config_key(key);
        errors.extend(wrong.iter().map(|m| FieldError::invalid(entry.path.as_str(), key, m)));
        if binary.value.get(key).is_some() {
            let detail = "duplicate of key present in binaryData";
            errors.push(FieldError::invalid(entry.path.as_str(), key, detail));
        }
    }
    errors.extend(keys(&binary));
    if size(&data, false) + size(&binary, true) > MOST {
        errors.push(FieldError::too_long("", MOST));
    }
    errors
}

/// The faults of a Secret.
#[must_use]
pub(crate) fn secret(object: &Value) -> Vec<FieldError> {
    let root = At::root(object);
    let data = root.field("data");
    let mut errors = keys(&data);
    if size(&data, true) > MOST {
        errors.push(FieldError::too_long("data", MOST));
    }
    let required = |key: &str| FieldError::required(format!("data[{key}]"), "");
    let has = |key: &str| data.value.get(key).is_some();
    let needed: &[&str] = match root.field("type").text() {
        "kubernetes.io/dockercfg" => &[".dockercfg"],
        "kubernetes.io/dockerconfigjson" => &[".dockerconfigjson"],
        "kubernetes.io/ssh-auth" => &["ssh-privatekey"],
        "kubernetes.io/tls" => &["tls.crt", "tls.key"],
        "kubernetes.io/basic-auth" if !has("username") && !has("password") => &["username", "password"],
        "kubernetes.io/service-account-token" => {
            let name = root.at(&["metadata", "annotations"]);
            let key = "kubernetes.io/service-account.name";
            if name.value.get(key).and_then(Value::as_str).unwrap_or_default().is_empty() {
                errors.push(FieldError::required(format!("metadata.annotations[{key}]"), ""));
            }
            &[]
        }
        _ => &[],
    };
    errors.extend(needed.iter().filter(|key| !has(key)).map(|key| required(key)));
    errors
}

/// Moves `stringData` into `data`, as base64.
pub(crate) fn take_strings(object: &mut Value) {
    use base64::Engine as _;
    let Some(Value::Object(texts)) = object.get("stringData").cloned() else { return };
    let data = crate::object::fields_mut(object, "data");
    for (key, text) in texts {
        let bytes = text.as_str().unwrap_or_default().as_bytes();
        let encoded = base64::engine::general_purpose::STANDARD.encode(bytes);
        data.insert(key, encoded.into());
    }
    crate::object::set_field(object, "stringData", None);
}

/// The faults of a change of either kind.
#[must_use]
pub(crate) fn change(object: &Value, live: &Value) -> Vec<FieldError> {
    let (new, old) = (At::root(object), At::root(live));
    let mut errors: Vec<FieldError> = new.field("type").immutable(&old.field("type")).into_iter().collect();
    if !old.field("immutable").is_true() {
        return errors;
    }
    if !new.field("immutable").is_true() {
        errors.push(new.field("immutable").forbidden(FIXED));
    }
    for field in ["data", "binaryData"] {
        if new.field(field).value != old.field(field).value {
            errors.push(new.field(field).forbidden(FIXED));
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn strings_become_data() {
        let mut secret = json!({"data": {"a": "eA=="}, "stringData": {"b": "y"}});
        take_strings(&mut secret);
        assert_eq!(secret, json!({"data": {"a": "eA==", "b": "eQ=="}}));
    }

    #[test]
    fn what_is_immutable_stays() {
        let live = json!({"data": {"a": "b"}, "immutable": true});
        let texts =
            |object: Value| -> Vec<String> { change(&object, &live).iter().map(FieldError::text).collect() };
        assert_eq!(
            texts(json!({"data": {"a": "c"}})),
            [format!("immutable: Forbidden: {FIXED}"), format!("data: Forbidden: {FIXED}")]
        );
        assert!(
            texts(json!({"data": {"a": "b"}, "immutable": true, "metadata": {"labels": {"x": "y"}}}))
                .is_empty()
        );
    }

    #[test]
    fn keys_and_types() {
        let texts =
            |errors: Vec<FieldError>| -> Vec<String> { errors.iter().map(|e| e.path.clone()).collect() };
        assert_eq!(texts(map(&json!({"data": {"a b": "", "..": ""}}))), ["data[..]", "data[a b]"]);
        assert_eq!(texts(secret(&json!({"type": "kubernetes.io/tls"}))), ["data[tls.crt]", "data[tls.key]"]);
    }
}
