//! Repositories for the tests, made by the `git` program with a configuration of its own.
//! It never reads the user's configuration, home or environment.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use switchback::api::ids::CommitId;
use switchback::world::git::{
    Author, File, Git, GitError, Interest, Mirror, Options, PathChange, Pushed, Reverted, Undo,
};

/// A directory of repositories, gone with the test.
pub struct Rig {
    dir: tempfile::TempDir,
    commits: AtomicU32,
}

impl Rig {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = "[user]\nname = Ada\nemail = ada@host\n[init]\ndefaultBranch = main\n[core]\nautocrlf = false\n\
                      [advice]\ndetachedHead = false\n[protocol \"file\"]\nallow = always\n[gc]\nauto = 0\n";
        fs::create_dir(dir.path().join("home")).unwrap();
        fs::write(dir.path().join("home/gitconfig"), config).unwrap();
        Self { dir, commits: AtomicU32::new(0) }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// `program` with nothing of the user's environment that Git would listen to.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GIT_")) {
            command.env_remove(name);
        }
        let date = format!("{} +0000", 1_700_000_000 + 60 * self.commits.load(Ordering::Relaxed));
        command
            .env("HOME", self.path("home"))
            .env("GIT_CONFIG_GLOBAL", self.path("home/gitconfig"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_DATE", &date)
            .env("LC_ALL", "C")
            .env_remove("XDG_CONFIG_HOME");
        command
    }

    /// `git` in `repo`, whatever comes of it.
    pub fn try_git(&self, repo: &str, arguments: &[&str]) -> Output {
        self.command("git").arg("-C").arg(self.path(repo)).args(arguments).output().unwrap()
    }

    /// What `git` prints in `repo`, without the last line break; it has to succeed.
    pub fn git(&self, repo: &str, arguments: &[&str]) -> String {
        let output = self.try_git(repo, arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?} in {repo}: {errors}");
        String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned()
    }

    /// A new repository with a work tree.
    pub fn work(&self, name: &str) {
        fs::create_dir_all(self.path(name)).unwrap();
        self.git(name, &["init", "-q"]);
        // Also for libgit2, which reads the configuration of whoever runs the tests.
        self.git(name, &["config", "core.autocrlf", "false"]);
    }

    /// A bare repository `name` and a work tree `dev` that pushes to it.
    pub fn origin(&self, name: &str) {
        fs::create_dir_all(self.path(name)).unwrap();
        self.git(name, &["init", "-q", "--bare"]);
        self.git(name, &["config", "http.receivepack", "true"]);
        self.work("dev");
        self.git("dev", &["remote", "add", "origin", self.path(name).to_str().unwrap()]);
    }

    pub fn put(&self, repo: &str, path: &str, content: impl AsRef<[u8]>) {
        let file = self.path(repo).join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, content).unwrap();
    }

    /// Commits everything in the work tree and answers the commit's id.
    pub fn save(&self, repo: &str, message: &str) -> CommitId {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.git(repo, &["add", "-A"]);
        self.git(repo, &["commit", "-q", "--allow-empty", "-m", message]);
        self.head(repo)
    }

    /// Writes one file, commits it in `dev` and pushes it to `origin`.
    pub fn publish(&self, path: &str, content: &str, message: &str) -> CommitId {
        self.put("dev", path, content);
        let id = self.save("dev", message);
        self.git("dev", &["push", "-q", "-f", "origin", "main"]);
        id
    }

    pub fn head(&self, repo: &str) -> CommitId {
        self.git(repo, &["rev-parse", "main"]).into()
    }

    /// Options for a mirror under `mirrors`.
    pub fn options(&self, url: &str) -> Options {
        Options::new(url, "main", self.path("mirrors"))
    }

    /// A mirror of a repository of this rig.
    pub fn mirror(&self, repo: &str) -> Mirror {
        Mirror::open(self.options(self.path(repo).to_str().unwrap())).unwrap()
    }

    /// The only bare mirror there is on disk.
    pub fn mirror_dir(&self) -> PathBuf {
        let entries = fs::read_dir(self.path("mirrors")).unwrap().map(|entry| entry.unwrap().path());
        let found: Vec<PathBuf> =
            entries.filter(|path| path.extension().is_some_and(|e| e == "git")).collect();
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].clone()
    }

    /// How many commits, trees and blobs the mirror holds.
    pub fn count(&self, kind: &str) -> usize {
        let mirror = self.mirror_dir();
        let format = ["cat-file", "--batch-all-objects", "--batch-check=%(objecttype)"];
        let output = self.command("git").arg("-C").arg(mirror).args(format).output().unwrap();
        String::from_utf8(output.stdout).unwrap().lines().filter(|line| *line == kind).count()
    }

    /// Asserts that `git fsck` finds nothing wrong.
    pub fn sound(&self, repo: &Path) {
        let output = self.command("git").arg("-C").arg(repo).args(["fsck", "--strict"]).output().unwrap();
        let said = [&output.stdout[..], &output.stderr[..]].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(output.status.success() && !said.contains("error"), "{said}");
    }
}

pub fn author() -> Author {
    Author { name: "Switchback".into(), email: "bot@host".into() }
}

pub fn time(seconds: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(seconds).unwrap()
}

/// Nothing is known.
pub fn all() -> switchback::world::git::Known {
    switchback::world::git::nothing_known()
}

/// Picks every file.
pub fn every(_path: &str) -> bool {
    true
}

/// `path=content` of each file, for comparing at a glance.
pub fn listing(files: &[File]) -> Vec<String> {
    let content = |file: &File| match &file.content {
        Some(bytes) => String::from_utf8_lossy(bytes).trim_end().to_owned(),
        None => format!("{:?}", file.kind),
    };
    files.iter().map(|file| format!("{}={}", file.path, content(file))).collect()
}

/// A commit on the branch's present head that undoes `bad`, made at `at`; not pushed.
pub async fn undone(git: &dyn Git, bad: &CommitId, at: i64) -> CommitId {
    let head = git.fetch().await.unwrap().id;
    commit_without(git, &head, std::slice::from_ref(bad), at).await
}

/// Undoes `commits` on the branch's head, commits and pushes; the new commit's id.
pub async fn undo(git: &dyn Git, commits: &[CommitId]) -> CommitId {
    let head = git.fetch().await.unwrap().id;
    let commit = commit_without(git, &head, commits, 1_800_000_000).await;
    assert_eq!(git.push(&commit).await.unwrap(), Pushed::Done);
    commit
}

async fn commit_without(git: &dyn Git, head: &CommitId, commits: &[CommitId], at: i64) -> CommitId {
    let Reverted::Tree { id, .. } = git.revert(head, &whole(commits)).await.unwrap() else {
        panic!("nothing to revert")
    };
    git.commit(head, &id, "Revert", &author(), time(at)).await.unwrap()
}

/// All of each commit is to be undone.
pub fn whole(commits: &[CommitId]) -> Vec<Undo> {
    commits.iter().cloned().map(Undo::whole).collect()
}

/// What one commit changed.
pub async fn changed(git: &dyn Git, commit: &CommitId, path: &str) -> Result<Vec<PathChange>, GitError> {
    let found = git.changes(std::slice::from_ref(commit), path, Interest::all()).await?;
    Ok(found.into_iter().flatten().collect())
}
