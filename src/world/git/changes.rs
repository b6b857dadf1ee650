//! What commits changed against their first parents, within limits of size and number for each of them.
//! It never looks into what is the same on both sides, and trusts no name in a tree.

use super::contract::{Interest, PathChange};
use super::object::Links;
use super::read::{Entry, Reader, below, is_tree, parts};
use super::store::Store;
use super::text::shown;
use super::trouble::{Outcome, Trouble};
use crate::api::ids::CommitId;
use git2::Oid;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Bytes of trees that are kept for the commits that follow.
const KEPT: usize = 16 << 20;

/// See [`Git::changes`](super::contract::Git::changes).
pub(super) fn changes(
    store: &Store,
    commits: &[CommitId],
    path: &str,
    interest: &Interest,
) -> Outcome<Vec<Vec<PathChange>>> {
    let parts = parts(path)?;
    let mut walk = Walk::new(store)?;
    commits.iter().map(|commit| walk.changes(commit, &parts, interest)).collect()
}

/// See [`Git::paths`](super::contract::Git::paths).
pub(super) fn paths(store: &Store, commit: &CommitId) -> Outcome<Vec<String>> {
    let mut walk = Walk::new(store)?;
    let (old, new) = walk.trees(commit)?;
    let found = walk.differences(Vec::new(), old.map(Entry::tree), Some(Entry::tree(new)))?;
    let mut paths: Vec<String> = found.into_iter().map(|(path, _, _)| shown(&path)).collect();
    paths.sort();
    Ok(paths)
}

/// How many paths differ between two trees.
pub(super) fn count_differences(store: &Store, old: Oid, new: Oid) -> Outcome<usize> {
    let found = Walk::new(store)?.differences(Vec::new(), Some(Entry::tree(old)), Some(Entry::tree(new)))?;
    Ok(found.len())
}

/// What stands below a path on both sides, where they differ.
type Difference = (Vec<u8>, Option<Entry>, Option<Entry>);

/// An entry by its name, as two trees have it.
type Beside<'t> = (&'t [u8], Option<Entry>, Option<Entry>);

/// One walk through what commits changed; what one of them leaves the next one finds.
struct Walk<'a> {
    store: &'a Store,
    reader: Reader<'a>,
    /// Trees of commits that were looked at.
    roots: BTreeMap<Oid, Oid>,
    /// Contents of trees that were looked into.
    trees: BTreeMap<Oid, Rc<Vec<u8>>>,
    kept: usize,
}

impl<'a> Walk<'a> {
    fn new(store: &'a Store) -> Outcome<Self> {
        let (roots, trees) = (BTreeMap::new(), BTreeMap::new());
        Ok(Self { store, reader: Reader::new(store)?, roots, trees, kept: 0 })
    }

    /// The trees of a commit's first parent, if it has one, and of itself.
    fn trees(&mut self, commit: &CommitId) -> Outcome<(Option<Oid>, Oid)> {
        let (id, Links { tree, parents, .. }) = self.store.find_links(commit)?;
        self.roots.insert(id, tree);
        let Some(parent) = parents.first() else { return Ok((None, tree)) };
        let old = match self.roots.get(parent) {
            Some(known) => *known,
            None => self.store.parent(id, *parent)?.tree,
        };
        self.roots.insert(*parent, old);
        Ok((Some(old), tree))
    }

    fn changes(
        &mut self,
        commit: &CommitId,
        parts: &[&str],
        interest: &Interest,
    ) -> Outcome<Vec<PathChange>> {
        let (old, new) = self.trees(commit)?;
        self.reader.begin();
        if old == Some(new) {
            return Ok(Vec::new());
        }
        let old = match old {
            Some(tree) => self.reader.descend(tree, parts)?.ok(),
            None => None,
        };
        let new = self.reader.descend(new, parts)?.ok();
        let mut changes = Vec::new();
        for (path, old, new) in self.differences(parts.join("/").into_bytes(), old, new)? {
            let shown = shown(&path);
            if !(interest.path)(&shown) {
                continue;
            }
            let old = old.map(|entry| self.reader.file(&path, entry)).transpose()?;
            let new = new.map(|entry| self.reader.file(&path, entry)).transpose()?;
            let change = PathChange { path: shown, old, new };
            if (interest.change)(&change) {
                changes.push(change);
            }
        }
        changes.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(changes)
    }

    /// Every path at and below `path` where `old` and `new` differ in content or kind.
    fn differences(
        &mut self,
        path: Vec<u8>,
        old: Option<Entry>,
        new: Option<Entry>,
    ) -> Outcome<Vec<Difference>> {
        let mut found = Vec::new();
        let mut waiting = vec![(path, old, new)];
        while let Some((path, old, new)) = waiting.pop() {
            if old == new || old.zip(new).is_some_and(|(a, b)| a.is_as(b)) {
                continue;
            }
            let (old_tree, old_leaf) = split(old);
            let (new_tree, new_leaf) = split(new);
            if old_leaf.is_some() || new_leaf.is_some() {
                found.push((path.clone(), old_leaf, new_leaf));
                self.reader.not_too_many(found.len())?;
            }
            self.reader.not_too_deep(&path)?;
            let (old, new) = (self.content(old_tree)?, self.content(new_tree)?);
            for (name, old, new) in self.beside(&old, &new)? {
                waiting.push((below(&path, name), old, new));
            }
        }
        Ok(found)
    }

