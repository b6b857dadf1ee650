//! Holds transcripts, goldens and `known.yaml` to each other's form, and the canonical form and the comparison to
//! their promises. It never opens a door.

use crate::differential::canon::canonical;
use crate::differential::compare::{Known, differences, known, matches, unexplained};
use crate::differential::golden;
use crate::differential::play::Record;
use crate::differential::transcript::{Script, fill, parse, room, scripts};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

fn names(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|v| v["name"].as_str().unwrap().to_owned()).collect()
}

/// Every transcript has a golden with an answer for each request and a list for each watch.
pub fn forms(only: Option<&str>) {
    let mut wrong = Vec::new();
    for Script { name, transcript, .. } in scripts(only) {
        let Some(golden) = golden(&name) else {
            wrong.push(format!("{name}: no golden"));
            continue;
        };
        let answered = transcript.requests.iter().filter(|r| r.ask != "COMPACT" && r.follow.is_none());
        let answered: Vec<String> = answered.map(|r| r.name.clone()).collect();
        let followed = transcript.requests.iter().filter_map(|r| r.follow.clone());
        let mut watched: Vec<String> = transcript.watch.keys().cloned().chain(followed).collect();
        watched.sort();
        if names(&golden["answers"]) != answered || names(&golden["watches"]) != watched {
            wrong.push(format!("{name}: the golden was made from another transcript; record it anew"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_golden_has_its_transcript_and_there_are_enough() {
    let transcripts: BTreeSet<String> = scripts(None).into_iter().map(|s| s.name).collect();
    let goldens = std::fs::read_dir(room().join("goldens")).unwrap();
    let goldens: BTreeSet<String> =
        goldens.map(|e| e.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(goldens, transcripts);
    assert!(transcripts.len() >= 40, "{} transcripts", transcripts.len());
}

#[test]
fn known_differences_name_requests_that_exist_and_say_why() {
    let all = scripts(None);
    for entry in known() {
        let script = all.iter().find(|s| s.name == entry.transcript);
        let script = script.unwrap_or_else(|| panic!("known.yaml: no transcript {}", entry.transcript));
        let t = &script.transcript;
        let asked =
            t.requests.iter().any(|r| r.name == entry.request || r.follow.as_ref() == Some(&entry.request));
        assert!(asked || t.watch.contains_key(&entry.request), "known.yaml: {entry:?} names no request");
        assert!(entry.path.starts_with('/') && entry.reason.len() > 10, "known.yaml: {entry:?}");
    }
}

fn script(text: &str) -> Script {
    Script { name: "t".into(), text: text.into(), transcript: parse(text).unwrap() }
}

#[test]
fn placeholders_keep_equality_and_order() {
    let script = script("{about: x, requests: [{name: a, ask: GET /x}, {name: b, ask: GET /x}]}");
    let (one, two) = ("0a000000-0000-4000-8000-000000000001", "0b000000-0000-4000-8000-000000000002");
    let object = |uid: &str, rv: &str| json!({"uid": uid, "resourceVersion": rv, "namespace": "t-r9"});
    let answer = |name: &str, body: Value| json!({"name": name, "code": 200, "headers": {}, "body": body});
    let record = Record {
        namespace: "t-r9".into(),
        answers: vec![
            answer("a", json!({"metadata": object(two, "20"), "creationTimestamp": "2026-01-01T00:00:00Z"})),
            answer(
                "b",
                json!({"items": [{"metadata": object(one, "7")}, {"metadata": object(two, "9")}],
                               "metadata": {"resourceVersion": "30"}, "clusterIP": "10.96.3.4",
                               "message": format!("Precondition failed: {one}"), "at": "2011-01-01T00:00:00Z"}),
            ),
        ],
        watches: vec![],
    };
    let got = canonical(&script, &record);
    let at = |path: &str| got.pointer(path).unwrap().clone();
    assert_eq!(at("/answers/0/body/metadata"), object("<uid-1>", "<rv 1.2>").as_object().map(ns).unwrap());
    assert_eq!(at("/answers/1/body/items/1/metadata/resourceVersion"), json!("<rv 1.1>"));
    assert_eq!(at("/answers/1/body/items/0/metadata/resourceVersion"), json!("<rv 2.1>"));
    assert_eq!(at("/answers/1/body/metadata/resourceVersion"), json!("<rv>"));
    assert_eq!(at("/answers/1/body/message"), json!("Precondition failed: <uid-2>"));
    assert_eq!(at("/answers/1/body/clusterIP"), json!("<ip-1>"));
    assert_eq!(at("/answers/1/body/at"), json!("2011-01-01T00:00:00Z"), "old times are a transcript's own");
    assert_eq!(at("/answers/0/body/creationTimestamp"), json!("<time>"));
}

#[test]
fn a_port_at_the_end_of_the_range_is_no_part_of_the_ranges_name() {
    let script = script("{about: x, requests: [{name: a, ask: GET /x}]}");
    let body =
        json!({"nodePort": 32767, "message": "32767 is taken, the range of valid ports is 30000-32767"});
    let answer = json!({"name": "a", "code": 200, "headers": {}, "body": body});
    let got =
        canonical(&script, &Record { namespace: "t-r9".into(), answers: vec![answer], watches: vec![] });
    let said = got.pointer("/answers/0/body/message").unwrap();
    assert_eq!(*said, json!("<node-port-1> is taken, the range of valid ports is 30000-32767"));
}

fn ns(map: &serde_json::Map<String, Value>) -> Value {
    let mut map = map.clone();
    map.insert("namespace".into(), json!("<ns>"));
    Value::Object(map)
}

#[test]
fn field_sets_ages_and_generated_names_become_comparable() {
    let script = script("{about: x, requests: [{name: a, ask: GET /x}]}");
    let fields = json!({"f:data": {".": {}, "f:a": {}}, "f:spec": {"k:{\"name\":\"c\"}": {}}});
    let body = json!({"kind": "Table", "columnDefinitions": [{"name": "Name"}, {"name": "Age"}],
        "rows": [{"cells": ["web-abcde", "3s"], "object": {"metadata": {
            "generateName": "web-", "name": "web-abcde", "namespace": "t-r9",
            "managedFields": [{"manager": "b", "fieldsV1": fields}, {"manager": "a"}]}}}]});
    let answers = vec![json!({"name": "a", "code": 200, "headers": {}, "body": body})];
    let got = canonical(&script, &Record { namespace: "t-r9".into(), answers, watches: vec![] });
    let row = &got["answers"][0]["body"]["rows"][0];
    assert_eq!(row["cells"], json!(["web-<gen-1>", "<age>"]));
    let managers = &row["object"]["metadata"]["managedFields"];
    assert_eq!(managers[0]["manager"], "a", "managers are sorted");
    assert_eq!(managers[1]["fieldsV1"], json!(["f:data/.", "f:data/f:a", "f:spec/k:{\"name\":\"c\"}"]));
}

#[test]
fn differences_are_found_explained_or_shown() {
    let side = |code: u16, items: Value| json!({"answers": [{"name": "a", "code": code, "body": {"items": items}}], "watches": []});
    let (golden, got) = (side(200, json!([1, 2])), side(201, json!([1])));
    let paths: Vec<String> = differences(&golden, &got).into_iter().map(|d| d.path).collect();
    assert_eq!(paths, ["/answers/0/body/items/1", "/answers/0/code"]);
    let entry = |path: &str| Known {
        transcript: "t".into(),
        request: "a".into(),
        path: path.into(),
        reason: "because".into(),
    };
    let entries = [entry("/code"), entry("/body/items/*"), entry("/body/other")];
    let mut used = vec![0; 3];
    assert_eq!(unexplained("t", &golden, &got, &entries, &mut used), "");
    assert_eq!(used, [1, 1, 0]);
    let shown = unexplained("t", &golden, &got, &entries[..1], &mut [0]);
    assert!(shown.contains("-   2") && !shown.contains("201"), "{shown}");
    assert!(!unexplained("t", &golden, &side(200, json!([1, 2, 3])), &[], &mut []).is_empty());
    assert_eq!(unexplained("t", &golden, &side(200, json!([1, 2, 3])), &entries, &mut used), "");
    let missing = json!({"answers": [], "watches": []});
    assert!(!unexplained("t", &golden, &missing, &[], &mut []).is_empty());
}

#[test]
fn paths_match_by_parts() {
    assert!(matches("/body/**", "/body/a/0/b") && matches("/body/*/b", "/body/0/b"));
    assert!(
        !matches("/body", "/body/a") && !matches("/body/a", "/body") && !matches("/body/*/c", "/body/0/b")
    );
}

#[test]
fn names_are_filled_in_whole_or_as_text() {
    let known = BTreeMap::from([("n".to_owned(), json!(3)), ("m".to_owned(), json!({"a": "${n}"}))]);
    assert_eq!(
        fill(&json!({"x-${n}": "${n}", "y": "v${n}.", "z": "${m}", "w": "${unknown}"}), &known),
        json!({"x-3": 3, "y": "v3.", "z": {"a": 3}, "w": "${unknown}"})
    );
}

#[test]
fn transcripts_that_cannot_be_meant_are_refused() {
    for text in [
        "{about: x, requests: [{name: a, ask: GET /x}, {name: a, ask: GET /y}]}",
        "{about: x, requests: [{name: a, ask: nonsense}]}",
        "{about: x, requests: [{name: a, ask: PUT /x, body: {}, text: y}]}",
        "{about: x, requests: [{name: a, ask: GET /x, boddy: {}}]}",
    ] {
        assert!(parse(text).is_err(), "{text}");
    }
}
