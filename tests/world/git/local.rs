//! Repositories on this machine: bare, with a work tree, linked work trees, and what a push does to each.

use crate::git::rig::{Rig, all, author, changed, every, listing, time, undo, undone, whole};
use crate::git::server::Server;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use switchback::api::ids::CommitId;
use switchback::world::git::{Git, GitError, Mirror, Pushed, Reverted};

/// Every path below `dir` with its modification time and size.
fn snapshot(dir: &Path) -> BTreeMap<String, (std::time::SystemTime, u64)> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![dir.to_owned()];
    while let Some(dir) = waiting.pop() {
        for entry in fs::read_dir(&dir).unwrap().flatten() {
            let data = entry.metadata().unwrap();
            found.insert(entry.path().display().to_string(), (data.modified().unwrap(), data.len()));
            if data.is_dir() {
                waiting.push(entry.path());
            }
        }
    }
    found
}

/// Two commits to `web.yaml` in a work tree `name`; their ids.
fn two_commits(rig: &Rig, name: &str) -> (CommitId, CommitId) {
    rig.work(name);
    rig.put(name, "web.yaml", "image: v1\n");
    rig.put(name, "other.yaml", "a: 1\n");
    let first = rig.save(name, "first");
    rig.put(name, "web.yaml", "image: v2\n");
    (first, rig.save(name, "second"))
}

#[tokio::test]
async fn a_work_tree_is_read_without_a_trace() {
    let rig = Rig::new();
    let (first, second) = two_commits(&rig, "app");
    rig.put("app", "web.yaml", "not committed\n");
    let before = snapshot(&rig.path("app"));
    let mirror = rig.mirror("app");
    let head = mirror.fetch().await.unwrap();
    assert_eq!((&head.id, &head.parents), (&second, &vec![first.clone()]));
    assert_eq!(
        (head.author.as_str(), head.email.as_str(), head.subject().as_str()),
        ("Ada", "ada@host", "second")
    );
    let files = mirror.files(&second, ".", every, all()).await.unwrap();
    assert_eq!(listing(&files), ["other.yaml=a: 1", "web.yaml=image: v2"]);
    let history = mirror.history(&second, &first, 10).await.unwrap();
    assert_eq!(history.iter().map(|c| c.id.as_str()).collect::<Vec<_>>(), [second.as_str()]);
    assert_eq!(changed(&mirror, &second, ".").await.unwrap().len(), 1);
    assert_eq!(snapshot(&rig.path("app")), before);
    // Preparing a revert may mark objects as used, as Git itself does, but adds and changes nothing.
    assert!(matches!(
        mirror.revert(&second, &whole(std::slice::from_ref(&second))).await.unwrap(),
        Reverted::Tree { .. }
    ));
    let sizes = |dir| snapshot(dir).into_iter().map(|(path, (_, size))| (path, size)).collect::<Vec<_>>();
    assert_eq!(
        sizes(&rig.path("app")),
        before.into_iter().map(|(path, (_, size))| (path, size)).collect::<Vec<_>>()
    );
    assert_eq!(rig.count("commit") + rig.count("blob"), 0, "nothing is copied");
}

#[tokio::test]
async fn a_clean_work_tree_moves_together_with_its_branch() {
    let rig = Rig::new();
    let (_, second) = two_commits(&rig, "app");
    rig.put("app", "notes.txt", "untracked\n");
    let commit = undo(&rig.mirror("app"), &[second]).await;
    assert_eq!(rig.head("app"), commit);
    assert_eq!(fs::read_to_string(rig.path("app/web.yaml")).unwrap(), "image: v1\n");
    assert_eq!(rig.git("app", &["status", "--porcelain"]), "?? notes.txt");
    assert_eq!(rig.git("app", &["reflog", "-1", "--format=%H %gs", "main"]), format!("{commit} push"));
    rig.sound(&rig.path("app"));
}

