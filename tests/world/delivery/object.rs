//! Deliveries as objects of the cluster: what they ask for is done, and their status says what came of it.

use crate::delivery::operator::{Operator, VERSION, condition};
use crate::delivery::rig::{config, git};
use crate::git::server::Server;
use serde_json::json;
use std::time::Duration;
use tokio::time::sleep;
use tower::ServiceExt;

#[tokio::test]
async fn a_delivery_is_applied_says_so_and_then_nothing_is_asked_or_written() {
    let rig = Operator::new().await;
    let repo = rig.repository("shop", &["a", "b"]);
    rig.deliver("shop", json!({"repository": repo, "targetNamespace": "default"}));
    let status = rig.ready("shop").await;
    let head = git(&repo, &["rev-parse", "HEAD"]);
    assert_eq!(rig.config("default", "a")["data"]["value"], "1");
    for field in ["observedCommit", "lastAttemptedCommit", "lastAppliedCommit"] {
        assert_eq!(status[field], head.as_str(), "{field}");
    }
    assert_eq!(status["inventory"]["objects"], 2);
    assert_eq!(status["history"][0]["outcome"], "Applied");
    assert!(condition(&status, "Stalled").is_null() && condition(&status, "Reconciling").is_null());
    rig.put(&repo, "a", "2");
    let next = rig.commit(&repo);
    let status = rig.applied("shop", &next).await;
    assert_eq!(rig.config("default", "a")["data"]["value"], "2");
    assert_eq!(status["history"].as_array().unwrap().len(), 2);
    sleep(Duration::from_millis(500)).await;
    assert_eq!(rig.events("shop"), ["Normal Applied", "Normal Applied"]);
    let (before, version) = (rig.asked(), rig.get("shop")["metadata"]["resourceVersion"].clone());
    sleep(Duration::from_secs(2)).await;
    assert_eq!((rig.asked(), &rig.get("shop")["metadata"]["resourceVersion"]), (before, &version));
}

#[tokio::test]
async fn a_restart_finds_what_was_applied_and_writes_nothing() {
    let mut rig = Operator::new().await;
    let repo = rig.repository("shop", &["a"]);
    rig.deliver("shop", json!({"repository": repo}));
    rig.ready("shop").await;
    let (_, writes) = rig.asked();
    let version = rig.get("shop")["metadata"]["resourceVersion"].clone();
    rig.restart().await;
    rig.put(&repo, "b", "1");
    sleep(Duration::from_secs(1)).await;
    assert_eq!(rig.get("shop")["metadata"]["resourceVersion"], version);
    assert_eq!(rig.asked().1, writes);
    let next = rig.commit(&repo);
    rig.applied("shop", &next).await;
}

#[tokio::test]
async fn a_changed_spec_is_obeyed_and_what_it_no_longer_says_is_pruned() {
    let rig = Operator::new().await;
    let repo = rig.repository("shop", &["a", "b"]);
    std::fs::create_dir(repo.join("prod")).unwrap();
    std::fs::write(repo.join("prod/c.yaml"), config("c", "1")).unwrap();
    rig.commit(&repo);
    rig.deliver("shop", json!({"repository": repo}));
    rig.ready("shop").await;
    rig.change("shop", json!({"spec": {"path": "prod"}})).await;
    let status = rig.ready("shop").await;
    assert_eq!(status["inventory"]["objects"], 1);
    assert!(rig.config("default", "a").is_null() && !rig.config("default", "c").is_null());

    rig.change("shop", json!({"spec": {"prune": "disabled", "path": "other"}})).await;
    rig.because("shop", "GitNoPath").await;
    std::fs::create_dir(repo.join("other")).unwrap();
    std::fs::write(repo.join("other/d.yaml"), config("d", "1")).unwrap();
    let next = rig.commit(&repo);
    rig.applied("shop", &next).await;
    assert!(!rig.config("default", "c").is_null(), "it is let go");
    assert!(!rig.config("default", "d").is_null());
}

#[tokio::test]
async fn what_is_suspended_rests_until_it_is_not() {
    let rig = Operator::new().await;
    let repo = rig.repository("shop", &["a"]);
    rig.deliver("shop", json!({"repository": repo}));
    let first = rig.ready("shop").await["lastAppliedCommit"].clone();
    rig.change("shop", json!({"spec": {"suspend": true}})).await;
    let status = rig.because("shop", "Suspended").await;
    assert!(condition(&status, "Stalled").is_null());
    rig.put(&repo, "a", "2");
    let next = rig.commit(&repo);
    sleep(Duration::from_millis(700)).await;
    assert_eq!(rig.config("default", "a")["data"]["value"], "1");
    assert_eq!(rig.get("shop")["status"]["lastAppliedCommit"], first);
    rig.change("shop", json!({"spec": {"suspend": false}})).await;
    rig.applied("shop", &next).await;
}

