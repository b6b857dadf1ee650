//! Decides how values look in a table: ages, lists, selectors, texts that are absent.
//! It never decides which values a kind shows.

use crate::base::duration::human;
use jiff::Timestamp;
use serde_json::Value;
use std::time::Duration;

pub(super) const NONE: &str = "<none>";
pub(super) const UNKNOWN: &str = "<unknown>";
pub(super) const UNSET: &str = "<unset>";

/// The text at a JSON pointer, empty when there is none.
pub(super) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The text at a JSON pointer, or a word for its absence.
pub(super) fn text_or<'a>(object: &'a Value, pointer: &str, otherwise: &'a str) -> &'a str {
    match text(object, pointer) {
        "" => otherwise,
        text => text,
    }
}

/// The whole number at a JSON pointer, 0 when there is none.
pub(super) fn count(object: &Value, pointer: &str) -> i64 {
    object.pointer(pointer).and_then(Value::as_i64).unwrap_or(0)
}

/// The list at a JSON pointer, empty when there is none.
pub(super) fn list<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The number of entries in the map at a JSON pointer.
pub(super) fn entries(object: &Value, pointer: &str) -> usize {
    object.pointer(pointer).and_then(Value::as_object).map_or(0, serde_json::Map::len)
}

pub(super) fn name(object: &Value) -> Value {
    text(object, "/metadata/name").into()
}

pub(super) fn deleting(object: &Value) -> bool {
    !text(object, "/metadata/deletionTimestamp").is_empty()
}

/// A text or a number as a text; empty when it is neither.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

/// The value at a JSON pointer as a text, or a word for its absence.
pub(super) fn plain_or(object: &Value, pointer: &str, otherwise: &str) -> String {
    object.pointer(pointer).filter(|v| !v.is_null()).map_or_else(|| otherwise.to_owned(), plain)
}

/// The time between two moments in words; `<invalid>` when they are in the wrong order by more than clocks differ.
pub(super) fn between(from: Timestamp, to: Timestamp) -> String {
    let gone = to.duration_since(from);
    if gone.as_secs() < -1 {
        return "<invalid>".to_owned();
    }
    let gone = Duration::try_from(gone).unwrap_or_default();
    let years = gone.as_secs() / 31_536_000;
    if years >= 8 { format!("{years}y") } else { human(gone) }
}

/// The time since the moment that is written at a JSON pointer.
pub(super) fn since(object: &Value, pointer: &str, now: Timestamp) -> String {
    match text(object, pointer).parse() {
        Ok(from) => between(from, now),
        Err(_) => UNKNOWN.to_owned(),
    }
}

pub(super) fn age(object: &Value, now: Timestamp) -> Value {
    since(object, "/metadata/creationTimestamp", now).into()
}

/// The first `most` of some texts; how many more there are is told in words.
pub(super) fn some(all: &[String], most: usize) -> String {
    let shown = all.iter().take(most).cloned().collect::<Vec<_>>().join(",");
    if all.len() > most { format!("{shown} + {} more...", all.len() - most) } else { shown }
}

/// A map of labels as `a=b,c=d`.
pub(super) fn pairs(object: &Value, pointer: &str) -> String {
    let map = object.pointer(pointer).and_then(Value::as_object);
    let pair = |(k, v): (&String, &Value)| format!("{k}={}", plain(v));
    let shown = map.into_iter().flatten().map(pair).collect::<Vec<_>>().join(",");
    if shown.is_empty() { NONE.to_owned() } else { shown }
}

/// A label selector in the notation of kubectl's `-l`, in the order of its labels.
pub(super) fn selector(object: &Value, pointer: &str) -> String {
    let Some(selector) = object.pointer(pointer) else { return NONE.to_owned() };
    let equal = selector.get("matchLabels").and_then(Value::as_object);
    let mut parts: Vec<(String, String)> =
        equal.into_iter().flatten().map(|(k, v)| (k.clone(), format!("{k}={}", plain(v)))).collect();
    for rule in list(selector, "/matchExpressions") {
        let key = text(rule, "/key");
        let mut values: Vec<String> = list(rule, "/values").iter().map(plain).collect();
        values.sort();
        let values = values.join(",");
        let shown = match text(rule, "/operator") {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "Exists" => key.to_owned(),
            "DoesNotExist" => format!("!{key}"),
            _ => return "<error>".to_owned(),
        };
        parts.push((key.to_owned(), shown));
    }
    parts.sort();
    let shown = parts.into_iter().map(|(_, p)| p).collect::<Vec<_>>().join(",");
    if shown.is_empty() { NONE.to_owned() } else { shown }
}

/// The names and the images of a pod template's containers.
pub(super) fn containers(object: &Value, pointer: &str) -> (Value, Value) {
    let all = list(object, pointer);
    let joined = |field: &str| all.iter().map(|c| text(c, field)).collect::<Vec<_>>().join(",");
    (joined("/name").into(), joined("/image").into())
}

/// The short names of volume access modes.
pub(super) fn access_modes(object: &Value, pointer: &str) -> String {
    const MODES: [(&str, &str); 4] = [
        ("ReadWriteOnce", "RWO"),
        ("ReadOnlyMany", "ROX"),
        ("ReadWriteMany", "RWX"),
        ("ReadWriteOncePod", "RWOP"),
    ];
    let given: Vec<&str> = list(object, pointer).iter().filter_map(Value::as_str).collect();
    let short = MODES.iter().filter(|(mode, _)| given.contains(mode)).map(|(_, short)| *short);
    short.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_between_moments() {
        let start: Timestamp = "2020-01-01T00:00:00Z".parse().unwrap();
        let later = |seconds| between(start, start + jiff::SignedDuration::from_secs(seconds));
        assert_eq!(
            [-5, -1, 0, 59, 125, 600, 86_400 * 400, 31_536_000 * 3, 31_536_000 * 9 + 86_400 * 5].map(later),
            ["<invalid>", "0s", "0s", "59s", "2m5s", "10m", "400d", "3y", "9y"]
        );
        let created = |time: &str| age(&serde_json::json!({"metadata": {"creationTimestamp": time}}), start);
        assert_eq!(created("2019-12-31T23:00:00Z"), "60m");
        assert_eq!(created("2020-01-01T01:00:00Z"), "<invalid>");
        assert_eq!(created(""), UNKNOWN);
    }
}
