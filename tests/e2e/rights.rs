//! What a controller may do: without rights it says which it lacks, with those of one namespace it serves that
//! namespace. It never needs rights in the whole cluster.

use super::manifests::{BLUE_GREEN, objects, of_instance, rollout, service};
use super::stage::play;
use serde_json::{Value, json};

/// The rights of a controller in its namespace.
fn role() -> Value {
    let rule = |group: &str, resources: &[&str], verbs: &[&str]| json!({"apiGroups": [group], "resources": resources, "verbs": verbs});
    let kinds = ["rollouts", "rollouts/status", "analysisruns", "analysistemplates"];
    json!([
        rule("argoproj.io", &kinds, &["get", "list", "watch", "create", "patch", "delete"]),
        rule("apps", &["replicasets"], &["get", "list", "watch", "create", "patch", "delete"]),
        rule("batch", &["jobs"], &["get", "list", "watch", "create", "delete"]),
        rule("", &["services"], &["get", "list", "watch", "patch"]),
        rule("", &["pods"], &["list"]),
        rule("", &["events"], &["create"]),
        rule("coordination.k8s.io", &["leases"], &["get", "create", "update"]),
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_of_one_namespace_are_enough() {
    play("rights", async |stage| {
        if !stage.real {
            println!("the embedded cluster lets every known user do everything: rights are not tested");
            return;
        }
        let namespace = &stage.namespace;
        let line =
            format!("controller --context least --instance-id {namespace} --metrics-port 0 --health-port 0");
        let mut everywhere = stage.start("everywhere", &format!("{line} --leader-elect=false"));
        everywhere.says("give Switchback the right to list and watch them").await;
        assert_eq!(everywhere.terminate().await, 0);

        let mut program = stage.start("controller", &format!("{line} --namespace {namespace}"));
        program.says("give Switchback the right to get, create and update it").await;
        let meta = json!({"name": "controller"});
        let kind = "rbac.authorization.k8s.io/v1";
        stage.create(json!({"apiVersion": kind, "kind": "Role", "metadata": meta, "rules": role()})).await;
        stage
            .create(json!({"apiVersion": kind, "kind": "RoleBinding", "metadata": meta,
                "subjects": [{"kind": "User", "name": "least"}],
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "controller"}}))
            .await;
        let services = ["colour-active", "colour-preview"].map(|name| service(name, "colour"));
        for text in services.iter().chain([&rollout("colour", &of_instance(namespace), BLUE_GREEN)]) {
            for object in objects(text) {
                stage.create(object).await;
            }
        }
        stage.phase("colour", "Healthy", |_| true).await;
        stage.pods("colour", &[(3, "example/colour:v1")]).await;
        let told = stage.until("Event", "", "there", |events| {
            let events = events["items"].as_array().cloned().unwrap_or_default();
            events.iter().any(|e| e["reason"] == "RolloutCompleted")
        });
        told.await;
        assert_eq!(program.terminate().await, 0);
    })
    .await;
}
