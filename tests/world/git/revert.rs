//! Undoing commits, compared with what `git revert` does; and commit objects, compared with what `git commit`
//! writes.

use crate::git::rig::{Rig, author, time, undo, whole};
use std::fs;
use switchback::api::ids::{CommitId, TreeId};
use switchback::world::git::{Author, Git, GitError, Mirror, Reverted};

/// The tree `git revert` comes to for `commits` (newest first) on the branch's head.
fn oracle(rig: &Rig, commits: &[CommitId]) -> String {
    rig.git("app", &["checkout", "-q", "-B", "oracle", "main"]);
    for commit in commits {
        let merge = rig.git("app", &["rev-list", "--parents", "-1", commit]).split(' ').count() > 2;
        let mainline: &[&str] = if merge { &["-m", "1"] } else { &[] };
        rig.git("app", &[&["revert", "--no-edit"], mainline, &[commit.as_str()]].concat());
    }
    let tree = rig.git("app", &["rev-parse", "oracle^{tree}"]);
    rig.git("app", &["checkout", "-q", "main"]);
    tree
}

async fn tree_without(mirror: &Mirror, rig: &Rig, commits: &[CommitId]) -> (TreeId, usize) {
    mirror.fetch().await.unwrap();
    match mirror.revert(&rig.head("app"), &whole(commits)).await.unwrap() {
        Reverted::Tree { id, files } => (id, files),
        other => panic!("{other:?}"),
    }
}

fn lines(changed: &[(usize, &str)]) -> String {
    (0..30)
        .map(|n| {
            changed.iter().find(|(at, _)| *at == n).map_or(format!("line{n}: 1\n"), |(_, l)| format!("{l}\n"))
        })
        .collect()
}

#[tokio::test]
async fn one_commit_is_undone_and_later_ones_stay() {
    let rig = Rig::new();
    rig.work("app");
    rig.put("app", "web.yaml", lines(&[]));
    rig.save("app", "first");
    rig.put("app", "web.yaml", lines(&[(3, "image: v2")]));
    rig.put("app", "config.yaml", "mode: two\n");
    let bad = rig.save("app", "bad");
    rig.put("app", "web.yaml", lines(&[(3, "image: v2"), (20, "replicas: 5")]));
    rig.put("app", "later.yaml", "kept\n");
    rig.save("app", "later");
    let mirror = rig.mirror("app");
    let (tree, files) = tree_without(&mirror, &rig, std::slice::from_ref(&bad)).await;
    assert_eq!((tree, files), (oracle(&rig, std::slice::from_ref(&bad)).into(), 2));
    undo(&mirror, &[bad]).await;
    assert_eq!(fs::read_to_string(rig.path("app/web.yaml")).unwrap(), lines(&[(20, "replicas: 5")]));
    assert!(rig.path("app/later.yaml").exists() && !rig.path("app/config.yaml").exists());
}

#[tokio::test]
async fn several_commits_are_undone_newest_first() {
    let rig = Rig::new();
    rig.work("app");
    rig.put("app", "web.yaml", "image: v1\n");
    let first = rig.save("app", "first");
    let mut commits = Vec::new();
    for version in 2..6 {
        rig.put("app", "web.yaml", format!("image: v{version}\n"));
        commits.insert(0, rig.save("app", &format!("v{version}")));
    }
    let mirror = rig.mirror("app");
    let (tree, files) = tree_without(&mirror, &rig, &commits).await;
    assert_eq!((tree.as_str(), files), (oracle(&rig, &commits).as_str(), 1));
    assert_eq!(tree, rig.git("app", &["rev-parse", &format!("{first}^{{tree}}")]));
    // Oldest first cannot work, and says which commit and path.
    commits.reverse();
    let conflict = mirror.revert(&rig.head("app"), &whole(&commits)).await.unwrap();
    assert_eq!(conflict, Reverted::Conflict { commit: commits[0].clone(), paths: vec!["web.yaml".into()] });
}

