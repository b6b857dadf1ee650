//! Decides which series the pods' annotations give.
//! It never decides what a query selects.

use super::number;
use super::tree::{Labels, NAME, Sample};
use serde_json::Value;
use std::collections::BTreeMap;

/// The annotations that are series: what follows is the metric's name.
const PREFIX: &str = "metrics.switchback.dev/";

/// The series of all pods that are ready, in the order of the pods.
pub(super) fn of(pods: &[Value]) -> Vec<Sample> {
    pods.iter().filter(|p| ready(p)).flat_map(of_pod).collect()
}

fn ready(pod: &Value) -> bool {
    let conditions = pod.pointer("/status/conditions").and_then(Value::as_array);
    let says = |c: &Value, field: &str, text: &str| c.get(field).and_then(Value::as_str) == Some(text);
    conditions.is_some_and(|all| all.iter().any(|c| says(c, "type", "Ready") && says(c, "status", "True")))
}

fn texts<'a>(pod: &'a Value, pointer: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let map = pod.pointer(pointer).and_then(Value::as_object);
    map.into_iter().flatten().filter_map(|(k, v)| Some((k.as_str(), v.as_str()?)))
}

fn of_pod(pod: &Value) -> Vec<Sample> {
    let own = |pointer: &str| pod.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut labels: Labels = texts(pod, "/metadata/labels").map(|(k, v)| (word(k), v.to_owned())).collect();
    labels.insert("namespace".to_owned(), own("/metadata/namespace"));
    labels.insert("pod".to_owned(), own("/metadata/name"));
    labels.retain(|_, v| !v.is_empty()); // an empty label is no label
    let mut values: BTreeMap<String, f64> = BTreeMap::new();
    for (annotation, value) in texts(pod, "/metadata/annotations") {
        let name = annotation.strip_prefix(PREFIX).filter(|n| !n.is_empty());
        if let Some((name, value)) = name.zip(number::read(value.trim())) {
            values.insert(word(name), value);
        }
    }
    let sample = |(name, value): (String, f64)| {
        let mut labels = labels.clone();
        labels.insert(NAME.to_owned(), name);
        Sample { labels, value }
    };
    values.into_iter().map(sample).collect()
}

/// A name that PromQL can say.
fn word(name: &str) -> String {
    let mut word: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect();
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        word.insert(0, '_');
    }
    word
}
