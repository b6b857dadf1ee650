//! How deep the mirror is: one commit after a fetch, and only as many more as a question needs.

use crate::git::rig::{Rig, all, changed, every, undo};
use crate::git::server::Server;
use switchback::api::ids::CommitId;
use switchback::world::git::{Commit, Git, GitError, Mirror};

/// An origin with `count` commits, oldest first, a server, and a mirror over HTTP.
async fn long(rig: &Rig, count: usize) -> (Vec<CommitId>, Server, Mirror) {
    rig.origin("origin.git");
    let mut commits = Vec::new();
    for n in 0..count {
        rig.put("dev", "web.yaml", format!("image: v{n}\n"));
        rig.put("dev", &format!("files/{n}"), format!("{n}\n"));
        commits.push(rig.save("dev", &format!("commit {n}")));
    }
    rig.git("dev", &["push", "-q", "origin", "main"]);
    let server = Server::plain(rig.path("")).await;
    let mirror = Mirror::open(rig.options(&server.url("origin.git"))).unwrap();
    (commits, server, mirror)
}

fn ids(history: &[Commit]) -> Vec<&str> {
    history.iter().map(|commit| commit.id.as_str()).collect()
}

/// `commits` newest first.
fn newest_first(commits: &[CommitId]) -> Vec<&str> {
    commits.iter().rev().map(CommitId::as_str).collect()
}

#[tokio::test]
async fn a_fetch_is_one_commit_deep_and_so_is_the_next() {
    let rig = Rig::new();
    let (commits, server, mirror) = long(&rig, 20).await;
    let head = mirror.fetch().await.unwrap();
    assert_eq!((head.id.as_str(), &head.parents), (commits[19].as_str(), &vec![commits[18].clone()]));
    assert_eq!((rig.count("commit"), rig.count("blob")), (1, 21));
    assert_eq!(mirror.files(&head.id, ".", every, all()).await.unwrap().len(), 21);
    let next = rig.publish("web.yaml", "image: next\n", "next");
    mirror.fetch().await.unwrap();
    assert_eq!((rig.count("commit"), rig.count("blob")), (2, 22), "only what is new");
    server.asked();
    let history = mirror.history(&next, &head.id, 5).await.unwrap();
    assert_eq!(ids(&history), [next.as_str()]);
    assert!(server.asked().is_empty(), "the last head is still known");
    rig.sound(&rig.mirror_dir());
}

#[tokio::test]
async fn history_is_deepened_as_far_as_needed_and_no_further() {
    let rig = Rig::new();
    let (commits, _server, mirror) = long(&rig, 60).await;
    mirror.fetch().await.unwrap();
    let history = async |until: usize| mirror.history(&commits[59], &commits[until], 100).await.unwrap();
    assert!(mirror.history(&commits[59], &commits[59], 0).await.unwrap().is_empty());
    assert_eq!(rig.count("commit"), 1);
    assert_eq!(ids(&history(58).await), [commits[59].as_str()]);
    assert_eq!(rig.count("commit"), 2);
    assert_eq!(ids(&history(54).await), newest_first(&commits[55..]));
    assert_eq!(rig.count("commit"), 8);
    assert_eq!(history(54).await[4].subject(), "commit 55");
    assert_eq!(ids(&history(0).await), newest_first(&commits[1..]));
    // What was deepened stays, also when the branch moves on.
    let next = rig.publish("web.yaml", "image: next\n", "next");
    mirror.fetch().await.unwrap();
    assert_eq!(mirror.history(&next, &commits[0], 100).await.unwrap().len(), 60);
    rig.sound(&rig.mirror_dir());
}

