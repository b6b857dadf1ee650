//! Decides which floor may name which: arrows between floors point downwards.
//! It never looks inside a floor.

use super::source::files;

/// Each floor and those that it may use.
pub const FLOORS: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("api", &["base"]),
    ("merge", &["api", "base"]),
    ("sandbox", &["merge", "api", "base"]),
    ("logic", &["merge", "api", "base"]),
    ("world", &["merge", "api", "base"]),
    ("engine", &["logic", "world", "api", "base"]),
    ("front", &["engine", "logic", "api", "base", "sandbox"]),
];

/// The floor a file of `src` stands on; none for `main.rs` and the root's `lib.rs`.
pub fn floor(file: &str) -> Option<&'static (&'static str, &'static [&'static str])> {
    let part = file.strip_prefix("src/")?.split('/').next()?;
    FLOORS.iter().find(|(name, _)| *name == part.trim_end_matches(".rs"))
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
fn world_is_named_where_it_stands() {
    let reexports = |text: &str| text.lines().any(|l| l.trim_start().starts_with("pub use crate::world"));
    let wrong: Vec<String> = files(&["src"])
        .into_iter()
        .filter(|(file, text)| !file.starts_with("src/world/") && reexports(text))
        .map(|(file, _)| file)
        .collect();
    assert!(wrong.is_empty(), "{wrong:?} give away what the law of floors then cannot see");
}
