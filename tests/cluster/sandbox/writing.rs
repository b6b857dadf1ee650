//! Creating, replacing and patching objects.

use crate::sandbox::wire::{MAPS, get, map, merge, post, put, sandbox};
use serde_json::{Value, json};

#[tokio::test]
async fn a_new_object_gets_what_only_the_server_knows() {
    let server = sandbox(1);
    let mut object = map("a");
    object["metadata"]["uid"] = "mine".into();
    object["metadata"]["creationTimestamp"] = "2000-01-01T00:00:00Z".into();
    let told = post(&server, MAPS, &object).await;
    assert_eq!(told.code, 201);
    let meta = &told.body["metadata"];
    assert_eq!(
        (&meta["namespace"], &meta["creationTimestamp"]),
        (&json!("default"), &json!("2026-11-21T12:00:00Z"))
    );
    assert_eq!(meta["uid"].as_str().unwrap().len(), 36);
    assert_eq!(get(&server, &format!("{MAPS}/a")).await.body, told.body);
}

#[tokio::test]
async fn names_are_taken_once_and_generated_ones_end_in_five_letters() {
    let server = sandbox(1);
    post(&server, MAPS, &map("a")).await;
    let again = post(&server, MAPS, &map("a")).await;
    assert_eq!((again.code, again.message()), (409, "configmaps \"a\" already exists"));
    assert_eq!(again.body["reason"], "AlreadyExists");
    let generated = json!({"metadata": {"generateName": "web-"}});
    let told = post(&server, MAPS, &generated).await;
    let name = told.body["metadata"]["name"].as_str().unwrap();
    assert_eq!((name.len(), &name[..4]), (9, "web-"));
    assert!(name[4..].chars().all(|c| "bcdfghjklmnpqrstvwxz2456789".contains(c)), "{name}");
}

#[tokio::test]
async fn namespaces_must_exist() {
    let server = sandbox(1);
    let told = post(&server, "/api/v1/namespaces/none/configmaps", &map("a")).await;
    assert_eq!((told.code, told.message()), (404, "namespaces \"none\" not found"));
    let mut elsewhere = map("a");
    elsewhere["metadata"]["namespace"] = "other".into();
    let told = post(&server, MAPS, &elsewhere).await;
    let text = "the namespace of the provided object does not match the namespace sent on the request";
    assert_eq!((told.code, told.message()), (400, text));
}

#[tokio::test]
async fn an_update_that_changes_nothing_makes_no_revision() {
    let server = sandbox(1);
    let made = post(&server, MAPS, &map("a")).await;
    let before = server.revision();
    let same = put(&server, &format!("{MAPS}/a"), &made.body).await;
    assert_eq!((same.code, server.revision(), same.revision()), (200, before, made.revision()));
    let patched = merge(&server, &format!("{MAPS}/a"), &json!({"data": {"a": "b"}})).await;
    assert_eq!((patched.code, server.revision()), (200, before));
}

#[tokio::test]
async fn an_old_revision_is_refused() {
    let server = sandbox(1);
    let made = post(&server, MAPS, &map("a")).await;
    merge(&server, &format!("{MAPS}/a"), &json!({"data": {"a": "c"}})).await;
    let text = "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; please apply your \
                changes to the latest version and try again";
    let told = put(&server, &format!("{MAPS}/a"), &made.body).await;
    assert_eq!((told.code, told.message()), (409, text));
    let stale = json!({"metadata": {"resourceVersion": made.revision()}, "data": {"a": "d"}});
    let told = merge(&server, &format!("{MAPS}/a"), &stale).await;
    assert_eq!((told.code, told.message()), (409, text));
    // ConfigMaps take a PUT that names no revision
    let mut any = map("a");
    any["data"]["a"] = "e".into();
    assert_eq!(put(&server, &format!("{MAPS}/a"), &any).await.code, 200);
    // Leases do not
    let leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases";
    let lease = json!({"metadata": {"name": "l"}, "spec": {"holderIdentity": "x"}});
    assert_eq!(post(&server, leases, &lease).await.code, 201);
    let told = put(&server, &format!("{leases}/l"), &lease).await;
    let text = "leases.coordination.k8s.io \"l\" is invalid: metadata.resourceVersion: Invalid value: 0: must be \
                specified for an update";
    assert_eq!((told.code, told.message()), (422, text));
}

#[tokio::test]
async fn a_put_of_nothing_is_not_found_unless_the_kind_says_otherwise() {
    let server = sandbox(1);
    let told = put(&server, &format!("{MAPS}/a"), &map("a")).await;
    assert_eq!((told.code, told.message()), (404, "configmaps \"a\" not found"));
    let lease = json!({"metadata": {"name": "l"}});
    let told = put(&server, "/apis/coordination.k8s.io/v1/namespaces/default/leases/l", &lease).await;
    assert_eq!(told.code, 201);
}

#[tokio::test]
async fn names_and_uids_must_fit() {
    let server = sandbox(1);
    post(&server, MAPS, &map("a")).await;
    let told = put(&server, &format!("{MAPS}/a"), &map("b")).await;
    assert_eq!(told.message(), "the name of the object (b) does not match the name on the URL (a)");
    let mut other = map("a");
    other["metadata"]["uid"] = "other".into();
    let told = put(&server, &format!("{MAPS}/a"), &other).await;
    assert_eq!(told.code, 409);
    assert!(told.message().contains("Precondition failed: UID in precondition: other"), "{}", told.message());
    let told = merge(&server, &format!("{MAPS}/a"), &json!({"metadata": {"name": "b"}})).await;
    assert_eq!(told.code, 400);
    let mut labelled = map("c");
    labelled["metadata"]["labels"] = json!({"-bad": "x"});
    let told = post(&server, MAPS, &labelled).await;
    assert_eq!((told.code, &told.body["reason"]), (422, &json!("Invalid")));
    assert_eq!(told.body["details"]["causes"][0]["field"], "metadata.labels");
}