#[tokio::test]
async fn a_mistake_is_told_in_the_status_and_mended_by_the_next_word() {
    let rig = Operator::new().await;
    rig.deliver("shop", json!({"repository": rig.folder.path().join("nowhere")}));
    let status = rig.until("shop", "failing", |s| condition(s, "Stalled")["status"] == "True").await;
    assert_eq!(condition(&status, "Stalled")["status"], "True", "{status:#}");
    assert!(condition(&status, "Ready")["message"].as_str().unwrap().contains("nowhere"));
    let repo = rig.repository("shop", &["a"]);
    rig.change("shop", json!({"spec": {"repository": repo}})).await;
    let status = rig.ready("shop").await;
    assert!(condition(&status, "Stalled").is_null());
    std::fs::write(repo.join("bad.yaml"), "apiVersion: v1\nkind: ConfigMap\nmetadata: [").unwrap();
    let bad = rig.commit(&repo);
    let status = rig.because("shop", "Manifests").await;
    assert_eq!(
        (&status["lastAttemptedCommit"], &status["history"][0]["outcome"]),
        (&json!(bad), &json!("Failed"))
    );
    std::fs::remove_file(repo.join("bad.yaml")).unwrap();
    let good = rig.commit(&repo);
    rig.applied("shop", &good).await;
}

#[tokio::test]
async fn specs_that_nobody_can_act_on_are_refused_by_the_server_or_told() {
    let rig = Operator::new().await;
    let meta = json!({"name": "x", "namespace": "default"});
    for spec in [
        json!({}),
        json!({"repository": ""}),
        json!({"repository": "r", "drift": "fix"}),
        json!({"repository": "r", "interval": "soon"}),
        json!({"repository": "r", "rollbackOn": ["rain"]}),
        json!({"repository": "r", "dependsOn": [{}]}),
    ] {
        let object = json!({"apiVersion": VERSION, "kind": "Delivery", "metadata": meta, "spec": spec});
        assert!(rig.sandbox.create("kubectl", object).is_err(), "{spec}");
    }
    rig.deliver("tagged", json!({"repository": "https://example.com/r.git", "ref": {"tag": "v1"}}));
    let status = rig.because("tagged", "InvalidSpec").await;
    let message = condition(&status, "Stalled")["message"].as_str().unwrap();
    assert!(message.contains("name a branch"), "{message}");
}

#[tokio::test]
async fn two_deliveries_of_one_repository_share_its_mirror_and_keep_apart() {
    let rig = Operator::new().await;
    let repo = rig.repository("shop", &[]);
    for (folder, name) in [("one", "a"), ("two", "b")] {
        std::fs::create_dir(repo.join(folder)).unwrap();
        std::fs::write(repo.join(folder).join("c.yaml"), config(name, "1")).unwrap();
    }
    rig.commit(&repo);
    rig.deliver("one", json!({"repository": repo, "path": "one"}));
    rig.deliver("two", json!({"repository": repo, "path": "two"}));
    rig.ready("one").await;
    rig.ready("two").await;
    let mirrors = std::fs::read_dir(rig.folder.path().join("mirrors")).unwrap();
    let mirrors = mirrors.filter(|e| e.as_ref().unwrap().path().extension().is_some_and(|e| e == "git"));
    assert_eq!(mirrors.count(), 1);
    std::fs::write(repo.join("one/c.yaml"), config("c", "1")).unwrap();
    let next = rig.commit(&repo);
    rig.applied("one", &next).await;
    rig.applied("two", &next).await;
    let there = ["a", "b", "c"].map(|name| !rig.config("default", name).is_null());
    assert_eq!(there, [false, true, true]);
}

#[tokio::test]
async fn one_that_depends_on_others_waits_until_they_are_ready() {
    let rig = Operator::new().await;
    let (base, shop) = (rig.repository("base", &["base"]), rig.repository("shop", &["shop"]));
    rig.deliver("shop", json!({"repository": shop, "dependsOn": [{"name": "base"}]}));
    let status = rig.because("shop", "DependencyNotReady").await;
    assert_eq!(condition(&status, "Reconciling")["status"], "True");
    assert!(
        condition(&status, "Ready")["message"].as_str().unwrap().contains("default/base, which is not there")
    );
    rig.deliver("base", json!({"repository": rig.folder.path().join("later")}));
    rig.until("shop", "told", |s| !condition(s, "Ready")["message"].as_str().unwrap().contains("not there"))
        .await;
    assert!(rig.config("default", "shop").is_null());
    rig.change("base", json!({"spec": {"repository": base}})).await;
    rig.ready("shop").await;
    assert!(!rig.config("default", "shop").is_null() && !rig.config("default", "base").is_null());

    rig.change("base", json!({"spec": {"dependsOn": [{"name": "shop"}]}})).await;
    let status = rig.because("base", "DependencyCycle").await;
    let message = condition(&status, "Stalled")["message"].as_str().unwrap();
    assert!(message.contains("default/base -> default/shop -> default/base"), "{message}");
}

