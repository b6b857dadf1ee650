//! What the status of a Delivery says while something is held, fenced or owed to Git, and that it says so no longer when it
//! is over; and how it says that Git is away, as kstatus reads it.

use crate::delivery::operator::{Operator, condition};
use crate::delivery::rig::git;
use crate::git::server::{Answer, Asked, Server};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// A Rollout that waits for a person after its first step; `more` are annotations.
fn web(image: &str, more: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata:\n  name: web\n  annotations: {{{more}}}\nspec:\n  selector: \
         {{matchLabels: {{app: web}}}}\n  replicas: 2\n  strategy: {{canary: {{steps: [{{setWeight: 50}}, {{pause: \
         {{}}}}]}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec: {{containers: [{{name: c, image: \
         'example/web:{image}'}}]}}\n"
    )
}

fn rollout(rig: &Operator) -> Value {
    rig.sandbox.get(("argoproj.io/v1alpha1", "Rollout"), "default", "web").unwrap_or_default()
}

async fn phase(rig: &Operator, image: &str, phase: &str) {
    let image = format!("example/web:{image}");
    let is = |rig: &Operator| {
        let web = rollout(rig);
        let observed = web["status"]["observedGeneration"].as_str().and_then(|g| g.parse::<i64>().ok());
        web["spec"]["template"]["spec"]["containers"][0]["image"] == image.as_str()
            && web["status"]["phase"] == phase
            && observed == web["metadata"]["generation"].as_i64()
    };
    rig.wait(&format!("{image} {phase}"), is).await;
}

/// A person aborts the update.
fn abort(rig: &Operator) {
    for _ in 0..20 {
        let mut web = rollout(rig);
        web["status"]["abort"] = json!(true);
        if rig.sandbox.update_status("someone", web).is_ok() {
            return;
        }
    }
    panic!("it changes all the time");
}

fn commit(rig: &Operator, repo: &Path, image: &str, more: &str) -> String {
    std::fs::write(repo.join("web.yaml"), web(image, more)).unwrap();
    rig.commit(repo)
}

/// A Rollout at v1, healthy, delivered from `url`, and then at v2, which waits for a person; answers the commit of v2.
async fn midway(rig: &Operator, repo: &Path, url: &str, more: &str, push: impl Fn()) -> String {
    commit(rig, repo, "v1", more);
    push();
    rig.deliver("shop", json!({"repository": url, "interval": "1s"}));
    phase(rig, "v1", "Healthy").await;
    rig.ready("shop").await;
    let bad = commit(rig, repo, "v2", more);
    push();
    phase(rig, "v2", "Paused").await;
    bad
}

#[tokio::test]
async fn what_is_held_is_named_until_it_is_over() {
    let rig = Operator::new().await;
    let repo = rig.repository("shop", &["a"]);
    let more = "switchback.dev/rollback-on: none";
    midway(&rig, &repo, repo.to_str().unwrap(), more, || {}).await;
    abort(&rig);
    let status = rig.because("shop", "RolloutsHeld").await;
    let held = &status["heldRollouts"][0];
    assert_eq!((&held["namespace"], &held["name"]), (&json!("default"), &json!("web")), "{status:#}");
    assert!(held["message"].as_str().unwrap().contains("switchback retry web -n default"), "{held}");
    assert_eq!(condition(&status, "Stalled")["reason"], "RolloutsHeld");
    assert!(rig.events("shop").contains(&"Warning RevertHeld".to_owned()), "{:?}", rig.events("shop"));
    let fix = commit(&rig, &repo, "v3", more);
    let status = rig.applied("shop", &fix).await;
    assert!(status["heldRollouts"].is_null() && condition(&status, "Stalled").is_null(), "{status:#}");
}

#[tokio::test]
async fn a_revert_that_cannot_be_pushed_is_named_with_its_commits_until_it_is() {
    let rig = Operator::new().await;
    let repo = rig.repository("shop", &["a"]);
    let bad = midway(&rig, &repo, repo.to_str().unwrap(), "", || {}).await;
    let text = std::fs::read_to_string(repo.join("web.yaml")).unwrap();
    std::fs::write(repo.join("web.yaml"), text + "# somebody works here\n").unwrap();
    abort(&rig);
    let made = |s: &Value| s["pendingRevert"]["commit"].is_string();
    let status = rig.until("shop", "holding a revert", made).await;
    assert_eq!(status["pendingRevert"]["reverts"], json!([bad[..7]]), "{status:#}");
    assert!(status["pendingRevert"]["message"].as_str().unwrap().contains("could not be pushed to main"));
    assert_eq!(condition(&status, "Ready")["reason"], "RevertPending", "{status:#}");
    assert_eq!(condition(&status, "Reconciling")["status"], "True");
    assert_eq!(status["fencedCommits"], json!([bad[..7]]));
    assert_ne!(git(&repo, &["rev-parse", "main"]), status["lastAppliedCommit"].as_str().unwrap());

    git(&repo, &["checkout", "-q", "web.yaml"]);
    let again = json!({"metadata": {"annotations": {"switchback.dev/requested-at": "clean again"}}});
    rig.change("shop", again).await;
    let status = rig.until("shop", "over", |s| s["pendingRevert"].is_null()).await;
    let head = git(&repo, &["rev-parse", "main"]);
    assert_eq!(git(&repo, &["log", "-1", "--format=%s"]), "Revert \"change\"");
    let status =
        if status["lastAppliedCommit"] == head.as_str() { status } else { rig.applied("shop", &head).await };
    let of_bad = status["history"].as_array().unwrap().iter().find(|e| e["commit"] == bad.as_str());
    assert_eq!(of_bad.unwrap()["outcome"], "Reverted", "{status:#}");
    assert_eq!(status["fencedCommits"], json!([bad[..7]]), "it stands while Git has what it was reverted to");

    let fix = commit(&rig, &repo, "v3", "");
    let status = rig.applied("shop", &fix).await;
    assert!(status["fencedCommits"].is_null(), "{status:#}");
}

/// What a server answers: Git's own words, or a failure of this number.
fn answer(mood: &AtomicU8, _: &Asked) -> Answer {
    match mood.load(Ordering::SeqCst) {
        0 => Answer::Backend,
        1 => Answer::Say(502, "", "bad gateway"),
        2 => Answer::Say(401, "", "who are you"),
        _ => Answer::Silence,
    }
}

/// A bare repository behind a server, beside the repository it is a clone of.
async fn served(rig: &Operator, repo: &Path) -> (Server, Arc<AtomicU8>, PathBuf) {
    let folder = rig.folder.path().join("served");
    std::fs::create_dir(&folder).unwrap();
    let bare = folder.join("shop.git");
    git(repo, &["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    git(&bare, &["config", "http.receivepack", "true"]);
    let mood = Arc::new(AtomicU8::new(0));
    let heard = Arc::clone(&mood);
    (Server::start(folder, move |asked| answer(&heard, asked)).await, mood, bare)
}

#[tokio::test]
async fn a_revert_that_is_owed_while_git_is_away_is_named_before_it_is_made() {
    let rig = Operator::new().await;
    let repo = rig.repository("shop", &["a"]);
    let (server, mood, bare) = served(&rig, &repo).await;
    let push = || drop(git(&repo, &["push", "-q", bare.to_str().unwrap(), "main"]));
    let bad = midway(&rig, &repo, &server.url("shop.git"), "", push).await;
    mood.store(1, Ordering::SeqCst);
    rig.because("shop", "GitUnreachable").await;
    abort(&rig);
    let owed = |s: &Value| s["pendingRevert"]["rollouts"] == json!([{"namespace": "default", "name": "web"}]);
    let status = rig.until("shop", "owing a revert", owed).await;
    assert!(status["pendingRevert"]["commit"].is_null(), "nothing is made yet: {status:#}");
    assert!(status["pendingRevert"]["message"].as_str().unwrap().contains("cannot be asked"), "{status:#}");
    mood.store(0, Ordering::SeqCst);
    let back = |s: &Value| {
        let history = s["history"].as_array().cloned().unwrap_or_default();
        history.iter().any(|e| e["commit"] == bad.as_str() && e["outcome"] == "Reverted")
    };
    let status = rig.until("shop", "back", back).await;
    assert!(status["pendingRevert"].is_null(), "{status:#}");
    assert_eq!(git(&bare, &["log", "-1", "--format=%s", "main"]), "Revert \"change\"");
}

#[tokio::test]
async fn the_history_has_the_last_ten_commits_also_after_a_restart() {
    let mut rig = Operator::new().await;
    let repo = rig.repository("shop", &["a"]);
    rig.deliver("shop", json!({"repository": repo}));
    rig.ready("shop").await;
    let mut commits = Vec::new();
    for n in 0..11 {
        rig.put(&repo, "a", &format!("{n}"));
        let next = rig.commit(&repo);
        rig.applied("shop", &next).await;
        commits.insert(0, next);
        if n == 5 {
            rig.restart().await;
        }
    }
    let status = rig.get("shop")["status"].clone();
    let history: Vec<&str> =
        status["history"].as_array().unwrap().iter().map(|e| e["commit"].as_str().unwrap()).collect();
    assert_eq!(history, commits[..10].iter().map(String::as_str).collect::<Vec<_>>());
}

/// Ready, Reconciling and Stalled.
fn shape(status: &Value) -> [&str; 3] {
    ["Ready", "Reconciling", "Stalled"].map(|of| condition(status, of)["status"].as_str().unwrap_or("-"))
}

#[tokio::test]
async fn nothing_is_current_before_git_was_heard_of_for_the_first_time() {
    let rig = Operator::new().await;
    let repo = rig.repository("shop", &["a"]);
    let (server, mood, _) = served(&rig, &repo).await;
    mood.store(3, Ordering::SeqCst);
    rig.deliver("shop", json!({"repository": server.url("shop.git")}));
    let status = rig.because("shop", "Pending").await;
    assert_eq!(shape(&status), ["False", "True", "-"], "{status:#}");
}

#[tokio::test]
async fn git_that_is_away_is_reconciling_and_what_a_person_has_to_mend_is_stalled() {
    let rig = Operator::new().await;
    let repo = rig.repository("shop", &["a"]);
    let (server, mood, bare) = served(&rig, &repo).await;
    let other = json!({"repository": server.url("shop.git"), "interval": "1s", "ref": {"branch": "next"}});
    mood.store(1, Ordering::SeqCst);
    rig.deliver("other", other);
    let status = rig.because("other", "GitUnreachable").await;
    assert_eq!(shape(&status), ["False", "True", "-"], "{status:#}");
    mood.store(0, Ordering::SeqCst);
    let status = rig.because("other", "GitBranchMissing").await;
    assert_eq!(shape(&status), ["False", "-", "True"], "{status:#}");
    git(&bare, &["branch", "next", "main"]);
    let status = rig.ready("other").await;
    assert_eq!(shape(&status), ["True", "-", "-"], "{status:#}");
    mood.store(2, Ordering::SeqCst);
    let status = rig.because("other", "GitUnauthorized").await;
    assert_eq!(shape(&status), ["False", "-", "True"], "{status:#}");
    assert!(condition(&status, "Ready")["message"].as_str().unwrap().contains("give a token"), "{status:#}");
}
