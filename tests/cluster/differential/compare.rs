//! Compares canonical records: which parts differ, which of these are explained, and how the rest looks as a
//! unified diff. It never decides whether a difference is harmless; `known.yaml` says that, with a reason.

use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// One explained difference.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    pub transcript: String,
    /// The name of a request or of a watch.
    pub request: String,
    /// A JSON pointer into the answer (`/code`, `/headers/warning`, `/body/metadata/uid`, `/events/0/type`);
    /// `*` stands for one part, a last `**` for any rest.
    pub path: String,
    pub reason: String,
}

/// A part that is not equal; `None` where a side has nothing.
#[derive(Debug, PartialEq)]
pub struct Difference {
    pub path: String,
    pub golden: Option<Value>,
    pub got: Option<Value>,
}

/// Reads `known.yaml`.
pub fn known() -> Vec<Known> {
    let text = std::fs::read_to_string(crate::differential::transcript::room().join("known.yaml")).unwrap();
    serde_yaml::from_str(&text).unwrap()
}

/// Every part of `golden` and `got` that differs, as deep as possible.
pub fn differences(golden: &Value, got: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    walk(Some(golden), Some(got), "", &mut found);
    found
}

fn walk(golden: Option<&Value>, got: Option<&Value>, path: &str, found: &mut Vec<Difference>) {
    match (golden, got) {
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            let keys: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let part = key.replace('~', "~0").replace('/', "~1");
                walk(a.get(key), b.get(key), &format!("{path}/{part}"), found);
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) => {
            for index in 0..a.len().max(b.len()) {
                walk(a.get(index), b.get(index), &format!("{path}/{index}"), found);
            }
        }
        (a, b) if a == b => {}
        (a, b) => found.push(Difference { path: path.to_owned(), golden: a.cloned(), got: b.cloned() }),
    }
}

/// Whether `path` is one that `pattern` means.
pub fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), path.split('/').collect());
    for (index, part) in pattern.iter().enumerate() {
        match (*part, path.get(index)) {
            ("**", _) => return true,
            ("*", Some(_)) => {}
            (wanted, Some(part)) if wanted == *part => {}
            _ => return false,
        }
    }
    pattern.len() == path.len()
}

/// The differences of one transcript that nothing explains, as text; empty when there are none. `used` counts
/// how often each entry of `known` explained something.
pub fn unexplained(name: &str, golden: &Value, got: &Value, known: &[Known], used: &mut [usize]) -> String {
    let mut out = String::new();
    for part in ["answers", "watches"] {
        let (golden, got) = (by_name(&golden[part]), by_name(&got[part]));
        let labels: std::collections::BTreeSet<&String> = golden.keys().chain(got.keys()).collect();
        for label in labels {
            let (golden, got) = (golden.get(label), got.get(label));
            let (golden, got) = (golden.unwrap_or(&Value::Null), got.unwrap_or(&Value::Null));
            let mut got = got.clone();
            for difference in differences(golden, &got.clone()) {
                let explains = |k: &Known| {
                    k.transcript == name && k.request == *label && matches(&k.path, &difference.path)
                };
                if let Some(index) = known.iter().position(explains) {
                    used[index] += 1;
                    adopt(&mut got, &difference);
                }
            }
            if *golden != got {
                out.push_str(&unified(name, label, golden, &got));
            }
        }
    }
    out
}

fn by_name(list: &Value) -> BTreeMap<String, Value> {
    let items = list.as_array().cloned().unwrap_or_default();
    items.into_iter().map(|v| (v["name"].as_str().unwrap_or_default().to_owned(), v)).collect()
}

/// Writes the golden's part over the other's, so that only what is not explained is left to see.
fn adopt(got: &mut Value, difference: &Difference) {
    let (parent, key) = difference.path.rsplit_once('/').unwrap_or(("", ""));
    let key = key.replace("~1", "/").replace("~0", "~");
    match (got.pointer_mut(parent), &difference.golden) {
        (Some(Value::Object(map)), Some(value)) => drop(map.insert(key, value.clone())),
        (Some(Value::Object(map)), None) => drop(map.remove(&key)),
        (Some(Value::Array(items)), Some(value)) => {
            let index: usize = key.parse().unwrap_or_default();
            if index < items.len() {
                items[index] = value.clone();
            } else {
                items.push(value.clone());
            }
        }
        // Surplus items are met in order; each removal takes the last one.
        (Some(Value::Array(items)), None) => drop(items.pop()),
        _ => {}
    }
}

/// The text of a value in a golden file.
pub fn pretty(value: &Value) -> String {
    let mut bytes = Vec::new();
    let format = serde_json::ser::PrettyFormatter::with_indent(b" ");
    let mut writer = serde_json::Serializer::with_formatter(&mut bytes, format);
    serde::Serialize::serialize(value, &mut writer).unwrap();
    String::from_utf8(bytes).unwrap() + "\n"
}

const MOST_LINES: usize = 120;

fn unified(name: &str, label: &str, golden: &Value, got: &Value) -> String {
    let (golden, got) = (pretty(golden), pretty(got));
    let diff = similar::TextDiff::from_lines(&golden, &got);
    let title = format!("{name} / {label}");
    let text = diff.unified_diff().context_radius(4).header(&format!("{title} golden"), &title).to_string();
    let lines: Vec<&str> = text.lines().collect();
    let mut out = lines.iter().take(MOST_LINES).map(|l| format!("{l}\n")).collect::<String>();
    if lines.len() > MOST_LINES {
        out.push_str(&format!("... {} more lines\n", lines.len() - MOST_LINES));
    }
    out
}
