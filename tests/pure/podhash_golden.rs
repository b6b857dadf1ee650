//! Replays Go's own bytes and hashes for pod templates of every shape.

use proptest::prelude::*;
use serde_json::{Value, json};
use std::path::Path;
use switchback::api::defaults::{Injected, pod_template, templates_equal};
use switchback::api::podhash::same::{same_template, template_key};
use switchback::api::podhash::{canonical_json, hash, held, stored_form};
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
fn defaults_as_go_fills_them_in() {
    let mut seen = 0;
    for case in vectors("podhash/templates.json") {
        let Some(want) = case["hashWithDefaults"].as_str() else { continue };
        let mut template = case["template"].clone();
        pod_template(&mut template);
        assert_eq!(hash(&template, None).unwrap(), want, "{}", case["template"]);
        seen += 1;
    }
    assert!(seen > 300, "{seen}");
}

#[test]
fn what_argo_holds_of_a_template_that_does_not_fit() {
    let mut wrong = Vec::new();
    let cases = vectors("podhash/malformed.json");
    for case in &cases {
        let template = &case["template"];
        assert!(hash(template, None).is_err(), "{template}");
        let got = String::from_utf8(canonical_json(&held(template)).unwrap()).unwrap();
        if got != case["held"].as_str().unwrap() {
            wrong.push(format!("{}: {template}\n want {}\n got  {got}", case["why"], case["held"]));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    for case in vectors("podhash/templates.json") {
        let whole = canonical_json(&case["template"]);
        assert!(canonical_json(&held(&case["template"])).is_ok(), "what is held fits");
        assert!(whole.is_err() || whole == canonical_json(&held(&case["template"])), "{}", case["template"]);
    }
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
    let said = |template: Value| hash(&template, None).unwrap_err().to_string();
    assert_eq!(
        said(json!({"spec": {"containers": [{"name": "a"}, {"image": 5}]}})),
        "template.spec.containers[1].image: want a string, found 5"
    );
    let cpu = said(json!({"spec": {"containers": [{"resources": {"limits": {"cpu": "1Zi"}}}]}}));
    assert!(cpu.starts_with("template.spec.containers[0].resources.limits.cpu: "), "{cpu}");
    assert!(said(json!([])).contains("want an object"));
}

/// JSON of any shape, with the names of pod templates' fields among its keys.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[0-9.]{0,4}(m|Ki|e3)?".prop_map(Value::from),
        ".{0,6}".prop_map(Value::from),
    ];
    let names = [
        "metadata",
        "labels",
        "spec",
        "containers",
        "resources",
        "limits",
        "cpu",
        "ports",
        "env",
        "volumes",
        "name",
        "image",
        "livenessProbe",
        "httpGet",
        "port",
        "emptyDir",
        "affinity",
        "creationTimestamp",
    ];
    let key = proptest::sample::select(names.to_vec());
    leaf.prop_recursive(6, 60, 5, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((key.clone(), inner), 0..6)
                .prop_map(|pairs| pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect::<Value>()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_json_has_one_stored_form(template in any_json()) {
        if let Ok(stored) = stored_form(&template) {
            prop_assert_eq!(stored_form(&stored), Ok(stored.clone()));
            prop_assert_eq!(hash(&template, None), hash(&stored, None));
        }
        let mut once = template.clone();
        pod_template(&mut once);
        let mut twice = once.clone();
        pod_template(&mut twice);
        prop_assert_eq!(&once, &twice);
        prop_assert!(templates_equal(&template, &once, &Injected::default()));
    }
    #[test]
    fn meaning_the_same_is_an_equivalence_that_defaults_keep(a in any_json(), b in any_json()) {
        let mut full = a.clone();
        pod_template(&mut full);
        prop_assert!(same_template(&a, &a) && same_template(&a, &full));
        prop_assert_eq!(template_key(&full), template_key(&a), "filling in once more changes nothing");
        prop_assert_eq!(same_template(&a, &b), same_template(&b, &a));
        prop_assert_eq!(same_template(&a, &b), same_template(&full, &b), "what is the same is so towards all others");
    }
}
