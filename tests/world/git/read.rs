//! Reading: files of every kind, changes, odd commits, and the limits.

use crate::git::rig::{Rig, all, changed, every, listing};
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Stdio;
use switchback::api::ids::CommitId;
use switchback::world::git::{FileKind, Git, GitError, Mirror};

#[tokio::test]
async fn contents_are_what_was_committed_byte_for_byte() {
    let rig = Rig::new();
    rig.work("app");
    let binary: Vec<u8> = (0..=255).collect();
    rig.put("app", "crlf.yaml", "a: 1\r\nb: 2\r\n");
    rig.put("app", "bom.yaml", "\u{feff}a: 1\n");
    rig.put("app", "binary", &binary);
    rig.put("app", "empty", "");
    rig.put("app", "big", vec![b'x'; 10 << 20]);
    rig.put("app", "edge", vec![b'x'; 4 << 20]);
    let head = rig.save("app", "all sorts");
    let files = rig.mirror("app").files(&head, "", every, all()).await.unwrap();
    let names: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(names, ["big", "binary", "bom.yaml", "crlf.yaml", "edge", "empty"]);
    assert_eq!((files[0].size, &files[0].content), (10 << 20, &None));
    assert_eq!(files[1].content.as_deref(), Some(&binary[..]));
    assert_eq!(files[2].content.as_deref(), Some("\u{feff}a: 1\n".as_bytes()));
    assert_eq!(files[3].content.as_deref(), Some(&b"a: 1\r\nb: 2\r\n"[..]));
    assert_eq!(files[4].content.as_ref().map(bytes::Bytes::len), Some(4 << 20));
    assert_eq!(files[5].content.as_deref(), Some(&b""[..]));
    assert!(files.iter().all(|file| file.kind == FileKind::Regular));
    assert_eq!(files[3].blob, rig.git("app", &["rev-parse", "main:crlf.yaml"]));
}

#[tokio::test]
async fn links_and_submodules_are_reported_and_not_followed() {
    let rig = Rig::new();
    rig.work("lib");
    rig.put("lib", "secret.yaml", "s");
    let lib = rig.save("lib", "lib");
    rig.work("app");
    rig.put("app", "apps/web/web.yaml", "w");
    symlink("/etc/passwd", rig.path("app/apps/web/passwd")).unwrap();
    symlink("apps/web", rig.path("app/web")).unwrap();
    rig.git("app", &["submodule", "--quiet", "add", rig.path("lib").to_str().unwrap(), "apps/lib"]);
    let head = rig.save("app", "links");
    let mirror = rig.mirror("app");
    let files = mirror.files(&head, "apps", every, all()).await.unwrap();
    assert_eq!(listing(&files), ["apps/lib=Submodule", "apps/web/passwd=Symlink", "apps/web/web.yaml=w"]);
    assert_eq!((files[0].blob.as_str(), files[0].size), (lib.as_str(), 0));
    assert_eq!(files[1].size, "/etc/passwd".len() as u64);
    assert_eq!(
        listing(&mirror.files(&head, "apps/web/web.yaml", every, all()).await.unwrap()),
        ["apps/web/web.yaml=w"]
    );
    assert_eq!(listing(&mirror.files(&head, "web", every, all()).await.unwrap()), ["web=FolderLink"]);
    for (path, why) in [
        ("web/web.yaml", "`web` is a symbolic link, which is not followed"),
        ("apps/lib/secret.yaml", "`apps/lib` is a submodule, which is not fetched"),
        ("apps/web/web.yaml/x", "`apps/web/web.yaml` is a file"),
        ("apps/api", "`apps` has no `api`, it has `lib`, `web`"),
        ("App", "the root has no `App`, it has `.gitmodules`, `apps`, `web`"),
    ] {
        let error = mirror.files(&head, path, every, all()).await.unwrap_err();
        assert!(matches!(&error, GitError::NoPath { why: said, .. } if said.contains(why)), "{error}");
    }
}

