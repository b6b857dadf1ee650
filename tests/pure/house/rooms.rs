//! Decides what files are called, and that every test file is compiled.
//! It never reads production code.

use super::source::files;

#[test]
fn no_room_is_called_utils() {
    let banned = ["utils", "common", "helpers", "misc"];
    let bad: Vec<String> = files(&["src", "tests"])
        .into_iter()
        .map(|(file, _)| file)
        .filter(|file| file.split(['/', '.']).any(|part| banned.contains(&part)))
        .collect();
    assert!(bad.is_empty(), "{bad:?}");
}

/// The file that `mod name;` in `file` stands for, if it is there.
fn file_of_mod(file: &str, name: &str, known: &[String]) -> Option<String> {
    let (dir, own) = file.rsplit_once('/')?;
    let dir = if own == "main.rs" || own == "mod.rs" {
        dir.to_owned()
    } else {
        file.trim_end_matches(".rs").to_owned()
    };
    let places = [format!("{dir}/{name}.rs"), format!("{dir}/{name}/mod.rs")];
    places.into_iter().find(|p| known.contains(p))
}

#[test]
fn no_test_file_is_forgotten() {
    let all = files(&["tests/pure", "tests/world", "tests/cluster", "tests/sim", "tests/e2e"]);
    let known: Vec<String> = all.iter().map(|(file, _)| file.clone()).collect();
    let mut reached: Vec<String> =
        known.iter().filter(|f| f.matches('/').count() == 2 && f.ends_with("/main.rs")).cloned().collect();
    assert_eq!(reached.len(), 5, "{reached:?}");
    let mut at = 0;
    while let Some(file) = reached.get(at).cloned() {
        let text = &all.iter().find(|(f, _)| *f == file).unwrap().1;
        for line in text.lines() {
            let name = line.trim_start_matches("pub ").strip_prefix("mod ").and_then(|l| l.strip_suffix(';'));
            let found = name.and_then(|n| file_of_mod(&file, n, &known));
            reached.extend(found.filter(|f| !reached.contains(f)));
        }
        at += 1;
    }
    let forgotten: Vec<&String> = known.iter().filter(|f| !reached.contains(f)).collect();
    assert!(forgotten.is_empty(), "no binary compiles {forgotten:?}: name each in the `mod` lines above it");
}
