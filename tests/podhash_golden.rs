//! Replays Go's own bytes and hashes for pod templates of every shape.

#![allow(clippy::indexing_slicing, clippy::unwrap_used)] // a test may stop where it stands

use serde_json::{Value, json};
use std::path::Path;
use switchback::api::podhash::{canonical_json, hash};
use switchback::base::digest::{fnv1a32, safe_encode};

fn vectors(name: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name);
    let text = std::fs::read_to_string(path).unwrap();
    serde_json::from_str::<Value>(&text).unwrap()["cases"].as_array().unwrap().clone()
}

#[test]
fn bytes_and_hashes_as_go_writes_them() {
    let mut wrong = Vec::new();
    let cases = vectors("podhash/templates.json");
    for case in &cases {
        let template = &case["template"];
        let got = canonical_json(template).map(|bytes| String::from_utf8(bytes).unwrap());
        match (got, case["canonical"].as_str()) {
            (Ok(got), Some(want)) if got == want => {
                assert_eq!(hash(template, None).unwrap(), case["hash"].as_str().unwrap());
                let third = case["hashWithCollisionCount3"].as_str().unwrap();
                assert_eq!(hash(template, Some(3)).unwrap(), third);
            }
            (Err(_), None) => {}
            (got, want) => wrong.push(format!("{template}\n want {want:?}\n got  {got:?} {}", case["error"])),
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn argos_own_hashes() {
    let mut seen = 0;
    for case in vectors("argo/hashes.json") {
        let Some(text) = case["json"].as_str() else { continue };
        let got = match case["kind"].as_str().unwrap() {
            "podTemplate" => hash(&serde_json::from_str(text).unwrap(), None).unwrap(),
            _ => safe_encode(&fnv1a32(text.as_bytes()).to_string()),
        };
        assert_eq!(got, case["expect"].as_str().unwrap(), "{text}");
        seen += 1;
    }
    assert_eq!(seen, 6);
}

#[test]
fn what_go_drops_does_not_count() {
    let plain = json!({"spec": {"containers": [{"name": "a", "image": "b"}]}});
    let mut noisy = plain.clone();
    noisy["metadata"] = json!({"creationTimestamp": null, "labels": {}, "Labels": {"a": "b"}});
    noisy["spec"]["unknown"] = json!({"x": 1});
    noisy["spec"]["containers"][0]["resources"] = json!({"limits": null});
    noisy["spec"]["containers"][0]["command"] = json!([]);
    assert_eq!(hash(&plain, None), hash(&noisy, None));
    assert_ne!(hash(&plain, None), hash(&plain, Some(0)));
}

#[test]
fn faults_name_the_field() {
    let said = |template: Value| hash(&template, None).unwrap_err();
    assert_eq!(
        said(json!({"spec": {"containers": [{"name": "a"}, {"image": 5}]}})),
        "template.spec.containers[1].image: want a string, found 5"
    );
    let cpu = said(json!({"spec": {"containers": [{"resources": {"limits": {"cpu": "1Zi"}}}]}}));
    assert!(cpu.starts_with("template.spec.containers[0].resources.limits.cpu: "), "{cpu}");
    assert!(said(json!([])).contains("want an object"));
}
