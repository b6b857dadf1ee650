//! Deliveries as objects, as their users meet them: kubectl applies one and waits for it, a bad commit goes back in Git
//! and its status says so; deleted, it leaves everything or takes it along. It never looks inside the program.

use super::controller::{apply, kubectl};
use super::program::{LIMIT, STEP};
use super::repository::Repository;
use super::stage::{Stage, play};
use super::story::{healthy_at, reverted};
use serde_json::Value;
use tokio::time::{Instant, sleep};

/// The Delivery `shop` of the repository in the scenario's folder, with more of its spec.
pub fn delivery(stage: &Stage, more: &str) -> String {
    let repository = stage.path("shop");
    format!(
        "apiVersion: switchback.dev/v1alpha1\nkind: Delivery\nmetadata:\n  name: shop\nspec:\n  repository: {}\n{more}",
        repository.display()
    )
}

pub fn condition(delivery: &Value, of: &str) -> Value {
    let all = delivery["status"]["conditions"].as_array().cloned().unwrap_or_default();
    all.into_iter().find(|c| c["type"] == of).unwrap_or_default()
}

/// Waits until the Delivery is ready at `commit`.
pub async fn ready_at(stage: &Stage, commit: &str) -> Value {
    let is =
        |d: &Value| condition(d, "Ready")["status"] == "True" && d["status"]["lastAppliedCommit"] == commit;
    stage.until("Delivery", "shop", "ready", is).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_is_applied_with_kubectl_and_takes_a_bad_commit_back() {
    play("deliveries", async |stage| {
        let shop = stage.shop();
        let namespace = &stage.namespace;
        let line = format!(
            "run --local-repositories --instance-id {namespace} --namespace {namespace} --metrics-port 0 \
             --health-port 0 --leader-elect=false --take-over --prometheus-address {}",
            stage.prometheus
        );
        let mut program = stage.start("run", &line);
        apply(stage, &delivery(stage, "")).await;
        let wait = "wait --for=condition=Ready --timeout=60s delivery/shop";
        if let Some(said) = kubectl(stage, wait).await {
            said.ok();
        }
        ready_at(stage, &shop.head()).await;
        healthy_at(stage, &shop.head(), "v1").await;
        if let Some(said) = kubectl(stage, "get deliveries").await {
            let table = said.ok();
            let words: Vec<&str> = table.split_whitespace().collect();
            assert_eq!(words[..7], ["NAME", "READY", "COMMIT", "STATUS", "AGE", "shop", "True"], "{table}");
        }
        let table = stage.run(&format!("get deliveries -n {namespace}")).await.ok();
        assert!(table.contains("applied") && table.contains("True"), "{table}");

        let good = shop.version("v1", "v2", "0.01");
        healthy_at(stage, &good, "v2").await;
        let bad = shop.version("v2", "v3", "0.25");
        let message = reverted(&shop.path, &bad).await;
        assert!(message.contains(&format!("This reverts commit {bad}.")), "{message}");
        let delivery = ready_at(stage, &shop.head()).await;
        let history = delivery["status"]["history"].as_array().unwrap();
        let of_bad = history.iter().find(|e| e["commit"] == bad.as_str()).unwrap();
        assert_eq!(of_bad["outcome"], "Reverted", "{history:#?}");
        assert_eq!(delivery["status"]["fencedCommits"][0], bad[..7]);
        healthy_at(stage, &shop.head(), "v2").await;

        stage.run(&format!("reconcile shop -n {namespace}")).await.ok();
        let is_answered = |d: &Value| {
            let asked = &d["metadata"]["annotations"]["switchback.dev/requested-at"];
            asked.is_string() && d["status"]["lastHandledRequest"] == *asked
        };
        stage.until("Delivery", "shop", "answered", is_answered).await;
        assert_eq!(program.terminate().await, 0);
    })
    .await;
}

/// The inventories in the scenario's namespace.
async fn inventories(stage: &Stage) -> usize {
    let all = stage.api.list(&stage.at("Secret", "")).await;
    all.iter().filter(|secret| secret["type"] == "switchback.dev/inventory").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_delivery_leaves_everything_or_takes_it_along() {
    play("deleted", async |stage| {
        let shop = Repository::empty(stage.path("shop"));
        let config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {v: one}\n";
        shop.write("a.yaml", config);
        shop.write("b.yaml", &config.replace("name: a", "name: b, annotations: {switchback.dev/prune: disabled}"));
        let head = shop.commit("first");
        let namespace = &stage.namespace;
        let line = format!(
            "run --local-repositories --instance-id {namespace} --namespace {namespace} --metrics-port 0 --health-port 0 \
             --leader-elect=false --take-over"
        );
        let mut program = stage.start("run", &line);
        let is_gone = |object: &Value| object.is_null();
        for (policy, is_there) in [("Orphan", true), ("Delete", false)] {
            apply(stage, &delivery(stage, &format!("  deletionPolicy: {policy}\n"))).await;
            ready_at(stage, &head).await;
            assert!(inventories(stage).await > 0);
            stage.api.delete(&stage.at("Delivery", "shop")).await;
            stage.until("Delivery", "shop", "gone", is_gone).await;
            assert_eq!(!stage.get("ConfigMap", "a").await.is_null(), is_there, "{policy}");
            assert!(!stage.get("ConfigMap", "b").await.is_null(), "it is marked");
            let late = Instant::now() + LIMIT;
            while inventories(stage).await > 0 {
                assert!(Instant::now() < late, "{policy}: the inventory stays");
                sleep(STEP).await;
            }
        }
        assert_eq!(program.terminate().await, 0);
    })
    .await;
}
