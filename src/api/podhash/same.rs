//! Decides when two pod templates mean the same: the hash label is ignored, defaults are filled in, and what Go's types
//! do not hold does not count. It never decides which of the two is the newer one.

use crate::base::digest;
use crate::{defaults, names};
use serde_json::Value;

/// A key, 16 hexadecimal digits, that two pod templates share exactly when they mean the same. Whoever compares one
/// template with several makes its key once.
///
/// A template that Go's types cannot hold has the key of its text.
#[must_use]
pub fn template_key(template: &Value) -> String {
    let mut template = template.clone();
    if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.remove(names::POD_HASH);
    }
    defaults::pod_template(&mut template);
    let canonical = super::canonical_json(&template).unwrap_or_else(|_| template.to_string().into_bytes());
    digest::sha256_hex(&canonical).get(..16).unwrap_or_default().to_owned()
}

/// Whether two pod templates mean the same.
///
/// ```
/// use serde_json::json;
/// use switchback_api::podhash::same::same_template;
///
/// let short = json!({"spec": {"containers": [{"name": "web", "image": "web:1"}]}});
/// let mut stored = short.clone();
/// switchback_api::defaults::pod_template(&mut stored);
/// assert!(same_template(&short, &stored));
/// ```
#[must_use]
pub fn same_template(a: &Value, b: &Value) -> bool {
    template_key(a) == template_key(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn template(image: &str) -> Value {
        json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": image}]}})
    }

    #[test]
    fn the_hash_label_and_defaults_do_not_count() {
        let mut stored = template("web:1");
        stored["metadata"]["labels"][names::POD_HASH] = json!("674d8cf959");
        defaults::pod_template(&mut stored);
        assert!(same_template(&template("web:1"), &stored));
        assert!(!same_template(&template("web:1"), &template("web:2")));
    }

    #[test]
    fn a_key_has_sixteen_digits_and_nothing_is_an_empty_template() {
        assert_eq!(template_key(&template("web:1")).len(), 16);
        assert_eq!(template_key(&Value::Null), template_key(&json!({"spec": {}})));
    }
}
