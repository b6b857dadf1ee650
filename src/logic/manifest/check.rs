//! Decides whether an object is right as far as it can be known without a cluster, with the line of what is not.
//! It never checks what only the cluster knows; a dry run does that.

use crate::api::names;
use crate::api::rollout::RolloutSpec;
use crate::logic::manifest::field;
use crate::logic::manifest::{Manifest, Manifests, Problem, name, texts, versioned};
use serde::Deserialize;
use serde_json::{Value, json};

/// The most of a value that is repeated, in characters.
const MOST_SHOWN: usize = 40;

/// Every mistake in `manifest`, one of `all`, that shows without a cluster.
#[must_use]
pub(crate) fn manifest(manifest: &Manifest, all: &Manifests) -> Vec<Problem> {
    let at = |path: &[&str]| Some(all.locate(manifest, path));
    let problem = |path: &[&str], what: String, help: &str| Problem::at(&manifest.path, at(path), what, help);
    let mut found = Vec::new();
    for word in ["labels", "annotations"] {
        let map = manifest.value.pointer(&format!("/metadata/{word}")).and_then(Value::as_object);
        for (key, value) in map.into_iter().flatten().filter(|(_, v)| !v.is_string()) {
            found.push(problem(
                &["metadata", word, key],
                match manifest.is_secret() {
                    true => format!("{}: metadata.{word}.{key} is not a text", manifest.key),
                    false => format!("{}: metadata.{word}.{key} is {value}, not a text", manifest.key),
                },
                "put it in quotes",
            ));
        }
    }
    found.extend(name::wrong(manifest).into_iter().map(|(path, what, help)| problem(path, what, help)));
    found.extend(versioned::wrong(manifest).map(|word| {
        let what = format!("{}: {} is {word:?}", manifest.key, names::CONFIG);
        problem(&["metadata", "annotations", names::CONFIG], what, "write versioned or plain")
    }));
    let is_secret = manifest.key.kind == "Secret";
    for (path, what, help) in texts::wrong(manifest) {
        let found_here = problem(&path, what, help);
        found.push(if is_secret { found_here.in_secret() } else { found_here });
    }
    if manifest.key.group == "argoproj.io" && manifest.key.kind == "Rollout" {
        found.extend(rollout(manifest, &problem));
    }
    found
}

fn rollout(manifest: &Manifest, problem: &dyn Fn(&[&str], String, &str) -> Problem) -> Vec<Problem> {
    let key = &manifest.key;
    let strategy = manifest.value.pointer("/spec/strategy");
    let has = |word: &str| strategy.and_then(|s| s.get(word)).is_some_and(|v| !v.is_null());
    let mut found = Vec::new();
    match (has("canary"), has("blueGreen")) {
        (true, true) => found.push(
            problem(
                &["spec", "strategy", "blueGreen"],
                format!("{key} has both `canary` and `blueGreen`"),
                "keep one of them",
            )
            .labelled("second strategy here"),
        ),
        (false, false) => found.push(problem(
            &["spec", "strategy"],
            format!("{key} has no strategy"),
            "write `canary: {}` or `blueGreen:` with an activeService under spec.strategy",
        )),
        _ => {}
    }
    let spec = manifest.value.get("spec").cloned().unwrap_or_else(|| json!({}));
    if let Some((path, value)) = culprit(spec, &|spec| RolloutSpec::deserialize(spec).is_ok()) {
        let path: Vec<&str> = ["spec"].into_iter().chain(path.iter().map(String::as_str)).collect();
        let words: Vec<&str> = path.iter().copied().filter(|part| part.parse::<usize>().is_err()).collect();
        let help = format!("kubectl explain rollout.{} says what it takes", words.join("."));
        found.push(problem(
            &path,
            format!("{key}: {} cannot be {}", field::text(&path), shown(&value)),
            &help,
        ));
    }
    let steps = manifest.value.pointer("/spec/strategy/canary/steps").and_then(Value::as_array);
    for (index, step) in steps.into_iter().flatten().enumerate() {
        let number = index.to_string();
        let path = ["spec", "strategy", "canary", "steps", number.as_str()];
        if step.as_object().is_none_or(|s| s.len() != 1) {
            found.push(problem(
                &path,
                format!("{key}: step {} does not do exactly one thing", index + 1),
                "write one field in each step",
            ));
        }
    }
    found
}

