//! Decides what a JSON merge patch (RFC 7396) does to a document, and which patch leads from one to another.
//! It never merges lists: a patch replaces them whole.

use super::Object;
use serde_json::Value;

/// `target` after `patch`: maps merge, `null` deletes, everything else replaces.
#[must_use]
pub fn apply(target: &Value, patch: &Value) -> Value {
    let Value::Object(changes) = patch else { return patch.clone() };
    let mut result = target.as_object().cloned().unwrap_or_default();
    for (key, change) in changes {
        if change.is_null() {
            result.remove(key);
        } else {
            let merged = apply(result.get(key).unwrap_or(&Value::Null), change);
            result.insert(key.clone(), merged);
        }
    }
    Value::Object(result)
}

/// The smallest patch that makes `to` of `from`; an empty map when they are equal maps.
///
/// A merge patch cannot say `null` and mean it: where `to` holds one, the patch deletes the key.
#[must_use]
pub fn diff(from: &Value, to: &Value) -> Value {
    match (from, to) {
        (Value::Object(from), Value::Object(to)) => Value::Object(diff_maps(from, to)),
        _ => to.clone(),
    }
}

fn diff_maps(from: &Object, to: &Object) -> Object {
    let mut patch = Object::new();
    for key in from.keys().filter(|key| !to.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    for (key, new) in to {
        match from.get(key) {
            Some(old) if old == new => {}
            Some(Value::Object(old)) if new.is_object() => {
                let inner = diff_maps(old, new.as_object().unwrap_or(&Object::new()));
                if !inner.is_empty() {
                    patch.insert(key.clone(), Value::Object(inner));
                }
            }
            None if new.is_null() => {}
            _ => {
                patch.insert(key.clone(), new.clone());
            }
        }
    }
    patch
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// The examples of RFC 7396, appendix A: target, patch, result.
    #[test]
    fn the_examples_of_the_standard() {
        for (target, patch, result) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"a": "b"}), json!(["c"]), json!(["c"])),
            (json!({"a": "foo"}), json!(null), json!(null)),
            (json!({"a": "foo"}), json!("bar"), json!("bar")),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!([1, 2]), json!({"a": "b", "c": null}), json!({"a": "b"})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ] {
            assert_eq!(apply(&target, &patch), result, "{target} + {patch}");
        }
    }

    #[test]
    fn a_patch_names_only_what_changed() {
        let from = json!({"a": 1, "b": {"c": 1, "d": {"e": 1}}, "l": [1, 2], "gone": 1});
        let to = json!({"a": 1, "b": {"c": 2, "d": {"e": 1}}, "l": [2, 1], "new": {"x": {}}});
        let patch = json!({"b": {"c": 2}, "l": [2, 1], "gone": null, "new": {"x": {}}});
        assert_eq!(diff(&from, &to), patch);
        assert_eq!(diff(&from, &from), json!({}));
        assert_eq!(diff(&json!({"a": {"b": 1}}), &json!({"a": {}})), json!({"a": {"b": null}}));
        assert_eq!(diff(&json!({"a": 1}), &json!({"a": {}})), json!({"a": {}}));
        assert_eq!(diff(&json!({"a": {}}), &json!({"a": {"b": null}})), json!({}), "cannot be said");
    }

    fn without_nulls() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            (0..4i64).prop_map(Value::from),
            "[ab]?".prop_map(Value::from)
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[a-c]", inner, 0..4)
                    .prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn diff_then_apply_is_the_new_document(from in without_nulls(), to in without_nulls()) {
            let patch = diff(&from, &to);
            prop_assert_eq!(apply(&from, &patch), to.clone());
            prop_assert_eq!(apply(&to, &patch), to, "twice is once");
        }
    }
}