#[tokio::test]
async fn too_long_and_rewritten_are_told_apart() {
    let rig = Rig::new();
    let (commits, _server, mirror) = long(&rig, 12).await;
    mirror.fetch().await.unwrap();
    for (until, most) in [(0, 5), (5, 5), (10, 0)] {
        let error = mirror.history(&commits[11], &commits[until], most).await.unwrap_err();
        assert!(matches!(error, GitError::TooLong { most: named, .. } if named == most), "{error}");
    }
    assert_eq!(mirror.history(&commits[11], &commits[6], 5).await.unwrap().len(), 5);
    // The last three commits are replaced by one.
    rig.git("dev", &["reset", "-q", "--hard", &commits[8]]);
    let forced = rig.publish("web.yaml", "image: other\n", "forced");
    let head = mirror.fetch().await.unwrap();
    assert_eq!((head.id.as_str(), &head.parents), (forced.as_str(), &vec![commits[8].clone()]));
    let error = mirror.history(&forced, &commits[11], 50).await.unwrap_err();
    assert!(
        matches!(&error, GitError::Rewritten { head, until, .. } if *head == forced && *until == commits[11]),
        "{error}"
    );
    assert_eq!(ids(&mirror.history(&forced, &commits[8], 50).await.unwrap()), [forced.as_str()]);
    assert!(matches!(
        mirror.history(&forced, &"1".repeat(40).into(), 50).await,
        Err(GitError::Rewritten { .. })
    ));
    // The whole history is replaced by an unrelated one.
    rig.git("dev", &["checkout", "-q", "--orphan", "fresh"]);
    rig.git("dev", &["commit", "-q", "-m", "fresh"]);
    rig.git("dev", &["branch", "-q", "-M", "main"]);
    rig.git("dev", &["push", "-q", "-f", "origin", "main"]);
    let fresh = mirror.fetch().await.unwrap();
    assert!(fresh.parents.is_empty());
    assert!(matches!(mirror.history(&fresh.id, &forced, 50).await, Err(GitError::Rewritten { .. })));
    // A branch set back to an older commit is followed as well.
    rig.git("origin.git", &["update-ref", "refs/heads/main", &commits[4]]);
    assert_eq!(mirror.fetch().await.unwrap().id, commits[4]);
    assert_eq!(
        ids(&mirror.history(&commits[4], &commits[2], 50).await.unwrap()),
        newest_first(&commits[3..5])
    );
    rig.sound(&rig.mirror_dir());
}

#[tokio::test]
async fn what_a_question_needs_is_fetched_for_it() {
    let rig = Rig::new();
    let (commits, _server, mirror) = long(&rig, 30).await;
    mirror.fetch().await.unwrap();
    let changes = changed(&mirror, &commits[29], "files").await.unwrap();
    assert_eq!((changes.len(), changes[0].path.as_str()), (1, "files/29"));
    assert_eq!(rig.count("commit"), 2);
    let files = mirror.files(&commits[24], "web.yaml", every, all()).await.unwrap();
    assert_eq!(files[0].content.as_deref(), Some(&b"image: v24\n"[..]));
    assert_eq!(rig.count("commit"), 8);
    let commit = undo(&mirror, &[commits[29].clone(), commits[28].clone()]).await;
    assert_eq!(rig.git("origin.git", &["show", "main:web.yaml"]), "image: v27");
    assert_eq!(rig.git("origin.git", &["log", "-1", "--format=%H %P"]), format!("{commit} {}", commits[29]));
    rig.sound(&rig.path("origin.git"));
}

#[tokio::test]
async fn an_unknown_commit_is_searched_for_within_limits() {
    let rig = Rig::new();
    let (commits, server, _) = long(&rig, 40).await;
    let mut options = rig.options(&server.url("origin.git"));
    options.limits.depth = 8;
    let mirror = Mirror::open(options).unwrap();
    mirror.fetch().await.unwrap();
    assert!(matches!(
        mirror.files(&commits[0], ".", every, all()).await,
        Err(GitError::UnknownCommit { .. })
    ));
    assert!(rig.count("commit") <= 16, "{}", rig.count("commit"));
    assert!(mirror.files(&commits[33], ".", every, all()).await.is_ok());
}

