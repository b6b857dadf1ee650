//! Decides how a value inside a JSON document is read by its pointer; absent, null and of another type are the same.
//! It never writes, and never knows what a document means.

use serde_json::Value;
use std::collections::BTreeMap;

/// What is at `pointer` (RFC 6901); unlike `Value::pointer` it takes no memory on its way, as long as no `~` is in it.
#[must_use]
pub fn at<'a>(document: &'a Value, pointer: &str) -> Option<&'a Value> {
    if pointer.contains('~') {
        return document.pointer(pointer);
    }
    let Some(path) = pointer.strip_prefix('/') else { return pointer.is_empty().then_some(document) };
    path.split('/').try_fold(document, |value, part| match value {
        Value::Object(fields) => fields.get(part),
        Value::Array(_) => value.pointer(&format!("/{part}")),
        _ => None,
    })
}

/// The text at `pointer` (RFC 6901, such as `/metadata/name`), empty when there is none.
///
/// ```
/// use serde_json::json;
/// use switchback_base::json;
/// let pod = json!({"metadata": {"name": "web", "labels": {"app": "web"}}});
/// assert_eq!(json::text(&pod, "/metadata/name"), "web");
/// assert_eq!(json::text(&pod, "/metadata/namespace"), "");
/// assert_eq!(json::number(&pod, "/metadata/generation"), None);
/// ```
#[must_use]
pub fn text<'a>(document: &'a Value, pointer: &str) -> &'a str {
    at(document, pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The whole number at `pointer`.
#[must_use]
pub fn number(document: &Value, pointer: &str) -> Option<i64> {
    at(document, pointer).and_then(Value::as_i64)
}

/// The whole number at `pointer`, zero when there is none.
#[must_use]
pub fn count(document: &Value, pointer: &str) -> i64 {
    number(document, pointer).unwrap_or(0)
}

/// The truth value at `pointer`, false when there is none.
#[must_use]
pub fn flag(document: &Value, pointer: &str) -> bool {
    at(document, pointer).and_then(Value::as_bool).unwrap_or(false)
}

/// The list at `pointer`, empty when there is none.
#[must_use]
pub fn list<'a>(document: &'a Value, pointer: &str) -> &'a [Value] {
    at(document, pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The map of texts at `pointer`, such as labels; values that are no texts are left out.
#[must_use]
pub fn texts(document: &Value, pointer: &str) -> BTreeMap<String, String> {
    let Some(Value::Object(fields)) = at(document, pointer) else { return BTreeMap::new() };
    fields.iter().filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn it_is_found_where_rfc_6901_says() {
        let document = json!({"a": {"b": [{"c": 1}], "": 2, "x/y": 3, "m~n": 4}, "": 5});
        for pointer in [
            "", "/", "/a", "/a/b", "/a/b/0", "/a/b/0/c", "/a/b/00", "/a/b/1", "/a/b/-", "/a/", "/a/x~1y",
            "/a/m~0n", "a",
        ] {
            assert_eq!(at(&document, pointer), document.pointer(pointer), "{pointer}");
        }
    }

    #[test]
    fn what_is_there_is_read() {
        let document =
            json!({"a": {"text": "x", "number": -3, "flag": true, "list": [1], "map": {"k": "v", "n": 1}}});
        assert_eq!(text(&document, "/a/text"), "x");
        assert_eq!((number(&document, "/a/number"), count(&document, "/a/number")), (Some(-3), -3));
        assert!(flag(&document, "/a/flag"));
        assert_eq!(list(&document, "/a/list"), [json!(1)]);
        assert_eq!(texts(&document, "/a/map"), BTreeMap::from([("k".to_owned(), "v".to_owned())]));
        assert_eq!(text(&json!("x"), ""), "x");
    }

    #[test]
    fn absent_null_and_of_another_type_are_the_same() {
        for document in [json!({}), json!({"a": null}), json!({"a": 1.5})] {
            assert_eq!(
                (text(&document, "/a"), number(&document, "/a"), count(&document, "/a")),
                ("", None, 0)
            );
            assert!(!flag(&document, "/a"));
            assert!(list(&document, "/a").is_empty() && texts(&document, "/a").is_empty());
        }
    }
}