#[tokio::test]
async fn a_dry_run_leaves_no_trace() {
    let server = sandbox(1);
    let before = server.revision();
    let told = post(&server, &format!("{MAPS}?dryRun=All"), &map("a")).await;
    assert_eq!((told.code, told.revision()), (201, ""));
    assert_eq!(told.headers["content-type"], "application/json");
    assert_eq!((server.revision(), get(&server, &format!("{MAPS}/a")).await.code), (before, 404));
    post(&server, MAPS, &map("a")).await;
    let before = server.revision();
    let patch = json!({"data": {"x": "y"}});
    let told = merge(&server, &format!("{MAPS}/a?dryRun=All"), &patch).await;
    assert_eq!((&told.body["data"]["x"], server.revision()), (&json!("y"), before));
    let told = post(&server, &format!("{MAPS}?dryRun=Some"), &map("b")).await;
    assert_eq!(told.code, 422);
}

#[tokio::test]
async fn status_is_written_through_its_own_door() {
    let server = sandbox(1);
    let sets = "/apis/apps/v1/namespaces/default/replicasets";
    let set = json!({"metadata": {"name": "r"}, "spec": {"replicas": 1, "selector": {"matchLabels": {"a": "b"}},
        "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}},
        "status": {"replicas": 7}});
    let made = post(&server, sets, &set).await;
    assert_eq!((made.code, &made.body["status"]["replicas"]), (201, &json!(0)));
    let both = json!({"spec": {"replicas": 3}, "status": {"replicas": 3}});
    let told = merge(&server, &format!("{sets}/r/status"), &both).await;
    assert_eq!((&told.body["spec"]["replicas"], &told.body["status"]["replicas"]), (&json!(1), &json!(3)));
    assert_eq!(told.body["metadata"]["generation"], 1);
    let told = merge(&server, &format!("{sets}/r"), &both).await;
    assert_eq!(
        (&told.body["spec"]["replicas"], &told.body["metadata"]["generation"]),
        (&json!(3), &json!(2))
    );
}

#[tokio::test]
async fn scale_is_a_window_on_its_parent() {
    let server = sandbox(1);
    let sets = "/apis/apps/v1/namespaces/default/replicasets";
    let set = json!({"metadata": {"name": "r"}, "spec": {"replicas": 2, "selector": {"matchLabels": {"a": "b"}},
        "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}}});
    let made = post(&server, sets, &set).await;
    let scale = get(&server, &format!("{sets}/r/scale")).await;
    assert_eq!(scale.revision(), made.revision());
    assert_eq!(
        (&scale.body["spec"]["replicas"], &scale.body["status"]["selector"]),
        (&json!(2), &json!("a=b"))
    );
    let told = merge(&server, &format!("{sets}/r/scale"), &json!({"spec": {"replicas": 5}})).await;
    assert_eq!((told.code, &told.body["spec"]["replicas"]), (200, &json!(5)));
    let parent = get(&server, &format!("{sets}/r")).await;
    assert_eq!((&parent.body["spec"]["replicas"], parent.revision()), (&json!(5), told.revision()));
    let told = merge(&server, &format!("{sets}/r/scale"), &json!({"spec": {"replicas": -1}})).await;
    assert_eq!(told.code, 422);
}

#[tokio::test]
async fn bodies_and_patches_must_be_of_a_known_form() {
    let server = sandbox(1);
    let send = |method: &'static str, kind: &'static str, body: &'static str| {
        let server = server.clone();
        async move {
            let uri = if method == "POST" { MAPS.to_owned() } else { format!("{MAPS}/a") };
            crate::sandbox::wire::send(
                &server,
                method,
                &uri,
                kind,
                bytes::Bytes::from_static(body.as_bytes()),
            )
            .await
        }
    };
    post(&server, MAPS, &map("a")).await;
    assert_eq!(send("POST", "application/vnd.kubernetes.protobuf", "k8s").await.code, 415);
    assert_eq!(send("POST", "text/plain", "x").await.code, 415);
    assert_eq!(send("POST", "application/json", "{").await.code, 400);
    assert_eq!(send("POST", "application/json", "[]").await.code, 400);
    let yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: z}\ndata: {k: \"v\"}\n";
    assert_eq!(send("POST", "application/yaml", yaml).await.code, 201);
    let secret = r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"}}"#;
    let told = send("POST", "application/json", secret).await;
    assert!(told.message().starts_with("Secret in version \"v1\" cannot be handled as a ConfigMap"));
    assert_eq!(send("PATCH", "application/json", "{}").await.code, 415);
    assert_eq!(send("PATCH", "application/merge-patch+json", "[").await.code, 400);
    assert_eq!(
        send("PATCH", "application/json-patch+json", r#"[{"op":"remove","path":"/none"}]"#).await.code,
        422
    );
    let told =
        send("PATCH", "application/json-patch+json", r#"[{"op":"add","path":"/data/x","value":"1"}]"#).await;
    assert_eq!((told.code, &told.body["data"]["x"]), (200, &Value::from("1")));
}
