//! History between two commits: all that one descends from and the other does not, fetched only as deep as that takes.
//! It never guesses: a commit that cannot be found is either rewritten, too far back, or cut off, and says so.

use super::contract::Commit;
use super::error::GitError;
use super::object::{Links, id_of};
use super::store::{Store, parsed};
use super::trouble::Outcome;
use crate::api::ids::CommitId;
use git2::{Odb, Oid};
use jiff::Timestamp;
use std::collections::{BTreeMap, BinaryHeap};

/// Commits looked at beyond the last one that could be new, in case clocks have gone wrong.
const CLOCKS_WRONG: usize = 20_000;

/// What lies between two commits, as far as the mirror holds it.
struct Range {
    /// Every commit before its parents.
    commits: Vec<Oid>,
    /// A commit whose parents the mirror lacks.
    gap: Option<Oid>,
    /// Whether the older commit is there and the newer one descends from it.
    is_joined: bool,
}

/// See [`Git::history`](super::contract::Git::history).
pub(super) fn between(store: &Store, head: &CommitId, until: &CommitId, most: usize) -> Outcome<Vec<Commit>> {
    let (head, _) = store.find(head)?;
    let until = parsed("commit", until)?;
    let mut depth = 1;
    loop {
        let range = range(store, head, until)?;
        let too_long = || GitError::TooLong { repo: store.name(), until: id_of(until), most };
        if range.is_joined && range.commits.len() > most {
            return Err(too_long().into());
        }
        if range.is_joined && range.gap.is_none() {
            let commit = |id| -> Outcome<Commit> { Ok(store.raw(id)?.into_commit(id)) };
            return range.commits.into_iter().map(commit).collect();
        }
        // Deep enough to hold `most` commits and `until`; a branch that moved on meanwhile costs a step more.
        depth = depth.max(range.commits.len()).saturating_mul(2);
        let is_enough = depth > most.saturating_add(2).saturating_mul(2);
        if !is_enough && store.deepen(depth)? {
            continue;
        }
        return Err(match range.gap {
            Some(commit) if store.is_cut_off() => {
                GitError::CutOff { repo: store.name(), commit: id_of(commit) }.into()
            }
            Some(_) if is_enough => too_long().into(),
            _ => GitError::Rewritten { repo: store.name(), head: id_of(head), until: id_of(until) }.into(),
        });
    }
}

/// From which of the two commits one is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Reached {
    head: bool,
    until: bool,
}

impl Reached {
    fn and(self, other: Self) -> Self {
        Self { head: self.head || other.head, until: self.until || other.until }
    }

    fn is_new(self) -> bool {
        self.head && !self.until
    }
}

/// One walk from both commits at once, newest first by the clocks, which decide nothing but how soon it ends.
struct Walk<'a> {
    store: &'a Store,
    odb: Odb<'a>,
    seen: BTreeMap<Oid, (Reached, Links)>,
    open: BinaryHeap<(Timestamp, Oid, bool)>,
    /// How many of `open` were reached from the head alone when they came there.
    new: usize,
    /// A commit reached from the head alone whose parents the mirror lacks.
    gap: Option<Oid>,
    /// Whether the mirror lacks parents of commits that are reached from the older one.
    is_cut: bool,
}

impl<'a> Walk<'a> {
    fn new(store: &'a Store) -> Outcome<Self> {
        let (seen, open) = (BTreeMap::new(), BinaryHeap::new());
        Ok(Self { store, odb: store.repo.odb()?, seen, open, new: 0, gap: None, is_cut: false })
    }

    /// Notes that `id` is reached; false when the mirror lacks it.
    fn reach(&mut self, id: Oid, from: Reached) -> Outcome<bool> {
        let before = self.seen.get(&id).map(|(reached, links)| (*reached, links.time));
        let (now, time) = match before {
            Some((reached, _)) if reached.and(from) == reached => return Ok(true),
            Some((reached, time)) => (reached.and(from), time),
            None => {
                let Some(links) = self.store.links(&self.odb, id)? else { return Ok(false) };
                let time = links.time;
                self.seen.insert(id, (from, links));
                (from, time)
            }
        };
        if let Some((reached, _)) = self.seen.get_mut(&id) {
            *reached = now;
        }
        self.new += usize::from(now.is_new());
        self.open.push((time, id, now.is_new()));
        Ok(true)
    }

    /// Walks until nothing new can be found, and then on for as long as clocks that go wrong are worth it.
    fn run(&mut self) -> Outcome<()> {
        let mut on = 0;
        while let Some((_, id, was_new)) = self.open.pop() {
            self.new -= usize::from(was_new);
            let Some((reached, links)) = self.seen.get(&id) else { continue };
            let (reached, parents) = (*reached, links.parents.clone());
            for parent in parents {
                if !self.reach(parent, reached)? {
                    self.is_cut |= reached.until;
                    self.gap = self.gap.or(Some(id).filter(|_| reached.is_new()));
                }
            }
            on = if self.new == 0 { on + 1 } else { 0 };
            if on > CLOCKS_WRONG {
                break;
            }
        }
        Ok(())
    }
}

/// What `head` descends from and `until` does not.
fn range(store: &Store, head: Oid, until: Oid) -> Outcome<Range> {
    let mut walk = Walk::new(store)?;
    walk.reach(head, Reached { head: true, until: false })?;
    walk.reach(until, Reached { head: false, until: true })?;
    walk.run()?;
    let is_joined = walk.seen.get(&until).is_some_and(|(reached, _)| reached.head);
    let (gap, is_cut) = (walk.gap, walk.is_cut);
    let new: BTreeMap<Oid, Links> =
        walk.seen.into_iter().filter(|(_, (r, _))| r.is_new()).map(|(id, (_, links))| (id, links)).collect();
    // A commit beside the line may be an older one's ancestor through commits that the mirror lacks.
    let merge = new.iter().find(|(_, links)| links.parents.len() > 1).map(|(id, _)| *id).filter(|_| is_cut);
    Ok(Range { commits: ordered(new), gap: gap.or(merge), is_joined })
}

/// The commits, each before its parents, otherwise the newest first.
fn ordered(mut all: BTreeMap<Oid, Links>) -> Vec<Oid> {
    let mut children: BTreeMap<Oid, usize> = BTreeMap::new();
    for parent in all.values().flat_map(|links| &links.parents) {
        *children.entry(*parent).or_default() += 1;
    }
    let ready = all.iter().filter(|(id, _)| !children.contains_key(id));
    let mut ready: BinaryHeap<(Timestamp, Oid)> = ready.map(|(id, links)| (links.time, *id)).collect();
    let mut found = Vec::with_capacity(all.len());
    while let Some((_, id)) = ready.pop() {
        let Some(links) = all.remove(&id) else { continue };
        for parent in &links.parents {
            let left = children.get_mut(parent).map(|n| {
                *n -= 1;
                *n
            });
            if let Some(next) = all.get(parent).filter(|_| left == Some(0)) {
                ready.push((next.time, *parent));
            }
        }
        found.push(id);
    }
    found
}
