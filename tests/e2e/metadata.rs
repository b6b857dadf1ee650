//! Pods that are labelled for the role of their revision, in place, and kept away from the stable ones: what Argo
//! Rollouts' own tests of it ask for, and that nothing stays once the fields are gone. They never look at our notes.

use super::controller::{apply, controller};
use super::manifests::{objects, of_instance, rollout, service};
use super::program::{LIMIT, STEP};
use super::stage::{Stage, play};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tokio::time::{Instant, sleep};

const CANARY: &str = "{canary: {steps: [{setWeight: 33}, {pause: {}}], canaryMetadata: {labels: {role: canary}}, \
                      stableMetadata: {labels: {role: stable}, annotations: {note: it stays}}, antiAffinity: \
                      {preferredDuringSchedulingIgnoredDuringExecution: {weight: 10}}}}";

const BLUE_GREEN: &str = "{blueGreen: {activeService: colour-active, autoPromotionEnabled: false, \
                          previewMetadata: {labels: {role: preview}}, activeMetadata: {labels: {role: active}}}}";

/// The pods of the image `tag` of `app` that are not on their way out.
async fn pods(stage: &Stage, app: &str, tag: &str) -> Vec<Value> {
    let mut pods = stage.api.list(&format!("{}?labelSelector=app%3D{app}", stage.at("Pod", ""))).await;
    let image = json!(format!("example/{app}:{tag}"));
    pods.retain(|p| {
        p["metadata"]["deletionTimestamp"].is_null() && p["spec"]["containers"][0]["image"] == image
    });
    pods
}

/// What stands in `metadata` beside what every pod of `app` has.
fn beside(metadata: &Value) -> Value {
    let mut labels = metadata["labels"].clone();
    for own in ["app", "rollouts-pod-template-hash"] {
        assert!(labels.as_object_mut().unwrap().remove(own).is_some(), "{metadata:#}");
    }
    json!([labels, metadata["annotations"]["note"]])
}

/// Waits until all pods of the image, and the template of their ReplicaSet, have exactly these labels and this note beside
/// their own.
async fn say(stage: &Stage, app: &str, tag: &str, labels: Value, note: Value) {
    let (late, wanted) = (Instant::now() + LIMIT, json!([labels, note]));
    loop {
        let pods = pods(stage, app, tag).await;
        let set = set(stage, app, tag).await;
        let all = pods.iter().map(|p| &p["metadata"]).chain([&set["spec"]["template"]["metadata"]]);
        let said: Vec<Value> = all.map(beside).collect();
        if said.len() > 1 && said.iter().all(|one| *one == wanted) {
            return;
        }
        assert!(Instant::now() < late, "{app} {tag} say {said:?}, not {wanted}");
        sleep(STEP).await;
    }
}

/// The ReplicaSets of `app`.
async fn sets(stage: &Stage, app: &str) -> Vec<Value> {
    stage.api.list(&format!("{}?labelSelector=app%3D{app}", stage.at("ReplicaSet", ""))).await
}

/// The ReplicaSet of the image `tag` of `app`.
async fn set(stage: &Stage, app: &str, tag: &str) -> Value {
    let image = json!(format!("example/{app}:{tag}"));
    let is_of = |s: &Value| s["spec"]["template"]["spec"]["containers"][0]["image"] == image;
    sets(stage, app).await.into_iter().find(is_of).unwrap_or_default()
}

async fn uids(stage: &Stage, app: &str, tag: &str) -> BTreeSet<String> {
    let uid = |p: &Value| p["metadata"]["uid"].as_str().unwrap().to_owned();
    pods(stage, app, tag).await.iter().map(uid).collect()
}

async fn spec(stage: &Stage, name: &str, spec: Value) {
    stage.api.merge(&stage.at("Rollout", name), &json!({"spec": spec})).await;
}

async fn image(stage: &Stage, name: &str, tag: &str) {
    let container = json!({"name": "main", "image": format!("example/{name}:{tag}")});
    spec(stage, name, json!({"template": {"spec": {"containers": [container]}}})).await;
}

