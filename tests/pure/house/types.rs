//! Decides that one name means one type: no floor names a public type as a floor that it may use does.
//! It never minds names that do not leave their file or their folder.

use super::floors::{FLOORS, floor};
use super::source::files;
use super::text::{Token, production, stands};
use std::collections::{BTreeMap, BTreeSet};

/// The names that two floors have: the name, the upper floor and the lower one.
const ALLOWED: &[(&str, &str, &str)] = &[
    ("Answer", "sandbox", "api"),
    ("Key", "engine", "api"),
    ("Key", "sandbox", "api"),
    ("List", "api", "base"),
    ("Map", "api", "base"),
    ("Place", "sandbox", "base"),
    ("Schema", "sandbox", "api"),
    ("Target", "sandbox", "api"),
    ("Verb", "front", "sandbox"),
    ("Write", "merge", "api"),
];

/// The types that `tokens` define for everyone, and with `crate_wide` those for the whole crate, too.
fn types(tokens: &[Token], crate_wide: bool) -> Vec<String> {
    let after = |at: usize| {
        let whole = stands(tokens, at, &["pub", "(", "crate", ")"]);
        let next = at + if whole { 4 } else { 1 };
        let kind = tokens.get(next)?.text.as_str();
        let is_type = ["struct", "enum", "trait", "type", "union"].contains(&kind);
        (is_type && (!whole || crate_wide)).then(|| tokens.get(next + 1).map(|t| t.text.clone()))?
    };
    (0..tokens.len()).filter(|at| stands(tokens, *at, &["pub"])).filter_map(after).collect()
}

#[test]
fn one_name_means_one_type() {
    let (mut lower, mut upper) = (BTreeMap::new(), BTreeMap::new());
    for (file, text) in files(&["src"]) {
        let Some((own, _)) = floor(&file) else { continue };
        let tokens = production(&text);
        for (all, crate_wide) in [(&mut lower, false), (&mut upper, true)] {
            for name in types(&tokens, crate_wide) {
                all.entry((*own, name)).or_insert_with(BTreeSet::new).insert(file.clone());
            }
        }
    }
    let mut found = BTreeMap::new();
    for (own, may) in FLOORS {
        for ((_, name), above) in upper.iter().filter(|((floor, _), _)| floor == own) {
            for below in *may {
                if let Some(under) = lower.get(&(*below, name.clone())) {
                    found.insert((name.clone(), *own, *below), format!("{above:?} and {under:?}"));
                }
            }
        }
    }
    let is_listed = |key: &(String, &str, &str)| ALLOWED.contains(&(key.0.as_str(), key.1, key.2));
    let mut wrong: Vec<String> = found
        .iter()
        .filter(|(key, _)| !is_listed(key))
        .map(|((name, own, below), places)| format!("(\"{name}\", \"{own}\", \"{below}\"): {places}"))
        .collect();
    for (name, own, below) in ALLOWED {
        if !found.contains_key(&((*name).to_owned(), *own, *below)) {
            wrong.push(format!("{name} of {own} and {below} is listed and is not there any more"));
        }
    }
    assert!(wrong.is_empty(), "two types of one name:\n{}", wrong.join("\n"));
}

#[test]
fn types_are_seen() {
    let text =
        "pub struct A; pub(crate) enum B {} pub(super) struct C; struct D; pub trait E {} pub fn f() {}";
    assert_eq!(types(&production(text), true), ["A", "B", "E"]);
    assert_eq!(types(&production(text), false), ["A", "E"]);
}
