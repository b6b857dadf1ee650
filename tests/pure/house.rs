//! Holds the law of the house: arrows between floors point downwards, files stay under 500 lines, functions
//! under 100, every file opens with what it decides and what it never does, and nothing outside tests panics.

use std::path::{Path, PathBuf};

const FLOORS: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("api", &["base"]),
    ("merge", &["api", "base"]),
    ("sandbox", &["merge", "api", "base"]),
    ("logic", &["merge", "api", "base"]),
    ("world", &["merge", "api", "base"]),
    ("engine", &["logic", "world", "api", "base"]),
    ("front", &["engine", "logic", "api", "base", "sandbox"]),
];
const MOST_LINES: usize = 500;
const MOST_LINES_OF_A_FUNCTION: usize = 100;

fn rust_files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found.sort();
}

fn files(dirs: &[&str]) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for dir in dirs.iter().map(|d| root.join(d)).filter(|d| d.exists()) {
        rust_files(&dir, &mut found);
    }
    let name = |p: &Path| p.strip_prefix(root).unwrap().to_string_lossy().into_owned();
    found.iter().map(|p| (name(p), std::fs::read_to_string(p).unwrap())).collect()
}

/// The floor a file of `src` stands on; none for `main.rs` and the root's `lib.rs`.
fn floor(file: &str) -> Option<&'static (&'static str, &'static [&'static str])> {
    let part = file.strip_prefix("src/")?.split('/').next()?;
    FLOORS.iter().find(|(name, _)| *name == part.trim_end_matches(".rs"))
}

/// The text without its test modules and without comments.
fn production(text: &str) -> String {
    let body = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    body.lines().map(|l| if l.trim_start().starts_with("//") { "" } else { l }).collect::<Vec<_>>().join("\n")
}

/// Every floor named after `crate::` in `line`, grouped imports (`crate::{a, b}`) included.
fn named_floors(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in line.match_indices("crate::") {
        let rest = &line[at + "crate::".len()..];
        let names = rest.strip_prefix('{').map_or(rest, |group| group.split('}').next().unwrap_or(group));
        let parts: Vec<&str> = if rest.starts_with('{') { names.split(',').collect() } else { vec![rest] };
        for part in parts {
            let word: String = part.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            found.push(word);
        }
    }
    found
}

#[test]
fn arrows_point_downwards() {
    let mut wrong = Vec::new();
    for (file, text) in files(&["src"]) {
        let Some((own, may)) = floor(&file) else { continue };
        for (number, line) in text.lines().enumerate() {
            for named in named_floors(line) {
                let is_floor = FLOORS.iter().any(|(name, _)| *name == named);
                if is_floor && named != *own && !may.contains(&named.as_str()) {
                    wrong.push(format!("{file}:{}: {own} uses {named}", number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_check_of_arrows_sees_grouped_imports() {
    assert_eq!(named_floors("use crate::{api::kinds, world};"), ["api", "world"]);
    assert_eq!(named_floors("let x = crate::engine::run();"), ["engine"]);
}

#[test]
fn files_are_short_and_open_with_their_purpose() {
    let mut wrong = Vec::new();
    for (file, text) in files(&["src", "tests", "examples"]) {
        let lines = text.lines().count();
        if lines > MOST_LINES {
            wrong.push(format!("{file}: {lines} lines, more than {MOST_LINES}"));
        }
        let opening: Vec<&str> = text.lines().take_while(|l| l.starts_with("//!")).collect();
        if opening.join(" ").matches(['.', ';']).count() < 2 && file.starts_with("src/") {
            wrong.push(format!("{file}: open it with two sentences, what it decides and what it never does"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `(line, name, length)` of every function, found by the indentation rustfmt gives.
fn functions(text: &str) -> Vec<(usize, String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let bare = line.trim_start();
        let indent = line.len() - bare.len();
        let head = bare.split('(').next().unwrap_or_default();
        let is_fn = head.starts_with("fn ") || head.contains(" fn ");
        if !is_fn || bare.starts_with("//") || head.contains('"') {
            continue;
        }
        let closes = |l: &&str| l.len() - l.trim_start().len() == indent && l.trim_start().starts_with('}');
        if let Some(end) = lines[start..].iter().position(closes) {
            let name = head.rsplit("fn ").next().unwrap_or_default().to_owned();
            found.push((start + 1, name, end + 1));
        }
    }
    found
}

#[test]
fn functions_are_short() {
    let mut wrong = Vec::new();
    for (file, text) in files(&["src", "tests", "examples"]) {
        for (line, name, length) in functions(&text) {
            if length > MOST_LINES_OF_A_FUNCTION {
                wrong.push(format!("{file}:{line}: fn {name} has {length} lines"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_panics_outside_tests() {
    let panics = [".unwrap()", ".expect(", "panic!(", "unreachable!(", "todo!(", "unimplemented!("];
    let mut wrong = Vec::new();
    for (file, text) in files(&["src"]) {
        if file.ends_with("tests.rs") || file.contains("/tests/") {
            continue;
        }
        for (number, line) in production(&text).lines().enumerate() {
            if panics.iter().any(|p| line.contains(p)) {
                wrong.push(format!("{file}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

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

#[test]
fn the_lock_file_stays_small() {
    let lock = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock")).unwrap();
    let packages = lock.matches("[[package]]").count();
    assert!(packages < 550, "{packages} packages in Cargo.lock, the cap is 550");
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

#[test]
fn errors_are_types() {
    let mut found = Vec::new();
    for (file, text) in files(&["src"]).into_iter().filter(|(file, _)| !file.starts_with("src/sandbox/")) {
        for (number, line) in production(&text).lines().enumerate() {
            if line.contains("Result<") && line.contains(", String>") && !line.contains("Map<") {
                found.push(format!("{file}:{}", number + 1));
            }
        }
    }
    assert!(found.len() <= 15, "{} results whose error is a text:\n{}", found.len(), found.join("\n"));
}

#[test]
fn world_is_named_where_it_stands() {
    let reexports = |text: &str| text.lines().any(|l| l.trim_start().starts_with("pub use crate::world"));
    let wrong: Vec<String> = files(&["src"])
        .into_iter()
        .filter(|(file, text)| !file.starts_with("src/world/") && reexports(text))
        .map(|(file, _)| file)
        .collect();
    assert!(wrong.is_empty(), "{wrong:?} give away what the law of floors then cannot see");
}
