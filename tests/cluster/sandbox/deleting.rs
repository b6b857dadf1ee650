//! Deleting objects: preconditions, finalizers, grace, whole collections, namespaces.

use crate::sandbox::wire::{MAPS, delete, get, map, merge, post, put, sandbox};
use serde_json::{Value, json};
use switchback::sandbox::Sandbox;

async fn pod(server: &Sandbox, name: &str, node: &str) -> String {
    let pods = "/api/v1/namespaces/default/pods";
    let mut pod = json!({"metadata": {"name": name}, "spec": {"terminationGracePeriodSeconds": 30,
        "containers": [{"name": "c", "image": "i"}]}});
    if !node.is_empty() {
        pod["spec"]["nodeName"] = node.into();
    }
    assert_eq!(post(server, pods, &pod).await.code, 201);
    format!("{pods}/{name}")
}

#[tokio::test]
async fn a_deleted_object_is_gone_and_told_of() {
    let server = sandbox(1);
    let made = post(&server, MAPS, &map("a")).await;
    let told = delete(&server, &format!("{MAPS}/a"), &Value::Null).await;
    assert_eq!((told.code, &told.body["status"]), (200, &json!("Success")));
    let details = json!({"name": "a", "kind": "configmaps", "uid": made.body["metadata"]["uid"]});
    assert_eq!(told.body["details"], details);
    let told = delete(&server, &format!("{MAPS}/a"), &Value::Null).await;
    assert_eq!((told.code, told.message()), (404, "configmaps \"a\" not found"));
}

#[tokio::test]
async fn preconditions_hold_the_deletion_back() {
    let server = sandbox(1);
    let made = post(&server, MAPS, &map("a")).await;
    let uid = made.body["metadata"]["uid"].as_str().unwrap();
    let told = delete(&server, &format!("{MAPS}/a"), &json!({"preconditions": {"uid": "other"}})).await;
    let text = format!(
        "Operation cannot be fulfilled on ConfigMap \"a\": the UID in the precondition (other) does not match the UID \
         in record ({uid}). The object might have been deleted and then recreated"
    );
    assert_eq!((told.code, told.message()), (409, text.as_str()));
    let stale = json!({"preconditions": {"resourceVersion": "1"}});
    assert_eq!(delete(&server, &format!("{MAPS}/a"), &stale).await.code, 409);
    let right = json!({"preconditions": {"uid": uid, "resourceVersion": made.revision()}});
    assert_eq!(delete(&server, &format!("{MAPS}/a"), &right).await.code, 200);
    let odd = json!({"propagationPolicy": "Sideways"});
    assert_eq!(delete(&server, &format!("{MAPS}/a"), &odd).await.code, 422);
}

#[tokio::test]
async fn finalizers_keep_an_object_until_the_last_is_gone() {
    let server = sandbox(1);
    let mut object = map("a");
    object["metadata"]["finalizers"] = json!(["x.io/one", "x.io/two"]);
    post(&server, MAPS, &object).await;
    let told = delete(&server, &format!("{MAPS}/a"), &Value::Null).await;
    assert_eq!((told.code, &told.body["kind"]), (200, &json!("ConfigMap")));
    assert_eq!(told.body["metadata"]["deletionGracePeriodSeconds"], 0);
    let again = post(&server, MAPS, &map("a")).await;
    assert_eq!(again.message(), "object is being deleted: configmaps \"a\" already exists");
    let more = json!({"metadata": {"finalizers": ["x.io/one", "x.io/new"]}});
    let told = merge(&server, &format!("{MAPS}/a"), &more).await;
    assert_eq!(told.code, 422);
    assert!(told.message().ends_with("found new finalizers []string{\"x.io/new\"}"), "{}", told.message());
    let one = json!({"metadata": {"finalizers": ["x.io/one"], "deletionTimestamp": null}});
    let told = merge(&server, &format!("{MAPS}/a"), &one).await;
    assert!(told.body["metadata"]["deletionTimestamp"].is_string());
    let told = merge(&server, &format!("{MAPS}/a"), &json!({"metadata": {"finalizers": null}})).await;
    assert_eq!(told.code, 200);
    assert_eq!(get(&server, &format!("{MAPS}/a")).await.code, 404);
}