#[tokio::test]
async fn merges_renames_and_first_commits_are_undone() {
    let rig = Rig::new();
    rig.work("app");
    rig.put("app", "web.yaml", lines(&[]));
    let first = rig.save("app", "first");
    rig.git("app", &["checkout", "-q", "-b", "side"]);
    rig.put("app", "web.yaml", lines(&[(5, "side: 1")]));
    rig.save("app", "side 1");
    rig.put("app", "side.yaml", "side\n");
    rig.save("app", "side 2");
    rig.git("app", &["checkout", "-q", "main"]);
    rig.put("app", "main.yaml", "main\n");
    rig.save("app", "main");
    rig.git("app", &["merge", "-q", "--no-ff", "-m", "merge", "side"]);
    let merge = rig.head("app");
    rig.git("app", &["mv", "web.yaml", "moved.yaml"]);
    let renamed = rig.save("app", "rename");
    let mirror = rig.mirror("app");
    // The merge touched a file that has moved since.
    for commits in [vec![merge.clone()], vec![renamed.clone()], vec![renamed, merge]] {
        let (tree, _) = tree_without(&mirror, &rig, &commits).await;
        assert_eq!(tree, oracle(&rig, &commits));
    }
    rig.git("app", &["reset", "-q", "--hard", &first]);
    let (tree, files) = tree_without(&mirror, &rig, &[first]).await;
    assert_eq!((tree.as_str(), files), ("4b825dc642cb6eb9a060e54bf8d69288fbee4904", 1));
}

#[tokio::test]
async fn what_is_undone_already_leaves_nothing() {
    let rig = Rig::new();
    rig.work("app");
    rig.put("app", "web.yaml", "image: v1\n");
    rig.save("app", "first");
    rig.put("app", "web.yaml", "image: v2\n");
    let bad = rig.save("app", "bad");
    let mirror = rig.mirror("app");
    let undone = undo(&mirror, std::slice::from_ref(&bad)).await;
    assert_eq!(mirror.revert(&undone, &whole(std::slice::from_ref(&bad))).await.unwrap(), Reverted::Empty);
    assert_eq!(mirror.revert(&undone, &[]).await.unwrap(), Reverted::Empty);
    // Undoing the undoing brings the change back.
    let back = undo(&mirror, &[undone]).await;
    let tree = |id: &str| rig.git("app", &["rev-parse", &format!("{id}^{{tree}}")]);
    assert_eq!(tree(&back), tree(&bad));
}

#[tokio::test]
async fn conflicts_name_every_path() {
    let rig = Rig::new();
    rig.work("app");
    for path in ["a.yaml", "b/b.yaml", "c.yaml", "d.bin"] {
        rig.put("app", path, "1\n");
    }
    rig.save("app", "first");
    for path in ["a.yaml", "b/b.yaml", "c.yaml"] {
        rig.put("app", path, "2\n");
    }
    rig.put("app", "d.bin", b"\0two");
    let bad = rig.save("app", "bad");
    rig.put("app", "a.yaml", "3\n");
    fs::remove_file(rig.path("app/b/b.yaml")).unwrap();
    rig.put("app", "d.bin", b"\0three");
    let head = rig.save("app", "later");
    let paths = vec!["a.yaml".to_owned(), "b/b.yaml".into(), "d.bin".into()];
    let reverted = rig.mirror("app").revert(&head, &whole(std::slice::from_ref(&bad))).await.unwrap();
    assert_eq!(reverted, Reverted::Conflict { commit: bad, paths });
    assert_eq!(rig.git("app", &["status", "--porcelain"]), "");
}

#[tokio::test]
async fn line_endings_and_links_survive() {
    let rig = Rig::new();
    rig.work("app");
    rig.put("app", "crlf.yaml", lines(&[]).replace('\n', "\r\n"));
    std::os::unix::fs::symlink("crlf.yaml", rig.path("app/link")).unwrap();
    rig.save("app", "first");
    rig.put("app", "crlf.yaml", lines(&[(2, "x: 2")]).replace('\n', "\r\n"));
    fs::remove_file(rig.path("app/link")).unwrap();
    std::os::unix::fs::symlink("elsewhere", rig.path("app/link")).unwrap();
    let bad = rig.save("app", "bad");
    rig.put("app", "crlf.yaml", lines(&[(2, "x: 2"), (25, "y: 3")]).replace('\n', "\r\n"));
    rig.save("app", "later");
    let mirror = rig.mirror("app");
    let (tree, _) = tree_without(&mirror, &rig, std::slice::from_ref(&bad)).await;
    assert_eq!(tree, oracle(&rig, &[bad]));
}

