//! Decides what three versions of a tree come to, line by line, and where they contradict each other.
//! It never guesses: changes that touch are a conflict.

use crate::repo::Files;
use bytes::Bytes;
use similar::{DiffTag, TextDiff};
use std::collections::BTreeSet;

/// `ours` with the step from `base` to `theirs` done to it; the paths that contradict each other otherwise.
pub fn trees(base: &Files, ours: &Files, theirs: &Files) -> Result<Files, Vec<String>> {
    let paths: BTreeSet<&String> = base.keys().chain(ours.keys()).chain(theirs.keys()).collect();
    let (mut merged, mut conflicts) = (Files::new(), Vec::new());
    for path in paths {
        match file(base.get(path), ours.get(path), theirs.get(path)) {
            Some(content) => merged.extend(content.map(|c| (path.clone(), c))),
            None => conflicts.push(path.clone()),
        }
    }
    if conflicts.is_empty() { Ok(merged) } else { Err(conflicts) }
}

/// The merged file (none inside: there is none), or nothing when the three contradict each other.
fn file(base: Option<&Bytes>, ours: Option<&Bytes>, theirs: Option<&Bytes>) -> Option<Option<Bytes>> {
    if base == theirs || ours == theirs {
        return Some(ours.cloned());
    }
    if base == ours {
        return Some(theirs.cloned());
    }
    let text = |b: &Bytes| String::from_utf8(b.to_vec()).ok();
    let (base, ours, theirs) = (text(base?)?, text(ours?)?, text(theirs?)?);
    lines(&base, &ours, &theirs).map(|merged| Some(Bytes::from(merged)))
}

/// A change of the lines `from..to` of the base.
#[derive(Debug, PartialEq)]
struct Hunk {
    from: usize,
    to: usize,
    lines: Vec<String>,
}

fn hunks(base: &str, new: &str) -> Vec<Hunk> {
    let diff = TextDiff::from_lines(base, new);
    let lines: Vec<&str> = new.split_inclusive('\n').collect();
    let changed = diff.ops().iter().filter(|op| op.tag() != DiffTag::Equal);
    let hunk = |op: &similar::DiffOp| Hunk {
        from: op.old_range().start,
        to: op.old_range().end,
        lines: lines[op.new_range()].iter().map(|l| (*l).to_owned()).collect(),
    };
    changed.map(hunk).collect()
}

fn lines(base: &str, ours: &str, theirs: &str) -> Option<String> {
    let (mine, other) = (hunks(base, ours), hunks(base, theirs));
    let touch = |a: &Hunk, b: &Hunk| a.from <= b.to && b.from <= a.to;
    if mine.iter().any(|a| other.iter().any(|b| a != b && touch(a, b))) {
        return None;
    }
    let mut all: Vec<Hunk> = mine;
    for hunk in other {
        if !all.contains(&hunk) {
            all.push(hunk);
        }
    }
    all.sort_by_key(|h| h.from);
    let old: Vec<&str> = base.split_inclusive('\n').collect();
    let (mut merged, mut at) = (String::new(), 0);
    for hunk in all {
        merged.push_str(&old[at..hunk.from].concat());
        merged.push_str(&hunk.lines.concat());
        at = hunk.to;
    }
    merged.push_str(&old[at..].concat());
    Some(merged)
}

#[test]
fn changes_far_apart_are_merged_and_changes_that_touch_are_not() {
    let base = "a\nb\nc\nd\ne\n";
    assert_eq!(lines(base, "A\nb\nc\nd\ne\n", "a\nb\nc\nd\nE\n").unwrap(), "A\nb\nc\nd\nE\n");
    assert_eq!(lines(base, "a\nB\nc\nd\ne\n", "a\nb2\nc\nd\ne\n"), None);
    assert_eq!(lines(base, "A\nb\nc\nd\ne\n", "a\nB\nc\nd\ne\n"), None, "next to each other, as git has it");
    assert_eq!(lines(base, "a\nb\nc\nd\ne\nf\n", "a\nc\nd\ne\n").unwrap(), "a\nc\nd\ne\nf\n");
}

#[test]
fn files_that_only_one_side_changed_need_no_merge() {
    let tree = |text: &str| Files::from([("x".to_owned(), Bytes::from(text.to_owned()))]);
    assert_eq!(trees(&tree("1\n"), &tree("1\n"), &tree("2\n")), Ok(tree("2\n")));
    assert_eq!(trees(&tree("1\n"), &tree("1\n"), &Files::new()), Ok(Files::new()));
    assert_eq!(trees(&tree("1\n"), &tree("3\n"), &Files::new()), Err(vec!["x".to_owned()]));
    assert_eq!(trees(&tree("2\n"), &tree("3\n"), &tree("1\n")), Err(vec!["x".to_owned()]));
}
