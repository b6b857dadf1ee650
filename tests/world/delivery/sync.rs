//! What is applied and what is left alone.

use crate::delivery::rig::{Rig, config, git};
use serde_json::{Value, json};
use std::time::Duration;

async fn settled(files: &[(&str, &str)]) -> Rig {
    let mut rig = Rig::new(files).await;
    let first = git(&rig.repo, &["rev-parse", "HEAD"]);
    rig.applied(&first).await;
    rig
}

const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n  replicas: 2\n  selector: {matchLabels: {a: b}}\n  template:\n    metadata: {labels: {a: b}}\n    spec:\n      containers:\n      - name: c\n        image: nginx:1\n        resources: {requests: {cpu: 0.1, memory: 1024Mi}}\n        ports: [{containerPort: 80}]\n";

#[tokio::test]
async fn defaults_of_the_server_are_no_drift_and_rest_is_rest() {
    let service =
        "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {selector: {a: b}, ports: [{port: 80}]}\n";
    let mut rig = settled(&[("d.yaml", DEPLOYMENT), ("s.yaml", service)]).await;
    while rig.get("apps/v1", "Deployment", "default", "d").unwrap()["status"]["availableReplicas"] != 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let live = rig.get("v1", "Service", "default", "s").unwrap();
    let ours = live["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"].clone();
    assert!(ours["f:clusterIP"].is_null(), "what a trial answered was sent as ours: {ours}");
    rig.stop().await;
    let before = rig.owned();
    rig.start().await; // compares everything anew
    let head = git(&rig.repo, &["rev-parse", "HEAD"]);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(rig.owned(), before, "nothing is written although every object was compared with {head}");
    let requests = rig.requests();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(rig.requests(), requests, "at rest there is no request");
    rig.stop().await;
}

#[tokio::test]
async fn only_what_changed_is_patched_and_foreign_fields_stay() {
    let mut rig = settled(&[("d.yaml", DEPLOYMENT), ("a.yaml", &config("a", "1"))]).await;
    let mut live = rig.get("apps/v1", "Deployment", "default", "d").unwrap();
    live["metadata"]["annotations"]["someone"] = json!("else");
    live["spec"]["template"]["spec"]["containers"]
        .as_array_mut()
        .unwrap()
        .push(json!({"name": "sidecar", "image": "x"}));
    rig.sandbox.update("injector", live).unwrap();
    rig.write("d.yaml", DEPLOYMENT.replace("nginx:1", "nginx:2"));
    assert_eq!(rig.deliver("image").await, (0, 1, 0));
    let live = rig.get("apps/v1", "Deployment", "default", "d").unwrap();
    let images: Vec<&str> = live["spec"]["template"]["spec"]["containers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["image"].as_str().unwrap())
        .collect();
    assert_eq!(images, ["nginx:2", "x"]);
    assert_eq!(live["metadata"]["annotations"]["someone"], "else");
    rig.stop().await;
}

#[tokio::test]
async fn a_field_removed_in_git_is_removed_and_a_foreign_one_is_not() {
    let with = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: '1', y: '1'}\n";
    let mut rig = settled(&[("a.yaml", with)]).await;
    let mut live = rig.config("a").unwrap();
    live["data"]["foreign"] = json!("kept");
    rig.sandbox.update("someone", live).unwrap();
    rig.write("a.yaml", with.replace(", y: '1'", ""));
    assert_eq!(rig.deliver("no y").await, (0, 1, 0));
    assert_eq!(rig.config("a").unwrap()["data"], json!({"x": "1", "foreign": "kept"}));
    rig.stop().await;
}

#[tokio::test]
async fn what_kubectl_applied_before_is_adopted_with_its_note() {
    let mut rig = settled(&[("a.yaml", &config("a", "1"))]).await;
    let note = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b", "namespace": "default"},
        "data": {"value": "0", "old": "1"}});
    rig.sandbox
        .create(
            "kubectl",
            json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "b", "namespace": "default", "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": note.to_string()}},
            "data": {"value": "0", "old": "1", "foreign": "1"}}),
        )
        .unwrap();
    rig.write("b.yaml", config("b", "1"));
    assert_eq!(rig.deliver("adopt").await, (0, 1, 0));
    assert_eq!(rig.config("b").unwrap()["data"], json!({"value": "1", "foreign": "1"}));
    rig.stop().await;
}

#[tokio::test]
async fn only_ours_is_pruned() {
    let mut rig = settled(&[
        ("a.yaml", &config("a", "1")),
        ("b.yaml", &config("b", "1")),
        ("c.yaml", &config("c", "1")),
    ])
    .await;
    let mut taken = rig.config("c").unwrap();
    taken["metadata"]["annotations"].as_object_mut().unwrap().remove("switchback.dev/source");
    rig.sandbox.update("someone", taken).unwrap();
    rig.remove("b.yaml");
    rig.remove("c.yaml");
    assert_eq!(rig.deliver("b and c are gone").await, (0, 0, 1));
    assert!(rig.config("b").is_none());
    assert!(rig.config("c").is_some(), "somebody took our mark off: it is theirs now");
    rig.stop().await;
}

