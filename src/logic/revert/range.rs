//! Decides which commits of a range may go back one by one, and which merges as one, from the graph alone.
//! It never looks at clocks, messages or files.

use crate::api::commit::CommitRecord;
use std::collections::BTreeMap;

/// How a commit of the range is reached from the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    /// Along the line that leads to the good commit.
    Main,
    /// Beside it, through a merge that is not taken as one.
    Side,
    /// It goes back with the merge that brought it in, if at all.
    Within,
}

/// The commits of `range` that are taken back each against its first parent, newest first; none when the newest does
/// not descend from `good`. `range` is what the newest descends from and `good` does not, every commit before its
/// parents.
///
/// A merge whose first parent still has the good commit stands for all it brought in, as a merged pull request does. A
/// merge that brought the good commit in through another parent (`git pull`) is never taken; what stood on its first
/// parent's side is looked at commit by commit.
#[must_use]
pub fn candidates<'c>(range: &'c [CommitRecord], good: &str) -> Option<Vec<&'c CommitRecord>> {
    let places: BTreeMap<&str, usize> = range.iter().enumerate().map(|(n, c)| (c.id.as_str(), n)).collect();
    let mut has_good = vec![false; range.len()];
    for (n, commit) in range.iter().enumerate().rev() {
        let found = commit.parents.iter().any(|p| has(&places, &has_good, p, good));
        if let Some(slot) = has_good.get_mut(n) {
            *slot = found;
        }
    }
    if range.is_empty() {
        return Some(Vec::new());
    }
    if !has_good.first().copied().unwrap_or(false) {
        return None;
    }
    let mut marks = vec![Mark::Within; range.len()];
    let set = |marks: &mut Vec<Mark>, id: &str, mark: Mark| {
        let slot = places.get(id).and_then(|n| marks.get_mut(*n));
        if let Some(slot) = slot.filter(|slot| **slot != Mark::Main) {
            *slot = mark;
        }
    };
    if let Some(newest) = range.first() {
        set(&mut marks, &newest.id, Mark::Main);
    }
    let mut found = Vec::new();
    for (n, commit) in range.iter().enumerate() {
        let leads = |parent: &&String| has(&places, &has_good, parent, good);
        match (marks.get(n).copied(), commit.parents.as_slice()) {
            (None | Some(Mark::Within), _) => {}
            (Some(mark), [] | [_]) => {
                found.push(commit);
                commit.parents.iter().for_each(|parent| set(&mut marks, parent, mark));
            }
            (Some(Mark::Side), parents) => {
                parents.iter().for_each(|parent| set(&mut marks, parent, Mark::Side));
            }
            (Some(Mark::Main), [first, ..]) if leads(&first) => {
                found.push(commit);
                set(&mut marks, first, Mark::Main);
            }
            (Some(Mark::Main), parents) => {
                let line = parents.iter().find(leads);
                for parent in parents {
                    let mark = if Some(parent) == line { Mark::Main } else { Mark::Side };
                    set(&mut marks, parent, mark);
                }
            }
        }
    }
    Some(found)
}

/// Whether `commit` is the good one or descends from it.
fn has(places: &BTreeMap<&str, usize>, has_good: &[bool], commit: &str, good: &str) -> bool {
    commit == good || places.get(commit).is_some_and(|n| has_good.get(*n).copied().unwrap_or(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Commits written as `id: parent parent`, newest first.
    fn graph(lines: &[&str]) -> Vec<CommitRecord> {
        let commit = |line: &&str| {
            let (id, parents) = line.split_once(':').unwrap();
            let parents = parents.split_whitespace().map(str::to_owned).collect();
            CommitRecord { id: id.to_owned(), parents, ..CommitRecord::default() }
        };
        lines.iter().map(commit).collect()
    }

    fn picked(lines: &[&str], good: &str) -> Option<String> {
        let range = graph(lines);
        Some(candidates(&range, good)?.iter().map(|c| c.id.as_str()).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn a_line_is_taken_commit_by_commit() {
        assert_eq!(picked(&["c: b", "b: a"], "a").unwrap(), "c b");
        assert_eq!(picked(&[], "a").unwrap(), "");
        assert_eq!(picked(&["b: a", "a:"], "x"), None, "the history was rewritten");
    }

    #[test]
    fn a_merged_pull_request_is_one() {
        // g - m - x, with f1 and f2 merged by m; the branch may be older than the good commit
        assert_eq!(picked(&["x: m", "m: g f2", "f2: f1", "f1: g"], "g").unwrap(), "x m");
        assert_eq!(picked(&["m: g f2", "f2: f1", "f1: old"], "g").unwrap(), "m");
    }

    #[test]
    fn what_a_pull_brought_in_stays() {
        // main: a - b(good); d was made on a, and its author pulled before pushing: m has d first
        assert_eq!(picked(&["m: d b", "d: a"], "b").unwrap(), "d");
        assert_eq!(picked(&["x: m", "m: d c", "c: b", "d: a"], "b").unwrap(), "x c d");
    }

    #[test]
    fn merges_beside_the_line_are_never_one() {
        // d2 merges an older main into the side branch before it is pulled together with the good commit
        assert_eq!(picked(&["m: s b", "s: d old", "d: a"], "b").unwrap(), "d");
    }

    #[test]
    fn a_commit_on_the_line_is_taken_although_a_merge_has_it_too() {
        assert_eq!(picked(&["m: x f", "f: x", "x: g"], "g").unwrap(), "m x");
    }
}
