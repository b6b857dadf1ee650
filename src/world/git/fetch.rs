//! Fetching: the branch's head one commit deep, and more of its history when somebody asks for it.
//! It never fetches other branches, tags or submodules, and never moves what is tracked while deepening.

use super::error::GitError;
use super::object::{Links, RawCommit, id_of};
use super::store::{Store, parsed};
use super::transport::wire;
use super::trouble::Outcome;
use crate::api::ids::CommitId;
use git2::{AutotagOption, Direction, FetchOptions, Oid};
use std::collections::BTreeSet;

/// Where the tip is kept from which the history was deepened last.
const DEEPENED: &str = "refs/switchback/deepened";

/// How far a walk along parents got.
pub(super) struct Reach {
    /// The commits seen.
    pub seen: BTreeSet<Oid>,
    /// Whether a parent is missing in the mirror.
    pub gap: bool,
}

impl Store {
    /// Brings the branch up to date in this very mirror.
    pub(super) fn fetch_into(&self) -> Outcome<Oid> {
        let head = match &self.local {
            Some(local) => local.head(&self.call.upstream)?,
            None => self.fetch_from_afar()?,
        };
        // Damage must show here, where it can be repaired, and not in the middle of something else.
        self.raw(head)?;
        self.track(head)?;
        Ok(head)
    }

    fn fetch_from_afar(&self) -> Outcome<Oid> {
        let known = self.tracked()?;
        let mut remote = self.repo.remote_anonymous(wire::URL)?;
        let refname = self.call.upstream.refname();
        wire::connected(&self.call, || {
            let mut connection = remote.connect_auth(Direction::Fetch, None, None)?;
            let offer = self.call.offer();
            let Some(head) = offer.branches.get(&self.call.upstream.branch) else { return Ok(()) };
            if known == Some(*head) {
                return Ok(());
            }
            let depth = if offer.shallow { 1 } else { 0 };
            connection.remote().fetch(&[format!("+{refname}:{refname}")], Some(&mut options(depth)), None)
        })?;
        let mut branches = self.call.offer().branches;
        let head = branches.remove(&self.call.upstream.branch);
        let missing =
            || GitError::no_branch(&self.name(), &self.call.upstream.branch, branches.into_keys().collect());
        Ok(head.ok_or_else(missing)?)
    }

    /// The commit a caller names, looked for within the limits of depth.
    pub(super) fn find(&self, commit: &CommitId) -> Outcome<(Oid, RawCommit)> {
        let id = parsed("commit", commit)?;
        if !self.has(id)? && !self.deepen_for(&[id])? {
            return Err(self.unknown(commit));
        }
        Ok((id, self.raw(id)?))
    }

    /// Where the commit stands that a caller names, looked for in the same way.
    pub(super) fn find_links(&self, commit: &CommitId) -> Outcome<(Oid, Links)> {
        let (id, odb) = (parsed("commit", commit)?, self.repo.odb()?);
        let found = match self.links(&odb, id)? {
            None if self.deepen_for(&[id])? => self.links(&odb, id)?,
            found => found,
        };
        Ok((id, found.ok_or_else(|| self.unknown(commit))?))
    }

    /// `parent`, which `child` names as its parent, fetched if need be.
    pub(super) fn parent(&self, child: Oid, parent: Oid) -> Outcome<RawCommit> {
        if self.has(parent)? || self.deepen_for(&[parent])? {
            return self.raw(parent);
        }
        Err(match self.is_cut_off() {
            true => GitError::CutOff { repo: self.name(), commit: id_of(child) }.into(),
            false => self.unknown(&parent.to_string()),
        })
    }

    /// Deepens the history until the mirror holds all of `wanted`; false when they are out of reach.
    pub(super) fn deepen_for(&self, wanted: &[Oid]) -> Outcome<bool> {
        let mut depth = 1;
        loop {
            let odb = self.repo.odb()?;
            if wanted.iter().all(|id| odb.exists(*id)) {
                return Ok(true);
            }
            depth *= 2;
            if depth > self.call.upstream.limits.depth.max(2) * 2 || !self.deepen(depth)? {
                return Ok(false);
            }
        }
    }

    /// Fetches the branch `depth` commits deep; false when there is nothing more to fetch.
    pub(super) fn deepen(&self, depth: usize) -> Outcome<bool> {
        let Some(tip) = self.tracked()? else { return Ok(false) };
        if self.local.is_some() || !self.reach(tip)?.gap {
            return Ok(false);
        }
        let refname = self.call.upstream.refname();
        let mut remote = self.repo.remote_anonymous(wire::URL)?;
        let depth = i32::try_from(depth).unwrap_or(i32::MAX);
        wire::connected(&self.call, || {
            let mut connection = remote.connect_auth(Direction::Fetch, None, None)?;
            let offer = self.call.offer();
            if !offer.branches.contains_key(&self.call.upstream.branch) {
                return Ok(());
            }
            let depth = if offer.shallow { depth } else { 0 };
            connection.remote().fetch(&[format!("+{refname}:{DEEPENED}")], Some(&mut options(depth)), None)
        })?;
        Ok(true)
    }

    /// Every commit the mirror holds that `tip` descends from, `tip` included.
    pub(super) fn reach(&self, tip: Oid) -> Outcome<Reach> {
        let mut reach = Reach { seen: BTreeSet::new(), gap: false };
        let (mut waiting, odb) = (vec![tip], self.repo.odb()?);
        while let Some(id) = waiting.pop() {
            if reach.seen.contains(&id) {
                continue;
            }
            let Some(links) = self.links(&odb, id)? else {
                reach.gap = true;
                continue;
            };
            reach.seen.insert(id);
            waiting.extend(links.parents);
        }
        Ok(reach)
    }
}

/// What to fetch: one branch, `depth` commits of it (0 for all), and nothing else.
fn options(depth: i32) -> FetchOptions<'static> {
    let mut options = FetchOptions::new();
    options.depth(depth).download_tags(AutotagOption::None).update_fetchhead(false);
    options
}
