//! Pushing to a server: races, hooks, rights, and answers that get lost.

use crate::git::rig::{Rig, author, time, undo, undone};
use crate::git::server::{Answer, Server};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use switchback::api::ids::CommitId;
use switchback::world::git::{Git, GitError, Mirror, Pushed};

/// An origin with two commits behind a server, a mirror, and a commit that undoes the second, not yet pushed.
struct Ready {
    rig: Rig,
    server: Server,
    mirror: Mirror,
    second: CommitId,
    commit: CommitId,
}

async fn ready() -> Ready {
    let rig = Rig::new();
    rig.origin("origin.git");
    rig.publish("web.yaml", "image: v1\n", "first");
    let second = rig.publish("web.yaml", "image: v2\n", "second");
    let server = Server::plain(rig.path("")).await;
    let mirror = Mirror::open(rig.options(&server.url("origin.git"))).unwrap();
    let commit = undone(&mirror, &second, 1_800_000_000).await;
    Ready { rig, server, mirror, second, commit }
}

fn hook(rig: &Rig, name: &str, script: &str) {
    let path = rig.path("origin.git/hooks").join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test]
async fn a_faster_push_is_a_race_that_can_be_run_again() {
    let ready = ready().await;
    let Ready { rig, mirror, second, commit, .. } = &ready;
    let theirs = rig.publish("other.yaml", "theirs\n", "faster");
    assert_eq!(mirror.push(commit).await.unwrap(), Pushed::Moved);
    assert_eq!(rig.head("origin.git"), theirs);
    // Having seen the new head does not make the old commit right.
    mirror.fetch().await.unwrap();
    assert_eq!(mirror.push(commit).await.unwrap(), Pushed::Moved);
    let again = undone(mirror, second, 1_800_000_001).await;
    assert_eq!(mirror.push(&again).await.unwrap(), Pushed::Done);
    assert_eq!(rig.git("origin.git", &["log", "-1", "--format=%H %P"]), format!("{again} {theirs}"));
    assert_eq!(rig.git("origin.git", &["show", "main:other.yaml"]), "theirs");
    rig.sound(&rig.path("origin.git"));
}

#[tokio::test]
async fn a_push_in_the_same_moment_is_a_race_too() {
    let ready = ready().await;
    let Ready { rig, mirror, commit, .. } = &ready;
    rig.put("dev", "other.yaml", "theirs\n");
    let theirs = rig.save("dev", "same moment");
    rig.git("dev", &["push", "-q", "origin", "main:refs/heads/waiting"]);
    // Somebody's push is finished while the server still checks ours.
    hook(rig, "pre-receive", &format!("unset GIT_QUARANTINE_PATH; git update-ref refs/heads/main {theirs}"));
    assert_eq!(mirror.push(commit).await.unwrap(), Pushed::Moved);
    assert_eq!(rig.head("origin.git"), theirs);
}

#[tokio::test]
async fn a_branch_set_back_meanwhile_is_not_pushed_over() {
    let ready = ready().await;
    let Ready { rig, mirror, commit, .. } = &ready;
    let first = rig.git("dev", &["rev-parse", "main~1"]);
    rig.git("origin.git", &["update-ref", "refs/heads/main", &first]);
    assert_eq!(
        mirror.push(commit).await.unwrap(),
        Pushed::Moved,
        "forward from there, but not from what was seen"
    );
    assert_eq!(rig.head("origin.git"), first);
}

#[tokio::test]
async fn a_branch_deleted_meanwhile_is_not_made_again() {
    let ready = ready().await;
    let Ready { rig, mirror, commit, .. } = &ready;
    rig.git("origin.git", &["update-ref", "-d", "refs/heads/main"]);
    assert!(matches!(mirror.push(commit).await, Err(GitError::Empty { .. })));
    rig.git("dev", &["push", "-q", "origin", "main:trunk"]);
    let error = mirror.push(commit).await.unwrap_err();
    assert!(matches!(&error, GitError::BranchMissing { branches, .. } if branches == &["trunk"]), "{error}");
}

#[tokio::test]
async fn hooks_refuse_with_their_own_words() {
    let ready = ready().await;
    let Ready { rig, mirror, second, commit, .. } = &ready;
    let refused = async |parts: &[&str]| {
        let Pushed::Refused { why, .. } = mirror.push(commit).await.unwrap() else { panic!("pushed") };
        assert!(parts.iter().all(|part| why.contains(part)), "{why}");
        assert_eq!(rig.head("origin.git"), *second);
    };
    hook(rig, "pre-receive", "printf '\\033[31mGL-HOOK-ERR: only on Mondays\\033[0m\\n' >&2; exit 1");
    refused(&["pre-receive hook declined: GL-HOOK-ERR: only on Mondays"]).await;
    fs::remove_file(rig.path("origin.git/hooks/pre-receive")).unwrap();
    hook(rig, "update", "echo \"$1 is protected\" >&2; exit 1");
    refused(&["hook declined", "refs/heads/main is protected"]).await;
    fs::remove_file(rig.path("origin.git/hooks/update")).unwrap();
    // A lock somebody left behind on the server is no race.
    fs::write(rig.path("origin.git/refs/heads/main.lock"), "").unwrap();
    refused(&["failed to update ref"]).await;
    fs::remove_file(rig.path("origin.git/refs/heads/main.lock")).unwrap();
    assert_eq!(mirror.push(commit).await.unwrap(), Pushed::Done);
}

