//! Configuration under names with its hash: every place of a reference, who keeps the plain name, and the laws of it.
//! Nothing is applied here.

use crate::api::config_policy::ConfigPolicy;
use crate::api::key::Key;
use crate::api::kinds;
use crate::api::names;
use crate::logic::manifest::kept::ReadFiles;
use crate::logic::manifest::references::{config_names, of_template};
use crate::logic::manifest::served::Served;
use crate::logic::manifest::split;
use crate::logic::manifest::{ManifestFile, Manifests, Problem, versioned};
use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn read(objects: &[Value]) -> Manifests {
    let file = |(at, object): (usize, &Value)| ManifestFile {
        path: format!("{at}.yaml"),
        content: Some(Bytes::from(object.to_string())),
        ..ManifestFile::default()
    };
    let files: Vec<ManifestFile> = objects.iter().enumerate().map(file).collect();
    let served = |v: &str, k: &str| kinds::find(v, k).map_or(Served::Nowhere, Served::As);
    split::read(&files, "shop", &served, &mut ReadFiles::default()).unwrap()
}

fn applied(objects: &[Value]) -> Manifests {
    let mut manifests = read(objects);
    assert_eq!(versioned::apply(&mut manifests, ConfigPolicy::Versioned), []);
    manifests
}

fn config(name: &str, value: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"v": value}})
}

fn secret(name: &str, value: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"v": value}})
}

fn rollout(spec: Value) -> Value {
    json!({"apiVersion": names::ARGO, "kind": "Rollout", "metadata": {"name": "web"},
        "spec": {"strategy": {"canary": {}}, "template": {"spec": spec}}})
}

fn using(name: &str) -> Value {
    rollout(json!({"containers": [{"name": "c", "envFrom": [{"configMapRef": {"name": name}}]}]}))
}

fn names_of(manifests: &Manifests, kind: &str) -> Vec<String> {
    manifests.objects.keys().filter(|k| k.kind == kind).map(|k| k.name.clone()).collect()
}

fn template(manifests: &Manifests) -> Value {
    manifests.pod_template(&Key::rollout("shop", "web")).unwrap().clone()
}

#[test]
fn every_reference_follows_and_no_other() {
    let container = |n: &str| {
        json!({"name": n, "envFrom": [{"configMapRef": {"name": format!("{n}1")}}, {"prefix": "P_", "secretRef": {"name": format!("{n}2"), "optional": true}}],
            "env": [{"name": "A", "value": format!("{n}1")}, {"name": "B", "valueFrom": {"configMapKeyRef": {"name": format!("{n}3"), "key": "v"}}},
                {"name": "C", "valueFrom": {"secretKeyRef": {"name": format!("{n}4"), "key": "v"}}}]})
    };
    let spec = json!({
        "serviceAccountName": "c1",
        "containers": [container("c")], "initContainers": [container("i")], "ephemeralContainers": [container("e")],
        "volumes": [{"name": "c1", "configMap": {"name": "v1", "items": [{"key": "v", "path": "c1"}]}},
            {"name": "b", "secret": {"secretName": "v2"}},
            {"name": "p", "projected": {"sources": [{"configMap": {"name": "v3", "optional": true}}, {"secret": {"name": "v4"}},
                {"configMap": {"name": "elsewhere", "optional": true}}, {"serviceAccountToken": {"path": "c1"}}]}}],
    });
    let names: Vec<String> =
        ["c", "i", "e", "v"].iter().flat_map(|p| (1..=4).map(move |n| format!("{p}{n}"))).collect();
    let is_secret = |name: &str| name.ends_with(['2', '4']);
    let object = |name: &String| if is_secret(name) { secret(name, "x") } else { config(name, "x") };
    let mut objects: Vec<Value> = names.iter().map(object).collect();
    objects.push(rollout(spec.clone()));
    let manifests = applied(&objects);
    let after = template(&manifests);
    assert_eq!(config_names(&after).len(), 17);
    for (kind, pointer) in config_names(&after) {
        let name = after.pointer(&pointer).and_then(Value::as_str).unwrap();
        let before = spec.pointer(pointer.strip_prefix("/spec").unwrap()).and_then(Value::as_str).unwrap();
        let found = manifests.get(&Key::core(kind, "shop", name));
        if before == "elsewhere" {
            assert_eq!(name, before, "what is not in Git stays as it is");
            continue;
        }
        let found = found.unwrap_or_else(|| panic!("{pointer} names {name}, which is not there"));
        assert!(name.starts_with(&format!("{before}-")) && name.len() == before.len() + 11, "{name}");
        assert_eq!(found.value["metadata"]["annotations"][names::CONFIG_OF], before);
        assert_eq!((found.value["metadata"]["name"].as_str(), &*found.target.name), (Some(name), name));
        assert!(found.path.ends_with(".yaml"), "its place in Git is kept");
    }
    let mut undone = after.clone();
    for (_, pointer) in config_names(&after) {
        let slot = undone.pointer_mut(&pointer).unwrap();
        let name = slot.as_str().unwrap();
        *slot = json!(name.rsplit_once('-').map_or(name, |(name, _)| name));
    }
    assert_eq!(undone["spec"], spec, "nothing but names is changed");
    assert_eq!(names_of(&manifests, "ConfigMap").len() + names_of(&manifests, "Secret").len(), 16);
}