#[tokio::test]
async fn a_work_tree_with_changes_is_left_alone() {
    let rig = Rig::new();
    let (_, second) = two_commits(&rig, "app");
    let mirror = rig.mirror("app");
    mirror.fetch().await.unwrap();
    let commit = undone(&mirror, &second, 1_800_000_000).await;
    let refused = async |what: &str| {
        let Pushed::Refused { why, .. } = mirror.push(&commit).await.unwrap() else {
            panic!("pushed over {what}")
        };
        assert!(why.contains(what), "{why}");
        assert_eq!(rig.head("app"), second);
    };
    rig.put("app", "other.yaml", "mine\n");
    refused("changes that are not committed (`other.yaml`)").await;
    rig.git("app", &["add", "other.yaml"]);
    refused("changes that are not committed (`other.yaml`)").await;
    assert_eq!(fs::read_to_string(rig.path("app/other.yaml")).unwrap(), "mine\n");
    rig.git("app", &["reset", "-q", "--hard"]);
    fs::write(rig.path("app/.git/MERGE_HEAD"), format!("{second}\n")).unwrap();
    refused("in the middle of a merge").await;
    fs::remove_file(rig.path("app/.git/MERGE_HEAD")).unwrap();
    fs::write(rig.path("app/.git/index.lock"), "").unwrap();
    refused("index.lock").await;
    fs::remove_file(rig.path("app/.git/index.lock")).unwrap();
    fs::write(rig.path("app/.git/refs/heads/main.lock"), "").unwrap();
    refused("main.lock").await;
    fs::remove_file(rig.path("app/.git/refs/heads/main.lock")).unwrap();
    assert_eq!(mirror.push(&commit).await.unwrap(), Pushed::Done);
    assert_eq!(mirror.push(&commit).await.unwrap(), Pushed::Done, "pushing again is no error");
}

#[tokio::test]
async fn files_in_the_way_are_not_overwritten() {
    let rig = Rig::new();
    rig.work("app");
    rig.put("app", "web.yaml", "v1\n");
    rig.put("app", "extra.yaml", "precious\n");
    rig.save("app", "first");
    fs::remove_file(rig.path("app/extra.yaml")).unwrap();
    rig.put("app", ".gitignore", "extra.yaml\n");
    let second = rig.save("app", "drop extra");
    rig.put("app", "extra.yaml", "mine now\n");
    let mirror = rig.mirror("app");
    mirror.fetch().await.unwrap();
    let Reverted::Tree { id, files } =
        mirror.revert(&second, &whole(std::slice::from_ref(&second))).await.unwrap()
    else {
        panic!()
    };
    assert_eq!(files, 2);
    let commit = mirror.commit(&second, &id, "back", &author(), time(1_800_000_000)).await.unwrap();
    let Pushed::Refused { why, .. } = mirror.push(&commit).await.unwrap() else { panic!() };
    assert!(why.contains("in the way (`extra.yaml`)"), "{why}");
    assert_eq!(fs::read_to_string(rig.path("app/extra.yaml")).unwrap(), "mine now\n");
    assert_eq!((rig.head("app"), rig.git("app", &["status", "--porcelain"])), (second, String::new()));
}

#[tokio::test]
async fn linked_work_trees_and_other_branches_are_respected() {
    let rig = Rig::new();
    let (_, second) = two_commits(&rig, "app");
    rig.git("app", &["checkout", "-q", "-b", "mine"]);
    rig.put("app", "web.yaml", "my own work\n");
    rig.git("app", &["worktree", "add", "-q", rig.path("linked").to_str().unwrap(), "main"]);
    let commit = undo(&rig.mirror("linked"), std::slice::from_ref(&second)).await;
    assert_eq!(fs::read_to_string(rig.path("linked/web.yaml")).unwrap(), "image: v1\n");
    assert_eq!(rig.git("linked", &["status", "--porcelain"]), "");
    assert_eq!(fs::read_to_string(rig.path("app/web.yaml")).unwrap(), "my own work\n");
    assert_eq!((rig.head("app"), CommitId::from(rig.git("app", &["rev-parse", "mine"]))), (commit, second));
}