#[tokio::test]
async fn missing_rights_are_a_refusal_and_missing_credentials_an_error() {
    let ready = ready().await;
    let Ready { rig, mirror, commit, .. } = &ready;
    rig.git("origin.git", &["config", "http.receivepack", "false"]);
    let Pushed::Refused { why, .. } = mirror.push(commit).await.unwrap() else { panic!("pushed") };
    assert!(why.contains("403"), "{why}");
    let closed = Arc::new(AtomicBool::new(false));
    let server = Server::start(rig.path(""), {
        let closed = closed.clone();
        move |asked| match asked.target.contains("receive-pack") && closed.load(Ordering::SeqCst) {
            true => Answer::Say(401, "", "log in to push"),
            false => Answer::Backend,
        }
    })
    .await;
    rig.git("origin.git", &["config", "http.receivepack", "true"]);
    let mirror = Mirror::open(rig.options(&server.url("origin.git"))).unwrap();
    let second = mirror.fetch().await.unwrap().id;
    let commit = undone(&mirror, &second, 1_800_000_000).await;
    closed.store(true, Ordering::SeqCst);
    let error = mirror.push(&commit).await.unwrap_err();
    assert!(
        matches!(&error, GitError::Unauthorized { why, .. } if why.contains("log in to push")),
        "{error}"
    );
    closed.store(false, Ordering::SeqCst);
    assert_eq!(mirror.push(&commit).await.unwrap(), Pushed::Done);
}

#[tokio::test]
async fn objects_the_server_does_not_like_are_refused() {
    let ready = ready().await;
    let Ready { rig, mirror, commit, .. } = &ready;
    rig.git("origin.git", &["config", "receive.maxInputSize", "10"]);
    let Pushed::Refused { why, .. } = mirror.push(commit).await.unwrap() else { panic!("pushed") };
    assert!(why.contains("maximum allowed size"), "{why}");
    let server = Server::start(rig.path(""), |_| Answer::Backend).await;
    let mirror = Mirror::open(rig.options(&server.url("origin.git"))).unwrap();
    let commit = undone(&mirror, &ready.second, 1_800_000_000).await;
    let Pushed::Refused { why, .. } = mirror.push(&commit).await.unwrap() else { panic!("pushed") };
    assert!(why.starts_with("it did not accept the objects"), "{why}");
}

#[tokio::test]
async fn a_lost_answer_is_no_lost_push() {
    let ready = ready().await;
    let Ready { rig, second, .. } = &ready;
    let server = Server::start(rig.path(""), |asked| {
        match asked.method == "POST" && asked.target.contains("receive-pack") {
            true => Answer::Cut(0),
            false => Answer::Backend,
        }
    })
    .await;
    let mirror = Mirror::open(rig.options(&server.url("origin.git"))).unwrap();
    let commit = undone(&mirror, second, 1_800_000_000).await;
    let pushed = mirror.push(&commit).await;
    assert!(matches!(pushed, Err(GitError::Unreachable { .. })), "{pushed:?}");
    assert_eq!(rig.head("origin.git"), commit, "the server did take it");
    assert_eq!(mirror.push(&commit).await.unwrap(), Pushed::Done);
    assert_eq!(mirror.fetch().await.unwrap().id, commit);
}

#[tokio::test]
async fn a_mirror_that_never_fetched_does_not_push() {
    let ready = ready().await;
    let Ready { rig, server, commit, .. } = &ready;
    let mut options = rig.options(&server.url("origin.git"));
    options.dir = rig.path("others");
    let mirror = Mirror::open(options).unwrap();
    assert!(matches!(mirror.push(commit).await, Err(GitError::UnknownCommit { .. })));
}

#[tokio::test]
async fn large_files_come_back() {
    let rig = Rig::new();
    rig.origin("origin.git");
    // Random enough not to be compressed away.
    let mut state = 1u64;
    let noise: Vec<u8> = (0..10 << 20)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        })
        .collect();
    rig.put("dev", "large.bin", &noise);
    rig.publish("web.yaml", "image: v1\n", "first");
    fs::remove_file(rig.path("dev/large.bin")).unwrap();
    let second = rig.publish("web.yaml", "image: v2\n", "second");
    let server = Server::plain(rig.path("")).await;
    let mirror = Mirror::open(rig.options(&server.url("origin.git"))).unwrap();
    undo(&mirror, &[second]).await;
    rig.git("dev", &["pull", "-q", "origin", "main"]);
    assert!(fs::read(rig.path("dev/large.bin")).unwrap() == noise);
    rig.sound(&rig.path("origin.git"));
}

#[tokio::test]
async fn several_commits_may_be_pushed_at_once() {
    let ready = ready().await;
    let Ready { rig, mirror, commit, .. } = &ready;
    let tree = rig.git("dev", &["rev-parse", "main^{tree}"]).into();
    let next =
        mirror.commit(commit, &tree, "and forward again", &author(), time(1_800_000_060)).await.unwrap();
    assert_eq!(mirror.push(&next).await.unwrap(), Pushed::Done);
    assert_eq!(rig.git("origin.git", &["log", "-1", "--format=%H %P"]), format!("{next} {commit}"));
}