/// The innermost part of `whole` that `is_read` cannot read although nothing else stands beside it, with its path; none
/// when all of it is read.
fn culprit(whole: Value, is_read: &dyn Fn(&Value) -> bool) -> Option<(Vec<String>, Value)> {
    if is_read(&whole) {
        return None;
    }
    let (mut path, mut here) = (Vec::new(), whole);
    loop {
        let mut parents: Vec<(String, bool)> = path.clone();
        let is_list = here.is_array();
        let empty = if is_list { json!([]) } else { json!({}) };
        let is_open = is_read(&wrapped(&parents, empty)); // else it is no place for a map or a list at all
        let inner = words(&here).into_iter().filter(|_| is_open).find_map(|word| {
            parents.push((word.clone(), is_list));
            let value = part(&here, &word)?.clone();
            let is_wrong = !is_read(&wrapped(&parents, value.clone()));
            parents.pop();
            is_wrong.then_some((word, value))
        });
        let Some((word, value)) = inner else { break };
        path.push((word, is_list));
        here = value;
    }
    Some((path.into_iter().map(|(word, _)| word).collect(), here))
}

/// `value` below these keys or, where it is so, indices of lists, with nothing beside it.
fn wrapped(parents: &[(String, bool)], value: Value) -> Value {
    parents.iter().rev().fold(value, |value, (word, is_list)| {
        if *is_list { json!([value]) } else { Value::Object([(word.clone(), value)].into_iter().collect()) }
    })
}

/// The keys or indices of a value.
fn words(value: &Value) -> Vec<String> {
    match value {
        Value::Object(map) => map.keys().cloned().collect(),
        Value::Array(items) => (0..items.len()).map(|index| index.to_string()).collect(),
        _ => Vec::new(),
    }
}

fn part<'v>(value: &'v Value, word: &str) -> Option<&'v Value> {
    match value {
        Value::Array(items) => items.get(word.parse::<usize>().ok()?),
        other => other.get(word),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Object(_) => "a map like this".to_owned(),
        Value::Array(_) => "a list like this".to_owned(),
        other => {
            let text = other.to_string();
            let short: String = text.chars().take(MOST_SHOWN).collect();
            if short.len() < text.len() { format!("{short}…") } else { short }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn culprit_of(spec: Value) -> Option<(String, Value)> {
        let (path, value) = culprit(spec, &|spec| RolloutSpec::deserialize(spec).is_ok())?;
        Some((path.join("."), value))
    }

    #[test]
    fn the_field_that_cannot_be_read_is_found_however_deep_it_is() {
        assert_eq!(culprit_of(json!({"replicas": 2, "strategy": {"canary": {}}})), None);
        let found = culprit_of(json!({"replicas": "two", "strategy": {"canary": {}}}));
        assert_eq!(found, Some(("replicas".to_owned(), json!("two"))));
        let steps = json!([{"setWeight": 5}, {"setWeight": {"a": 1}}]);
        let found = culprit_of(json!({"strategy": {"canary": {"stableService": [1], "steps": steps}}}));
        assert_eq!(found.map(|(path, _)| path).as_deref(), Some("strategy.canary.stableService"));
        let found = culprit_of(
            json!({"strategy": {"canary": {"steps": [{"setWeight": 5}, {"setWeight": {"a": 1}}]}}}),
        );
        assert_eq!(found.map(|(path, _)| path).as_deref(), Some("strategy.canary.steps.1.setWeight"));
        assert_eq!(culprit_of(json!("no map")).map(|(path, _)| path).as_deref(), Some(""));
    }
}
