//! Addresses, names and answers that want to be more than data.

use crate::git::rig::{Rig, undone};
use crate::git::server::{Answer, Server};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use switchback::world::git::{Git, GitError, Mirror, Options, Pushed};

#[tokio::test]
async fn paths_for_ssh_stay_one_word_in_the_remote_shell() {
    let rig = Rig::new();
    let script = rig.path("ssh");
    // Does what sshd does with the command, and ssh with its options.
    fs::write(&script, "#!/bin/sh\nfor last; do :; done\nexec sh -c \"$last\"\n").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let marker = rig.path("pwned");
    for path in [
        "x'; touch M; '",
        "$(touch M)",
        "`touch M`",
        "x; touch M",
        "x' && touch M #",
        "\\'; touch M",
        "!touch M",
        "x\\",
    ] {
        let path = path.replace('M', &marker.display().to_string());
        let mut options = rig.options(&format!("git@host:{path}"));
        options.ssh_command = Some(script.display().to_string());
        let error = Mirror::open(options).unwrap().fetch().await.unwrap_err();
        assert!(matches!(error, GitError::NotFound { .. }), "{path}: {error}");
        assert!(!marker.exists(), "{path}");
    }
}

#[tokio::test]
async fn the_users_ssh_never_sees_an_address_as_an_option() {
    let rig = Rig::new();
    for url in [
        "-oProxyCommand=touch x:path",
        "ssh://-oProxyCommand=touch%20x/path",
        "x@-oProxyCommand=y:path",
        "host:-x",
    ] {
        assert!(matches!(Mirror::open(rig.options(url)), Err(GitError::Address { .. })), "{url}");
    }
    // The real ssh, if there is one, is given the address as an address.
    let mut options = rig.options("ssh://nobody@no-such-host.invalid/x");
    options.limits.idle = std::time::Duration::from_secs(10);
    let error = Mirror::open(options).unwrap().fetch().await.unwrap_err();
    assert!(matches!(error, GitError::Unreachable { .. } | GitError::Program { .. }), "{error}");
}

#[tokio::test]
async fn local_paths_are_never_options_of_git() {
    let rig = Rig::new();
    let name = "--upload-pack=touch pwned;";
    rig.work(name);
    rig.git(name, &["config", "core.repositoryFormatVersion", "1"]);
    rig.git(name, &["config", "extensions.partialClone", "origin"]);
    rig.put(name, "a", "1");
    let head = rig.save(name, "first");
    assert_eq!(rig.mirror(name).fetch().await.unwrap().id, head);
}

#[tokio::test]
async fn branches_that_are_not_text_do_no_harm() {
    let rig = Rig::new();
    rig.origin("origin.git");
    rig.publish("a", "1\n", "first");
    let second = rig.publish("a", "2\n", "second");
    let mut odd = rig.command("git");
    odd.arg("-C").arg(rig.path("origin.git")).arg("update-ref");
    assert!(odd.arg(OsStr::from_bytes(b"refs/heads/caf\xe9")).arg(&second).status().unwrap().success());
    let server = Server::plain(rig.path("")).await;
    for url in [server.url("origin.git"), rig.path("origin.git").display().to_string()] {
        let mut options = Options::new(&url, "nope", rig.path("others"));
        let error = Mirror::open(options.clone()).unwrap().fetch().await.unwrap_err();
        assert!(
            matches!(&error, GitError::BranchMissing { branches, .. } if branches == &["caf\u{fffd}", "main"]),
            "{error}"
        );
        options.branch = "main".into();
        let mirror = Mirror::open(options).unwrap();
        let head = mirror.fetch().await.unwrap().id;
        let commit = undone(&mirror, &head, 1_800_000_000).await;
        assert_eq!(mirror.push(&commit).await.unwrap(), Pushed::Done);
    }
}

#[tokio::test]
async fn a_reason_that_is_not_text_is_still_a_reason() {
    let rig = Rig::new();
    rig.origin("origin.git");
    rig.publish("a", "1\n", "first");
    let second = rig.publish("a", "2\n", "second");
    let packet = |bytes: &[u8]| [format!("{:04x}", bytes.len() + 4).as_bytes(), bytes].concat();
    let server =
        Server::start(rig.path(""), move |asked| match asked.target.ends_with("/git-receive-pack") {
            false => Answer::Backend,
            true => {
                let report =
                    [packet(b"unpack ok\n"), packet(b"ng refs/heads/main d\xe9fendu\n"), b"0000".to_vec()]
                        .concat();
                let band = packet(&[b"\x01", &report[..]].concat());
                let words = packet(b"\x02r\xe8gle 7\n");
                Answer::Bytes("receive-pack-result", [words, band, b"0000".to_vec()].concat())
            }
        })
        .await;
    let mirror = Mirror::open(rig.options(&server.url("origin.git"))).unwrap();
    mirror.fetch().await.unwrap();
    let commit = undone(&mirror, &second, 1_800_000_000).await;
    assert_eq!(mirror.push(&commit).await.unwrap(), Pushed::Refused("d?fendu: r?gle 7".into()));
}

#[tokio::test]
async fn the_users_configuration_does_not_lead_elsewhere() {
    let rig = Rig::new();
    rig.origin("origin.git");
    let head = rig.publish("a", "1\n", "first");
    let server = Server::plain(rig.path("")).await;
    let mirror = Mirror::open(rig.options(&server.url("origin.git"))).unwrap();
    mirror.fetch().await.unwrap();
    // Within the mirror nobody should write such things, and elsewhere they are not read.
    let config = fs::read_to_string(rig.mirror_dir().join("config")).unwrap();
    assert!(!config.contains("url") && !config.contains(&server.port.to_string()), "{config}");
    assert_eq!(mirror.fetch().await.unwrap().id, head);
}

#[tokio::test]
async fn nothing_on_disk_holds_a_password() {
    let rig = Rig::new();
    rig.origin("origin.git");
    let head = rig.publish("a", "1\n", "first");
    let server = Server::plain(rig.path("")).await;
    let url = server.url("origin.git").replace("//", "//me:hush-hush@");
    let mirror = Mirror::open(rig.options(&url)).unwrap();
    assert_eq!(mirror.fetch().await.unwrap().id, head);
    let output =
        rig.command("grep").args(["-r", "-l", "hush-hush"]).arg(rig.path("mirrors")).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    assert!(!format!("{mirror:?} {}", mirror.name()).contains("hush"));
}