async fn verb(stage: &Stage, line: &str) -> String {
    stage.run(&format!("{line} --namespace {}", stage.namespace)).await.ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn pods_are_labelled_for_their_role_and_nothing_of_it_stays() {
    play("metadata", async |stage| {
        let mut program = controller(stage, &stage.namespace);
        canary(stage).await;
        blue_green(stage).await;
        assert_eq!(program.terminate().await, 0);
    })
    .await;
}

async fn canary(stage: &Stage) {
    for object in objects(&rollout("shape", &of_instance(&stage.namespace), CANARY)) {
        stage.create(object).await;
    }
    stage.phase("shape", "Healthy", |_| true).await;
    let stable = (json!({"role": "stable"}), json!("it stays"));
    say(stage, "shape", "v1", stable.0.clone(), stable.1.clone()).await;
    image(stage, "shape", "v2").await;
    let paused = stage.phase("shape", "Paused", |_| true).await;
    say(stage, "shape", "v2", json!({"role": "canary"}), Value::Null).await;
    say(stage, "shape", "v1", stable.0.clone(), stable.1.clone()).await;
    apart(stage, &paused["status"]["stableRS"]).await;

    // A way back takes nothing along that the template was given.
    verb(stage, "undo shape --yes").await;
    let back = stage.phase("shape", "Healthy", |_| true).await;
    assert_eq!(back["spec"]["template"]["metadata"]["labels"], json!({"app": "shape"}));
    assert!(back["spec"]["template"]["spec"]["affinity"].is_null(), "{back:#}");
    image(stage, "shape", "v2").await;
    stage.phase("shape", "Paused", |_| true).await;
    say(stage, "shape", "v2", json!({"role": "canary"}), Value::Null).await;

    let before = uids(stage, "shape", "v2").await;
    let other = json!({"labels": {"role": null, "role2": "canary2"}});
    spec(stage, "shape", json!({"strategy": {"canary": {"canaryMetadata": other}}})).await;
    say(stage, "shape", "v2", json!({"role2": "canary2"}), Value::Null).await;
    verb(stage, "promote shape --full --yes").await;
    stage.phase("shape", "Healthy", |_| true).await;
    say(stage, "shape", "v2", stable.0, stable.1).await;
    assert!(before.is_subset(&uids(stage, "shape", "v2").await), "pods were made anew");
    let all = uids(stage, "shape", "v2").await;
    let other = json!({"labels": {"role": null, "role2": "stable2"}});
    spec(stage, "shape", json!({"strategy": {"canary": {"stableMetadata": other}}})).await;
    say(stage, "shape", "v2", json!({"role2": "stable2"}), json!("it stays")).await;

    let none = json!({"canaryMetadata": null, "stableMetadata": null, "antiAffinity": null});
    spec(stage, "shape", json!({"strategy": {"canary": none}})).await;
    say(stage, "shape", "v2", json!({}), Value::Null).await;
    for tag in ["v1", "v2"] {
        let notes = set(stage, "shape", tag).await["metadata"]["annotations"].clone();
        let given = notes.as_object().unwrap().keys().any(|key| key.ends_with("ephemeral-metadata"));
        assert!(!given, "{tag}: {notes:#}");
    }
    assert_eq!(uids(stage, "shape", "v2").await, all, "pods were made anew");
    assert_eq!(sets(stage, "shape").await.len(), 2, "a revision was made");
}

/// The new pods are kept away from those of `stable`, which are kept away from nobody.
async fn apart(stage: &Stage, stable: &Value) {
    let rules = async |tag: &str| {
        let set = set(stage, "shape", tag).await;
        let rules = &set["spec"]["template"]["spec"]["affinity"]["podAntiAffinity"];
        rules["preferredDuringSchedulingIgnoredDuringExecution"].clone()
    };
    assert!(rules("v1").await.is_null());
    let expression = json!({"key": "rollouts-pod-template-hash", "operator": "In", "values": [stable]});
    let term = json!({"labelSelector": {"matchExpressions": [expression]}, "namespaces": [stage.namespace],
        "topologyKey": "kubernetes.io/hostname"});
    assert_eq!(rules("v2").await, json!([{"weight": 10, "podAffinityTerm": term}]));
}

async fn blue_green(stage: &Stage) {
    let label = of_instance(&stage.namespace);
    apply(stage, &[service("colour-active", "colour"), rollout("colour", &label, BLUE_GREEN)].join("---\n"))
        .await;
    stage.phase("colour", "Healthy", |_| true).await;
    say(stage, "colour", "v1", json!({"role": "active"}), Value::Null).await;
    image(stage, "colour", "v2").await;
    stage.phase("colour", "Paused", |_| true).await;
    say(stage, "colour", "v2", json!({"role": "preview"}), Value::Null).await;
    say(stage, "colour", "v1", json!({"role": "active"}), Value::Null).await;
    let other = json!({"labels": {"role": null, "role2": "preview2"}});
    spec(stage, "colour", json!({"strategy": {"blueGreen": {"previewMetadata": other}}})).await;
    say(stage, "colour", "v2", json!({"role2": "preview2"}), Value::Null).await;
    let before = uids(stage, "colour", "v2").await;
    verb(stage, "promote colour").await;
    stage.phase("colour", "Healthy", |_| true).await;
    say(stage, "colour", "v2", json!({"role": "active"}), Value::Null).await;
    let other = json!({"labels": {"role": null, "role2": "active2"}});
    spec(stage, "colour", json!({"strategy": {"blueGreen": {"activeMetadata": other}}})).await;
    say(stage, "colour", "v2", json!({"role2": "active2"}), Value::Null).await;
    let none = json!({"previewMetadata": null, "activeMetadata": null});
    spec(stage, "colour", json!({"strategy": {"blueGreen": none}})).await;
    say(stage, "colour", "v2", json!({}), Value::Null).await;
    assert_eq!(uids(stage, "colour", "v2").await, before, "pods were made anew");
    assert_eq!(sets(stage, "colour").await.len(), 2, "a revision was made");
}
