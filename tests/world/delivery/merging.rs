//! What is planned for one object where a plain merge would go wrong: keys that stand twice, sizes and rules that others
//! set, changes that a cluster refuses, names that have to be spelt in a path, versions that are served no more.

use crate::delivery::rig::{Rig, config, git, rollout};
use serde_json::{Value, json};
use std::time::Duration;

async fn settled(files: &[(&str, &str)]) -> Rig {
    let mut rig = Rig::new(files).await;
    let first = git(&rig.repo, &["rev-parse", "HEAD"]);
    rig.applied(&first).await;
    rig
}

/// An engine that compares everything anew finds `look` as it is, and leaves it so.
async fn rests(rig: &mut Rig, look: impl Fn(&Rig) -> Value) {
    rig.stop().await;
    let before = look(rig);
    rig.start().await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(look(rig), before, "the next pass finds something to do");
}

/// What of the Deployment is ours, and how often that was changed.
fn asked_for(rig: &Rig) -> Value {
    let live = deployment(rig);
    json!([live["spec"], live["metadata"]["generation"]])
}

fn edge(env: &str, ports: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: edge}}\nspec:\n  replicas: 2\n  selector: \
         {{matchLabels: {{app: edge}}}}\n  template:\n    metadata: {{labels: {{app: edge}}}}\n    spec:\n      \
         containers:\n      - {{name: main, image: \"example/edge:1\", env: [{env}], ports: [{ports}]}}\n"
    )
}

fn deployment(rig: &Rig) -> Value {
    rig.get("apps/v1", "Deployment", "default", "edge").unwrap()
}

fn values(rig: &Rig, list: &str, field: &str) -> Vec<Value> {
    let live = deployment(rig);
    let list =
        live.pointer(&format!("/spec/template/spec/containers/0/{list}")).and_then(Value::as_array).cloned();
    list.into_iter().flatten().map(|item| item[field].clone()).collect()
}

#[tokio::test]
async fn one_of_two_items_with_one_key_is_removed() {
    let env = "{name: LEVEL, value: info}, {name: LEVEL, value: debug}";
    let ports = "{containerPort: 4443, hostPort: 443}, {containerPort: 4443, hostPort: 8443}";
    let mut rig = settled(&[("edge.yaml", &edge(env, ports))]).await;
    rig.write("edge.yaml", edge("{name: LEVEL, value: debug}", "{containerPort: 4443, hostPort: 443}"));
    assert_eq!(rig.deliver("one of each").await, (0, 1, 0));
    assert_eq!(values(&rig, "env", "value"), ["debug"]);
    assert_eq!(values(&rig, "ports", "hostPort"), [443]);
    rests(&mut rig, asked_for).await;
    rig.stop().await;
}

#[tokio::test]
async fn one_of_two_items_with_one_key_is_edited() {
    let env = |last: &str| {
        format!("{{name: LEVEL, value: info}}, {{name: X, value: x}}, {{name: LEVEL, value: {last}}}")
    };
    let mut rig = settled(&[("edge.yaml", &edge(&env("debug"), ""))]).await;
    let mut live = deployment(&rig);
    live["spec"]["template"]["spec"]["containers"][0]["env"]
        .as_array_mut()
        .unwrap()
        .insert(1, json!({"name": "INJECTED", "value": "i"}));
    rig.sandbox.update("injector", live).unwrap();
    rig.write("edge.yaml", edge(&env("trace"), ""));
    assert_eq!(rig.deliver("trace").await, (0, 1, 0));
    assert_eq!(values(&rig, "env", "value"), ["info", "i", "x", "trace"]);
    rests(&mut rig, asked_for).await;
    rig.stop().await;
}

#[tokio::test]
async fn rules_that_the_cluster_gathers_are_left_to_it() {
    let role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: readers}\naggregationRule: \
                {clusterRoleSelectors: [{matchLabels: {readers: \"true\"}}]}\nrules: []\n";
    let mut rig = settled(&[("role.yaml", role)]).await;
    let get = |rig: &Rig| rig.get("rbac.authorization.k8s.io/v1", "ClusterRole", "", "readers").unwrap();
    let mut live = get(&rig);
    live["rules"] = json!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]);
    rig.sandbox.update("clusterrole-aggregation-controller", live).unwrap();
    let before = get(&rig);
    rests(&mut rig, get).await;
    rig.write("role.yaml", role.replace("readers: \"true\"", "readers: \"yes\""));
    assert_eq!(rig.deliver("other roles").await, (0, 1, 0));
    assert_eq!(get(&rig)["rules"], before["rules"]);
    rig.stop().await;
}

/// An autoscaler of `kind` and `name`.
fn autoscaler(kind: &str, name: &str) -> Value {
    let version = if kind == "Rollout" { "argoproj.io/v1alpha1" } else { "apps/v1" };
    json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "sizes", "namespace": "default"},
        "spec": {"scaleTargetRef": {"apiVersion": version, "kind": kind, "name": name}, "minReplicas": 1, "maxReplicas": 9}})
}