#[tokio::test]
async fn bare_repositories_and_file_urls_work_alike() {
    let rig = Rig::new();
    rig.origin("origin.git");
    let first = rig.publish("a b.yaml", "1\n", "first");
    let second = rig.publish("a b.yaml", "2\n", "second");
    let url = format!("file://{}", rig.path("origin.git").display());
    let mirror = Mirror::open(rig.options(&url)).unwrap();
    let commit = undo(&mirror, std::slice::from_ref(&second)).await;
    assert_eq!(rig.head("origin.git"), commit);
    assert_eq!(
        rig.git("origin.git", &["rev-parse", "main^{tree}"]),
        rig.git("dev", &["rev-parse", &format!("{first}^{{tree}}")])
    );
    rig.sound(&rig.path("origin.git"));
    // Somebody else's commit in between is a race, not a refusal.
    let late = undone(&mirror, &commit, 1_800_000_001).await;
    rig.publish("c.yaml", "3\n", "somebody else");
    assert_eq!(mirror.push(&late).await.unwrap(), Pushed::Moved);
}

#[tokio::test]
async fn hooks_are_run_by_git_and_may_refuse() {
    let rig = Rig::new();
    let (_, second) = two_commits(&rig, "app");
    let hook = rig.path("app/.git/hooks/pre-receive");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, "#!/bin/sh\necho 'not on my watch' >&2\nexit 1\n").unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    let mirror = rig.mirror("app");
    mirror.fetch().await.unwrap();
    let commit = undone(&mirror, &second, 1_800_000_000).await;
    let Pushed::Refused { why, .. } = mirror.push(&commit).await.unwrap() else { panic!() };
    assert!(why.contains("pre-receive hook declined") && why.contains("not on my watch"), "{why}");
    assert_eq!(rig.head("app"), second);
    fs::write(&hook, "#!/bin/sh\ncat > received\n").unwrap();
    assert_eq!(mirror.push(&commit).await.unwrap(), Pushed::Done);
    assert!(fs::read_to_string(rig.path("app/.git/received")).unwrap().contains(commit.as_str()));
    assert_eq!(fs::read_to_string(rig.path("app/web.yaml")).unwrap(), "image: v1\n");
    assert_eq!(rig.git("app", &["status", "--porcelain"]), "");
}

#[tokio::test]
async fn a_slow_hook_is_waited_for_while_git_is_at_work() {
    let rig = Rig::new();
    let (_, second) = two_commits(&rig, "app");
    let hook = rig.path("app/.git/hooks/pre-receive");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, "#!/bin/sh\nsleep 4\n").unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    // Git says every second that it is still there.
    rig.git("app", &["config", "receive.keepAlive", "1"]);
    let mut options = rig.options(rig.path("app").to_str().unwrap());
    options.limits.idle = std::time::Duration::from_millis(2500);
    let mirror = Mirror::open(options).unwrap();
    let commit = undone(&mirror, &second, 1_800_000_000).await;
    assert_eq!(mirror.push(&commit).await.unwrap(), Pushed::Done);
}

#[tokio::test]
async fn formats_only_git_knows_are_left_to_git() {
    let rig = Rig::new();
    let (first, second) = two_commits(&rig, "app");
    rig.git("app", &["config", "core.repositoryFormatVersion", "1"]);
    rig.git("app", &["config", "extensions.partialClone", "origin"]);
    let mirror = rig.mirror("app");
    assert_eq!(mirror.fetch().await.unwrap().id, second);
    assert_eq!(rig.count("commit"), 1, "one commit deep, through git's own pipe");
    assert_eq!(mirror.history(&second, &first, 5).await.unwrap().len(), 1);
    let commit = undo(&mirror, &[second]).await;
    assert_eq!((rig.head("app"), rig.git("app", &["status", "--porcelain"])), (commit, String::new()));
}

