//! Decides which fields differ between two states of an object, and how they are shown without secrets.
//! It never decides which state is right.

use crate::api::names;
use serde_json::Value;

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) struct FieldChange {
    /// Path such as `spec.template.spec.containers[web].image`.
    pub(crate) path: String,
    /// Value before; none when the field is new.
    pub(crate) from: Option<String>,
    /// Value after; none when the field goes away.
    pub(crate) to: Option<String>,
}

/// Takes away what changes by itself or speaks of us, so that two states can be compared.
#[must_use]
pub(crate) fn comparable(object: &Value) -> Value {
    let mut object = object.clone();
    let Some(map) = object.as_object_mut() else { return object };
    map.remove("status");
    if let Some(meta) = map.get_mut("metadata").and_then(Value::as_object_mut) {
        for word in ["managedFields", "resourceVersion", "uid", "generation", "selfLink", "creationTimestamp"]
        {
            meta.remove(word);
        }
        for which in ["annotations", "labels"] {
            let Some(marks) = meta.get_mut(which).and_then(Value::as_object_mut) else { continue };
            let is_own = |k: &str| {
                k == names::SOURCE || k == names::DELIVERY || k == names::COMMIT || k == names::COMMIT_SUBJECT
            };
            marks.retain(|k, _| {
                !is_own(k)
                    && (which == "labels" || !k.starts_with(names::OWN_PREFIX))
                    && k != names::LAST_APPLIED
            });
            if marks.is_empty() {
                meta.remove(which);
            }
        }
    }
    object
}

/// Replaces the values of a Secret by marks that show equal from unequal but nothing else.
#[must_use]
pub(crate) fn masked(object: &Value, other: Option<&Value>) -> Value {
    let mut object = object.clone();
    if object.get("kind").and_then(Value::as_str) != Some("Secret") {
        return object;
    }
    for part in ["data", "stringData"] {
        let Some(map) = object.get_mut(part).and_then(Value::as_object_mut) else { continue };
        for (key, value) in map.iter_mut() {
            let twin = other.and_then(|o| o.get(part)).and_then(|m| m.get(key));
            let mark = if twin.is_some_and(|t| t != value) { "(hidden, changed)" } else { "(hidden)" };
            *value = Value::String(mark.to_owned());
        }
    }
    object
}

/// The fields that differ, in path order. Values of Secrets are hidden.
#[must_use]
pub(crate) fn changes(before: &Value, after: &Value) -> Vec<FieldChange> {
    let secret = [before, after].iter().any(|v| v.get("kind").and_then(Value::as_str) == Some("Secret"));
    let mut found = Vec::new();
    walk("", Some(before), Some(after), &mut found);
    if secret {
        for change in
            found.iter_mut().filter(|c| c.path.starts_with("data") || c.path.starts_with("stringData"))
        {
            let hide = |v: &mut Option<String>| {
                if v.is_some() {
                    *v = Some("(hidden)".to_owned());
                }
            };
            hide(&mut change.from);
            hide(&mut change.to);
        }
    }
    found
}

fn shown(value: &Value) -> String {
    value.to_string()
}

/// The name by which an item of a list is known: `name`, `key` or a port.
fn item_name(item: &Value) -> Option<String> {
    for key in ["name", "key", "containerPort", "port", "mountPath"] {
        match item.get(key) {
            Some(Value::String(text)) => return Some(text.clone()),
            Some(Value::Number(n)) => return Some(n.to_string()),
            _ => {}
        }
    }
    None
}

fn walk(path: &str, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<FieldChange>) {
    if before == after {
        return;
    }
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match (before, after) {
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            let mut keys: Vec<&String> = a.keys().chain(b.keys()).collect();
            keys.sort();
            keys.dedup();
            for key in keys {
                walk(&below(key), a.get(key), b.get(key), found);
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) if named(a) && named(b) => {
            let mut names: Vec<String> = a.iter().chain(b).filter_map(item_name).collect();
            names.sort();
            names.dedup();
            let item = |list: &'_ [Value], name: &str| {
                list.iter().find(|i| item_name(i).as_deref() == Some(name)).cloned()
            };
            for name in names {
                let (x, y) = (item(a, &name), item(b, &name));
                walk(&format!("{path}[{name}]"), x.as_ref(), y.as_ref(), found);
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) if a.len() == b.len() => {
            for (i, (x, y)) in a.iter().zip(b).enumerate() {
                walk(&format!("{path}[{i}]"), Some(x), Some(y), found);
            }
        }
        (before, after) => {
            found.push(FieldChange { path: path.to_owned(), from: before.map(shown), to: after.map(shown) })
        }
    }
}

/// Whether every item of a list has a name of its own.
fn named(list: &[Value]) -> bool {
    let names: std::collections::BTreeSet<_> = list.iter().filter_map(item_name).collect();
    !list.is_empty() && names.len() == list.len()
}

/// Whether `present` says what `wanted` says, whatever it has besides.
#[must_use]
pub(crate) fn holds(present: &Value, wanted: &Value) -> bool {
    crate::merge::json::apply(present, wanted) == *present
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn named_items_are_followed_by_name() {
        let a = json!({"spec": {"containers": [{"name": "a", "image": "1"}, {"name": "b"}], "args": ["x"]}});
        let b =
            json!({"spec": {"containers": [{"name": "b"}, {"name": "a", "image": "2"}], "args": ["x", "y"]}});
        let texts: Vec<String> = changes(&a, &b).iter().map(|c| c.path.clone()).collect();
        assert_eq!(texts, ["spec.args", "spec.containers[a].image"]);
    }

    #[test]
    fn secrets_stay_hidden() {
        let a = json!({"kind": "Secret", "data": {"k": "b2xk", "same": "eA=="}});
        let b = json!({"kind": "Secret", "data": {"k": "bmV3", "same": "eA==", "more": "eA=="}});
        let text = format!("{:?}{}{}", changes(&a, &b), masked(&a, Some(&b)), masked(&b, Some(&a)));
        assert!(
            !text.contains("b2xk") && !text.contains("bmV3") && text.contains("hidden, changed"),
            "{text}"
        );
    }
}
