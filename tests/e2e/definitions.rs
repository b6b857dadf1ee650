//! The definitions that we install: what the API server makes of Rollouts by them, and of a definition that is there already.
//! It never compares them with Argo's; `tests/cluster/crds` does.

use super::controller::kubectl;
use super::stage::{Stage, play};
use serde_json::{Value, json};

/// A Rollout with nothing but a container, as somebody applies it.
fn applied(container: &Value) -> Value {
    json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "parts"}, "spec": {
        "selector": {"matchLabels": {"app": "parts"}}, "template": {"metadata": {"labels": {"app": "parts"}},
        "spec": {"containers": [container]}}}})
}

fn containers(rollout: &Value) -> &Vec<Value> {
    rollout["spec"]["template"]["spec"]["containers"].as_array().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_of_a_pod_template_are_shared_by_those_who_apply_them() {
    play("shared-lists", async |stage| {
        let (path, api) = (stage.at("Rollout", "parts"), &stage.api);
        let web = json!({"name": "web", "image": "example/web:v1", "ports": [{"containerPort": 80}]});
        let first = api.apply(&path, "team", &applied(&web)).await.unwrap();
        assert_eq!(containers(&first)[0]["ports"][0]["protocol"], "TCP", "its default is a key of the list");
        let proxy = json!({"name": "proxy", "image": "example/proxy:v1"});
        api.apply(&path, "mesh", &applied(&proxy)).await.unwrap();
        let web = json!({"name": "web", "image": "example/web:v2", "env": [{"name": "A", "value": "1"}]});
        let last = api.apply(&path, "team", &applied(&web)).await.unwrap();
        let names: Vec<&Value> = containers(&last).iter().map(|c| &c["name"]).collect();
        assert_eq!(names.len(), 2, "{names:?}");
        let web = containers(&last).iter().find(|c| c["name"] == "web").unwrap();
        assert_eq!((&web["image"], &web["ports"]), (&json!("example/web:v2"), &Value::Null));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_of_a_pod_template_are_checked_and_foreign_ones_are_dropped() {
    play("fields", async |stage| {
        let api = &stage.api;
        let path = stage.at("Rollout", "parts");
        let mut rollout = applied(&json!({"name": "web", "image": "example/web:v1", "comand": ["x"]}));
        rollout["metadata"]["namespace"] = json!(stage.namespace);
        rollout["spec"]["template"]["metadata"]["name"] = json!("web");
        let made = stage.create(rollout.clone()).await;
        assert_eq!(containers(&made)[0]["comand"], Value::Null);
        assert_eq!(made["spec"]["template"]["metadata"], json!({"labels": {"app": "parts"}}));
        // As with Argo's definitions, what is no quantity is stored; the controller is who says so.
        let memory = json!({"limits": {"memory": "invalid"}});
        let mut odd = applied(&json!({"name": "web", "image": "example/web:v1", "resources": memory}));
        odd["metadata"] = json!({"name": "odd", "namespace": stage.namespace});
        let odd = stage.create(odd).await;
        assert_eq!(containers(&odd)[0]["resources"], json!({"limits": {"memory": "invalid"}}));
        let wrong = json!({"name": "web", "ports": [{"containerPort": "http"}]});
        let error = api.apply(&path, "team", &applied(&wrong)).await.unwrap_err().to_string();
        assert!(error.contains("containerPort"), "{error}");
        if let Some(said) = kubectl(stage, "explain rollout.spec.template.spec.containers.ports").await {
            let text = said.ok();
            assert!(text.contains("containerPort") && text.contains("required"), "{text}");
        }
    })
    .await;
}

/// The schema of the status of Rollouts as the cluster has it.
async fn status_fields(stage: &Stage) -> Value {
    let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/rollouts.argoproj.io";
    let definition = stage.api.get(path).await.unwrap();
    let pointer = "/spec/versions/0/schema/openAPIV3Schema/properties/status/properties";
    definition.pointer(pointer).cloned().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_newer_definition_has_stays() {
    play("newer", async |stage| {
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/rollouts.argoproj.io";
        let mut newer = stage.api.get(path).await.unwrap();
        let pointer = "/spec/versions/0/schema/openAPIV3Schema/properties/status/properties";
        let fields = newer.pointer_mut(pointer).and_then(Value::as_object_mut).unwrap();
        fields.insert("ofTheFuture".to_owned(), json!({"type": "string"}));
        fields.remove("alb");
        stage.api.merge(path, &json!({"spec": {"versions": newer["spec"]["versions"]}})).await;
        let said = stage.run("install-crds").await.ok();
        assert!(said.contains("customresourcedefinition/rollouts.argoproj.io updated"), "{said}");
        let fields = status_fields(stage).await;
        assert!(fields["alb"].is_object() && fields["ofTheFuture"].is_object(), "{fields}");
        let again = stage.run("install-crds").await.ok();
        assert!(again.contains("customresourcedefinition/rollouts.argoproj.io unchanged"), "{again}");
    })
    .await;
}
