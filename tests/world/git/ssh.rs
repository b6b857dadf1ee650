//! Over ssh, with a script in ssh's place that writes down how it was called and runs the command here.

use crate::git::rig::{Rig, undo, undone};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;
use switchback::world::git::{Credentials, Git, GitError, Mirror, Options, Pushed, Secret};

/// Installs `script` as the ssh of this rig and answers the shell command that runs it.
fn fake(rig: &Rig, script: &str) -> String {
    let path = rig.path("fake ssh");
    let log = rig.path("calls");
    let text = format!(
        "#!/bin/sh\nfor word in \"$@\"; do printf '%s\\n' \"<$word>\" >> '{}'; done\n\
         for last; do :; done\nexport HOME='{}' GIT_CONFIG_GLOBAL='{}' GIT_CONFIG_NOSYSTEM=1\n{script}\n",
        log.display(),
        rig.path("home").display(),
        rig.path("home/gitconfig").display(),
    );
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    format!("'{}'", path.display())
}

fn options(rig: &Rig, url: &str, script: &str) -> Options {
    let mut options = rig.options(url);
    options.ssh_command = Some(fake(rig, script));
    options
}

fn calls(rig: &Rig) -> Vec<String> {
    let text = fs::read_to_string(rig.path("calls")).unwrap();
    fs::remove_file(rig.path("calls")).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// Runs the last argument as a remote shell would.
const REMOTE: &str = "exec sh -c \"$last\"";

#[tokio::test]
async fn everything_works_over_ssh() {
    let rig = Rig::new();
    rig.origin("it's a repo!.git");
    let first = rig.publish("web.yaml", "image: v1\n", "first");
    let second = rig.publish("web.yaml", "image: v2\n", "second");
    let path = rig.path("it's a repo!.git").display().to_string();
    let mirror = Mirror::open(options(&rig, &format!("git@host:{path}"), REMOTE)).unwrap();
    assert_eq!(mirror.fetch().await.unwrap().id, second);
    let quoted = path.replace("it's a repo!.git", "it'\\''s a repo'\\!'.git");
    assert_eq!(
        calls(&rig),
        ["<-o>", "<BatchMode=yes>", "<git@host>", &format!("<git-upload-pack '{quoted}'>")]
    );
    assert_eq!(rig.count("commit"), 1);
    assert_eq!(mirror.history(&second, &first, 9).await.unwrap().len(), 1);
    let commit = undo(&mirror, &[second]).await;
    assert_eq!(rig.head("it's a repo!.git"), commit);
    assert!(calls(&rig).contains(&format!("<git-receive-pack '{quoted}'>")));
    rig.sound(&rig.path("it's a repo!.git"));
    let url = format!("ssh://me:hush@[::1]:2222{}", path.replace(' ', "%20").replace('\'', "%27"));
    let mirror = Mirror::open(options(&rig, &url, REMOTE)).unwrap();
    assert!(!mirror.name().contains("hush"));
    assert_eq!(mirror.fetch().await.unwrap().id, commit);
    assert_eq!(calls(&rig)[2..5], ["<-p>", "<2222>", "<me@::1>"]);
}

#[tokio::test]
async fn keys_and_known_hosts_are_handed_over_in_files() {
    let rig = Rig::new();
    rig.origin("origin.git");
    let first = rig.publish("a", "1", "first");
    let script = format!(
        "cat \"$6\" > '{}'; stat -c %a \"$6\" >> '{}'; {REMOTE}",
        rig.path("key").display(),
        rig.path("key").display()
    );
    let url = format!("git@host:{}", rig.path("origin.git").display());
    let mut options = options(&rig, &url, &script);
    fs::write(rig.path("mounted"), "PRIVATE\nKEY\n").unwrap();
    options.credentials = Credentials::SshKey { key: Secret::File(rig.path("mounted")) };
    options.known_hosts = Some(Secret::File(rig.path("known hosts")));
    assert_eq!(Mirror::open(options).unwrap().fetch().await.unwrap().id, first);
    assert_eq!(fs::read_to_string(rig.path("key")).unwrap(), "PRIVATE\nKEY\n600\n");
    let said = calls(&rig);
    assert_eq!(said[2..5], ["<-o>", "<IdentitiesOnly=yes>", "<-i>"]);
    let known = format!("<UserKnownHostsFile=\"{}\">", rig.path("known hosts").display());
    assert_eq!(said[6..10], ["<-o>", &known, "<-o>", "<StrictHostKeyChecking=yes>"]);
    let key = said[5].trim_matches(['<', '>']);
    assert!(!std::path::Path::new(key).exists(), "the key's copy is gone");
}

#[tokio::test]
async fn known_hosts_that_are_no_file_are_put_into_one_also_without_a_key() {
    let rig = Rig::new();
    rig.origin("origin.git");
    let first = rig.publish("a", "1", "first");
    let seen = rig.path("seen");
    let script =
        format!("file=\"${{4#UserKnownHostsFile=}}\"; eval cat \"$file\" > '{}'; {REMOTE}", seen.display());
    let mut options = options(&rig, &format!("git@host:{}", rig.path("origin.git").display()), &script);
    options.known_hosts = Some(Secret::Value("host ssh-ed25519 AAAA".into()));
    assert_eq!(Mirror::open(options).unwrap().fetch().await.unwrap().id, first);
    assert_eq!(fs::read_to_string(seen).unwrap(), "host ssh-ed25519 AAAA\n");
    assert_eq!(calls(&rig)[4..6], ["<-o>", "<StrictHostKeyChecking=yes>"]);
}

#[tokio::test]
async fn complaints_are_told_apart() {
    let rig = Rig::new();
    rig.origin("origin.git");
    rig.publish("a", "1", "first");
    let url = format!("git@host:{}", rig.path("origin.git").display());
    let said = async |script: &str| {
        let mirror = Mirror::open(options(&rig, &url, script)).unwrap();
        mirror.fetch().await.unwrap_err()
    };
    let error = said("echo 'git@host: Permission denied (publickey).' >&2; exit 255").await;
    assert!(matches!(&error, GitError::Unauthorized { why, .. } if why.contains("publickey")), "{error}");
    let error =
        said("echo 'No ED25519 host key is known.' >&2; echo 'Host key verification failed.' >&2; exit 255")
            .await;
    assert!(matches!(&error, GitError::Untrusted { why, .. } if why.contains("fingerprint")), "{error}");
    let error = said("echo 'ssh: Could not resolve hostname host' >&2; exit 255").await;
    assert!(matches!(&error, GitError::Unreachable { why, .. } if why.contains("resolve")), "{error}");
    let error = said("echo 'ERROR: Repository not found.' >&2; exit 1").await;
    assert!(
        matches!(&error, GitError::NotFound { why, .. } if why.contains("Repository not found")),
        "{error}"
    );
    let error = said("echo 'sh: git-upload-pack: not found' >&2; exit 127").await;
    assert!(
        matches!(&error, GitError::NotFound { why, .. } if why.contains("no Git is installed")),
        "{error}"
    );
    let error = said("exit 0").await;
    assert!(matches!(error, GitError::Unreachable { .. }), "{error}");
    let error = said("kill -9 $$").await;
    assert!(matches!(&error, GitError::Unreachable { why, .. } if why.contains("killed")), "{error}");
    let error = said("echo 'Welcome to our server!'; exec sh -c \"$last\"").await;
    assert!(
        matches!(&error, GitError::NotGit { why, .. } if why.contains("“Welcome to our server!")),
        "{error}"
    );
    let error = said("sh -c \"$last\" < /dev/null | head -c 300; echo 'connection lost' >&2; exit 255").await;
    assert!(
        matches!(&error, GitError::Unreachable { why, .. } if why.contains("connection lost")),
        "{error}"
    );
    let error = said("git-upload-pack /nowhere/at/all").await;
    assert!(
        matches!(&error, GitError::NotFound { why, .. } if why.contains("does not appear to be a git")),
        "{error}"
    );
    let mut missing = rig.options(&url);
    missing.ssh_command = Some("/no/such/ssh".into());
    let error = Mirror::open(missing).unwrap().fetch().await.unwrap_err();
    assert!(error.to_string().contains("/no/such/ssh"), "{error}");
}

#[tokio::test]
async fn a_silent_ssh_is_given_up_and_ended() {
    let rig = Rig::new();
    let mut options =
        options(&rig, "git@host:x", &format!("echo $$ > '{}'; exec sleep 60", rig.path("pid").display()));
    options.limits.idle = Duration::from_millis(500);
    let started = tokio::time::Instant::now();
    let error = Mirror::open(options).unwrap().fetch().await.unwrap_err();
    assert!(matches!(&error, GitError::Unreachable { why, .. } if why.contains("within 0.5 s")), "{error}");
    assert!(started.elapsed() < Duration::from_secs(8));
    let pid = fs::read_to_string(rig.path("pid")).unwrap();
    let state = |pid: &str| fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    for _ in 0..50 {
        if state(pid.trim()).is_empty() || state(pid.trim()).contains(") Z") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("still running: {}", state(pid.trim()));
}

#[tokio::test]
async fn refused_pushes_are_refusals() {
    let rig = Rig::new();
    rig.origin("origin.git");
    rig.publish("a", "1\n", "first");
    let second = rig.publish("a", "2\n", "second");
    let url = format!("git@host:{}", rig.path("origin.git").display());
    let script = "case \"$last\" in *receive-pack*) echo 'ERROR: The key you are authenticating with is read-only.' >&2; exit 1;; esac; exec sh -c \"$last\"";
    let mirror = Mirror::open(options(&rig, &url, script)).unwrap();
    mirror.fetch().await.unwrap();
    let commit = undone(&mirror, &second, 1_800_000_000).await;
    let Pushed::Refused { why, .. } = mirror.push(&commit).await.unwrap() else { panic!() };
    assert!(why.contains("read-only"), "{why}");
}
