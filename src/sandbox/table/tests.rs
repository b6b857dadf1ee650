//! Tables as kube-apiserver 1.35 printed them, and tables of objects that are not as they should be.
//! Nothing here knows a kind's columns; the vectors do.

use super::{Include, table};
use crate::api::kinds::{Kind, all, find, is_built_in};
use jiff::Timestamp;
use serde_json::{Value, json};

const RECORDED: &str = include_str!("../../../tests/vectors/table/kinds.json");

fn kind(api_version: &str, name: &str) -> Kind {
    find(api_version, name).unwrap_or_else(|| {
        let (group, version) = api_version.split_once('/').unwrap();
        let mut kind = find("argoproj.io/v1alpha1", "Rollout").unwrap();
        (kind.group, kind.version, kind.kind) = (group.to_owned(), version.to_owned(), name.to_owned());
        kind
    })
}

fn columns(table: &Value) -> Vec<Value> {
    let one = |c: &Value| {
        json!({
            "name": c["name"], "type": c["type"], "format": c["format"], "priority": c["priority"],
            "described": c["description"] != "",
        })
    };
    table["columnDefinitions"].as_array().unwrap().iter().map(one).collect()
}

#[test]
fn every_kind_is_printed_as_the_real_server_prints_it() {
    let recorded: Vec<Value> = serde_json::from_str(RECORDED).unwrap();
    let mut wrong = Vec::new();
    for record in &recorded {
        let name = record["kind"].as_str().unwrap();
        let kind = kind(record["apiVersion"].as_str().unwrap(), name);
        let now: Timestamp = record["now"].as_str().unwrap().parse().unwrap();
        let rows = record["rows"].as_array().unwrap();
        let objects: Vec<Value> = rows.iter().map(|r| r["object"].clone()).collect();
        let printer = record.get("printer").and_then(Value::as_array);
        let printer = printer.map(Vec::as_slice).or((!is_built_in(&kind.group)).then_some(&[]));
        let printed = table(&kind, &objects, printer, Include::None, now);
        if columns(&printed) != *record["columns"].as_array().unwrap() {
            wrong.push(format!("{name}: columns\n got {:?}\nwant {}", columns(&printed), record["columns"]));
        }
        for (got, want) in printed["rows"].as_array().unwrap().iter().zip(rows) {
            let over = |row: &Value| row["conditions"][0]["reason"].clone();
            if got["cells"] != want["cells"] || over(got) != over(want) {
                wrong.push(format!("{name}:\n got {}\nwant {}", got["cells"], want["cells"]));
            }
        }
    }
    assert!(recorded.len() > 35);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_goes_along_with_a_row() {
    let kind = find("v1", "ConfigMap").unwrap();
    let object = json!({"metadata": {"name": "a", "uid": "u"}, "data": {"k": "v"}});
    let along = |include| {
        let printed = table(&kind, std::slice::from_ref(&object), None, include, Timestamp::UNIX_EPOCH);
        printed["rows"][0]["object"].clone()
    };
    assert_eq!(along(Include::None), Value::Null);
    assert_eq!(along(Include::Object), object);
    let partial = json!({
        "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": {"name": "a", "uid": "u"},
    });
    assert_eq!(along(Include::Metadata), partial);
}

#[test]
fn nodes_that_are_not_well() {
    let kind = find("v1", "Node").unwrap();
    let state = |node: Value| {
        let printed = table(&kind, &[node], None, Include::None, Timestamp::UNIX_EPOCH);
        printed["rows"][0]["cells"][1].clone()
    };
    assert_eq!(state(json!({})), "Unknown");
    assert_eq!(
        state(json!({"status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}})),
        "NotReady"
    );
    assert_eq!(state(json!({"spec": {"unschedulable": true}})), "Unknown,SchedulingDisabled");
}

#[test]
fn an_event_of_the_newer_group_shows_the_same() {
    let now = "2026-01-01T00:01:00Z".parse().unwrap();
    let old = json!({
        "metadata": {"name": "e"}, "involvedObject": {"kind": "Pod", "name": "p", "fieldPath": "f"}, "message": " m ",
        "type": "Normal", "reason": "R", "source": {"component": "c", "host": "h"}, "count": 3,
        "firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-01T00:00:50Z",
    });
    let new = json!({
        "metadata": {"name": "e"}, "regarding": {"kind": "Pod", "name": "p", "fieldPath": "f"}, "note": " m ",
        "type": "Normal", "reason": "R", "deprecatedSource": {"component": "c", "host": "h"}, "deprecatedCount": 3,
        "deprecatedFirstTimestamp": "2026-01-01T00:00:00Z", "deprecatedLastTimestamp": "2026-01-01T00:00:50Z",
    });
    let print = |api, object| {
        let kind = find(api, "Event").unwrap();
        table(&kind, &[object], None, Include::None, now)["rows"][0]["cells"].clone()
    };
    let expected = json!(["10s", "Normal", "R", "pod/p", "f", "c, h", "m", "60s", 3, "e"]);
    assert_eq!(print("v1", old), expected);
    assert_eq!(print("events.k8s.io/v1", new), expected);
}

#[test]
fn broken_objects_are_printed_all_the_same() {
    let broken = [
        json!(null),
        json!([]),
        json!({"metadata": [], "spec": "x", "status": 4}),
        json!({"metadata": {"name": 7, "labels": "x", "creationTimestamp": "soon", "ownerReferences": {}},
            "spec": {"containers": {}, "ports": [1], "metrics": [{}], "selector": 3, "rules": [null], "template": []},
            "status": {"conditions": [7], "containerStatuses": [[]], "hard": 1, "startTime": "never"},
            "subsets": [1], "endpoints": "x", "ports": {}, "subjects": [0], "series": {}}),
    ];
    for kind in all() {
        let printed = table(&kind, &broken, None, Include::Metadata, Timestamp::UNIX_EPOCH);
        let width = printed["columnDefinitions"].as_array().unwrap().len();
        for row in printed["rows"].as_array().unwrap() {
            assert_eq!(row["cells"].as_array().unwrap().len(), width, "{}", kind.kind);
        }
    }
}
