//! What is refused of a Rollout, held against what Argo Rollouts' own validation says of the same ones.

use serde_json::{Value, json};
use std::sync::Arc;
use switchback::api::check::at::At;
use switchback::api::check::pod::rules::Rules;
use switchback::api::check::pod::template;
use switchback::api::rollout::Rollout;
use switchback::logic::rollout::decide::decide;
use switchback::logic::rollout::view::{Service, View};
use switchback::merge::json::apply;

/// Cases in which we say something else, on purpose, and why.
const OTHERWISE: &[(&str, &str)] = &[
    ("a step by a plugin", NOT_YET),
    ("an experiment", NOT_YET),
    ("a weight of an experiment without a router", NOT_YET),
    ("ping and pong without a router", NOT_YET),
    ("ping and pong of istio", NOT_YET),
    ("istio by subsets", NOT_YET),
    ("nginx", NOT_YET),
    ("a scale with a router", NOT_YET),
    (
        "labels of roles that the selector would not find",
        "such pods would be lost, and made again without end",
    ),
    ("no active Service", "Argo Rollouts speaks of two equal Services, where one is wanted"),
    ("a template beside a workload", "Argo Rollouts calls it an internal error"),
    ("a disk of Azure", LOST),
    ("RBD", LOST),
    ("Glusterfs", LOST),
];

/// What this version does not act on it refuses, instead of leaving it out.
const NOT_YET: &str = "not acted on yet";

/// What Kubernetes takes, and Argo Rollouts refuses because it loses fields on the way to Kubernetes' own rules.
const LOST: &str = "Kubernetes takes such a volume";

/// Fields that Argo Rollouts loses on the same way, so that no rule speaks of them.
const UNSEEN: &[&str] = &["hostNetwork", "hostPID", "hostIPC", "hostUsers"];

fn vectors(name: &str) -> Value {
    let path = format!("{}/tests/vectors/validation/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn service(name: &str) -> Service {
    Service { name: name.to_owned(), ..Service::default() }
}

/// What people read of the Rollout with this spec; nothing when it is acted on.
fn said(spec: &Value) -> String {
    let rollout = json!({"metadata": {"name": "web", "namespace": "shop"}, "spec": spec});
    let rollout: Rollout = serde_json::from_value(rollout).unwrap();
    let view = View {
        selector: rollout.spec.selector.clone().unwrap_or_default(),
        template: rollout.spec.template.clone().unwrap_or_default(),
        pod_hash: "abc".to_owned(),
        rollout: Arc::new(rollout),
        services: ["a", "b"].map(|name| (name.to_owned(), service(name))).into(),
        ..View::default()
    };
    let decision = decide(&view, jiff::Timestamp::UNIX_EPOCH);
    let status = decision.status.unwrap_or_default();
    let all = status.pointer("/status/conditions").and_then(Value::as_array).cloned().unwrap_or_default();
    let invalid = all.iter().find(|c| c["type"] == "InvalidSpec").map(|c| c["message"].as_str().unwrap());
    let text = invalid.map(|m| m.strip_prefix("The Rollout \"web\" is invalid: ").unwrap());
    text.unwrap_or_default().to_owned()
}

/// The words of Kubernetes 1.34, which Argo Rollouts holds, as 1.35 has them, which the cluster says itself.
fn in_newer_words(text: &str) -> String {
    let text = if text.contains("label") || text.contains("annotations") || text.contains("name part") {
        text.replace("must be no more than 63 characters", "must be no more than 63 bytes")
    } else {
        text.to_owned()
    };
    text.replace("a qualified name must consist", "a valid label key must consist")
}

/// The same with the path under which the field can be found: Argo Rollouts leaves out the name of the strategy, and says
/// `strategy` twice where it is about the strategy itself.
fn in_its_place(text: &str, spec: &Value) -> String {
    let strategy = if spec["strategy"]["blueGreen"].is_null() { "canary" } else { "blueGreen" };
    match text.strip_prefix("spec.strategy.") {
        Some(rest) => match rest.strip_prefix("strategy:") {
            Some(said) => format!("spec.strategy:{said}"),
            None => format!("spec.strategy.{strategy}.{rest}"),
        },
        None => text.to_owned(),
    }
}

fn differences(name: &str) -> (Vec<String>, usize) {
    let file = vectors(name);
    let cases = file["cases"].as_array().unwrap();
    let mut wrong = Vec::new();
    for case in cases {
        let why = case["why"].as_str().unwrap();
        let spec = apply(&file["base"], &case["patch"]);
        let first = case["errors"].as_array().unwrap().first();
        let want =
            first.map(|e| in_its_place(&in_newer_words(e.as_str().unwrap()), &spec)).unwrap_or_default();
        let got = said(&spec);
        let is_known = OTHERWISE.iter().any(|(case, _)| *case == why);
        if (got != want) != is_known {
            wrong.push(format!("{why}:\n  want {want}\n  got  {got}"));
        }
    }
    (wrong, cases.len())
}

#[test]
fn pods_are_refused_and_accepted_as_argo_rollouts_does() {
    let (wrong, count) = differences("pods");
    assert!(wrong.is_empty(), "{} of {count} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn specs_are_refused_and_accepted_as_argo_rollouts_does() {
    let (wrong, count) = differences("specs");
    assert!(wrong.is_empty(), "{} of {count} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn all_faults_of_a_template_are_told_in_order() {
    let file = vectors("pods");
    let mut wrong = Vec::new();
    for case in file["cases"].as_array().unwrap() {
        // Without what only a ReplicaSet says of its template.
        let of_set = |e: &String| {
            e.starts_with("spec.template.metadata.labels")
                || e.contains("in ReplicaSet")
                || (e.starts_with("spec.template.spec.restartPolicy")
                    && e.ends_with("supported values: \"Always\""))
        };
        let all: Vec<String> = case["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| in_newer_words(e.as_str().unwrap()))
            .filter(|e| !of_set(e))
            .collect();
        let spec = apply(&file["base"], &case["patch"]);
        let is_unseen = UNSEEN.iter().any(|field| !spec["template"]["spec"][field].is_null());
        if is_unseen || OTHERWISE.iter().any(|(why, _)| case["why"] == *why) {
            continue;
        }
        let path = "spec.template".to_owned();
        let got = template::template(&At { value: &spec["template"], path }, Rules::Argo);
        let got: Vec<String> = got.iter().map(|f| f.text()).collect();
        if all != got {
            wrong.push(format!("{}:\n  want {all:#?}\n  got  {got:#?}", case["why"]));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