#[tokio::test]
async fn the_collector_is_told_by_finalizers() {
    let server = sandbox(1);
    for (name, policy, finalizer) in [("f", "Foreground", "foregroundDeletion"), ("o", "Orphan", "orphan")] {
        post(&server, MAPS, &map(name)).await;
        let told = delete(&server, &format!("{MAPS}/{name}"), &json!({"propagationPolicy": policy})).await;
        assert_eq!(told.body["metadata"]["finalizers"], json!([finalizer]));
    }
    // asking again in another way changes the marker
    let told = delete(&server, &format!("{MAPS}/f"), &json!({"propagationPolicy": "Background"})).await;
    assert_eq!(told.code, 200);
    assert_eq!(get(&server, &format!("{MAPS}/f")).await.code, 404);
    // Jobs of batch/v1 leave their pods alone unless told otherwise
    let jobs = "/apis/batch/v1/namespaces/default/jobs";
    let job = json!({"metadata": {"name": "j"}, "spec": {"template": {"spec": {"restartPolicy": "Never",
        "containers": [{"name": "c", "image": "i"}]}}}});
    post(&server, jobs, &job).await;
    let told = delete(&server, &format!("{jobs}/j"), &Value::Null).await;
    assert_eq!(told.body["metadata"]["finalizers"], json!(["orphan"]));
}

#[tokio::test]
async fn pods_go_gracefully() {
    let server = sandbox(1);
    let unbound = pod(&server, "unbound", "").await;
    let before = server.revision();
    assert_eq!(delete(&server, &unbound, &Value::Null).await.code, 200);
    // marked, then removed
    assert_eq!((get(&server, &unbound).await.code, server.revision()), (404, before + 2));
    let bound = pod(&server, "bound", "n0").await;
    let told = delete(&server, &bound, &Value::Null).await;
    let meta = &told.body["metadata"];
    assert_eq!(meta["deletionGracePeriodSeconds"], 30);
    assert_eq!(meta["deletionTimestamp"], "2026-11-21T12:00:30Z");
    assert_eq!(meta["generation"], 2);
    // a longer grace changes nothing, a shorter one does
    delete(&server, &bound, &json!({"gracePeriodSeconds": 60})).await;
    assert_eq!(get(&server, &bound).await.body["metadata"]["deletionGracePeriodSeconds"], 30);
    let told = delete(&server, &bound, &json!({"gracePeriodSeconds": 10})).await;
    assert_eq!(told.body["metadata"]["deletionTimestamp"], "2026-11-21T12:00:10Z");
    assert_eq!(delete(&server, &bound, &json!({"gracePeriodSeconds": 0})).await.code, 200);
    assert_eq!(get(&server, &bound).await.code, 404);
}

#[tokio::test]
async fn a_collection_goes_by_selector() {
    let server = sandbox(1);
    for name in ["a", "b", "c"] {
        let mut object = map(name);
        object["metadata"]["labels"] = json!({"odd": (name != "b").to_string()});
        post(&server, MAPS, &object).await;
    }
    let told = delete(&server, &format!("{MAPS}?labelSelector=odd%3Dtrue"), &Value::Null).await;
    assert_eq!((told.code, told.body["items"].as_array().unwrap().len()), (200, 2));
    let left = get(&server, MAPS).await;
    assert_eq!(left.body["items"].as_array().unwrap().len(), 1);
    let told = delete(&server, "/api/v1/configmaps", &Value::Null).await;
    assert_eq!(told.code, 405);
}

#[tokio::test]
async fn a_namespace_is_emptied_before_it_goes() {
    let server = sandbox(1);
    let space = json!({"metadata": {"name": "n"}});
    let made = post(&server, "/api/v1/namespaces", &space).await;
    assert_eq!(made.body["spec"]["finalizers"], json!(["kubernetes"]));
    assert_eq!(made.body["status"]["phase"], "Active");
    let told = delete(&server, "/api/v1/namespaces/n", &Value::Null).await;
    assert_eq!(told.body["status"]["phase"], "Terminating");
    let told = post(&server, "/api/v1/namespaces/n/configmaps", &map("a")).await;
    let text = "configmaps \"a\" is forbidden: unable to create new content in namespace n because it is being \
                terminated";
    assert_eq!((told.code, told.message()), (403, text));
    assert_eq!(told.body["details"]["causes"][0]["reason"], "NamespaceTerminating");
    let empty = json!({"metadata": {"name": "n"}, "spec": {"finalizers": []}});
    assert_eq!(put(&server, "/api/v1/namespaces/n/finalize", &empty).await.code, 200);
    assert_eq!(get(&server, "/api/v1/namespaces/n").await.code, 404);
    let told = delete(&server, "/api/v1/namespaces/default", &Value::Null).await;
    let text = "namespaces \"default\" is forbidden: this namespace may not be deleted";
    assert_eq!((told.code, told.message()), (403, text));
}