/// The commits between two, once it is seen that git lists the same and each comes before its parents.
async fn as_git_lists_it(rig: &Rig, mirror: &Mirror, head: &CommitId, until: &CommitId) -> Vec<CommitId> {
    let history = mirror.history(head, until, 50).await.unwrap();
    let found: Vec<CommitId> = history.iter().map(|c| c.id.clone()).collect();
    let mut oracle: Vec<CommitId> =
        rig.git("dev", &["rev-list", &format!("{until}..{head}")]).lines().map(CommitId::from).collect();
    for (n, commit) in history.iter().enumerate() {
        assert!(
            commit.parents.iter().all(|p| !found[..n].contains(p)),
            "{} stands behind a parent",
            commit.id
        );
    }
    let mut sorted = found.clone();
    sorted.sort();
    oracle.sort();
    assert_eq!(sorted, oracle);
    found
}

#[tokio::test]
async fn history_is_all_that_was_merged_as_git_lists_it() {
    let rig = Rig::new();
    let (commits, _server, mirror) = long(&rig, 5).await;
    rig.git("dev", &["checkout", "-q", "-b", "side"]);
    for n in 0..3 {
        rig.put("dev", &format!("side/{n}"), "s");
        rig.save("dev", &format!("side {n}"));
    }
    let side = CommitId::from(rig.git("dev", &["rev-parse", "side"]));
    rig.git("dev", &["checkout", "-q", "main"]);
    let last = rig.publish("web.yaml", "image: last\n", "last");
    rig.git("dev", &["merge", "-q", "--no-ff", "-m", "merge side", "side"]);
    let merge = rig.head("dev");
    rig.git("dev", &["push", "-q", "origin", "main"]);
    mirror.fetch().await.unwrap();
    assert_eq!(
        as_git_lists_it(&rig, &mirror, &merge, &commits[4]).await.len(),
        5,
        "the merge and all four it has"
    );
    assert_eq!(
        as_git_lists_it(&rig, &mirror, &merge, &side).await,
        [merge, last],
        "seen from the side branch"
    );
    // Main merged into the side branch, and main then moved to that.
    rig.git("dev", &["checkout", "-q", "side"]);
    rig.git("dev", &["merge", "-q", "--no-ff", "-m", "crossed", "main"]);
    rig.git("dev", &["checkout", "-q", "main"]);
    rig.put("dev", "web.yaml", "image: more\n");
    let more = rig.save("dev", "more");
    rig.git("dev", &["checkout", "-q", "side"]);
    rig.put("dev", "side/3", "s");
    rig.save("dev", "side 3");
    rig.git("dev", &["merge", "-q", "--no-ff", "-m", "crossed again", "main"]);
    rig.git("dev", &["checkout", "-q", "main"]);
    rig.git("dev", &["merge", "-q", "--ff-only", "side"]);
    rig.git("dev", &["push", "-q", "origin", "main"]);
    let head = mirror.fetch().await.unwrap().id;
    as_git_lists_it(&rig, &mirror, &head, &more).await;
    as_git_lists_it(&rig, &mirror, &head, &side).await;
}

#[tokio::test]
async fn a_mirror_of_many_packs_is_fetched_anew() {
    let rig = Rig::new();
    rig.work("app");
    // Spoken through git's pipe, which is a real transport without a server.
    rig.git("app", &["config", "core.repositoryFormatVersion", "1"]);
    rig.git("app", &["config", "extensions.partialClone", "origin"]);
    rig.put("app", "a", "0");
    rig.save("app", "first");
    let mirror = rig.mirror("app");
    let tree = rig.git("app", &["rev-parse", "main^{tree}"]);
    for n in 0..103 {
        let head = rig.git("app", &["commit-tree", "-p", "main", "-m", &n.to_string(), &tree]);
        rig.git("app", &["update-ref", "refs/heads/main", &head]);
        assert_eq!(mirror.fetch().await.unwrap().id, head);
    }
    let packs = std::fs::read_dir(rig.mirror_dir().join("objects/pack")).unwrap().count();
    assert!(packs < 20, "{packs}");
    assert!(mirror.files(&rig.head("app"), ".", every, all()).await.is_ok());
}
