//! Decides what a map is: the opening of a `mod.rs` (of a crate: `lib.rs`) names every file and folder beside it, once,
//! as a link and with what it decides. It never checks that a link leads somewhere; rustdoc does.

use super::source::{files, functions};
use std::collections::BTreeMap;

const MOST_LINES: usize = 60;
/// A function of a map may be this long between its braces.
const MOST_LINES_OF_A_BODY: usize = 3;

/// The modules that a line of a map names before it says what they decide: ``- [`a`], [`b`](mod@b): what they decide``;
/// none when it is another line.
fn named(line: &str) -> Option<Vec<String>> {
    let item = line.strip_prefix("//! - [`")?;
    let (head, what) = item.split_once(": ")?;
    let mut names = Vec::new();
    for link in head.split(", [`") {
        let name = link.split(['`', ']']).next().unwrap_or_default();
        let rest =
            link.strip_prefix(name).unwrap_or_default().trim_start_matches('`').trim_start_matches(']');
        let leads = rest.is_empty() || rest == format!("(mod@{name})");
        names.push(leads.then(|| name.to_owned())?);
    }
    (!what.trim().is_empty()).then_some(names)
}

/// What stands beside each map: the map's file, and the names of files and folders with it, tests left out.
fn beside(all: &[(String, String)]) -> BTreeMap<String, Vec<String>> {
    let is_map = |file: &str| file.ends_with("/mod.rs") || file.ends_with("/lib.rs");
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (file, _) in all.iter().filter(|(file, _)| is_map(file) && !file.contains("/tests/")) {
        let dir = &file[..file.len() - "mod.rs".len()];
        let below = all.iter().filter_map(|(other, _)| other.strip_prefix(dir));
        let mut names: Vec<String> = below
            .map(|rest| rest.split('/').next().unwrap_or_default().trim_end_matches(".rs").to_owned())
            .filter(|name| !["mod", "lib", "main", "tests"].contains(&name.as_str()))
            .collect();
        names.dedup();
        found.insert(file.clone(), names);
    }
    found
}

#[test]
fn every_map_names_all_that_is_beside_it() {
    let all = files(&["src"]);
    let mut wrong = Vec::new();
    for (map, names) in beside(&all) {
        let text = &all.iter().find(|(file, _)| *file == map).unwrap().1;
        let opening: Vec<&str> = text.lines().take_while(|l| l.starts_with("//!")).collect();
        let listed: Vec<String> = opening.iter().filter_map(|line| named(line)).flatten().collect();
        for name in &names {
            match listed.iter().filter(|l| *l == name).count() {
                1 => {}
                0 => wrong.push(format!("{map}: `//! - [`{name}`]: what it decides` is missing")),
                _ => wrong.push(format!("{map}: {name} is named more than once")),
            }
        }
        for line in opening
            .iter()
            .filter(|l| l.starts_with("//! * ") || l.starts_with("//! - [") && named(l).is_none())
        {
            wrong.push(format!("{map}: not of the form `//! - [`file`]: what it decides`: {line}"));
        }
        wrong.extend(
            listed.iter().filter(|l| !names.contains(l)).map(|l| format!("{map}: {l} is not beside it")),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_map_is_only_a_map() {
    let mut wrong = Vec::new();
    for (file, text) in files(&["src"]).into_iter().filter(|(file, _)| file.ends_with("/mod.rs")) {
        let lines = text.lines().count();
        if lines > MOST_LINES {
            wrong.push(format!("{file}: {lines} lines, more than {MOST_LINES}"));
        }
        for (line, name, length) in functions(&text) {
            let head = text.lines().skip(line - 1).take(length).position(|l| l.ends_with('{')).unwrap_or(0);
            let body = length.saturating_sub(head + 2);
            if body > MOST_LINES_OF_A_BODY {
                wrong.push(format!("{file}:{line}: fn {name} has {body} lines of its own; give it a file"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_folder_has_its_map_inside() {
    let all = files(&["src", "tests", "examples"]);
    let beside = |file: &str| {
        let folder = format!("{}/", file.trim_end_matches(".rs"));
        all.iter().any(|(other, _)| other.starts_with(&folder))
    };
    let wrong: Vec<&String> = all.iter().map(|(file, _)| file).filter(|file| beside(file)).collect();
    assert!(wrong.is_empty(), "{wrong:?} stand beside their folders: move each into its own, as `mod.rs`");
}

#[test]
fn lines_of_a_map_are_read() {
    assert_eq!(named("//! - [`a`]: what it decides").unwrap(), ["a"]);
    assert_eq!(named("//! - [`a`], [`b_c`](mod@b_c): what [`Both`] decide").unwrap(), ["a", "b_c"]);
    assert_eq!(named("//! - [`a`] what it decides"), None);
    assert_eq!(named("//! - [`a`](b::c): elsewhere"), None);
    assert_eq!(named("//! - Reading: [`a`]"), None);
}
