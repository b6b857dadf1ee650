//! What becomes of what a Delivery has applied when somebody deletes it: it stays unless its spec says otherwise, and what
//! goes with it goes whatever is away. Nothing keeps a Delivery for ever.

use crate::delivery::operator::{Operator, condition};
use crate::delivery::rig::config;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use switchback::sandbox::route::Ask;
use switchback::sandbox::{Fault, Moment, Refusal};

const FINALIZER: &str = "switchback.dev/delete-objects";

/// The Secrets that inventories are kept in.
fn inventories(rig: &Operator) -> Vec<Value> {
    let mut all = rig.sandbox.snapshot("v1", "Secret", "default");
    all.retain(|secret| secret["type"] == "switchback.dev/inventory");
    all
}

async fn delete(rig: &Operator) {
    assert!(rig.send("DELETE", "shop", json!({})).await.is_success());
}

async fn is_gone(rig: &Operator) {
    rig.wait("the Delivery is gone", |rig| rig.get("shop").is_null()).await;
    rig.wait("its inventory is gone", |rig| inventories(rig).is_empty()).await;
}

/// A Delivery of the ConfigMaps `a` and `b` that takes them along, with more of its spec.
async fn taking_along(rig: &Operator, more: Value) -> PathBuf {
    let repo = rig.repository("shop", &["a", "b"]);
    let mut spec = json!({"repository": repo, "deletionPolicy": "Delete"});
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    rig.deliver("shop", spec);
    rig.ready("shop").await;
    assert_eq!(rig.get("shop")["metadata"]["finalizers"], json!([FINALIZER]));
    repo
}

fn are_there(rig: &Operator) -> [bool; 2] {
    ["a", "b"].map(|name| !rig.config("default", name).is_null())
}

#[tokio::test]
async fn by_default_everything_stays_but_the_inventory() {
    let rig = Operator::new().await;
    let repo = rig.repository("shop", &["a", "b"]);
    rig.deliver("shop", json!({"repository": repo}));
    rig.ready("shop").await;
    assert!(rig.get("shop")["metadata"]["finalizers"].is_null() && !inventories(&rig).is_empty());
    delete(&rig).await;
    is_gone(&rig).await;
    assert_eq!(are_there(&rig), [true, true]);
}

#[tokio::test]
async fn what_is_to_go_goes_but_what_pruning_would_let_go() {
    let rig = Operator::new().await;
    let repo = rig.repository("shop", &["a", "b"]);
    let text = |kind: &str, more: &str| format!("apiVersion: v1\nkind: {kind}\nmetadata: {{name: {more}}}\n");
    let files = [
        ("namespace", text("Namespace", "ours")),
        ("claim", text("PersistentVolumeClaim", "claim") + "spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n"),
        ("marked", config("marked", "1").replace("\ndata:", "\n  annotations: {switchback.dev/prune: disabled}\ndata:")),
        (
            "web",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: web}}\n  \
             template:\n    metadata: {labels: {app: web}}\n    spec: {containers: [{name: c, image: example/web:v1}]}\n"
                .to_owned(),
        ),
    ];
    for (name, text) in files {
        std::fs::write(repo.join(format!("{name}.yaml")), text).unwrap();
    }
    for n in 0..12 {
        rig.put(&repo, &format!("c{n}"), "1"); // more than may be pruned at once without a word
    }
    rig.put(&repo, "theirs", "1");
    let theirs = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "theirs", "namespace": "default"}});
    rig.sandbox.create("someone", theirs).unwrap();
    rig.commit(&repo);
    rig.deliver("shop", json!({"repository": repo, "deletionPolicy": "Delete"}));
    rig.ready("shop").await;
    delete(&rig).await;
    is_gone(&rig).await;
    assert_eq!(are_there(&rig), [false, false]);
    let get = |version: &str, kind: &str, name: &str| rig.sandbox.get((version, kind), "default", name);
    rig.wait("the pods are gone", |rig| rig.sandbox.snapshot("v1", "Pod", "default").is_empty()).await;
    assert!(get("apps/v1", "Deployment", "web").is_none() && rig.config("default", "c11").is_null());
    assert!(
        get("v1", "PersistentVolumeClaim", "claim").is_some() && !rig.config("default", "marked").is_null()
    );
    assert!(rig.sandbox.get(("v1", "Namespace"), "", "ours").is_some());
    assert!(!rig.config("default", "theirs").is_null(), "it was there before");
    rig.wait("it is told", |rig| rig.said("shop").iter().any(|said| said.starts_with("Deleted"))).await;
    let said = rig.said("shop").into_iter().find(|said| said.starts_with("Deleted")).unwrap();
    assert!(said.contains("deleted 15 objects") && said.contains("4 stay"), "{said}");
    assert!(said.contains("Namespace ours: a Namespace holds more than its manifest"), "{said}");
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(are_there(&rig), [false, false], "nobody brings them back");
}

