//! What a controller and a Delivery may do: without rights they say which they lack, with those of one namespace they serve
//! that namespace. They never need rights in the whole cluster.

use super::controller::apply;
use super::deliveries::{condition, delivery, ready_at};
use super::manifests::{BLUE_GREEN, objects, of_instance, rollout, service};
use super::program::said;
use super::repository::Repository;
use super::stage::{Stage, play};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

/// The rights of a controller in its namespace.
fn role() -> Value {
    let rule = |group: &str, resources: &[&str], verbs: &[&str]| json!({"apiGroups": [group], "resources": resources, "verbs": verbs});
    let kinds = ["rollouts", "rollouts/status", "analysisruns", "analysistemplates"];
    json!([
        rule("argoproj.io", &kinds, &["get", "list", "watch", "create", "patch", "delete"]),
        rule("apps", &["replicasets"], &["get", "list", "watch", "create", "patch", "delete"]),
        rule("batch", &["jobs"], &["get", "list", "watch", "create", "delete"]),
        rule("", &["services"], &["get", "list", "watch", "patch"]),
        rule("", &["pods"], &["list", "patch"]),
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
        let given =
            json!({"spec": {"strategy": {"blueGreen": {"activeMetadata": {"labels": {"role": "active"}}}}}});
        stage.api.merge(&stage.at("Rollout", "colour"), &given).await;
        let labelled = stage.until("Pod", "", "labelled", |pods| {
            let pods = pods["items"].as_array().cloned().unwrap_or_default();
            pods.iter().all(|pod| pod["metadata"]["labels"]["role"] == "active")
        });
        labelled.await;
        assert_eq!(program.terminate().await, 0);
    })
    .await;
}

/// A role of that name in the scenario's namespace, bound to the ServiceAccount `deployer`.
async fn grant(stage: &Stage, name: &str, rules: Value) {
    let (kind, group) = ("rbac.authorization.k8s.io/v1", "rbac.authorization.k8s.io");
    let meta = json!({"name": name});
    stage.create(json!({"apiVersion": kind, "kind": "Role", "metadata": meta, "rules": rules})).await;
    let account = json!({"kind": "ServiceAccount", "name": "deployer", "namespace": stage.namespace});
    stage
        .create(json!({"apiVersion": kind, "kind": "RoleBinding", "metadata": meta, "subjects": [account],
            "roleRef": {"apiGroup": group, "kind": "Role", "name": name}}))
        .await;
}

/// Waits until the Delivery lacks a right to do something; answers what it says.
async fn lacks(stage: &Stage, what: &str) -> String {
    let lacks = |d: &Value| {
        let ready = condition(d, "Ready");
        ready["reason"] == "Forbidden" && ready["message"].as_str().unwrap_or_default().contains(what)
    };
    let delivery = stage.until("Delivery", "shop", what, lacks).await;
    assert_eq!(condition(&delivery, "Stalled")["status"], "True", "{delivery:#}");
    condition(&delivery, "Ready")["message"].as_str().unwrap().to_owned()
}

/// Runs the words that a person was given, with kubectl on the path.
async fn run_as_it_stands(stage: &Stage, words: &str) {
    let kubectl = stage.client("kubectl").expect("the real control plane comes with kubectl");
    let folder = Path::new(kubectl.get_program()).parent().unwrap().to_owned();
    let path = std::env::var_os("PATH").unwrap();
    let path = std::env::join_paths(std::iter::once(folder).chain(std::env::split_paths(&path)));
    let mut shell = Command::new("sh");
    shell.args(["-ec", words]).env("KUBECONFIG", &stage.kubeconfig).env("PATH", path.unwrap());
    said(shell).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_is_held_to_the_rights_of_its_service_account() {
    play("account", async |stage| {
        if !stage.real {
            println!(
                "the embedded cluster lets every known user do everything, whoever it acts as: only the real control \
                 plane decides what a ServiceAccount may"
            );
            return;
        }
        let namespace = &stage.namespace;
        let shop = Repository::empty(stage.path("shop"));
        for name in ["a", "b"] {
            let text = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{v: one}}\n");
            shop.write(&format!("{name}.yaml"), &text);
        }
        shop.write("web.yaml", &service("web", "web"));
        let first = shop.commit("first");
        stage.create(json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "deployer"}})).await;
        let line = format!(
            "run --local-repositories --instance-id {namespace} --namespace {namespace} --metrics-port 0 --health-port 0 \
             --leader-elect=false --take-over"
        );
        let mut program = stage.start("run", &line);
        apply(stage, &delivery(stage, "  serviceAccountName: deployer\n")).await;

        // An account that may do nothing: it cannot even read what was applied.
        let told = lacks(stage, &format!("may not get secrets in namespace {namespace}")).await;
        assert!(told.starts_with(&format!("ServiceAccount {namespace}/deployer may not")), "{told}");
        assert!(told.contains(&format!("kubectl -n {namespace} create role deployer-secrets")), "{told}");

        // One that may write some of it: nothing of it is written.
        let rule = |resources: &[&str], verbs: &[&str]| json!({"apiGroups": [""], "resources": resources, "verbs": verbs});
        let verbs = ["get", "list", "watch", "create", "patch", "delete"];
        grant(stage, "some", json!([rule(&["secrets"], &verbs), rule(&["configmaps"], &["get", "create", "patch"])]))
            .await;
        lacks(stage, "may not get services").await;
        assert!(stage.get("ConfigMap", "a").await.is_null(), "applied by halves");
        grant(stage, "look", json!([rule(&["services"], &["get"])])).await;
        lacks(stage, "may not create services").await;
        assert!(stage.get("ConfigMap", "a").await.is_null(), "applied by halves");
        grant(stage, "make", json!([rule(&["services"], &["create"])])).await;
        ready_at(stage, &first).await;

        // What it says helps is what helps: its commands are run as they stand.
        std::fs::remove_file(shop.path.join("b.yaml")).unwrap();
        shop.replace("a.yaml", "one", "two");
        let next = shop.commit("b goes");
        for what in ["may not list replicasets.apps", "may not list rollouts.argoproj.io", "may not delete configmaps"] {
            let told = lacks(stage, what).await;
            assert_eq!(stage.get("ConfigMap", "a").await["data"]["v"], "one", "applied by halves");
            let (_, command) = told.split_once("by itself: ").unwrap();
            run_as_it_stands(stage, command).await;
        }
        ready_at(stage, &next).await;
        assert!(stage.get("ConfigMap", "b").await.is_null());
        assert_eq!(program.terminate().await, 0);
    })
    .await;
}