#[tokio::test]
async fn paths_are_sorted_and_limited_to_what_was_asked_for() {
    let rig = Rig::new();
    rig.work("app");
    for path in ["a-b/1", "a/1", "a.b/1", "a/b/2", "ab"] {
        rig.put("app", path, path);
    }
    let head = rig.save("app", "many");
    let mirror = rig.mirror("app");
    let paths = async |path: &str| -> Vec<String> {
        mirror.files(&head, path, every, all()).await.unwrap().into_iter().map(|file| file.path).collect()
    };
    assert_eq!(paths(".").await, ["a-b/1", "a.b/1", "a/1", "a/b/2", "ab"]);
    for same in ["a", "./a", "a/", "a//", "./a/./"] {
        assert_eq!(paths(same).await, ["a/1", "a/b/2"], "{same}");
    }
    for bad in ["..", "../app", "a/../..", "/a", "a\0"] {
        assert!(
            matches!(mirror.files(&head, bad, every, all()).await, Err(GitError::Invalid { .. })),
            "{bad:?}"
        );
        assert!(matches!(changed(&mirror, &head, bad).await, Err(GitError::Invalid { .. })), "{bad:?}");
    }
}

#[tokio::test]
async fn names_and_messages_that_are_not_text_do_no_harm() {
    use std::os::unix::ffi::OsStrExt;
    let rig = Rig::new();
    rig.work("app");
    for name in [&b"caf\xe9.yaml"[..], b"caf\xe8.yaml", "käse.yaml".as_bytes()] {
        fs::write(rig.path("app").join(std::ffi::OsStr::from_bytes(name)), "x").unwrap();
    }
    rig.git("app", &["add", "-A"]);
    fs::write(rig.path("message"), b"caf\xe9: \xff\n").unwrap();
    rig.git("app", &["commit", "-q", "-F", rig.path("message").to_str().unwrap()]);
    let odd = rig.head("app");
    rig.git(
        "app",
        &[
            "-c",
            "i18n.commitEncoding=ISO-8859-1",
            "commit",
            "-q",
            "--allow-empty",
            "-F",
            rig.path("message").to_str().unwrap(),
        ],
    );
    let head = rig.head("app");
    let mirror = rig.mirror("app");
    let files = mirror.files(&odd, ".", every, all()).await.unwrap();
    assert_eq!(listing(&files), [r#""caf\350.yaml"=x"#, r#""caf\351.yaml"=x"#, "käse.yaml=x"]);
    assert_eq!(mirror.fetch().await.unwrap().message, "café: ÿ\n");
    let history = mirror.history(&head, &odd, 3).await.unwrap();
    assert_eq!(history[0].subject(), "café: ÿ");
    rig.git("app", &["rm", "-q", "-r", "."]);
    let last = rig.save("app", "gone");
    assert_eq!(changed(&mirror, &last, ".").await.unwrap().len(), 3);
    // Git itself repairs a message that claims to be UTF-8; other programs do not.
    let tree = rig.git("app", &["rev-parse", "main^{tree}"]);
    let raw = format!("tree {tree}\nparent {last}\nauthor A <a> 1 +0000\ncommitter A <a> 2 +0000\n\n");
    fs::write(rig.path("raw"), [raw.as_bytes(), b"caf\xe9: \xff\n"].concat()).unwrap();
    let raw = rig.git("app", &["hash-object", "-t", "commit", "-w", rig.path("raw").to_str().unwrap()]);
    rig.git("app", &["update-ref", "refs/heads/main", &raw]);
    let head = mirror.fetch().await.unwrap();
    assert_eq!((head.message.as_str(), head.time.as_second()), ("caf\u{fffd}: \u{fffd}\n", 2));
}

#[tokio::test]
async fn changes_tell_added_removed_changed_and_retyped() {
    let rig = Rig::new();
    rig.work("app");
    for (path, content) in
        [("a/same", "1"), ("a/changed", "1"), ("a/removed", "1"), ("a/type", "1"), ("b/other", "1")]
    {
        rig.put("app", path, content);
    }
    rig.put("app", "a/script", "#!");
    rig.put("app", "a/dir/inner", "1");
    let first = rig.save("app", "first");
    rig.put("app", "a/changed", "2");
    rig.put("app", "a/added", "2");
    fs::remove_file(rig.path("app/a/removed")).unwrap();
    fs::remove_file(rig.path("app/a/type")).unwrap();
    symlink("same", rig.path("app/a/type")).unwrap();
    fs::remove_dir_all(rig.path("app/a/dir")).unwrap();
    rig.put("app", "a/dir", "a file now");
    rig.put("app", "b/other", "2");
    rig.git("app", &["update-index", "--chmod=+x", "a/script"]);
    let second = rig.save("app", "second");
    let mirror = rig.mirror("app");
    let changes = changed(&mirror, &second, "a").await.unwrap();
    let shape = |c: &switchback::world::git::PathChange| {
        let side = |file: &Option<switchback::world::git::File>| match file {
            None => "-".to_owned(),
            Some(file) => listing(std::slice::from_ref(file))[0].split_once('=').unwrap().1.to_owned(),
        };
        format!("{}: {} {}", c.path, side(&c.old), side(&c.new))
    };
    assert_eq!(
        changes.iter().map(shape).collect::<Vec<_>>(),
        [
            "a/added: - 2",
            "a/changed: 1 2",
            "a/dir: - a file now",
            "a/dir/inner: 1 -",
            "a/removed: 1 -",
            "a/type: 1 Symlink",
        ]
    );
    assert_eq!(changed(&mirror, &second, "b/other").await.unwrap().len(), 1);
    assert!(changed(&mirror, &second, "nowhere").await.unwrap().is_empty());
    let all = changed(&mirror, &first, ".").await.unwrap();
    assert!(
        all.len() == 7 && all.iter().all(|change| change.old.is_none()),
        "a first commit adds everything"
    );
}

#[tokio::test]
async fn merges_are_compared_with_their_first_parent() {
    let rig = Rig::new();
    rig.work("app");
    rig.put("app", "a", "1");
    rig.save("app", "first");
    rig.git("app", &["checkout", "-q", "-b", "side"]);
    rig.put("app", "b", "1");
    rig.save("app", "side");
    rig.git("app", &["checkout", "-q", "main"]);
    rig.put("app", "c", "1");
    let second = rig.save("app", "second");
    rig.git("app", &["merge", "-q", "--no-ff", "-m", "merge side", "side"]);
    let head = rig.head("app");
    let mirror = rig.mirror("app");
    let paths: Vec<String> =
        changed(&mirror, &head, ".").await.unwrap().into_iter().map(|c| c.path).collect();
    assert_eq!(paths, ["b"]);
    let merge = mirror.fetch().await.unwrap();
    assert_eq!((merge.parents.len(), &merge.parents[0]), (2, &second));
}

#[tokio::test]
async fn limits_name_their_numbers() {
    let rig = Rig::new();
    rig.work("app");
    for n in 0..20 {
        rig.put("app", &format!("d/{n}"), format!("{n:0100}"));
    }
    let head = rig.save("app", "many");
    let url = rig.path("app").display().to_string();
    let limited = |files: usize, total: u64| {
        let mut options = rig.options(&url);
        (options.limits.files, options.limits.total_bytes) = (files, total);
        Mirror::open(options).unwrap()
    };
    let error = limited(19, 1 << 20).files(&head, ".", every, all()).await.unwrap_err();
    assert!(error.to_string().contains("20 files is more than the limit of 19 files"), "{error}");
    let error = limited(100, 1500).files(&head, ".", every, all()).await.unwrap_err();
    assert!(
        error.to_string().contains("1600 bytes of files is more than the limit of 1500 bytes"),
        "{error}"
    );
    let error = changed(&limited(100, 1500), &head, ".").await.unwrap_err();
    assert!(matches!(error, GitError::TooLarge { .. }));
    assert_eq!(limited(20, 2000).files(&head, ".", every, all()).await.unwrap().len(), 20);
    let only_one = limited(1, 100).files(&head, ".", |path| path == "d/7", all()).await.unwrap();
    assert_eq!(only_one.len(), 1, "what is not wanted is neither read nor counted");
    let mut options = rig.options(&url);
    options.limits.paths = 20;
    let error = Mirror::open(options).unwrap().files(&head, ".", |_| false, all()).await.unwrap_err();
    assert!(error.to_string().contains("21 paths is more than the limit of 20 paths"), "{error}");
}

#[tokio::test]
async fn trees_that_lie_or_explode_are_refused() {
    use std::io::Write;
    let rig = Rig::new();
    rig.work("app");
    rig.put("app", "a", "1");
    rig.save("app", "first");
    let blob = rig.git("app", &["rev-parse", "main:a"]);
    // Writes a tree object of `entries` as they are, checked by nobody.
    let tree = |entries: &[(&str, &str, &str)]| {
        let mut content = Vec::new();
        for (mode, name, id) in entries {
            write!(content, "{mode} {name}\0").unwrap();
            content.extend((0..20).map(|n| u8::from_str_radix(&id[2 * n..2 * n + 2], 16).unwrap()));
        }
        let mut command = rig.command("git");
        command.arg("-C").arg(rig.path("app")).args([
            "hash-object",
            "-t",
            "tree",
            "-w",
            "--stdin",
            "--literally",
        ]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(&content).unwrap();
        let output = child.wait_with_output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let commit = |tree: &str| CommitId::from(rig.git("app", &["commit-tree", "-m", "odd", tree]));
    let mirror = rig.mirror("app");
    for name in ["..", ".", "../../etc/passwd", "a/b"] {
        let error =
            mirror.files(&commit(&tree(&[("100644", name, &blob)])), ".", every, all()).await.unwrap_err();
        assert!(error.to_string().contains("git fsck"), "{name}: {error}");
    }
    // A billion paths in a few objects, files or only directories.
    for leaf in ["100644", "40000"] {
        let mut id = if leaf == "40000" { tree(&[]) } else { blob.clone() };
        for level in 0..9 {
            let mode = if level == 0 { leaf } else { "40000" };
            let names: Vec<String> = (0..10).map(|n| format!("d{n}")).collect();
            id = tree(&names.iter().map(|name| (mode, name.as_str(), id.as_str())).collect::<Vec<_>>());
        }
        let bomb = commit(&id);
        assert!(matches!(mirror.files(&bomb, ".", every, all()).await, Err(GitError::TooLarge { .. })));
        assert!(matches!(changed(&mirror, &bomb, ".").await, Err(GitError::TooLarge { .. })));
    }
    let mut deep = tree(&[("100644", "leaf", &blob)]);
    for _ in 0..120 {
        deep = tree(&[("40000", "d", &deep)]);
    }
    let error = mirror.files(&commit(&deep), ".", every, all()).await.unwrap_err();
    assert!(matches!(&error, GitError::TooLarge { limit, .. } if limit == "100 levels"), "{error}");
}

#[tokio::test]
async fn ids_are_checked_before_they_are_looked_for() {
    let rig = Rig::new();
    rig.work("app");
    rig.put("app", "a", "1");
    let head = rig.save("app", "first");
    let mirror = rig.mirror("app");
    for bad in [
        "",
        "main",
        "HEAD",
        &head[..12],
        &head.to_uppercase(),
        "--all",
        &format!("{head}^"),
        "g".repeat(40).as_str(),
    ] {
        let bad = &CommitId::from(bad);
        assert!(matches!(mirror.files(bad, ".", every, all()).await, Err(GitError::Invalid { .. })), "{bad}");
        assert!(matches!(mirror.history(&head, bad, 9).await, Err(GitError::Invalid { .. })), "{bad}");
        assert!(matches!(mirror.push(bad).await, Err(GitError::Invalid { .. })), "{bad}");
    }
    let blob = rig.git("app", &["rev-parse", "main:a"]);
    for unknown in ["1".repeat(40), blob] {
        let error = mirror.files(&unknown.as_str().into(), ".", every, all()).await.unwrap_err();
        assert!(matches!(&error, GitError::UnknownCommit { commit, .. } if *commit == unknown), "{error}");
    }
}