#[tokio::test]
async fn it_goes_while_git_is_away_and_through_an_end_in_the_middle() {
    let mut rig = Operator::new().await;
    let repo = taking_along(&rig, json!({})).await;
    std::fs::remove_dir_all(&repo).unwrap();
    let is_away = Arc::new(AtomicBool::new(true));
    let away = Arc::clone(&is_away);
    rig.sandbox.fault_hook(Some(Arc::new(move |moment: Moment<'_>| match moment {
        Moment::Before(a)
            if a.ask == Ask::Delete
                && a.resource == "configmaps"
                && a.name == "b"
                && away.load(Ordering::SeqCst) =>
        {
            let message = "the storage is away".to_owned();
            Fault::Refuse(Refusal { code: 503, reason: "ServiceUnavailable", message, details: None })
        }
        _ => Fault::None,
    })));
    delete(&rig).await;
    rig.wait("the first one is gone", |rig| are_there(rig) == [false, true]).await;
    let trying = |s: &Value| condition(s, "Reconciling")["status"] == "True";
    rig.until("shop", "trying again", trying).await;
    assert!(!inventories(&rig).is_empty(), "what is left is known still");
    rig.restart().await;
    is_away.store(false, Ordering::SeqCst);
    is_gone(&rig).await;
    assert_eq!(are_there(&rig), [false, false]);
}

#[tokio::test]
async fn what_may_not_be_deleted_any_more_keeps_it_until_a_person_or_time_lets_go() {
    let mut rig = Operator::new().await;
    taking_along(&rig, json!({"serviceAccountName": "deployer"})).await;
    rig.allow(&["get secrets", "delete secrets", "get configmaps", "list replicasets", "list rollouts"]);
    delete(&rig).await;
    let status = rig.because("shop", "Forbidden").await;
    assert_eq!(condition(&status, "Stalled")["status"], "True", "{status:#}");
    let said = condition(&status, "Ready")["message"].as_str().unwrap();
    for what in [
        "ServiceAccount default/deployer may not delete configmaps in namespace default",
        "kubectl -n default create rolebinding",
        "kubectl -n default patch delivery shop --type merge -p '{\"spec\":{\"deletionPolicy\":\"Orphan\"}}'",
        "by itself 5m after",
    ] {
        assert!(said.contains(what), "{what}: {said}");
    }
    rig.change("shop", json!({"spec": {"deletionPolicy": "Orphan"}})).await;
    is_gone(&rig).await;
    assert_eq!(are_there(&rig), [true, true]);

    rig.patience = Duration::from_secs(3);
    rig.restart().await;
    rig.allow_all();
    rig.deliver(
        "shop",
        json!({"repository": rig.folder.path().join("shop"), "deletionPolicy": "Delete",
        "serviceAccountName": "deployer"}),
    );
    rig.ready("shop").await;
    rig.allow(&[]);
    delete(&rig).await;
    is_gone(&rig).await;
    assert_eq!(are_there(&rig), [true, true]);
    let lets_go = |said: &String| said.starts_with("LetGo") && said.contains("It is not tried any more");
    rig.wait("it is told", |rig| rig.said("shop").iter().any(lets_go)).await;
}

#[tokio::test]
async fn a_suspended_one_and_one_that_changed_its_mind_take_nothing_along() {
    let rig = Operator::new().await;
    taking_along(&rig, json!({})).await;
    rig.change("shop", json!({"spec": {"suspend": true}})).await;
    rig.because("shop", "Suspended").await;
    delete(&rig).await;
    is_gone(&rig).await;
    assert_eq!(are_there(&rig), [true, true]);
    rig.wait("it is told", |rig| rig.said("shop").iter().any(|s| s.starts_with("LetGo it is suspended")))
        .await;

    rig.deliver("shop", json!({"repository": rig.folder.path().join("shop"), "deletionPolicy": "Delete"}));
    rig.ready("shop").await;
    rig.change("shop", json!({"spec": {"deletionPolicy": null}})).await;
    rig.wait("no finalizer", |rig| {
        rig.get("shop")["metadata"]["finalizers"].as_array().is_none_or(Vec::is_empty)
    })
    .await;
    delete(&rig).await;
    is_gone(&rig).await;
    assert_eq!(are_there(&rig), [true, true]);
}

#[tokio::test]
async fn one_that_was_never_applied_goes_too() {
    let rig = Operator::new().await;
    let spec = json!({"repository": rig.folder.path().join("nowhere"), "deletionPolicy": "Delete"});
    rig.deliver("shop", spec);
    rig.until("shop", "failing", |s| condition(s, "Stalled")["status"] == "True").await;
    delete(&rig).await;
    is_gone(&rig).await;
}
