//! Kinds that a CustomResourceDefinition brings: serving, pruning, defaults, validation, columns, scale.

use crate::sandbox::wire::{Told, delete, get, merge, post, put, sandbox, send};
use serde_json::{Value, json};
use switchback::sandbox::Sandbox;

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const GADGETS: &str = "/apis/demo.io/v1/namespaces/default/gadgets";

fn definition() -> Value {
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "gadgets.demo.io"},
        "spec": {"group": "demo.io", "scope": "Namespaced",
            "names": {"plural": "gadgets", "kind": "Gadget", "shortNames": ["gd"]},
            "versions": [{"name": "v1", "served": true, "storage": true,
                "subresources": {"status": {}, "scale": {"specReplicasPath": ".spec.replicas",
                    "statusReplicasPath": ".status.replicas", "labelSelectorPath": ".status.selector"}},
                "additionalPrinterColumns": [
                    {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
                    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}],
                "schema": {"openAPIV3Schema": {"type": "object", "required": ["spec"], "properties": {
                    "spec": {"type": "object", "required": ["size"], "properties": {
                        "size": {"type": "integer", "minimum": 1, "default": 3},
                        "replicas": {"type": "integer"},
                        "set": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
                        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}},
                    "status": {"type": "object", "properties": {
                        "replicas": {"type": "integer"}, "selector": {"type": "string"}}}}}}}]}})
}

async fn defined() -> Sandbox {
    let server = sandbox(1);
    assert_eq!(post(&server, DEFINITIONS, &definition()).await.code, 201);
    server
}

fn gadget(spec: Value) -> Value {
    json!({"apiVersion": "demo.io/v1", "kind": "Gadget", "metadata": {"name": "g"}, "spec": spec})
}

async fn warned(server: &Sandbox, query: &str, body: &Value) -> Told {
    let body = bytes::Bytes::from(body.to_string());
    send(server, "POST", &format!("{GADGETS}{query}"), "application/json", body).await
}

