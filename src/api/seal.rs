//! Decides what of a Secret is written down in our own objects: in place of each value a keyed digest, which is enough to
//! tell whether a value is still the same. It never decides what is written to the Secret itself.
//!
//! The key is random, made for one inventory, and kept in it. So whoever reads an inventory reads no value, and the digests
//! of two inventories, or of two fields of one, tell nothing about each other. Guessing a weak value is still possible for
//! whoever can read the inventory, so it stays a Secret.

use crate::base::digest;
use crate::key::Key;
use crate::names;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::fmt::{Debug, Formatter};
use std::sync::Arc;

/// What digests begin with; no value of a Secret does, as none has a colon.
const PREFIX: &str = "hmac-sha256:";
/// The fields of a Secret that hold values.
const FIELDS: [&str; 2] = ["data", "stringData"];

/// The key under which the values of one inventory are digested.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seal(String);

impl Debug for Seal {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal(..)")
    }
}

impl Seal {
    /// The seal with a key that is hard to guess.
    #[must_use]
    pub fn new(key: &str) -> Self {
        Self(key.to_owned())
    }

    /// Whether there is no key yet.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    /// The manifest `value` of the object at `key` as it is written down. What is sealed already stays so.
    #[must_use]
    pub fn seal(&self, key: &Key, value: &Arc<Value>) -> Arc<Value> {
        if holds_values(key) { Arc::new(self.sealed(key, value)) } else { Arc::clone(value) }
    }

    /// Whether `applied`, sealed or not, is `wanted`.
    #[must_use]
    pub fn is_same(&self, key: &Key, applied: &Value, wanted: &Value) -> bool {
        applied == wanted || is_sealed(key, applied) && self.sealed(key, applied) == self.sealed(key, wanted)
    }

    /// What `applied` is, as far as it can be told from `states` of the same object, for a comparison with them. Digests
    /// of values that none of them holds are left in place: they differ from every value.
    #[must_use]
    pub fn open<'v>(&self, key: &Key, applied: &'v Value, states: &[&Value]) -> Cow<'v, Value> {
        if !is_sealed(key, applied) {
            return Cow::Borrowed(applied);
        }
        let mut opened = applied.clone();
        for state in states {
            let mut state = (*state).clone();
            encode(&mut state);
            for path in FIELDS {
                let (Some(fields), Some(values)) = (opened.get_mut(path), state.get(path)) else { continue };
                let (Some(fields), Some(values)) = (fields.as_object_mut(), values.as_object()) else {
                    continue;
                };
                for (name, field) in fields.iter_mut().filter(|(_, field)| is_digest(field)) {
                    if let Some(value) = values.get(name).filter(|v| self.digest(key, name, v) == *field) {
                        field.clone_from(value);
                    }
                }
            }
            let value = last_applied(&mut state).map(|value| value.clone());
            if let (Some(field), Some(value)) = (last_applied(&mut opened), value)
                && self.digest(key, names::LAST_APPLIED, &value) == *field
            {
                *field = value;
            }
        }
        Cow::Owned(opened)
    }

    fn sealed(&self, key: &Key, value: &Value) -> Value {
        let mut sealed = value.clone();
        encode(&mut sealed);
        for field in FIELDS {
            match sealed.get_mut(field) {
                Some(Value::Object(values)) => {
                    values.iter_mut().for_each(|(name, value)| *value = self.digest(key, name, value));
                }
                Some(other) => *other = self.digest(key, field, other),
                None => {}
            }
        }
        if let Some(copy) = last_applied(&mut sealed) {
            *copy = self.digest(key, names::LAST_APPLIED, copy);
        }
        sealed
    }

    /// The digest of one value. The object and the field are in it, so that equal values do not look alike.
    fn digest(&self, key: &Key, field: &str, value: &Value) -> Value {
        if value.is_null() || is_digest(value) {
            return value.clone();
        }
        let bytes = value.as_str().and_then(|text| STANDARD.decode(text).ok());
        let (form, bytes) = bytes.map_or_else(|| ("text", value.to_string().into_bytes()), |b| ("bytes", b));
        let place = json!([key.namespace, key.name, field, form]).to_string();
        let whole = [place.as_bytes(), &[0], &bytes].concat();
        Value::from(format!("{PREFIX}{}", digest::hmac_sha256_hex(self.0.as_bytes(), &whole)))
    }
}

/// Whether `value`, the manifest of the object at `key`, holds digests in place of values: it must not be applied then.
#[must_use]
pub fn is_sealed(key: &Key, value: &Value) -> bool {
    let values = FIELDS.iter().filter_map(|field| value.get(field));
    let is_one = |value: &Value| match value {
        Value::Object(values) => values.values().any(is_digest),
        other => is_digest(other),
    };
    holds_values(key) && values.into_iter().any(is_one)
}