fn resize(rig: &Rig, mut live: Value, size: i64) {
    live["spec"]["replicas"] = json!(size);
    rig.sandbox.update("whatever", live).unwrap();
}

#[tokio::test]
async fn a_size_is_the_autoscalers_that_git_has() {
    let web = rollout("    canary: {}\n");
    let hpa = autoscaler("Rollout", "web").to_string();
    let mut rig = settled(&[("web.yaml", &web), ("hpa.json", &hpa)]).await;
    let live = |rig: &Rig| rig.get("argoproj.io/v1alpha1", "Rollout", "default", "web").unwrap();
    resize(&rig, live(&rig), 8);
    rig.write("web.yaml", web.replace("web:v1", "web:v2"));
    assert_eq!(rig.deliver("image").await, (0, 1, 0));
    assert_eq!(live(&rig)["spec"]["replicas"], 8);
    rig.remove("hpa.json");
    rig.write("web.yaml", web.replace("web:v1", "web:v3"));
    assert_eq!(rig.deliver("no autoscaler any more").await, (0, 1, 1));
    assert_eq!(live(&rig)["spec"]["replicas"], 2, "it is pruned in the same commit, so that Git has the say");
    rig.stop().await;
}

#[tokio::test]
async fn a_size_is_that_of_an_autoscaler_that_only_the_cluster_has_and_not_of_one_that_is_gone() {
    let edge = edge("", "");
    let mut rig = settled(&[("edge.yaml", &edge)]).await;
    let trace = json!([{"manager": "kube-controller-manager", "operation": "Update", "apiVersion": "apps/v1",
        "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:replicas": {}}}, "subresource": "scale"}]);
    let mut live = deployment(&rig);
    live["metadata"]["managedFields"] = trace;
    resize(&rig, live, 7);
    rig.write("edge.yaml", edge.replace("edge:1", "edge:2"));
    rig.deliver("image").await;
    assert_eq!(deployment(&rig)["spec"]["replicas"], 2, "whoever scaled it is gone");
    rig.sandbox.create("someone", autoscaler("Deployment", "edge")).unwrap();
    resize(&rig, deployment(&rig), 7);
    rig.write("edge.yaml", edge.replace("edge:1", "edge:3"));
    rig.deliver("image again").await;
    assert_eq!(deployment(&rig)["spec"]["replicas"], 7);
    rests(&mut rig, asked_for).await;
    rig.stop().await;
}

