//! A Delivery that depends on others: each of its commits waits until they are ready, and what it has applied is looked after
//! meanwhile.

use crate::delivery::operator::{Operator, condition};
use crate::delivery::rig::config;
use serde_json::json;
use std::time::Duration;
use tokio::time::sleep;

#[tokio::test]
async fn every_new_commit_waits_until_those_it_depends_on_are_ready() {
    let mut rig = Operator::new().await;
    let (base, shop) = (rig.repository("base", &["base"]), rig.repository("shop", &["shop"]));
    rig.deliver("base", json!({"repository": base}));
    rig.deliver("shop", json!({"repository": shop, "dependsOn": [{"name": "base"}]}));
    let first = rig.ready("shop").await["lastAppliedCommit"].clone();

    std::fs::write(base.join("bad.yaml"), "apiVersion: v1\nkind: ConfigMap\nmetadata: [").unwrap();
    rig.commit(&base);
    rig.because("base", "Manifests").await;
    rig.put(&shop, "shop", "2");
    let next = rig.commit(&shop);
    let status = rig.because("shop", "DependencyNotReady").await;
    assert_eq!(condition(&status, "Reconciling")["status"], "True", "{status:#}");
    assert!(condition(&status, "Ready")["message"].as_str().unwrap().contains("default/base"), "{status:#}");
    assert_eq!((&status["observedCommit"], &status["lastAppliedCommit"]), (&json!(next), &first));
    assert!(status["history"].as_array().unwrap().iter().all(|e| e["outcome"] != "Failed"), "{status:#}");

    // What was applied is looked after all the same.
    let mut changed = rig.config("default", "shop");
    changed["data"]["value"] = json!("theirs");
    rig.sandbox.update("someone", changed).unwrap();
    rig.wait("it is healed", |rig| rig.config("default", "shop")["data"]["value"] == "1").await;
    rig.restart().await;
    sleep(Duration::from_millis(700)).await;
    assert_eq!(rig.get("shop")["status"]["lastAppliedCommit"], first, "a restart lets nothing through");

    std::fs::remove_file(base.join("bad.yaml")).unwrap();
    rig.commit(&base);
    rig.applied("shop", &next).await;
    assert_eq!(rig.config("default", "shop")["data"]["value"], "2");
}

#[tokio::test]
async fn of_one_branch_those_that_are_depended_on_apply_a_commit_first() {
    let rig = Operator::new().await;
    let repo = rig.repository("both", &[]);
    let put = |folder: &str, value: &str| {
        std::fs::create_dir_all(repo.join(folder)).unwrap();
        std::fs::write(repo.join(folder).join("c.yaml"), config(folder, value)).unwrap();
    };
    put("one", "1");
    put("two", "1");
    rig.commit(&repo);
    rig.deliver("two", json!({"repository": repo, "path": "two", "dependsOn": [{"name": "one"}]}));
    rig.deliver("one", json!({"repository": repo, "path": "one"}));
    rig.ready("two").await;
    rig.change("one", json!({"spec": {"suspend": true}})).await;
    rig.because("one", "Suspended").await;
    put("one", "2");
    put("two", "2");
    let next = rig.commit(&repo);
    rig.because("two", "DependencyNotReady").await;
    sleep(Duration::from_millis(500)).await;
    assert_eq!(rig.config("default", "two")["data"]["value"], "1");
    rig.change("one", json!({"spec": {"suspend": false}})).await;
    rig.applied("two", &next).await;
    let applied = |name: &str| rig.config("default", name)["data"]["value"].clone();
    assert_eq!((applied("one"), applied("two")), (json!("2"), json!("2")));
}

#[tokio::test]
async fn one_that_comes_to_wait_for_itself_says_so_and_leaves_nothing_alone() {
    let rig = Operator::new().await;
    let (base, shop) = (rig.repository("base", &["base"]), rig.repository("shop", &["shop"]));
    rig.deliver("base", json!({"repository": base}));
    rig.deliver("shop", json!({"repository": shop, "dependsOn": [{"name": "base"}]}));
    rig.ready("shop").await;
    rig.change("base", json!({"spec": {"dependsOn": [{"name": "shop"}]}})).await;
    let status = rig.because("base", "DependencyCycle").await;
    assert_eq!(condition(&status, "Stalled")["status"], "True", "{status:#}");
    rig.put(&shop, "shop", "2");
    let next = rig.commit(&shop);
    let status = rig.because("shop", "DependencyCycle").await;
    let said = condition(&status, "Stalled")["message"].as_str().unwrap();
    assert!(said.contains("default/shop -> default/base -> default/shop"), "{said}");
    rig.change("base", json!({"spec": {"dependsOn": null}})).await;
    rig.applied("shop", &next).await;
}