#[test]
fn the_name_is_made_of_the_content_only() {
    let name = |object: &Value| names_of(&applied(&[object.clone(), using("cfg")]), "ConfigMap").remove(0);
    let plain = config("cfg", "1");
    let with = |pointer: &str, value: Value| {
        let mut object = plain.clone();
        object[pointer] = value;
        name(&object)
    };
    let same = [
        with("metadata", json!({"name": "cfg", "labels": {"a": "b"}, "annotations": {"c": "d"}})),
        with("immutable", Value::Null),
    ];
    assert!(same.iter().all(|other| *other == name(&plain)));
    let others = [
        with("data", json!({"v": "2"})),
        with("data", json!({"v": "1", "w": ""})),
        with("immutable", json!(true)),
        with("binaryData", json!({"b": "eA=="})),
    ];
    let all: BTreeSet<&String> = others.iter().chain([&same[0]]).collect();
    assert_eq!(all.len(), 5, "{all:?}");
}

#[test]
fn long_names_are_cut_and_stay_apart() {
    let long = |end: &str| format!("{}.{end}", "a".repeat(241));
    let first = applied(&[config(&long("b"), "1"), using(&long("b"))]);
    let second = applied(&[config(&long("c"), "1"), using(&long("c"))]);
    let (first, second) = (names_of(&first, "ConfigMap").remove(0), names_of(&second, "ConfigMap").remove(0));
    assert_ne!(first, second);
    for name in [first, second] {
        assert!(crate::api::object_name::is_subdomain(&name) && name.len() <= 253, "{name}");
    }
}

#[test]
fn what_others_name_keeps_its_own_name_too() {
    let keeps = |other: Value| {
        let all = [config("cfg", "1"), secret("cfg", "1"), using("cfg"), other];
        let manifests = applied(&all);
        let plain = |kind: &str| names_of(&manifests, kind).contains(&"cfg".to_owned());
        let versions = names_of(&manifests, "ConfigMap").iter().filter(|n| n.starts_with("cfg-")).count();
        assert_eq!((versions, plain("Secret")), (1, true), "no template uses the Secret: it stays as it is");
        plain("ConfigMap")
    };
    let object = |kind: &str, namespace: &str, rest: Value| {
        let mut object = json!({"apiVersion": "example.com/v1", "kind": kind, "metadata": {"name": "cfg", "namespace": namespace}});
        object.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        match kind {
            "Deployment" => object["apiVersion"] = json!("apps/v1"),
            "Role" => object["apiVersion"] = json!("rbac.authorization.k8s.io/v1"),
            "Service" => object["apiVersion"] = json!("v1"),
            _ => {}
        }
        object
    };
    let pods = |name: &str| json!({"spec": {"template": {"spec": {"volumes": [{"name": "v", "configMap": {"name": name}}]}}}});
    assert!(keeps(object("Deployment", "shop", pods("cfg"))));
    assert!(!keeps(object("Deployment", "shop", pods("other"))));
    assert!(!keeps(object("Deployment", "elsewhere", pods("cfg"))), "another object of that name");
    assert!(keeps(object("Role", "shop", json!({"rules": [{"resourceNames": ["cfg"]}]}))));
    assert!(keeps(object("Service", "shop", json!({"spec": {"ref": {"kind": "ConfigMap", "name": "cfg"}}}))));
    assert!(!keeps(object("Service", "shop", json!({"spec": {"ref": {"kind": "Secret", "name": "cfg"}}}))));
    assert!(!keeps(object("Service", "shop", json!({"spec": {"selector": {"app": "cfg"}}}))));
}

