//! Decides whether the values of a ConfigMap or a Secret are texts, which is all that they may be.
//! It never says what the value of a Secret is.

use crate::logic::manifest::Manifest;
use serde_json::Value;

/// What is wrong with a map of texts: the path to it, what, and what to do.
pub(crate) type WrongText<'m> = (Vec<&'m str>, String, &'static str);

/// Every value of a ConfigMap or a Secret that is no text.
#[must_use]
pub(crate) fn wrong(manifest: &Manifest) -> Vec<WrongText<'_>> {
    let words: &[&str] = match (manifest.key.group.as_str(), manifest.key.kind.as_str()) {
        ("", "ConfigMap") => &["data", "binaryData"],
        ("", "Secret") => &["data", "stringData"],
        _ => return Vec::new(),
    };
    let mut found: Vec<WrongText<'_>> = Vec::new();
    for word in words {
        match manifest.value.get(word) {
            None | Some(Value::Null) => {}
            Some(Value::Object(map)) => {
                for (name, value) in map.iter().filter(|(_, value)| !value.is_string()) {
                    let what = format!("{}: {word}.{name} is {}, not a text", manifest.key, kind_of(value));
                    let help =
                        if value.is_null() { "write \"\" for an empty text" } else { "put it in quotes" };
                    found.push((vec![word, name], what, help));
                }
            }
            Some(other) => {
                let what = format!("{}: {word} is {}, not a map of texts", manifest.key, kind_of(other));
                found.push((vec![word], what, "write `name: \"text\"` lines below it"));
            }
        }
    }
    found
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}
