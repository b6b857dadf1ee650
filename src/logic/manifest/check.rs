//! Decides whether an object is right as far as it can be known without a cluster, with the line of what is not.
//! It never checks what only the cluster knows; a dry run does that.

use crate::api::rollout::RolloutSpec;
use crate::base::yaml;
use crate::logic::manifest::{Manifest, Problem, name, texts};
use serde_json::{Value, json};

/// Every mistake in `manifest` that shows without a cluster; `content` is the file it stands in.
#[must_use]
pub(crate) fn manifest(manifest: &Manifest, content: &[u8]) -> Vec<Problem> {
    let at = |path: &[&str]| yaml::locate(content, manifest.place, path).or(Some(manifest.place));
    let problem = |path: &[&str], what: String, help: &str| Problem::at(&manifest.path, at(path), what, help);
    let mut found = Vec::new();
    for word in ["labels", "annotations"] {
        let map = manifest.value.pointer(&format!("/metadata/{word}")).and_then(Value::as_object);
        for (key, value) in map.into_iter().flatten().filter(|(_, v)| !v.is_string()) {
            found.push(problem(
                &["metadata", word, key],
                format!("{}: metadata.{word}.{key} is {value}, not a text", manifest.key),
                "put it in quotes",
            ));
        }
    }
    found.extend(name::wrong(manifest).into_iter().map(|(path, what, help)| problem(path, what, help)));
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
    if let Err(e) = serde_json::from_value::<RolloutSpec>(spec) {
        found.push(problem(&["spec"], format!("{key} cannot be read: {e}"), "correct the field"));
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