#[tokio::test]
async fn sha256_repositories_are_named_as_such() {
    let rig = Rig::new();
    fs::create_dir(rig.path("new.git")).unwrap();
    rig.git("new.git", &["init", "-q", "--bare", "--object-format=sha256"]);
    let tree = rig.git("new.git", &["mktree", "--missing"]);
    let commit = rig.git("new.git", &["commit-tree", "-m", "first", &tree]);
    rig.git("new.git", &["update-ref", "refs/heads/main", &commit]);
    let server = Server::plain(rig.path("")).await;
    for url in [rig.path("new.git").display().to_string(), server.url("new.git")] {
        let error = Mirror::open(rig.options(&url)).unwrap().fetch().await.unwrap_err();
        assert!(error.to_string().contains("SHA-256"), "{error}");
    }
}

#[tokio::test]
async fn shallow_clones_say_where_they_end() {
    let rig = Rig::new();
    let (first, second) = two_commits(&rig, "app");
    let url = format!("file://{}", rig.path("app").display());
    rig.git("", &["clone", "-q", "--depth", "1", &url, rig.path("clone").to_str().unwrap()]);
    let mirror = rig.mirror("clone");
    assert_eq!(mirror.fetch().await.unwrap().parents.as_slice(), std::slice::from_ref(&first));
    for error in [
        mirror.history(&second, &first, 5).await.unwrap_err(),
        changed(&mirror, &second, ".").await.unwrap_err(),
        mirror.revert(&second, &whole(std::slice::from_ref(&second))).await.unwrap_err(),
    ] {
        assert!(matches!(&error, GitError::CutOff { commit, .. } if *commit == second), "{error}");
        assert!(error.to_string().contains("git fetch --unshallow"));
    }
}

#[tokio::test]
async fn what_is_not_there_is_said_plainly() {
    let rig = Rig::new();
    let said = async |name: &str| rig.mirror(name).fetch().await.unwrap_err();
    let error = said("nowhere").await;
    assert!(matches!(&error, GitError::NotFound { why, .. } if why.contains("does not exist")), "{error}");
    fs::create_dir(rig.path("plain")).unwrap();
    let error = said("plain").await;
    assert!(matches!(&error, GitError::NotFound { why, .. } if why.contains("git init")), "{error}");
    rig.work("app");
    let error = said("app").await;
    assert!(matches!(&error, GitError::Empty { branch, .. } if branch == "main"), "{error}");
    rig.put("app", "sub/x", "1");
    rig.save("app", "first");
    rig.git("app", &["branch", "-m", "main", "trunk"]);
    rig.git("app", &["branch", "side/way"]);
    let error = said("app").await;
    assert!(error.to_string().ends_with("has no branch `main`; it has `side/way`, `trunk`"), "{error}");
    let error = said("app/sub").await;
    assert!(matches!(&error, GitError::NotFound { why, .. } if why.contains("app/.git")), "{error}");
    // A repository that vanishes later.
    rig.git("app", &["branch", "-m", "trunk", "main"]);
    let mirror = rig.mirror("app");
    let head = mirror.fetch().await.unwrap().id;
    fs::rename(rig.path("app"), rig.path("moved")).unwrap();
    assert!(matches!(mirror.fetch().await.unwrap_err(), GitError::NotFound { .. }));
    assert!(matches!(mirror.files(&head, ".", every, all()).await.unwrap_err(), GitError::NotFound { .. }));
}

#[tokio::test]
async fn a_mirror_is_its_owners_alone_also_where_one_was_open() {
    let rig = Rig::new();
    two_commits(&rig, "app");
    rig.mirror("app").fetch().await.unwrap();
    let path = rig.mirror_dir();
    let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o700);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    rig.mirror("app").fetch().await.unwrap();
    assert_eq!(mode(), 0o700);
}