    /// The content of a tree; nothing for none.
    fn content(&mut self, tree: Option<Entry>) -> Outcome<Rc<Vec<u8>>> {
        let Some(Entry { id, .. }) = tree else { return Ok(Rc::default()) };
        if let Some(known) = self.trees.get(&id) {
            return Ok(Rc::clone(known));
        }
        let content = Rc::new(self.reader.tree(id)?);
        self.kept = self.kept.saturating_add(content.len());
        if self.kept > KEPT {
            self.trees.clear();
            self.kept = content.len();
        }
        self.trees.insert(id, Rc::clone(&content));
        Ok(content)
    }

    /// The entries in which two trees differ. Both stand in git's order.
    fn beside<'t>(&mut self, old: &'t [u8], new: &'t [u8]) -> Outcome<Vec<Beside<'t>>> {
        let (mut old, mut new) = (Stored { rest: old }, Stored { rest: new });
        let (mut left, mut right) = (old.next()?, new.next()?);
        let (mut found, mut passed) = (Vec::new(), 0);
        loop {
            let order = match (&left, &right) {
                (None, None) => break,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(a), Some(b)) => a.order(b),
            };
            passed += 1;
            let a = left.take_if(|_| order.is_le());
            let b = right.take_if(|_| order.is_ge());
            if a.is_some() {
                left = old.next()?;
            }
            if b.is_some() {
                right = new.next()?;
            }
            let is_same = a.as_ref().zip(b.as_ref()).is_some_and(|(a, b)| (a.mode, a.id) == (b.mode, b.id));
            if let Some(name) = a.as_ref().or(b.as_ref()).map(|entry| entry.name).filter(|_| !is_same) {
                self.reader.honest(name)?;
                found.push((name, a.map(Named::entry).transpose()?, b.map(Named::entry).transpose()?));
            }
        }
        self.reader.count(passed)?;
        Ok(found)
    }
}

/// The entries of a tree as they are stored: the mode, the name and the id of each.
struct Stored<'t> {
    rest: &'t [u8],
}

/// One of them.
struct Named<'t> {
    mode: i32,
    name: &'t [u8],
    id: &'t [u8],
}

impl<'t> Stored<'t> {
    /// The next entry.
    fn next(&mut self) -> Outcome<Option<Named<'t>>> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let found = self.entry().ok_or_else(|| Trouble::Damaged("a tree cannot be read".to_owned()))?;
        Ok(Some(found))
    }

    fn entry(&mut self) -> Option<Named<'t>> {
        let space = self.rest.iter().position(|b| *b == b' ')?;
        let (mode, rest) = self.rest.split_at_checked(space)?;
        let end = rest.iter().position(|b| *b == 0)?;
        let (name, rest) = rest.get(1..)?.split_at_checked(end.checked_sub(1)?)?;
        let (id, rest) = rest.get(1..)?.split_at_checked(20)?;
        self.rest = rest;
        let mode = std::str::from_utf8(mode).ok().and_then(|octal| i32::from_str_radix(octal, 8).ok())?;
        Some(Named { mode, name, id })
    }
}

impl Named<'_> {
    fn entry(self) -> Result<Entry, git2::Error> {
        Ok(Entry { mode: self.mode, id: Oid::from_bytes(self.id)? })
    }

    /// Git's order: a directory stands where its name with a slash would.
    fn order(&self, other: &Self) -> Ordering {
        let end = |of: &Self| is_tree(of.mode).then_some(b'/');
        let letters = |of: &Self| of.name.iter().copied().chain(end(of));
        letters(self).cmp(letters(other))
    }
}

/// An entry as a directory or as anything else.
fn split(entry: Option<Entry>) -> (Option<Entry>, Option<Entry>) {
    (entry.filter(|e| e.is_tree()), entry.filter(|e| !e.is_tree()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(all: &[(&str, &str)]) -> Vec<u8> {
        let entry =
            |(mode, name): &(&str, &str)| [mode.as_bytes(), b" ", name.as_bytes(), &[0], &[7; 20]].concat();
        all.iter().flat_map(entry).collect()
    }

    #[test]
    fn entries_stand_in_gits_order() {
        let bytes = stored(&[("100644", "a.b"), ("40000", "a"), ("100644", "a0"), ("120000", "b")]);
        let mut all = Stored { rest: &bytes };
        let mut found: Vec<Named<'_>> = Vec::new();
        while let Ok(Some(next)) = all.next() {
            assert!(found.last().is_none_or(|last| last.order(&next).is_lt()), "{:?}", next.name);
            found.push(next);
        }
        assert_eq!(found.len(), 4);
        assert!(
            Stored { rest: &bytes[..31] }.next().is_ok() && Stored { rest: &bytes[..30] }.next().is_err()
        );
    }
}
