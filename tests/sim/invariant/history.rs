//! Decides whether Git only ever moves forward, to a tree that was good, and stays there.
//! It never decides which commits have to go back.

use super::Invariant;
use crate::repo::Files;
use crate::world::{Seen, World, place, wanted_hash};
use std::collections::{BTreeMap, BTreeSet};

/// 14: what we push is one commit on top of the branch; it reverts none of our own reverts, no commit twice, and
/// with nobody's later commits in between its tree is the last one that was good.
#[derive(Default)]
pub struct RevertIsForward {
    head: String,
    trees: BTreeMap<String, Files>,
    parents: BTreeMap<String, String>,
    ours: BTreeSet<String>,
    reverted: BTreeSet<String>,
}

fn reverts(message: &str) -> Vec<String> {
    let words = "This reverts commit ";
    message.match_indices(words).map(|(at, _)| message[at + words.len()..][..40].to_owned()).collect()
}

impl Invariant for RevertIsForward {
    fn name(&self) -> &'static str {
        "14 Git moves forward, back to the good tree, once"
    }

    fn check(&mut self, _: &World, seen: &Seen<'_>) -> Result<(), String> {
        let Seen::Pushed { by_us, commit, files } = seen else { return Ok(()) };
        let head = std::mem::replace(&mut self.head, commit.id.to_string());
        self.trees.insert(commit.id.to_string(), (*files).clone());
        let parent = commit.parents.first().map(|p| p.to_string()).unwrap_or_default();
        self.parents.insert(commit.id.to_string(), parent.clone());
        if !by_us {
            return Ok(());
        }
        self.ours.insert(commit.id.to_string());
        if parent != head {
            return Err(format!("{} is not on top of {head}", commit.id));
        }
        let back = reverts(&commit.message);
        if let Some(own) = back.iter().find(|c| self.ours.contains(*c)) {
            return Err(format!("{} reverts our own revert {own}", commit.id));
        }
        if let Some(twice) = back.iter().find(|c| !self.reverted.insert((*c).clone())) {
            return Err(format!("{twice} is reverted twice"));
        }
        // the commits that go back are the newest of the branch, without a gap: the tree before them is the good one
        let mut last = parent;
        while back.contains(&last) {
            last = self.parents.get(&last).cloned().unwrap_or_default();
        }
        let newest = back.iter().all(|c| self.parents.get(c).is_some_and(|p| *p == last || back.contains(p)));
        if newest && !back.is_empty() && self.trees.get(&last) != Some(*files) {
            return Err(format!("the tree of {} is not that of {last}", commit.id));
        }
        Ok(())
    }
}

/// 14: what went back is not brought to the cluster again, until somebody pushes something.
#[derive(Default)]
pub struct BadIsNotAppliedAgain {
    bad: BTreeMap<String, String>,
}

impl Invariant for BadIsNotAppliedAgain {
    fn name(&self) -> &'static str {
        "14 what went back is not applied again"
    }

    fn check(&mut self, world: &World, seen: &Seen<'_>) -> Result<(), String> {
        match seen {
            Seen::Pushed { by_us: true, .. } => {
                for rollout in world.all("Rollout") {
                    let stable = rollout.pointer("/status/stableRS").and_then(|s| s.as_str());
                    let hash = wanted_hash(rollout);
                    if stable != Some(hash.as_str()) {
                        self.bad.insert(place(rollout), hash);
                    }
                }
            }
            Seen::Pushed { by_us: false, .. } => self.bad.clear(),
            Seen::Store { kind: "Rollout", object, before: Some(before), .. } => {
                let Some(bad) = self.bad.get(&place(object)) else { return Ok(()) };
                let hash = wanted_hash(object);
                if hash == *bad && wanted_hash(before) != hash {
                    return Err(format!("{} is at {hash} again", place(object)));
                }
            }
            _ => {}
        }
        Ok(())
    }
}
