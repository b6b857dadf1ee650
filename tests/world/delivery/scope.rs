//! Which Rollouts a delivery's engine looks after: those that it has brought, and none that others have.

use crate::delivery::rig::{Rig, rollout};
use serde_json::{Value, json};
use std::time::Duration;

/// A Rollout that somebody else has made, or another delivery.
fn others(name: &str, source: Option<&str>) -> Value {
    let mut object: Value = serde_yaml::from_str(&rollout("    canary: {}\n")).unwrap();
    object["metadata"] = json!({"name": name, "namespace": "default"});
    if let Some(source) = source {
        object["metadata"]["annotations"] = json!({"switchback.dev/source": source});
    }
    let labels = json!({"app": name});
    object["spec"]["selector"]["matchLabels"] = labels.clone();
    object["spec"]["template"]["metadata"]["labels"] = labels;
    object
}

#[tokio::test]
async fn rollouts_of_others_are_left_alone() {
    let mut rig = Rig::new(&[("web.yaml", &rollout("    canary: {}\n"))]).await;
    rig.sandbox.create("kubectl", others("by-hand", None)).unwrap();
    rig.sandbox.create("other", others("bank", Some("switchback-bank-0"))).unwrap();
    let run = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisRun",
        "metadata": {"name": "by-hand", "namespace": "default"},
        "spec": {"metrics": [{"name": "m", "provider": {"job": {"spec": {"template": {"spec": {
            "restartPolicy": "Never", "containers": [{"name": "c", "image": "example/web:v1"}]}}}}}}]}});
    rig.sandbox.create("kubectl", run).unwrap();
    rig.write("web.yaml", rollout("    canary: {}\n").replace("web:v1", "web:v2"));
    rig.deliver("v2").await;
    let phase = |rig: &Rig, kind: &str, name: &str| {
        rig.get("argoproj.io/v1alpha1", kind, "default", name).unwrap()["status"].clone()
    };
    for _ in 0..200 {
        if phase(&rig, "Rollout", "web")["phase"] == "Healthy" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(phase(&rig, "Rollout", "web")["phase"], "Healthy");
    for (kind, name) in [("Rollout", "by-hand"), ("Rollout", "bank"), ("AnalysisRun", "by-hand")] {
        assert!(phase(&rig, kind, name).is_null(), "{kind} {name}");
    }
    let owners: Vec<Value> =
        rig.owned_sets().iter().map(|s| s["metadata"]["ownerReferences"][0]["name"].clone()).collect();
    assert!(owners.iter().all(|name| name == "web"), "{owners:?}");
}
