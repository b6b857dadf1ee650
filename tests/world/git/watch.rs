//! Being told when a local branch moves, and only then.

use crate::git::rig::Rig;
use std::fs;
use std::time::Duration;
use switchback::world::git::{BranchWatch, GitError, watch_local};

/// Whether the branch is seen to move within two seconds.
async fn moves(watch: &mut BranchWatch) -> bool {
    matches!(tokio::time::timeout(Duration::from_secs(2), watch.moved()).await, Ok(Ok(())))
}

/// Whether nothing is seen for a while.
async fn rests(watch: &mut BranchWatch) -> bool {
    tokio::time::timeout(Duration::from_millis(400), watch.moved()).await.is_err()
}

async fn watching(rig: &Rig, repo: &str) -> BranchWatch {
    watch_local(rig.path(repo).to_str().unwrap(), "main").await.unwrap()
}

#[tokio::test]
async fn commits_resets_and_packing_are_seen_for_what_they_are() {
    let rig = Rig::new();
    rig.work("app");
    rig.put("app", "a", "1");
    let first = rig.save("app", "first");
    let mut watch = watching(&rig, "app").await;
    assert!(rests(&mut watch).await);
    rig.put("app", "a", "2");
    rig.save("app", "second");
    assert!(moves(&mut watch).await, "a commit");
    assert!(rests(&mut watch).await, "one move is told once");
    rig.git("app", &["reset", "-q", "--hard", &first]);
    assert!(moves(&mut watch).await, "a reset");
    rig.git("app", &["pack-refs", "--all"]);
    rig.git("app", &["checkout", "-q", "-b", "other"]);
    rig.put("app", "a", "3");
    rig.save("app", "on another branch");
    assert!(rests(&mut watch).await, "packing and other branches are no moves");
    rig.git("app", &["branch", "-q", "-f", "main", "other"]);
    assert!(moves(&mut watch).await, "after packing");
    rig.git("app", &["branch", "-q", "-D", "main"]);
    assert!(moves(&mut watch).await, "deleted");
    rig.git("app", &["branch", "-q", "main", &first]);
    assert!(moves(&mut watch).await, "and back");
}

#[tokio::test]
async fn several_moves_close_together_are_one() {
    let rig = Rig::new();
    rig.origin("origin.git");
    rig.publish("a", "1", "first");
    let mut watch = watching(&rig, "origin.git").await;
    rig.publish("a", "2", "second");
    rig.publish("a", "3", "third");
    assert!(moves(&mut watch).await);
    assert!(rests(&mut watch).await);
}

#[tokio::test]
async fn a_branch_in_a_linked_work_tree_and_in_a_directory_is_seen() {
    let rig = Rig::new();
    rig.work("app");
    rig.put("app", "a", "1");
    rig.save("app", "first");
    rig.git("app", &["checkout", "-q", "-b", "mine"]);
    rig.git("app", &["worktree", "add", "-q", rig.path("linked").to_str().unwrap(), "main"]);
    let mut watch = watching(&rig, "linked").await;
    rig.put("linked", "a", "2");
    rig.save("linked", "second");
    assert!(moves(&mut watch).await);
    let path = rig.path("app").display().to_string();
    let mut watch = watch_local(&path, "refs/heads/team/web").await.unwrap();
    rig.git("app", &["branch", "team/web"]);
    assert!(moves(&mut watch).await, "a branch that did not exist, in a directory that did not exist");
    rig.git("app", &["branch", "-f", "team/web", "main"]);
    assert!(moves(&mut watch).await);
}

#[tokio::test]
async fn a_format_only_git_knows_is_watched_without_being_read() {
    let rig = Rig::new();
    rig.work("app");
    rig.git("app", &["config", "core.repositoryFormatVersion", "1"]);
    rig.git("app", &["config", "extensions.partialClone", "origin"]);
    rig.put("app", "a", "1");
    rig.save("app", "first");
    fs::create_dir(rig.path("app/.git/reftable")).unwrap();
    let mut watch = watching(&rig, "app").await;
    assert!(rests(&mut watch).await);
    rig.put("app", "a", "2");
    rig.save("app", "second");
    assert!(moves(&mut watch).await);
    fs::write(rig.path("app/.git/reftable/tables.list"), "x").unwrap();
    assert!(moves(&mut watch).await);
}

#[tokio::test]
async fn a_wait_that_is_given_up_loses_nothing() {
    let rig = Rig::new();
    rig.work("app");
    rig.put("app", "a", "1");
    rig.save("app", "first");
    let mut watch = watching(&rig, "app").await;
    rig.put("app", "a", "2");
    rig.save("app", "second");
    for _ in 0..5 {
        let _ = tokio::time::timeout(Duration::from_millis(5), watch.moved()).await;
    }
    assert!(moves(&mut watch).await);
}

#[tokio::test]
async fn what_cannot_be_watched_is_refused_politely() {
    let rig = Rig::new();
    for url in ["https://host/x.git", "git@host:x", "ssh://host/x"] {
        let Err(error) = watch_local(url, "main").await else { panic!("{url}") };
        assert!(matches!(&error, GitError::NotLocal { .. }) && error.to_string().contains("poll"), "{error}");
    }
    let nowhere = rig.path("nowhere").display().to_string();
    assert!(matches!(watch_local(&nowhere, "main").await, Err(GitError::NotFound { .. })));
    // A repository that vanishes is told once, not in a loop.
    rig.work("app");
    rig.put("app", "a", "1");
    rig.save("app", "first");
    let mut watch = watching(&rig, "app").await;
    fs::remove_dir_all(rig.path("app")).unwrap();
    assert!(moves(&mut watch).await);
    assert!(rests(&mut watch).await);
}

#[tokio::test]
async fn a_branch_that_goes_on_and_is_set_back_at_once_has_moved() {
    let rig = Rig::new();
    rig.work("app");
    rig.put("app", "a", "1");
    let first = rig.save("app", "first");
    rig.put("app", "a", "2");
    let second = rig.save("app", "second");
    let mut watch = watch_local(rig.path("app").to_str().unwrap(), "main").await.unwrap();
    // Faster than it is looked at: whoever has fetched in between knows the first commit.
    rig.git("app", &["update-ref", "refs/heads/main", &first]);
    rig.git("app", &["update-ref", "refs/heads/main", &second]);
    assert!(moves(&mut watch).await);
    assert!(rests(&mut watch).await);
}