#[tokio::test]
async fn commit_objects_are_the_ones_git_would_write() {
    let rig = Rig::new();
    rig.work("app");
    rig.put("app", "a", "1");
    let first = rig.save("app", "first");
    rig.put("app", "a", "2");
    let second = rig.save("app", "second");
    let mirror = rig.mirror("app");
    mirror.fetch().await.unwrap();
    let tree = TreeId::from(rig.git("app", &["rev-parse", &format!("{first}^{{tree}}")]));
    for (message, name, email, seconds) in [
        ("Revert \"second\"\n\nThis reverts it.\n", "Switchback", "bot@host", 1_800_000_000),
        ("\n\n  indented \t\n\n\n\nbody  \r\nmore\n\n\n", "Ünï Cödé", "", 1),
        ("one line", "  \"Quoted\" O'Neil, ", " <a@b> ", 4_000_000_000),
        ("# not a comment\n\nKey: value\nOther: value", "a <b> c", "x y", 86_400),
        ("emoji 🚀\u{a0}\n\u{3000}\n", "\u{1f680}", "a@b", 1_700_000_000),
    ] {
        let author = Author { name: name.into(), email: email.into() };
        let ours = mirror.commit(&second, &tree, message, &author, time(seconds)).await.unwrap();
        fs::write(rig.path("message"), message).unwrap();
        rig.git("app", &["checkout", "-q", "--detach", &second]);
        rig.git("app", &["read-tree", "-u", "--reset", &tree]);
        let date = format!("@{seconds} +0000");
        let mut command = rig.command("git");
        command.arg("-C").arg(rig.path("app"));
        command
            .args(["commit", "-q", "--allow-empty-message", "--cleanup=whitespace", "-F"])
            .arg(rig.path("message"));
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), name).env(format!("GIT_{role}_EMAIL"), email);
            command.env(format!("GIT_{role}_DATE"), &date);
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(ours, rig.git("app", &["rev-parse", "HEAD"]), "{message:?} {name:?}");
    }
}

#[tokio::test]
async fn commits_nobody_can_mean_are_refused() {
    let rig = Rig::new();
    rig.work("app");
    rig.put("app", "a", "1");
    let head = rig.save("app", "first");
    let (tree, blob) =
        (rig.git("app", &["rev-parse", "main^{tree}"]), rig.git("app", &["rev-parse", "main:a"]));
    let mirror = rig.mirror("app");
    mirror.fetch().await.unwrap();
    for (tree, message) in
        [(&tree, ""), (&tree, " \n"), (&tree, "a\0b"), (&blob, "m"), (&"1".repeat(40), "m")]
    {
        let made = mirror.commit(&head, &TreeId::new(tree), message, &author(), time(1)).await;
        assert!(matches!(made, Err(GitError::Invalid { .. })), "{made:?}");
    }
    let nobody = Author { name: " . ".into(), email: String::new() };
    assert!(matches!(
        mirror.commit(&head, &TreeId::new(&*tree), "m", &nobody, time(1)).await,
        Err(GitError::Invalid { .. })
    ));
    let made = mirror.commit(&"1".repeat(40).into(), &TreeId::new(&*tree), "m", &author(), time(1)).await;
    assert!(matches!(made, Err(GitError::UnknownCommit { .. })));
    let reverted = mirror.revert(&head, &whole(&["1".repeat(40).into()])).await;
    assert!(matches!(reverted, Err(GitError::UnknownCommit { .. })));
    // A name libgit2 does not merge is said to be that, not damage.
    rig.git("app", &["config", "core.protectNTFS", "false"]);
    rig.put("app", "git~1", "1");
    let odd = rig.save("app", "odd");
    let error = mirror.revert(&odd, &whole(&[head])).await.unwrap_err();
    assert!(error.to_string().contains("invalid path: 'git~1'"), "{error}");
}
