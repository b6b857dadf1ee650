//! Decides whether undoing commits has left an object in two files, as text merges do when files were split and joined.
//! It never mends that.

use crate::api::key::Key;
use crate::logic::manifest::pick::is_manifest;
use crate::logic::revert::parts::pieces;
use std::collections::{BTreeMap, BTreeSet};

/// Files by path.
type Files = BTreeMap<String, Vec<u8>>;

/// The files of `after` in which an object stands that is there more than once; `before` are those that were changed to
/// them. Only what changed is read, and what may hold the same.
#[must_use]
pub fn doubled(before: &Files, after: &Files, namespace: &str) -> BTreeSet<String> {
    let is_new = |(path, content): &(&String, &Vec<u8>)| before.get(*path) != Some(*content);
    let (new, old): (Vec<_>, Vec<_>) = after.iter().filter(|(path, _)| is_manifest(path)).partition(is_new);
    let mut places: BTreeMap<Key, Vec<&String>> = BTreeMap::new();
    for (path, content) in new {
        for key in keys(content, namespace) {
            places.entry(key).or_default().push(path);
        }
    }
    let names: BTreeSet<String> = places.keys().map(|key| key.name.clone()).collect();
    for (path, content) in old {
        let text = String::from_utf8_lossy(content);
        if names.iter().any(|name| text.contains(name.as_str())) {
            for key in keys(content, namespace) {
                places.entry(key).and_modify(|places| places.push(path));
            }
        }
    }
    places.into_values().filter(|places| places.len() > 1).flatten().cloned().collect()
}

fn keys(content: &[u8], namespace: &str) -> Vec<Key> {
    pieces(content, namespace).into_iter().flatten().flat_map(|piece| piece.keys).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(all: &[(&str, &[&str])]) -> Files {
        let config = |name: &&str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n");
        let text = |names: &[&str]| names.iter().map(config).collect::<Vec<_>>().join("---\n").into_bytes();
        all.iter().map(|(path, names)| ((*path).to_owned(), text(names))).collect()
    }

    fn found(before: &[(&str, &[&str])], after: &[(&str, &[&str])]) -> String {
        doubled(&files(before), &files(after), "shop").into_iter().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn an_object_in_two_files_is_seen_wherever_the_other_one_stands() {
        let before: &[(&str, &[&str])] = &[("x.yaml", &["a", "b"]), ("y.yaml", &["c"])];
        assert_eq!(found(before, &[("x.yaml", &["a", "b"]), ("y.yaml", &["c", "a"])]), "x.yaml y.yaml");
        assert_eq!(found(before, &[("x.yaml", &["b"]), ("y.yaml", &["c", "a"])]), "");
        assert_eq!(found(before, &[("x.yaml", &["a", "b", "a"]), ("y.yaml", &["c"])]), "x.yaml");
        assert_eq!(found(before, before), "");
    }
}
