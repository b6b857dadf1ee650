//! Upstream's tables for strategic and JSON merge patches, row by row.

use serde_json::{Map, Value, json};
use switchback::api::listkeys::Schema;
use switchback::merge::{json as merge_patch, smp, three};

/// The type upstream's table is written for, which contains itself; this many levels are enough for its rows.
const LEVELS: usize = 4;

fn properties(levels: usize) -> Value {
    let mut fields = json!({
        "name": {}, "value": {}, "other": {},
        "simpleMap": {"type": "object", "additionalProperties": {}},
        "mergingIntList": {"type": "array", "items": {}, "x-kubernetes-patch-strategy": "merge"},
        "nonMergingIntList": {"type": "array", "items": {}},
        "replacingItem": {"type": "object", "x-kubernetes-patch-strategy": "replace"},
    });
    if levels > 0 {
        let item = json!({"type": "object", "properties": properties(levels - 1)});
        let list = |strategy: &str| {
            json!({"type": "array", "items": item, "x-kubernetes-patch-strategy": strategy,
                "x-kubernetes-patch-merge-key": "name"})
        };
        fields["mergingList"] = list("merge");
        fields["mergeItemPtr"] = list("merge");
        fields["retainKeysMergingList"] = list("merge,retainKeys");
        fields["nonMergingList"] = json!({"type": "array", "items": item});
        fields["retainKeysMap"] = item.clone();
        fields["retainKeysMap"]["x-kubernetes-patch-strategy"] = json!("retainKeys");
    }
    fields
}

pub fn schema() -> Schema {
    Schema::from_openapi(&json!({"type": "object", "properties": properties(LEVELS)}))
}

fn rows(file: &str) -> Vec<Value> {
    crate::merge::read(&format!("three-way-merge/{file}")).as_array().unwrap().clone()
}

/// Whether a field of a row is there, and its value; `null` stands for an absent document.
fn part<'a>(row: &'a Value, name: &str) -> Option<&'a Value> {
    row.get(name)
}

fn document(row: &Value, name: &str) -> Value {
    part(row, name).cloned().unwrap_or_else(|| Value::Object(Map::new()))
}

/// Everything one row of the strategic table says, as a list of what is not so.
fn wrong(row: &Value, schema: &Schema) -> Vec<String> {
    let [original, modified, current] = ["original", "modified", "current"].map(|n| document(row, n));
    let two_way = document(row, "twoWay");
    let mut wrong = Vec::new();
    let mut expect = |what: &str, got: Value, wanted: &Value| {
        if got != *wanted {
            wrong.push(format!("{} {what}:\n  got    {got}\n  wanted {wanted}", row["description"]));
        }
    };
    let applied = smp::apply(&original, &two_way, schema);
    if let Some(error) = part(row, "expectedError").and_then(Value::as_str) {
        let text = applied.map_or_else(|e| e.to_string(), |v| v.to_string());
        expect("error", json!(text.contains(error)), &json!(true));
        return wrong;
    }
    let result = part(row, "twoWayResult").unwrap_or(&modified);
    expect("two-way result", applied.unwrap(), result);
    let Some(three_way) = part(row, "threeWay") else { return wrong };
    expect("two-way patch", smp::diff(&original, &modified, schema).unwrap(), &two_way);
    expect("patch", three::strategic(&original, &modified, &current, schema).unwrap(), three_way);
    expect("result", smp::apply(&current, three_way, schema).unwrap(), &document(row, "result"));
    let conflicts = three::conflicts(&original, &modified, &current, schema).unwrap();
    let conflicting = row["conflictWhenNoOverwrite"].as_bool().unwrap();
    expect("conflict", json!(!conflicts.is_empty()), &json!(conflicting));
    wrong
}

#[test]
fn strategic_merge_patches() {
    let (schema, rows) = (schema(), rows("strategic_merge_patch.json"));
    assert_eq!(rows.len(), 73);
    let wrong: Vec<String> = rows.iter().flat_map(|row| wrong(row, &schema)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn json_merge_patches() {
    let rows = rows("json_merge_patch_3way.json");
    let (mut filtered, mut merged) = (0, 0);
    for row in &rows {
        let name = &row["description"];
        if row["set"] == "filterNullTestCaseData" {
            filtered += 1;
            let object = &row["originalObj"];
            assert_eq!(Value::Object(three::only(object, true)), row["expectedWithNull"], "{name}");
            assert_eq!(Value::Object(three::only(object, false)), row["expectedWithoutNull"], "{name}");
            continue;
        }
        merged += 1;
        let [original, modified, current] = ["original", "modified", "current"].map(|n| document(row, n));
        let patch = three::json(&original, &modified, &current);
        assert_eq!(patch, row["threeWay"], "{name}");
        assert_eq!(merge_patch::apply(&current, &patch), row["result"], "{name}");
        let conflicts = three::conflicts_json(&original, &modified, &current);
        assert_eq!(!conflicts.is_empty(), row["conflictWhenNoOverwrite"].as_bool().unwrap(), "{name}");
    }
    assert_eq!((filtered, merged), (8, 11));
}
