//! Replays what a real API server stored for objects of every kind that has defaults.

use serde_json::{Value, json};
use std::path::Path;
use switchback::api::defaults::{Injected, apply, pod_template, templates_equal};

fn cases() -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/defaults/objects.json");
    let text = std::fs::read_to_string(path).unwrap();
    serde_json::from_str::<Value>(&text).unwrap()["cases"].as_array().unwrap().clone()
}

/// Every place where two values differ.
fn differences(want: &Value, got: &Value, path: &str, found: &mut Vec<String>) {
    match (want, got) {
        (Value::Object(w), Value::Object(g)) => {
            for key in w.keys().chain(g.keys().filter(|k| !w.contains_key(*k))) {
                let missing = json!("(missing)");
                let (w, g) = (w.get(key).unwrap_or(&missing), g.get(key).unwrap_or(&missing));
                differences(w, g, &format!("{path}.{key}"), found);
            }
        }
        (Value::Array(w), Value::Array(g)) if w.len() == g.len() => {
            for (place, (w, g)) in w.iter().zip(g).enumerate() {
                differences(w, g, &format!("{path}[{place}]"), found);
            }
        }
        _ if want == got => {}
        _ => found.push(format!("{path}: want {want}, got {got}")),
    }
}

#[test]
fn objects_as_the_api_server_stores_them() {
    let cases = cases();
    let mut wrong = Vec::new();
    for case in &cases {
        let mut object = case["object"].clone();
        apply(&mut object);
        let name = format!("{} {}", object["kind"], object["metadata"]["name"]);
        differences(&case["stored"], &object, &name, &mut wrong);
    }
    assert!(
        wrong.is_empty(),
        "{} differences in {} objects:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
    assert!(cases.len() >= 138);
}

#[test]
fn applying_twice_changes_nothing() {
    for case in cases() {
        let mut stored = case["stored"].clone();
        apply(&mut stored);
        assert_eq!(stored, case["stored"]);
    }
}

#[test]
fn a_template_equals_what_the_api_server_made_of_it() {
    let mut seen = 0;
    for case in cases() {
        let (a, b) = (&case["object"]["spec"]["template"], &case["stored"]["spec"]["template"]);
        if a.is_object() {
            assert!(templates_equal(a, b, &Injected::default()), "{a}");
            seen += 1;
        }
    }
    assert!(seen > 50, "{seen}");
}

#[test]
fn bad_shapes_stay_as_they_are_and_never_panic() {
    for kind in ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"] {
        for spec in
            [json!(null), json!(5), json!("x"), json!([]), json!({"template": 5}), json!({"strategy": 5})]
        {
            let mut object = json!({"apiVersion": "apps/v1", "kind": kind, "spec": spec});
            apply(&mut object);
            assert_eq!(object["kind"], *kind);
        }
    }
    for shape in [json!(null), json!(5), json!({}), json!({"spec": {"containers": [5, null, {"ports": {}}]}})]
    {
        let mut template = shape.clone();
        pod_template(&mut template);
        let mut object = shape.clone();
        apply(&mut object);
        assert_eq!(object, shape);
    }
    let mut other = json!({"apiVersion": "apps/v1beta1", "kind": "Deployment", "spec": {}});
    apply(&mut other);
    assert_eq!(other["spec"], json!({}));
}