#[tokio::test]
async fn a_definition_is_accepted_and_served() {
    let server = sandbox(1);
    assert_eq!(get(&server, GADGETS).await.code, 404);
    let made = post(&server, DEFINITIONS, &definition()).await;
    assert_eq!(made.body["spec"]["names"]["listKind"], "GadgetList");
    assert_eq!(made.body["status"]["storedVersions"], json!(["v1"]));
    let now = get(&server, &format!("{DEFINITIONS}/gadgets.demo.io")).await.body;
    let kinds: Vec<&str> =
        now["status"]["conditions"].as_array().unwrap().iter().map(|c| c["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["NamesAccepted", "Established"]);
    let list = get(&server, GADGETS).await.body;
    assert_eq!((&list["kind"], &list["items"]), (&json!("GadgetList"), &json!([])));
    let resources = get(&server, "/apis/demo.io/v1").await.body;
    let names: Vec<&str> =
        resources["resources"].as_array().unwrap().iter().map(|r| r["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["gadgets", "gadgets/scale", "gadgets/status"]);
    let mut other = definition();
    other["metadata"]["name"] = "other.demo.io".into();
    let told = post(&server, DEFINITIONS, &other).await;
    assert_eq!(told.code, 422);
    assert!(told.message().contains("must be spec.names.plural"), "{}", told.message());
}

#[tokio::test]
async fn objects_are_pruned_filled_and_checked() {
    let server = defined().await;
    let given = gadget(json!({"foo": 1, "free": {"x": {"y": 1.0}}, "replicas": 2}));
    let told = warned(&server, "?fieldValidation=Strict", &given).await;
    let text = "Gadget in version \"v1\" cannot be handled as a Gadget: strict decoding error: unknown field \"spec.foo\"";
    assert_eq!((told.code, told.message()), (400, text));
    let told = warned(&server, "", &given).await;
    assert_eq!(
        (told.code, &told.headers["warning"]),
        (201, &"299 - \"unknown field \\\"spec.foo\\\"\"".parse().unwrap())
    );
    assert_eq!(told.body["spec"], json!({"size": 3, "free": {"x": {"y": 1}}, "replicas": 2}));
    assert_eq!(told.body["metadata"]["generation"], 1);
    let told = merge(&server, &format!("{GADGETS}/g"), &json!({"spec": {"size": 0}})).await;
    let text = "Gadget.demo.io \"g\" is invalid: spec.size: Invalid value: 0: spec.size in body should be greater than \
                or equal to 1";
    assert_eq!((told.code, told.message()), (422, text));
    let told = merge(&server, &format!("{GADGETS}/g"), &json!({"spec": {"set": ["a", "a"]}})).await;
    assert_eq!(told.body["details"]["causes"][0]["field"], "spec.set[1]");
    let mut wrong = gadget(json!({}));
    wrong["kind"] = "Foo".into();
    let told = post(&server, GADGETS, &wrong).await;
    assert_eq!(told.message(), "Foo.demo.io \"g\" is invalid: kind: Invalid value: \"Foo\": must be Gadget");
    assert_eq!(post(&server, GADGETS, &json!({"metadata": {"name": "h"}})).await.code, 400);
}

#[tokio::test]
async fn status_generation_and_scale() {
    let server = defined().await;
    let mut given = gadget(json!({"replicas": 2}));
    given["status"] = json!({"replicas": 9});
    let made = post(&server, GADGETS, &given).await;
    assert!(made.body.get("status").is_none());
    let one = format!("{GADGETS}/g");
    let told = merge(
        &server,
        &format!("{one}/status"),
        &json!({"spec": {"size": 9}, "status": {"replicas": 2, "selector": "a=b"}}),
    )
    .await;
    assert_eq!((&told.body["spec"]["size"], &told.body["status"]["replicas"]), (&json!(3), &json!(2)));
    assert_eq!(told.body["metadata"]["generation"], 1);
    let told = merge(&server, &one, &json!({"metadata": {"labels": {"a": "b"}}})).await;
    assert_eq!(told.body["metadata"]["generation"], 1);
    let scale = get(&server, &format!("{one}/scale")).await.body;
    assert_eq!((&scale["spec"]["replicas"], &scale["status"]["selector"]), (&json!(2), &json!("a=b")));
    merge(&server, &format!("{one}/scale"), &json!({"spec": {"replicas": 4}})).await;
    let now = get(&server, &one).await.body;
    assert_eq!((&now["spec"]["replicas"], &now["metadata"]["generation"]), (&json!(4), &json!(2)));
    let told = put(&server, &one, &gadget(json!({}))).await;
    assert_eq!(told.code, 422);
    assert!(told.message().ends_with("must be specified for an update"), "{}", told.message());
    let told = delete(&server, &one, &Value::Null).await;
    assert_eq!(told.body["details"]["kind"], "gadgets");
}

#[tokio::test]
async fn a_new_default_shows_on_what_is_stored() {
    let server = defined().await;
    let made = post(&server, GADGETS, &gadget(json!({}))).await;
    let patch = json!([{"op": "add", "path": "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/mode",
        "value": {"type": "string", "default": "fast"}}]);
    let uri = format!("{DEFINITIONS}/gadgets.demo.io");
    let body = bytes::Bytes::from(patch.to_string());
    assert_eq!(send(&server, "PATCH", &uri, "application/json-patch+json", body).await.code, 200);
    let now = get(&server, &format!("{GADGETS}/g")).await;
    assert_eq!((&now.body["spec"]["mode"], now.revision()), (&json!("fast"), made.revision()));
    assert_eq!(get(&server, GADGETS).await.body["items"][0]["spec"]["mode"], "fast");
}

#[tokio::test]
async fn tables_show_printed_columns() {
    let server = defined().await;
    post(&server, GADGETS, &gadget(json!({"size": 5}))).await;
    let request =
        http::Request::get(GADGETS).header("accept", "application/json;as=Table;v=v1;g=meta.k8s.io");
    let request = request.body(http_body_util::Full::<bytes::Bytes>::default()).unwrap();
    let table = crate::sandbox::wire::answer(&server, request).await.body;
    let columns: Vec<&str> =
        table["columnDefinitions"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert_eq!(columns, ["Name", "Size", "Age"]);
    assert_eq!(table["rows"][0]["cells"], json!(["g", 5, "0s"]));
    assert_eq!(table["rows"][0]["object"]["kind"], "PartialObjectMetadata");
}