#[tokio::test]
async fn what_a_deleted_delivery_has_applied_stays_and_is_taken_up_when_it_comes_again() {
    let rig = Operator::new().await;
    let repo = rig.repository("shop", &["a", "b"]);
    rig.deliver("shop", json!({"repository": repo}));
    rig.ready("shop").await;
    assert!(rig.send("DELETE", "shop", json!({})).await.is_success());
    std::fs::remove_file(repo.join("b.yaml")).unwrap();
    rig.put(&repo, "a", "2");
    let next = rig.commit(&repo);
    sleep(Duration::from_millis(700)).await;
    assert_eq!(rig.config("default", "a")["data"]["value"], "1");
    rig.deliver("shop", json!({"repository": repo}));
    rig.applied("shop", &next).await;
    assert_eq!(rig.config("default", "a")["data"]["value"], "2");
    assert!(rig.config("default", "b").is_null(), "it is known by its label");
}

#[tokio::test]
async fn a_request_to_look_again_is_answered() {
    let rig = Operator::new().await;
    let repo = rig.repository("shop", &["a"]);
    rig.deliver("shop", json!({"repository": repo}));
    rig.ready("shop").await;
    rig.change("shop", json!({"metadata": {"annotations": {"switchback.dev/requested-at": "now"}}})).await;
    rig.until("shop", "answered", |s| s["lastHandledRequest"] == "now").await;
}

#[tokio::test]
async fn credentials_come_from_a_secret_that_is_followed_and_never_shown() {
    let rig = Operator::new().await;
    let repo = rig.repository("shop", &["a"]);
    let bare = rig.folder.path().join("served");
    std::fs::create_dir(&bare).unwrap();
    git(&repo, &["clone", "-q", "--bare", ".", bare.join("shop.git").to_str().unwrap()]);
    let server = Server::start(bare, |asked| match asked.headers.get("authorization").map(String::as_str) {
        Some("Bearer tok-right") => crate::git::server::Answer::Backend,
        _ => crate::git::server::Answer::Say(401, "", "who are you"),
    })
    .await;
    let spec = json!({"repository": server.url("shop.git"), "secretRef": {"name": "git"}, "interval": "1s"});
    rig.deliver("shop", spec);
    let status = rig.because("shop", "NoCredentials").await;
    assert!(condition(&status, "Stalled")["message"].as_str().unwrap().contains("create secret generic git"));
    let secret = |token: &str| {
        let meta = json!({"name": "git", "namespace": "default"});
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": {"token": token}})
    };
    rig.sandbox.create("kubectl", secret("tok-wrong")).unwrap();
    let refused = rig.until("shop", "refused", |s| {
        let ready = condition(s, "Ready");
        ready["status"] == "False" && ready["reason"] != "NoCredentials"
    });
    let refused = refused.await;
    assert_eq!(condition(&refused, "Stalled")["status"], "True", "{refused:#}");
    let body = http_body_util::Full::new(bytes::Bytes::from(secret("tok-right").to_string()));
    let path = "/api/v1/namespaces/default/secrets/git";
    let put =
        http::Request::patch(path).header("content-type", "application/merge-patch+json").body(body).unwrap();
    assert!(rig.sandbox.service().oneshot(put).await.unwrap().status().is_success());
    rig.ready("shop").await;
    let everything = format!("{} {:?}", rig.get("shop"), rig.sandbox.snapshot("v1", "Event", "default"));
    assert!(!everything.contains("tok-"), "{everything}");
}

#[tokio::test]
async fn objects_are_written_in_the_name_of_the_service_account_and_the_status_in_our_own() {
    let rig = Operator::new().await;
    let repo = rig.repository("shop", &["a"]);
    rig.deliver("shop", json!({"repository": repo, "serviceAccountName": "deployer"}));
    rig.ready("shop").await;
    let acted = rig.acted.lock().unwrap().clone();
    assert!(acted.iter().all(|(user, _)| user == "system:serviceaccount:default:deployer"), "{acted:?}");
    for what in [
        "GET /api/v1/namespaces/default/configmaps/a",
        "POST /api/v1/namespaces/default/configmaps",
        "POST /api/v1/namespaces/default/secrets",
    ] {
        assert!(acted.iter().any(|(_, w)| w == what), "{what}: {acted:?}");
    }
    let is_written = |what: &str| !what.starts_with("GET") && what.contains("deliveries");
    assert!(!acted.iter().any(|(_, what)| is_written(what)), "{acted:?}");
    rig.change("shop", json!({"spec": {"serviceAccountName": null}})).await;
    rig.put(&repo, "a", "2");
    let next = rig.commit(&repo);
    rig.applied("shop", &next).await;
    let before = rig.acted.lock().unwrap().len();
    rig.put(&repo, "a", "3");
    let next = rig.commit(&repo);
    rig.applied("shop", &next).await;
    assert_eq!(rig.acted.lock().unwrap().len(), before);
}
