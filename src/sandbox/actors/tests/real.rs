//! The main scenarios as a real control plane of Kubernetes 1.35 ended them.
//! Each was recorded once; nothing here decides how an object should look.
//!
//! Names, hashes, uids, addresses and times are made alike before the comparison; the pods of the recording were run
//! by kwok, so of a pod only what both kubelets must agree on is compared.

use super::world::{World, options};
use crate::propagation::Propagation;
use regex::{Captures, Regex};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const RECORDED: &str = include_str!("../../../../tests/vectors/actors/scenarios.json");
const API: [(&str, &str); 6] = [
    ("Deployment", "apps/v1"),
    ("ReplicaSet", "apps/v1"),
    ("StatefulSet", "apps/v1"),
    ("DaemonSet", "apps/v1"),
    ("Job", "batch/v1"),
    ("PodDisruptionBudget", "policy/v1"),
];

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn play(scenario: &Value) -> World {
    let mut world = World::new(options(3));
    let home = text(scenario, "/namespace");
    for step in scenario["steps"].as_array().unwrap() {
        let kind = text(step, "/kind");
        let api = API.iter().find(|(k, _)| *k == kind).map_or("v1", |(_, api)| api);
        match text(step, "/do") {
            "create" => {
                let object = step["object"].to_string().replace(&format!("\"{home}\""), "\"shop\"");
                world.create(serde_json::from_str(&object).unwrap());
                world.settle();
            }
            "set" => world.edit(api, kind, text(step, "/name"), |object| {
                object["spec"] = step["spec"].clone();
                for (annotation, value) in step["annotations"].as_object().unwrap() {
                    object["metadata"]["annotations"][annotation] = value.clone();
                }
            }),
            "delete" => {
                let propagation = match text(step, "/propagation") {
                    "Orphan" => Propagation::Orphan,
                    "Foreground" => Propagation::Foreground,
                    _ => Propagation::Background,
                };
                world.delete(api, kind, text(step, "/name"), propagation);
            }
            _ => world.pass(step["seconds"].as_f64().unwrap()),
        }
    }
    world
}