#[tokio::test]
async fn a_change_that_the_cluster_refuses_is_in_the_way_of_its_object_alone() {
    let set = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec:\n  replicas: 0\n  serviceName: db\n  \
               selector: {matchLabels: {app: db}}\n  template: {metadata: {labels: {app: db}}, spec: {containers: \
               [{name: main, image: \"example/db:1\"}]}}\n";
    let mut rig = settled(&[("db.yaml", set), ("a.yaml", &config("a", "1"))]).await;
    rig.write(
        "db.yaml",
        set.replace("replicas: 0", "replicas: -1").replace("serviceName: db", "serviceName: other"),
    );
    rig.write("a.yaml", config("a", "2"));
    rig.commit("a mistake");
    let problem = rig.problem().await;
    assert!(
        problem.contains("StatefulSet default/db: spec.replicas") && problem.contains("db.yaml:5"),
        "{problem}"
    );
    assert!(problem.contains("nothing of this commit was applied"), "{problem}");
    assert_eq!(rig.config("a").unwrap()["data"]["value"], "1");
    rig.write("db.yaml", set.replace("serviceName: db", "serviceName: other"));
    rig.commit("a change that is refused");
    let problem = rig.problem().await;
    assert!(problem.contains("StatefulSet default/db"), "{problem}");
    assert!(
        problem.contains("delete it in the cluster") && problem.contains("--cascade=orphan"),
        "{problem}"
    );
    assert_eq!(rig.config("a").unwrap()["data"]["value"], "2", "everything else is applied");
    tokio::time::sleep(Duration::from_millis(800)).await;
    let before = rig.requests();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(rig.requests(), before, "what only a person can mend is not tried again and again");
    rig.delete("/apis/apps/v1/namespaces/default/statefulsets/db").await;
    let commit = git(&rig.repo, &["rev-parse", "HEAD"]);
    assert_eq!(rig.applied(&commit).await, (1, 0, 0), "it is tried as soon as that object is another");
    let made = rig.get("apps/v1", "StatefulSet", "default", "db").unwrap();
    assert_eq!(made["spec"]["serviceName"], "other");
    rig.stop().await;
}

#[tokio::test]
async fn what_only_a_person_can_mend_is_tried_again_with_the_next_commit() {
    let mut rig = settled(&[("a.yaml", &config("a", "1"))]).await;
    rig.write("b.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: [wrong]\n");
    rig.commit("a mistake");
    rig.problem().await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let before = rig.requests();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(rig.requests(), before);
    rig.write("b.yaml", config("b", "1"));
    assert_eq!(rig.deliver("corrected").await, (1, 0, 0));
    rig.stop().await;
}

#[tokio::test]
async fn a_name_with_a_space_a_question_mark_and_a_colon() {
    let role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: \"shop: who reads?\"}\n\
                rules: [{apiGroups: [\"\"], resources: [pods], verbs: [list]}]\n";
    let mut rig = settled(&[("role.yaml", role), ("a.yaml", &config("a", "1"))]).await;
    let get = |rig: &Rig| rig.get("rbac.authorization.k8s.io/v1", "ClusterRole", "", "shop: who reads?");
    assert!(get(&rig).is_some());
    rig.write("role.yaml", role.replace("[list]", "[get]"));
    assert_eq!(rig.deliver("get").await, (0, 1, 0));
    assert_eq!(get(&rig).unwrap()["rules"][0]["verbs"], json!(["get"]));
    rig.remove("role.yaml");
    assert_eq!(rig.deliver("gone").await, (0, 0, 1));
    assert!(get(&rig).is_none());
    rig.stop().await;
}

#[tokio::test]
async fn what_is_left_over_is_found_in_another_version_and_waits_where_there_is_none() {
    let version = |name: &str, served: bool, storage: bool| {
        json!({"name": name, "served": served, "storage": storage,
            "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}})
    };
    let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"}, "spec": {"group": "example.com", "scope": "Namespaced",
        "names": {"kind": "Widget", "plural": "widgets", "singular": "widget", "listKind": "WidgetList"},
        "versions": [version("v1alpha1", true, false), version("v1", true, true)]}});
    let mut rig = settled(&[("a.yaml", &config("a", "1"))]).await;
    rig.sandbox.create("test", definition).unwrap();
    let serve = |rig: &Rig, old: bool, new: bool| {
        let (of, name) = (("apiextensions.k8s.io/v1", "CustomResourceDefinition"), "widgets.example.com");
        let mut live = rig.sandbox.get(of, "", name).unwrap();
        live["spec"]["versions"] = json!([version("v1alpha1", old, false), version("v1", new, true)]);
        rig.sandbox.update("test", live).unwrap();
    };
    let widget =
        |name: &str| format!("apiVersion: example.com/v1alpha1\nkind: Widget\nmetadata: {{name: {name}}}\n");
    let get = |rig: &Rig, name: &str| rig.get("example.com/v1", "Widget", "default", name);
    rig.write("one.yaml", widget("one"));
    rig.write("two.yaml", widget("two"));
    assert_eq!(rig.deliver("widgets").await, (2, 0, 0));
    serve(&rig, false, true);
    rig.remove("one.yaml");
    rig.write("two.yaml", widget("two").replace("v1alpha1", "v1"));
    assert_eq!(rig.deliver("one is left over").await, (0, 0, 1));
    assert!(get(&rig, "one").is_none() && get(&rig, "two").is_some());
    serve(&rig, false, false);
    rig.remove("two.yaml");
    assert_eq!(rig.deliver("two is out of reach").await, (0, 0, 0));
    serve(&rig, false, true);
    assert!(get(&rig, "two").is_some());
    rig.write("a.yaml", config("a", "2"));
    assert_eq!(rig.deliver("and comes back").await, (0, 1, 1));
    assert!(get(&rig, "two").is_none(), "it was not forgotten");
    rig.stop().await;
}
