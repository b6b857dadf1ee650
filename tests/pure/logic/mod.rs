//! Pure logic, held against numbers from Argo Rollouts' own tests and against stories told without a cluster.

mod climb;
mod going_back;
mod judging;
mod numbers;
mod phases;

use serde_json::Value;

/// The cases of a vector file.
fn vectors(name: &str) -> Vec<Value> {
    let path = format!("{}/tests/vectors/argo/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let file: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let cases = file["cases"].as_array().unwrap().clone();
    assert!(!cases.is_empty(), "{path} holds no case");
    cases
}
