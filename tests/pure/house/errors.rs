//! Decides how failures are told: by types, never by a panic outside tests.
//! It never looks at their words.

use super::source::{files, production_lines};

#[test]
fn nothing_panics_outside_tests() {
    let panics = [".unwrap()", ".expect(", "panic!(", "unreachable!(", "todo!(", "unimplemented!("];
    let mut wrong = Vec::new();
    for (file, text) in files(&["src"]) {
        if file.ends_with("tests.rs") || file.contains("/tests/") {
            continue;
        }
        for (number, line) in production_lines(&text).lines().enumerate() {
            if panics.iter().any(|p| line.contains(p)) {
                wrong.push(format!("{file}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn errors_are_types() {
    let mut found = Vec::new();
    for (file, text) in files(&["src"]).into_iter().filter(|(file, _)| !file.starts_with("src/sandbox/")) {
        for (number, line) in production_lines(&text).lines().enumerate() {
            if line.contains("Result<") && line.contains(", String>") && !line.contains("Map<") {
                found.push(format!("{file}:{}", number + 1));
            }
        }
    }
    assert!(found.len() <= 15, "{} results whose error is a text:\n{}", found.len(), found.join("\n"));
}
