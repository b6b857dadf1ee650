//! Mirrors that were left in pieces, and mirrors that somebody else is using.

use crate::git::rig::{Rig, all, every, listing, undo};
use crate::git::server::Server;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use switchback::api::ids::CommitId;
use switchback::world::git::{Git, GitError, Mirror};

/// An origin with two commits, a server, and a mirror that has fetched.
async fn fetched() -> (Rig, Server, Mirror, CommitId) {
    let rig = Rig::new();
    rig.origin("origin.git");
    rig.put("dev", "noise", (0..2000).map(|n| format!("{}\n", n * 7919 % 2003)).collect::<String>());
    rig.publish("web.yaml", "image: v1\n", "first");
    let second = rig.publish("web.yaml", "image: v2\n", "second");
    let server = Server::plain(rig.path("")).await;
    let mirror = Mirror::open(rig.options(&server.url("origin.git"))).unwrap();
    mirror.fetch().await.unwrap();
    (rig, server, mirror, second)
}

/// The mirror's files that end in `ending`.
fn ending(rig: &Rig, ending: &str) -> Vec<PathBuf> {
    let (mut found, mut waiting) = (Vec::new(), vec![rig.mirror_dir()]);
    while let Some(dir) = waiting.pop() {
        for path in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                waiting.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(path);
            }
        }
    }
    found
}

fn writable(path: &PathBuf) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
}

#[tokio::test]
async fn leftovers_of_a_crash_are_swept_away() {
    let (rig, _server, mirror, second) = fetched().await;
    let dir = rig.mirror_dir();
    let leftovers = [
        "HEAD.lock",
        "config.lock",
        "shallow.lock",
        "packed-refs.lock",
        "refs/heads/main.lock",
        "refs/switchback.lock",
        "objects/tmp_object_git2_abcdef",
        "objects/pack/pack_git2_abcdef",
        "objects/pack/tmp_pack_x",
        "objects/pack/pack-1111111111111111111111111111111111111111.idx",
        "objects/pack/pack-2222222222222222222222222222222222222222.pack",
    ];
    for name in leftovers {
        fs::write(dir.join(name), "PACK half of it").unwrap();
    }
    let third = rig.publish("web.yaml", "image: v3\n", "third");
    assert_eq!(mirror.fetch().await.unwrap().id, third);
    for name in leftovers {
        assert!(!dir.join(name).exists(), "{name}");
    }
    assert_eq!(mirror.history(&third, &second, 5).await.unwrap().len(), 1);
    rig.sound(&dir);
}

#[tokio::test]
async fn a_damaged_mirror_is_made_anew() {
    type Damage = fn(&Rig);
    let ways: [(&str, Damage); 9] = [
        ("half a pack", |rig| {
            for pack in ending(rig, ".pack") {
                writable(&pack);
                let half = fs::metadata(&pack).unwrap().len() / 2;
                fs::File::options().write(true).open(pack).unwrap().set_len(half).unwrap();
            }
        }),
        ("a flipped bit in every object", |rig| {
            for pack in ending(rig, ".pack") {
                writable(&pack);
                let mut bytes = fs::read(&pack).unwrap();
                let end = bytes.len() - 20;
                bytes[12..end].iter_mut().step_by(9).for_each(|byte| *byte ^= 0x10);
                fs::write(pack, bytes).unwrap();
            }
        }),
        ("an index of zeros", |rig| {
            for index in ending(rig, ".idx") {
                writable(&index);
                let length = fs::metadata(&index).unwrap().len() as usize;
                fs::write(index, vec![0; length]).unwrap();
            }
        }),
        ("no objects", |rig| fs::remove_dir_all(rig.mirror_dir().join("objects")).unwrap()),
        ("no HEAD", |rig| fs::remove_file(rig.mirror_dir().join("HEAD")).unwrap()),
        ("an empty HEAD", |rig| fs::write(rig.mirror_dir().join("HEAD"), "").unwrap()),
        ("a broken configuration", |rig| fs::write(rig.mirror_dir().join("config"), "[[[\n\0").unwrap()),
        ("a broken list of shallow commits", |rig| {
            fs::write(rig.mirror_dir().join("shallow"), "zzz\n").unwrap()
        }),
        ("a file in its place", |rig| {
            let dir = rig.mirror_dir();
            fs::remove_dir_all(&dir).unwrap();
            fs::write(dir, "?").unwrap();
        }),
    ];
    let (rig, _server, mirror, second) = fetched().await;
    for (what, damage) in ways {
        damage(&rig);
        let head = mirror.fetch().await.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(head.id, second, "{what}");
        let files = mirror
            .files(&second, "web.yaml", every, all())
            .await
            .unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(listing(&files), ["web.yaml=image: v2"], "{what}");
        rig.sound(&rig.mirror_dir());
        // Damage that only shows while reading is repaired there as well.
        damage(&rig);
        let files =
            mirror.files(&second, ".", every, all()).await.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(files.len(), 2, "{what}");
    }
    let commit = undo(&mirror, &[second]).await;
    assert_eq!(rig.head("origin.git"), commit);
}