/// Moves the plain texts of a Secret to where the cluster keeps them, encoded; of one field the plain text counts.
pub fn encode(secret: &mut Value) {
    let Some(map) = secret.as_object_mut() else { return };
    let Some(Value::Object(plain)) = map.remove("stringData") else { return };
    let is_text = |value: &Value| value.is_string() && !is_digest(value);
    let (texts, others): (Vec<_>, Vec<_>) = plain.into_iter().partition(|(_, value)| is_text(value));
    let data = map.entry("data").or_insert(Value::Null);
    if data.is_null() {
        *data = json!({});
    }
    if let Some(data) = data.as_object_mut() {
        let encoded = |text: &Value| json!(STANDARD.encode(text.as_str().unwrap_or_default()));
        data.extend(texts.into_iter().map(|(key, text)| (key, encoded(&text))));
    }
    if !others.is_empty() {
        map.insert("stringData".to_owned(), Value::Object(others.into_iter().collect())); // the cluster refuses it
    }
}

fn holds_values(key: &Key) -> bool {
    key.kind == "Secret" && key.group.is_empty()
}

fn is_digest(value: &Value) -> bool {
    let digits = value.as_str().and_then(|text| text.strip_prefix(PREFIX));
    digits.is_some_and(|digits| digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// What kubectl has noted of the whole Secret, values included.
fn last_applied(secret: &mut Value) -> Option<&mut Value> {
    secret.get_mut("metadata")?.get_mut("annotations")?.get_mut(names::LAST_APPLIED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        Key::core("Secret", "shop", "s")
    }

    fn sealed(seal: &Seal, value: Value) -> Value {
        (*seal.seal(&key(), &Arc::new(value))).clone()
    }

    #[test]
    fn no_value_is_in_what_is_sealed_wherever_it_stands() {
        let seal = Seal::new("k");
        let plain = json!({"kind": "Secret", "type": "Opaque", "stringData": {"a": "hush-1", "n": 4711},
            "data": {"b": "aHVzaC0y", "c": null, "bad": "%hush-4", "deep": {"x": ["hush-5"]}},
            "metadata": {"annotations": {names::LAST_APPLIED: "{\"data\":{\"b\":\"aHVzaC0y\"}}", "other": "stays"}}});
        let once = sealed(&seal, plain.clone());
        let text = once.to_string();
        for value in ["hush", "aHVzaC", "4711"] {
            assert!(!text.contains(value), "{value}: {text}");
        }
        assert!(text.contains("stays") && text.contains("Opaque") && once["data"]["c"].is_null());
        assert_eq!(sealed(&seal, once.clone()), once, "sealing again changes nothing");
        assert!(is_sealed(&key(), &once) && !is_sealed(&key(), &plain));
        assert!(sealed(&seal, json!({"data": "hush"})).to_string().find("hush").is_none());
        let map = Arc::new(json!({"data": {"a": "x"}}));
        assert!(Arc::ptr_eq(&seal.seal(&Key::core("ConfigMap", "shop", "s"), &map), &map));
        assert!(!format!("{seal:?}").contains('k'));
    }

    #[test]
    fn digests_tell_equal_values_only_of_the_same_field_under_the_same_key() {
        let (seal, other) = (Seal::new("k"), Seal::new("l"));
        let value = json!({"data": {"a": "eA==", "b": "eA=="}});
        let once = sealed(&seal, value.clone());
        assert_ne!(once["data"]["a"], once["data"]["b"]);
        assert_ne!(once, sealed(&other, value.clone()));
        assert!(seal.is_same(&key(), &once, &json!({"data": {"b": "eA=="}, "stringData": {"a": "x"}})));
        assert!(!seal.is_same(&key(), &once, &json!({"data": {"a": "eQ==", "b": "eA=="}})));
        assert!(!other.is_same(&key(), &once, &value));
        assert!(!seal.is_same(&key(), &once, &json!({"data": {"a": "eA=="}})));
    }

    #[test]
    fn values_are_known_again_where_a_state_has_them() {
        let seal = Seal::new("k");
        let once = sealed(&seal, json!({"data": {"a": "eA==", "b": "eQ==", "c": "eg=="}}));
        let (live, git) = (json!({"data": {"a": "eA==", "b": "AAAA"}}), json!({"stringData": {"b": "y"}}));
        let opened = seal.open(&key(), &once, &[&live, &git]);
        assert_eq!((&opened["data"]["a"], &opened["data"]["b"]), (&json!("eA=="), &json!("eQ==")));
        assert_eq!(opened["data"]["c"], once["data"]["c"]);
        let plain = json!({"data": {"a": "eA=="}});
        assert!(matches!(seal.open(&key(), &plain, &[]), Cow::Borrowed(_)));
    }
}