/// What is made alike: hashes by the revisions they stand for, and everything that is drawn or measured.
struct Alike {
    hashes: BTreeMap<String, String>,
    patterns: Vec<(Regex, &'static str)>,
    names: Regex,
}

impl Alike {
    fn new(objects: &[Value]) -> Self {
        let mut hashes = BTreeMap::new();
        for object in objects {
            let revision = text(object, "/metadata/annotations/deployment.kubernetes.io~1revision");
            let number = object["revision"].as_i64();
            for label in ["pod-template-hash", "controller-revision-hash", "controller.kubernetes.io~1hash"] {
                let hash = text(object, &format!("/metadata/labels/{label}"));
                match (text(object, "/kind"), number) {
                    ("ReplicaSet", _) => drop(hashes.insert(hash.to_owned(), format!("R{revision}"))),
                    ("ControllerRevision", Some(n)) => drop(hashes.insert(hash.to_owned(), format!("V{n}"))),
                    _ => {}
                }
            }
        }
        hashes.remove("");
        let pattern = |p: &str| Regex::new(p).unwrap();
        Self {
            hashes,
            patterns: vec![
                (pattern(r#""\d{4}-\d\d-\d\dT[\d:.]+Z""#), "\"T\""),
                (pattern(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9a-f]{8}\b"), "U"),
                (pattern(r"\b10\.\d+\.\d+\.\d+\b"), "IP"),
                (pattern(r#""n0"|"sandbox""#), "\"NODE\""),
                (pattern(r"\b(to) (n0|sandbox)\b"), "to NODE"),
            ],
            // A workload's name, the hash of its revision, the drawn end of a pod's name.
            names: pattern(
                r"\b(web|db|probe)-([bcdfghjklmnpqrstvwxz24-9]{7,10})(-[bcdfghjklmnpqrstvwxz24-9]{5})?\b|\b(web|once|probe)(-\d)?-([bcdfghjklmnpqrstvwxz24-9]{5})\b",
            ),
        }
    }

    fn text(&self, text: &str, home: &str) -> String {
        let mut text = text.replace(&format!("\"{home}\""), "\"shop\"").replace(&format!("{home}/"), "shop/");
        for (pattern, word) in &self.patterns {
            text = pattern.replace_all(&text, *word).into_owned();
        }
        let named =
            self.names.replace_all(&text, |found: &Captures<'_>| match (found.get(1), found.get(4)) {
                (Some(name), _) => {
                    let hash = self.hashes.get(&found[2]).map_or("?", String::as_str);
                    format!("{}-{hash}{}", name.as_str(), if found.get(3).is_some() { "-*" } else { "" })
                }
                (_, Some(name)) => format!("{}{}-*", name.as_str(), found.get(5).map_or("", |i| i.as_str())),
                _ => found[0].to_owned(),
            });
        let mut text = named.into_owned();
        for (hash, word) in &self.hashes {
            text = text.replace(&format!("\"{hash}\""), &format!("\"{word}\""));
        }
        text
    }

    fn object(&self, object: &Value, home: &str) -> Value {
        let mut alike: Value = serde_json::from_str(&self.text(&object.to_string(), home)).unwrap();
        let meta = alike["metadata"].as_object_mut().unwrap();
        for field in ["resourceVersion", "managedFields", "uid", "creationTimestamp", "selfLink"] {
            meta.remove(field);
        }
        match text(&alike, "/kind").to_owned().as_str() {
            "Pod" => pod(&alike),
            "EndpointSlice" | "Endpoints" => {
                alike["metadata"].as_object_mut().unwrap().remove("generation");
                sort(&mut alike);
                alike
            }
            // How many steps a rollout takes is a matter of who is faster.
            "ReplicaSet" | "ControllerRevision" => {
                alike["metadata"].as_object_mut().unwrap().remove("generation");
                drop(alike["status"].as_object_mut().map(|s| s.remove("observedGeneration")));
                alike
            }
            "Deployment" => {
                progressing(&mut alike);
                alike
            }
            _ => alike,
        }
    }
}

/// Whether a Deployment has told of progress beyond the new set's making is a matter of who is faster.
fn progressing(deployment: &mut Value) {
    for condition in deployment["status"]["conditions"].as_array_mut().unwrap() {
        if text(condition, "/reason") == "NewReplicaSetCreated" {
            let set = text(condition, "/message").trim_start_matches("Created new replica set ").to_owned();
            condition["message"] = json!(format!("ReplicaSet {set} is progressing."));
            condition["reason"] = json!("ReplicaSetUpdated");
        }
    }
}

/// What two kubelets agree on.
fn pod(pod: &Value) -> Value {
    let holds = |kind: &str| {
        let all = pod["status"]["conditions"].as_array().cloned().unwrap_or_default();
        all.iter().any(|c| c["type"] == kind && c["status"] == "True")
    };
    let state = |c: &Value| {
        let state = c["state"].as_object().and_then(|s| s.iter().next()).map(|(k, v)| (k.clone(), v.clone()));
        let (word, more) = state.unwrap_or_default();
        let reason = text(&more, "/reason").replace("ErrImagePull", "ImagePullBackOff");
        json!([c["name"], c["ready"], word, reason, more["exitCode"].as_i64().map(|code| code > 0)])
    };
    let spec = &pod["spec"];
    let mut meta = pod["metadata"].clone();
    meta.as_object_mut().unwrap().remove("generation");
    let images: Vec<Value> =
        spec["containers"].as_array().unwrap().iter().map(|c| json!([c["image"], c["env"]])).collect();
    json!({
        "kind": "Pod", "metadata": meta, "images": images, "node": spec["nodeName"], "hostname": spec["hostname"],
        "subdomain": spec["subdomain"], "phase": pod["status"]["phase"], "ready": holds("Ready"),
        "containersReady": holds("ContainersReady"),
        "containers": pod["status"]["containerStatuses"].as_array().map(|all| all.iter().map(state).collect::<Vec<_>>()),
    })
}

/// Sorts the lists of endpoints, whose order means nothing.
fn sort(value: &mut Value) {
    match value {
        Value::Array(all) => {
            all.iter_mut().for_each(sort);
            all.sort_by_key(Value::to_string);
        }
        Value::Object(map) => map.values_mut().for_each(sort),
        _ => {}
    }
}

fn sorted(mut all: Vec<String>) -> Vec<String> {
    all.sort();
    all
}

/// What only a real kubelet tells.
const KUBELET: [&str; 8] =
    ["Pulled", "Created", "Started", "Pulling", "Failed", "BackOff", "Killing", "Unhealthy"];

fn events(all: &[Value], alike: &Alike, home: &str) -> Vec<String> {
    let told = all.iter().filter(|e| {
        // Overlapping budgets are told of at random, and empty ones only if they come before the pods.
        let chance = ["MultiplePodDisruptionBudgets", "NoPods"];
        !KUBELET.contains(&text(e, "/reason")) && !chance.contains(&text(e, "/reason"))
    });
    let mut lines = Vec::new();
    let mut ways: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for event in told {
        let message = alike.text(text(event, "/message"), home);
        let on = alike.text(text(event, "/on"), home);
        // How many steps lie between the first and the last size is a matter of who is faster.
        match message.split_once(" from ").and_then(|(way, sizes)| Some((way, sizes.split_once(" to ")?))) {
            Some((way, (from, to))) => {
                let (from, to): (i64, i64) = (from.parse().unwrap(), to.parse().unwrap());
                let ends = ways.entry(format!("{on} {way}")).or_insert((from.min(to), from.max(to)));
                *ends = (ends.0.min(from).min(to), ends.1.max(from).max(to));
            }
            None => lines.push(format!("{on} {} {} {message}", text(event, "/type"), text(event, "/reason"))),
        }
    }
    lines.extend(ways.into_iter().map(|(way, (least, most))| format!("{way}: {least} {most}")));
    sorted(lines)
}

fn difference(got: &[String], want: &[String]) -> String {
    let mut left = got.to_vec();
    let mut missing = Vec::new();
    for one in want {
        match left.iter().position(|g| g == one) {
            Some(at) => drop(left.remove(at)),
            None => missing.push(one.clone()),
        }
    }
    let lines =
        |mark: &str, all: Vec<String>| all.into_iter().map(|l| format!("  {mark} {l}\n")).collect::<String>();
    lines("-", missing) + &lines("+", left)
}

fn compare(scenario: &Value) -> String {
    let world = play(scenario);
    let home = text(scenario, "/namespace");
    let real = scenario["final"].as_array().unwrap().clone();
    let kinds: Vec<&str> = [
        "Deployment",
        "ReplicaSet",
        "StatefulSet",
        "DaemonSet",
        "Job",
        "Pod",
        "PodDisruptionBudget",
        "Endpoints",
        "EndpointSlice",
        "ControllerRevision",
    ]
    .to_vec();
    let ours: Vec<Value> = kinds.iter().flat_map(|k| world.all(k)).cloned().collect();
    let canon = |all: &[Value], home: &str| {
        let alike = Alike::new(all);
        sorted(all.iter().map(|o| alike.object(o, home).to_string()).collect())
    };
    let mut report = difference(&canon(&ours, "shop"), &canon(&real, home));
    let ours_told: Vec<Value> = world
        .all("Event")
        .iter()
        .map(|e| {
            let on = format!("{}/{}", text(e, "/involvedObject/kind"), text(e, "/involvedObject/name"));
            json!({"on": on, "type": e["type"], "reason": e["reason"], "message": e["message"]})
        })
        .collect();
    let (alike_ours, alike_real) = (Alike::new(&ours), Alike::new(&real));
    let told = events(&ours_told, &alike_ours, "shop");
    report += &difference(&told, &events(scenario["events"].as_array().unwrap(), &alike_real, home));
    report
}

#[test]
fn scenarios_end_as_on_a_real_control_plane() {
    let recorded: Vec<Value> = serde_json::from_str(RECORDED).unwrap();
    assert!(recorded.len() > 30);
    let mut report = String::new();
    for scenario in &recorded {
        let found = compare(scenario);
        if !found.is_empty() {
            report += &format!("{}\n{found}", text(scenario, "/name"));
        }
    }
    assert!(report.is_empty(), "{report}");
}