#[tokio::test]
async fn a_broken_reference_is_repaired() {
    let (rig, _server, mirror, second) = fetched().await;
    fs::write(rig.mirror_dir().join("refs/heads/main"), "not an id\n").unwrap();
    assert_eq!(mirror.fetch().await.unwrap().id, second);
    fs::write(rig.mirror_dir().join("refs/heads/main"), format!("{}\n", "1".repeat(40))).unwrap();
    assert_eq!(mirror.fetch().await.unwrap().id, second);
    assert_eq!(mirror.files(&second, ".", every, all()).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_damaged_mirror_is_kept_while_the_server_is_away() {
    let (rig, server, mirror, second) = fetched().await;
    for pack in ending(&rig, ".pack") {
        writable(&pack);
        fs::write(pack, "PACK").unwrap();
    }
    drop(server);
    let error = mirror.files(&second, ".", every, all()).await.unwrap_err();
    assert!(matches!(error, GitError::Unreachable { .. }), "{error}");
    assert!(rig.mirror_dir().join("refs/heads/main").exists());
}

#[tokio::test]
async fn damage_in_the_repository_itself_is_told() {
    let rig = Rig::new();
    rig.work("app");
    rig.put("app", "web.yaml", "image: v1\n");
    let head = rig.save("app", "first");
    let blob = rig.git("app", &["rev-parse", "main:web.yaml"]);
    fs::remove_file(rig.path("app/.git/objects").join(&blob[..2]).join(&blob[2..])).unwrap();
    let error = rig.mirror("app").files(&head, ".", every, all()).await.unwrap_err();
    assert!(matches!(&error, GitError::Corrupt { .. }) && error.to_string().contains("git fsck"), "{error}");
}

#[tokio::test]
async fn a_directory_that_cannot_be_used_is_named() {
    let rig = Rig::new();
    rig.work("app");
    rig.put("app", "a", "1");
    rig.save("app", "first");
    fs::write(rig.path("mirrors"), "a file").unwrap();
    let error = rig.mirror("app").fetch().await.unwrap_err();
    assert!(matches!(&error, GitError::Disk { path, .. } if path.contains("mirrors")), "{error}");
}

/// A process that holds the mirror's lock until its input is closed.
fn holder(rig: &Rig) -> std::process::Child {
    let lock = rig.mirror_dir().with_extension("lock");
    let mut command = rig.command("flock");
    command.arg(lock).args(["sh", "-c", "echo held; cat"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut said = [0; 5];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut said).unwrap();
    child
}

#[tokio::test]
async fn two_processes_take_turns() {
    let (rig, server, mirror, second) = fetched().await;
    let mut other = holder(&rig);
    let mut options = rig.options(&server.url("origin.git"));
    options.limits.lock = Duration::from_millis(300);
    let error = Mirror::open(options).unwrap().fetch().await.unwrap_err();
    assert!(matches!(&error, GitError::Busy { lock, .. } if lock.ends_with(".lock")), "{error}");
    // Whoever waits long enough gets in when the other is done.
    let waiting = mirror.fetch();
    let done = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        drop(other.stdin.take());
        other.wait().unwrap();
    };
    let (fetched, ()) = futures::join!(waiting, done);
    assert_eq!(fetched.unwrap().id, second);
    // A lock whose holder was killed is no lock.
    let mut other = holder(&rig);
    other.stdin.as_mut().unwrap().write_all(b"x").unwrap();
    other.kill().unwrap();
    other.wait().unwrap();
    assert_eq!(mirror.fetch().await.unwrap().id, second);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn independent_mirrors_of_one_repository_do_not_disturb_each_other() {
    let (rig, server, _, second) = fetched().await;
    let first = CommitId::from(rig.git("dev", &["rev-parse", "main~1"]));
    let rig = Arc::new(rig);
    let work = (0..4).map(|n| {
        let mirror = Mirror::open(rig.options(&server.url("origin.git"))).unwrap();
        let (first, second) = (first.clone(), second.clone());
        tokio::spawn(async move {
            for _ in 0..3 {
                assert_eq!(mirror.fetch().await.unwrap().id, second, "{n}");
                assert_eq!(mirror.history(&second, &first, 5).await.unwrap().len(), 1, "{n}");
                assert_eq!(mirror.files(&second, ".", every, all()).await.unwrap().len(), 2, "{n}");
            }
        })
    });
    for task in work.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    rig.sound(&rig.mirror_dir());
}
