//! What a cluster lets go by itself: definitions and claims once nothing needs them, and what a Service's former type
//! needed. It never starts an engine.

use super::manifests::{objects, service};
use super::program::{LIMIT, STEP};
use super::stage::{Stage, play};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

/// Waits until nothing is at `path`.
async fn gone(stage: &Stage, path: &str) {
    let late = Instant::now() + LIMIT;
    while let Some(object) = stage.api.get(path).await {
        assert!(Instant::now() < late, "{path} never goes: {object:#}");
        sleep(STEP).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_goes_with_its_objects_and_may_come_back() {
    play("definition", async |stage| {
        let group = format!("{}.example.test", stage.namespace);
        let name = format!("gadgets.{group}");
        let at = super::api::path("CustomResourceDefinition", "", &name);
        let gadgets = format!("/apis/{group}/v1/namespaces/{}/gadgets", stage.namespace);
        let names = json!({"kind": "Gadget", "plural": "gadgets", "singular": "gadget"});
        let version =
            json!({"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}}});
        let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": name},
            "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": [version]}});
        for _ in 0..2 {
            stage.api.create(&definition).await;
            let late = Instant::now() + LIMIT;
            while stage.api.get(&gadgets).await.is_none() {
                assert!(Instant::now() < late, "it is never served");
                sleep(STEP).await;
            }
            let gadget =
                json!({"apiVersion": format!("{group}/v1"), "kind": "Gadget", "metadata": {"name": "one"}});
            stage.api.post(&gadgets, &gadget).await;
            stage.api.delete(&at).await;
            gone(stage, &at).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_nobody_uses_goes() {
    play("claim", async |stage| {
        let spec = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}});
        let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": spec});
        let made = stage.create(claim).await;
        assert_eq!(made["metadata"]["finalizers"], json!(["kubernetes.io/pvc-protection"]));
        stage.api.delete(&stage.at("PersistentVolumeClaim", "data")).await;
        gone(stage, &stage.at("PersistentVolumeClaim", "data")).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_changes_its_type_and_gives_back_what_that_needed() {
    play("types", async |stage| {
        let mut front = objects(&service("front", "shape")).remove(0);
        front["spec"]["type"] = json!("NodePort");
        let made = stage.create(front).await;
        assert!(made["spec"]["ports"][0]["nodePort"].is_i64(), "{made}");
        let change = |spec: Value| async move {
            stage.api.merge(&stage.at("Service", "front"), &json!({ "spec": spec })).await
        };
        let inner = change(json!({"type": "ClusterIP"})).await;
        let spec = &inner["spec"];
        assert!(spec["externalTrafficPolicy"].is_null() && spec["ports"][0]["nodePort"].is_null(), "{inner}");
        assert_eq!(spec["clusterIP"], made["spec"]["clusterIP"]);
        let named = change(json!({"type": "ExternalName", "externalName": "example.test"})).await;
        assert!(named["spec"]["clusterIP"].is_null(), "{named}");
        let back = change(json!({"type": "ClusterIP", "externalName": null})).await;
        assert!(back["spec"]["clusterIP"].is_string(), "{back}");
    })
    .await;
}
