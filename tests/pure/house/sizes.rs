//! Decides how long a file and a function may be, how a file opens, and how many packages we stand on.
//! It never says what belongs into a file.

use super::source::{files, functions};
use std::path::Path;

const MOST_LINES: usize = 500;
const MOST_LINES_OF_A_FUNCTION: usize = 100;

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
fn the_lock_file_stays_small() {
    let lock = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock")).unwrap();
    let packages = lock.matches("[[package]]").count();
    assert!(packages < 550, "{packages} packages in Cargo.lock, the cap is 550");
}