#[test]
fn objects_and_rollouts_may_say_otherwise() {
    let marked = |mut object: Value, word: &str| {
        object["metadata"]["annotations"] = json!({names::CONFIG: word});
        object
    };
    let manifests = applied(&[marked(config("cfg", "1"), "plain"), using("cfg")]);
    assert_eq!(names_of(&manifests, "ConfigMap"), ["cfg"], "it keeps its name whoever uses it");
    let manifests = applied(&[config("cfg", "1"), marked(using("cfg"), "plain")]);
    assert_eq!(names_of(&manifests, "ConfigMap"), ["cfg"]);
    let mut manifests = read(&[config("cfg", "1"), marked(using("cfg"), "versioned")]);
    assert_eq!(versioned::apply(&mut manifests, ConfigPolicy::Plain), []);
    assert_ne!(names_of(&manifests, "ConfigMap"), ["cfg"]);
}

#[test]
fn a_name_that_is_taken_is_a_mistake_with_a_place() {
    let taken = names_of(&applied(&[config("cfg", "1"), using("cfg")]), "ConfigMap").remove(0);
    let mut manifests = read(&[config("cfg", "1"), using("cfg"), config(&taken, "2")]);
    let found: Vec<Problem> = versioned::apply(&mut manifests, ConfigPolicy::Versioned);
    assert_eq!(found.len(), 1);
    assert!(found[0].to_string().starts_with("2.yaml:1: "), "{}", found[0]);
}

#[test]
fn the_template_of_a_workload_follows() {
    let mut web = using("cfg");
    let template = web["spec"].as_object_mut().unwrap().remove("template").unwrap();
    for (version, kind, pointer) in [
        ("apps/v1", "Deployment", "/spec/template"),
        ("apps/v1", "ReplicaSet", "/spec/template"),
        ("v1", "PodTemplate", "/template"),
    ] {
        let mut holder =
            json!({"apiVersion": version, "kind": kind, "metadata": {"name": "app"}, "spec": {}});
        match pointer {
            "/template" => holder["template"] = template.clone(),
            _ => holder["spec"]["template"] = template.clone(),
        }
        web["spec"]["workloadRef"] = json!({"apiVersion": version, "kind": kind, "name": "app"});
        let manifests = applied(&[config("cfg", "1"), web.clone(), holder]);
        let found = of_template(&self::template(&manifests), "shop");
        assert_eq!(found.len(), 1);
        assert!(found.iter().all(|key| manifests.get(key).is_some()), "{kind}: {found:?}");
        assert_ne!(names_of(&manifests, "ConfigMap"), ["cfg"], "{kind}");
    }
}

#[test]
fn git_is_found_again_in_what_is_applied() {
    let objects = [config("cfg", "1"), using("cfg")];
    let (git, applied) = (read(&objects), applied(&objects));
    let keys: BTreeSet<Key> = git.objects.keys().cloned().collect();
    let back = versioned::as_in_git(&applied, &keys);
    let rollout = Key::rollout("shop", "web");
    assert_eq!(back[&rollout], *git.objects[&rollout].value);
    let there = versioned::template(&rollout, ConfigPolicy::Versioned, &|key| back.get(key));
    assert_eq!(there.as_ref(), applied.pod_template(&rollout));
}

#[test]
fn what_cannot_be_read_is_assumed_to_be_as_it_was() {
    let before = applied(&[config("cfg", "1"), config("other", "1"), using("cfg")]);
    let base = before.objects.iter().map(|(key, m)| (key.clone(), m.value.clone())).collect();
    let assumed = |objects: &[Value]| {
        let mut rest = applied(objects);
        versioned::assume(&mut rest, &base);
        template(&rest)
    };
    assert_eq!(assumed(&[using("cfg")]), template(&before));
    assert_eq!(assumed(&[using("other")]), template(&read(&[using("other")])), "another than before");
    let changed = [config("cfg", "2"), using("cfg")];
    assert_eq!(assumed(&changed), template(&applied(&changed)), "what can be read counts");
}

