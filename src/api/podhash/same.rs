//! Decides when two pod templates mean the same: what the operator puts into them is ignored, defaults are filled in, and
//! what Go's types do not hold does not count. It never decides which of the two is the newer one.

use crate::base::digest;
use crate::defaults::{Injected, bare};
use serde_json::Value;

/// A key, 16 hexadecimal digits, that two pod templates share exactly when they mean the same. Whoever compares one
/// template with several makes its key once.
///
/// A template that Go's types cannot hold has the key of its text.
#[must_use]
pub fn template_key(template: &Value) -> String {
    let template = bare(template, &Injected::default());
    let form = super::comparable_form(&template).unwrap_or_else(|_| template.to_string());
    digest::sha256_hex(form.as_bytes()).get(..16).unwrap_or_default().to_owned()
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
    use crate::{defaults, names};
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
    fn what_kubernetes_writes_otherwise_does_not_count() {
        let with = |memory: &str| {
            let mut template = template("web:1");
            template["spec"]["containers"][0]["resources"]["limits"]["memory"] = json!(memory);
            template
        };
        assert!(
            same_template(&with("1Gi"), &with("1073741824")) && !same_template(&with("1Gi"), &with("1G"))
        );
    }

    #[test]
    fn a_key_has_sixteen_digits_and_nothing_is_an_empty_template() {
        assert_eq!(template_key(&template("web:1")).len(), 16);
        assert_eq!(template_key(&Value::Null), template_key(&json!({"spec": {}})));
    }
}
