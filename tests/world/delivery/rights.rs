//! A Delivery that acts as a ServiceAccount is held to what that may: what it lacks is said with the command that gives it,
//! nothing is applied by halves, and it goes on by itself. The embedded cluster lets everybody do everything, so the refusals
//! here are made before it, in the words of a real one; `tests/e2e` asks a real one.

use crate::delivery::operator::{Operator, condition};
use crate::delivery::rig::config;
use serde_json::{Value, json};

const SECRETS: [&str; 4] = ["get secrets", "create secrets", "patch secrets", "delete secrets"];

fn with(more: &[&'static str]) -> Vec<&'static str> {
    SECRETS.iter().chain(more).copied().collect()
}

/// Waits until the Delivery lacks a right to do something; answers what it says.
async fn lacks(rig: &Operator, what: &str) -> String {
    let says = |s: &Value| {
        let message = condition(s, "Ready")["message"].as_str().unwrap_or_default();
        condition(s, "Ready")["reason"] == "Forbidden" && message.contains(what)
    };
    let status = rig.until("shop", what, says).await;
    assert_eq!(condition(&status, "Stalled")["reason"], "Forbidden", "{status:#}");
    condition(&status, "Ready")["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_an_account_lacks_is_said_and_nothing_is_applied_by_halves() {
    let rig = Operator::new().await;
    rig.allow(&[]);
    let repo = rig.repository("shop", &["a", "b"]);
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {ports: [{port: 80}]}\n";
    std::fs::write(repo.join("s.yaml"), service).unwrap();
    let first = rig.commit(&repo);
    rig.deliver("shop", json!({"repository": repo, "serviceAccountName": "deployer"}));
    let said = lacks(&rig, "may not get secrets in namespace default").await;
    assert!(said.starts_with("ServiceAccount default/deployer"), "{said}");
    assert!(said.contains("kubectl -n default create role deployer-secrets --verb="), "{said}");
    assert!(
        said.contains(
            "create rolebinding deployer-secrets --role=deployer-secrets --serviceaccount=default:deployer"
        ),
        "{said}"
    );

    rig.allow(&with(&["get configmaps", "create configmaps", "get services"]));
    let said = lacks(&rig, "may not create services in namespace default").await;
    assert!(said.contains("--resource=services"), "{said}");
    assert!(rig.config("default", "a").is_null(), "nothing is applied while something cannot be");

    rig.allow(&with(&["get configmaps", "create configmaps", "get services", "create services"]));
    rig.applied("shop", &first).await;
    let looking = ["list replicasets", "list rollouts"];
    rig.allow(&with(&[
        "get configmaps",
        "create configmaps",
        "get services",
        "create services",
        looking[0],
        looking[1],
    ]));
    assert!(!rig.config("default", "a").is_null());

    std::fs::remove_file(repo.join("b.yaml")).unwrap();
    std::fs::write(repo.join("c.yaml"), config("c", "1")).unwrap();
    let next = rig.commit(&repo);
    lacks(&rig, "may not delete configmaps in namespace default").await;
    assert!(rig.config("default", "c").is_null(), "what cannot be pruned holds up the rest of its commit");
    assert_eq!(rig.get("shop")["status"]["lastAppliedCommit"], first.as_str());
    rig.allow_all();
    rig.applied("shop", &next).await;
    assert!(rig.config("default", "b").is_null() && !rig.config("default", "c").is_null());
    let told = rig.events("shop").iter().filter(|e| *e == "Warning Forbidden").count();
    assert_eq!(told, 3, "each is told once: {:?}", rig.said("shop"));
}

#[tokio::test]
async fn what_cannot_be_done_for_want_of_rights_is_no_mistake_in_git() {
    let rig = Operator::new().await;
    rig.allow(&with(&["get configmaps"]));
    let repo = rig.repository("shop", &["a"]);
    rig.deliver("shop", json!({"repository": repo, "serviceAccountName": "deployer"}));
    lacks(&rig, "may not create configmaps").await;
    let history = rig.get("shop")["status"]["history"].clone();
    assert!(history.as_array().is_none_or(|all| all.iter().all(|e| e["outcome"] != "Applied")), "{history}");
    rig.allow_all();
    rig.ready("shop").await;
}