#[tokio::test]
async fn an_object_of_another_delivery_is_a_conflict() {
    let mut rig = settled(&[("a.yaml", &config("a", "1"))]).await;
    rig.sandbox
        .create(
            "other",
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b",
            "namespace": "default", "annotations": {"switchback.dev/source": "switchback-other-12345678"}}}),
        )
        .unwrap();
    rig.write("b.yaml", config("b", "1"));
    rig.commit("ours too");
    let problem = rig.problem().await;
    assert!(problem.contains("belongs to another delivery, switchback-other-12345678"), "{problem}");
    assert_eq!(rig.config("b").unwrap().get("data"), None);
    rig.stop().await;
}

#[tokio::test]
async fn kinds_come_with_their_definitions_and_namespaces_with_their_objects() {
    let crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: widgets.example.com}\nspec:\n  group: example.com\n  names: {kind: Widget, plural: widgets, singular: widget, listKind: WidgetList}\n  scope: Namespaced\n  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}}}]\n";
    let widget =
        "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w, namespace: new}\nspec: {size: 3}\n";
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: new}\n";
    let mut rig = settled(&[("1.yaml", widget), ("2.yaml", crd), ("3.yaml", namespace)]).await;
    assert_eq!(rig.get("example.com/v1", "Widget", "new", "w").unwrap()["spec"]["size"], 3);
    rig.write("1.yaml", widget.replace("size: 3", "size: 4"));
    assert_eq!(rig.deliver("bigger").await, (0, 1, 0));
    rig.stop().await;
}

#[tokio::test]
async fn secrets_are_applied_and_never_told() {
    let secret =
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: hunter2hunter2}\n";
    let mut rig = settled(&[("s.yaml", secret)]).await;
    let live = rig.get("v1", "Secret", "default", "s").unwrap();
    assert_eq!(live["data"]["password"], "aHVudGVyMmh1bnRlcjI=");
    rig.write("s.yaml", secret.replace("hunter2", "hunter3"));
    assert_eq!(rig.deliver("rotated").await, (0, 1, 0));
    let events: Vec<Value> = rig.sandbox.snapshot("v1", "Event", "");
    assert!(!json!(events).to_string().contains("hunter"));
    for object in
        rig.sandbox.snapshot("v1", "Secret", "").iter().filter(|s| s["type"] == "switchback.dev/inventory")
    {
        assert!(
            !object.to_string().contains("hunter") && !object["metadata"].to_string().contains("aHVudGVy")
        );
    }
    rig.stop().await;
}

#[tokio::test]
async fn a_workload_that_a_rollout_has_taken_over_keeps_the_size_it_was_given() {
    let rollout = "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: web}\nspec:\n  replicas: 2\n  \
                   workloadRef: {apiVersion: apps/v1, kind: Deployment, name: d, scaleDown: progressively}\n  \
                   strategy: {canary: {steps: [{setWeight: 50}]}}\n";
    let mut rig = settled(&[("d.yaml", DEPLOYMENT), ("r.yaml", rollout)]).await;
    let size =
        |rig: &Rig| rig.get("apps/v1", "Deployment", "default", "d").unwrap()["spec"]["replicas"].clone();
    let phase = |rig: &Rig| {
        let live = rig.get("argoproj.io/v1alpha1", "Rollout", "default", "web").unwrap();
        (live["status"]["phase"].clone(), live["status"]["workloadObservedGeneration"].clone())
    };
    while size(&rig) != 0 || phase(&rig).0 != "Healthy" {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let before = phase(&rig);
    rig.write("d.yaml", DEPLOYMENT.replace("nginx:1", "nginx:2"));
    assert_eq!(rig.deliver("image").await, (0, 1, 0));
    while phase(&rig).0 != "Healthy" || phase(&rig).1 == before.1 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let images: Vec<(Value, Value)> = rig
        .owned_sets()
        .iter()
        .map(|s| {
            (s["spec"]["template"]["spec"]["containers"][0]["image"].clone(), s["spec"]["replicas"].clone())
        })
        .collect();
    assert!(images.contains(&(json!("nginx:2"), json!(2))), "{images:?}");
    assert_eq!(size(&rig), 0, "Git says 2, but the Rollout has taken its pods over");
    rig.stop().await;
}

#[tokio::test]
async fn a_commit_may_bring_the_namespace_in_which_its_own_inventory_is_kept() {
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n";
    let files = [("namespace.yaml", namespace), ("c.yaml", &config("c", "1"))];
    let mut rig = Rig::with(".", "shop", &files).await;
    let first = git(&rig.repo, &["rev-parse", "HEAD"]);
    assert_eq!(rig.applied(&first).await, (2, 0, 0));
    assert!(rig.get("v1", "ConfigMap", "shop", "c").is_some());
    assert!(rig.owned().iter().all(|o| o["metadata"]["namespace"] == "shop"));
    rig.stop().await;
}
