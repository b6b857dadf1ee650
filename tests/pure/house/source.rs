//! Decides which files a law reads, and what of a file is code, line by line.
//! It never judges what it reads.

use std::path::{Path, PathBuf};

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

pub fn files(dirs: &[&str]) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for dir in dirs.iter().map(|d| root.join(d)).filter(|d| d.exists()) {
        rust_files(&dir, &mut found);
    }
    let name = |p: &Path| p.strip_prefix(root).unwrap().to_string_lossy().into_owned();
    found.iter().map(|p| (name(p), std::fs::read_to_string(p).unwrap())).collect()
}

/// The text without its test modules and without comments.
pub fn production_lines(text: &str) -> String {
    let body = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    body.lines().map(|l| if l.trim_start().starts_with("//") { "" } else { l }).collect::<Vec<_>>().join("\n")
}

/// `(line, name, length)` of every function, found by the indentation rustfmt gives.
pub fn functions(text: &str) -> Vec<(usize, String, usize)> {
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