fn objects() -> impl Strategy<Value = Vec<Value>> {
    let name = prop::sample::select(vec!["a", "b", "c"]);
    let configs = prop::collection::btree_map(name, (any::<bool>(), "[a-z]{0,2}", any::<bool>()), 0..3);
    let uses = prop::collection::vec((prop::sample::select(vec!["a", "b", "c", "d"]), 0..5_u8), 0..5);
    let marks = prop::sample::select(vec!["", "plain", "versioned"]);
    (configs, uses, marks, any::<bool>()).prop_map(|(configs, uses, mark, is_shared)| {
        let mut all: Vec<Value> = Vec::new();
        for (name, (is_secret, value, is_plain)) in configs {
            let mut object = if is_secret { secret(name, &value) } else { config(name, &value) };
            if is_plain && value.is_empty() {
                object["metadata"]["annotations"] = json!({names::CONFIG: "plain"});
            }
            all.push(object);
        }
        let reference = |(name, how): &(&str, u8)| match how {
            0 => json!({"name": "c", "envFrom": [{"configMapRef": {"name": name}}]}),
            1 => json!({"name": "c", "envFrom": [{"secretRef": {"name": name}}]}),
            2 => json!({"name": "c", "env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": name, "key": "a"}}}]}),
            3 => json!({"name": "c", "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": name, "key": "b"}}}]}),
            _ => json!({"name": "c", "env": [{"name": "A", "value": name}]}),
        };
        let mut web = rollout(json!({"containers": uses.iter().map(reference).collect::<Vec<_>>()}));
        if !mark.is_empty() {
            web["metadata"]["annotations"] = json!({names::CONFIG: mark});
        }
        if is_shared {
            let spec = web["spec"]["template"]["spec"].clone();
            all.push(json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "other"},
                "spec": {"template": {"spec": spec}}}));
        }
        all.push(web);
        all
    })
}

proptest! {
    #[test]
    fn once_is_enough_and_every_name_is_there(objects in objects(), is_usual in any::<bool>()) {
        let usual = if is_usual { ConfigPolicy::Versioned } else { ConfigPolicy::Plain };
        let git = read(&objects);
        let mut once = git.clone();
        prop_assert_eq!(versioned::apply(&mut once, usual), []);
        let mut twice = once.clone();
        prop_assert_eq!(versioned::apply(&mut twice, usual), []);
        prop_assert_eq!(&twice, &once);
        let mark = objects.last().unwrap()["metadata"]["annotations"][names::CONFIG].clone();
        let is_versioned = mark == "versioned" || is_usual && mark.is_null();
        if !is_versioned {
            prop_assert_eq!(&once, &git, "what is not versioned is as it is in Git");
        }
        for (manifests, other) in [(&git, &once), (&once, &git)] {
            let pods = manifests.objects.values().filter_map(|m| m.value.pointer("/spec/template"));
            let named: Vec<Key> = pods.flat_map(|t| of_template(t, "shop")).collect();
            let there = |m: &Manifests| named.iter().filter(|k| m.get(k).is_some()).count();
            let elsewhere = other.objects.values().filter_map(|m| m.value.pointer("/spec/template"));
            let names: usize = elsewhere.map(|t| of_template(t, "shop").len()).sum();
            prop_assert_eq!(named.len(), names, "as many references as before");
            if std::ptr::eq(manifests, &once) {
                let before: Vec<Key> = git.objects.values().filter_map(|m| m.value.pointer("/spec/template")).flat_map(|t| of_template(t, "shop")).collect();
                let were_there = before.iter().filter(|k| git.get(k).is_some()).count();
                prop_assert_eq!(there(&once), were_there, "no reference loses what it names");
            }
        }
        for (key, manifest) in &once.objects {
            let git_key = versioned::git_key(key, &manifest.value).unwrap_or_else(|| key.clone());
            prop_assert!(git.get(&git_key).is_some(), "nothing is made up: {}", key);
        }
    }
}
