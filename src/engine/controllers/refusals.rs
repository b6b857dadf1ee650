//! Decides how long a write that the cluster refused is not tried again: a little longer each time; a ReplicaSet also not
//! while its update is aborted. It never decides what is said of it.

use crate::api::object_name::ObjectName;
use crate::base::duration::doubled;
use crate::logic::rollout::view::{Denied, Refused};
use crate::world::cluster::ClusterError;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// Shortest wait after a refusal; it doubles up to a longest one.
const SHORTEST: Duration = Duration::from_secs(1);
/// Longest wait for a ReplicaSet that is not made.
const LONGEST: Duration = Duration::from_secs(300);
/// Longest wait for any other write: a way back may depend on it.
const LONGEST_OF_OTHERS: Duration = Duration::from_secs(30);

/// What has become of the ReplicaSet of a Rollout's template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Creation {
    /// It is there, or nobody knows.
    #[default]
    Open,
    /// The cluster has just refused to make it.
    Refused(Refused),
    /// The cluster refused to make it, and it was not tried again.
    NotTried,
}

/// What has become of the other writes of a decision.
#[derive(Clone, Debug, Default)]
pub(crate) enum Writes {
    /// None is denied.
    #[default]
    Open,
    /// The cluster has just denied this one.
    Denied(Denied, Box<ClusterError>),
    /// One is denied that was not tried again, or it did not come to that.
    NotTried,
}

/// What follows from what has become of a decision's writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Next {
    /// When to try what is denied again.
    pub(super) again: Option<Instant>,
    /// Whether what is denied is another than before, so that there may be another decision now.
    pub(super) has_changed: bool,
    /// Whether this is the first time that this write is denied.
    pub(super) is_new: bool,
}

/// What the cluster refused, by Rollout.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    creations: BTreeMap<ObjectName, Refusal<Refused>>,
    writes: BTreeMap<ObjectName, Vec<Refusal<Denied>>>,
}

#[derive(Debug)]
struct Refusal<T> {
    what: T,
    times: u32,
    until: Instant,
}

impl<T> Refusal<T> {
    /// The refusal of `what` at `now`, after so many.
    fn new(what: T, times: u32, now: Instant, longest: Duration) -> Self {
        let until = now + doubled(SHORTEST, times, longest);
        Self { what, times: times.saturating_add(1).min(20), until }
    }
}

impl Refusals {
    /// What was refused of the Rollout at `name`, if it is not to be tried again at `now`.
    pub(super) fn of(&self, name: &ObjectName, is_aborted: bool, now: Instant) -> Option<Refused> {
        let refusal = self.creations.get(name)?;
        (is_aborted || now < refusal.until).then(|| refusal.what.clone())
    }

    /// The denied writes of the Rollout at `name`, with whether it is too early at `now` to try each again.
    pub(super) fn denied(&self, name: &ObjectName, now: Instant) -> Vec<Denied> {
        let all = self.writes.get(name).into_iter().flatten();
        all.map(|refusal| Denied { is_early: now < refusal.until, ..refusal.what.clone() }).collect()
    }

    /// Notes what a reconcile of the Rollout at `name` has come to; answers when to try again.
    pub(super) fn note(&mut self, name: &ObjectName, creation: Creation, now: Instant) -> Option<Instant> {
        match creation {
            Creation::Open => {
                self.creations.remove(name);
                return None;
            }
            Creation::NotTried => {}
            Creation::Refused(what) => {
                let known = self.creations.get(name).filter(|r| r.what.hash == what.hash);
                let times = known.map_or(0, |r| r.times);
                self.creations.insert(name.clone(), Refusal::new(what, times, now, LONGEST));
            }
        }
        self.creations.get(name).map(|r| r.until)
    }

    /// Notes what has become of the other writes of a reconcile of the Rollout at `name`.
    pub(super) fn note_writes(&mut self, name: &ObjectName, writes: Writes, now: Instant) -> Next {
        match writes {
            Writes::Open => Next { has_changed: self.writes.remove(name).is_some(), ..Next::default() },
            Writes::NotTried => {
                let all = self.writes.get(name).into_iter().flatten();
                let later = all.map(|r| r.until).filter(|until| *until > now); // nobody wants the others any more
                Next { again: later.min(), ..Next::default() }
            }
            Writes::Denied(what, _) => {
                let all = self.writes.entry(name.clone()).or_default();
                let known = all.iter().position(|r| r.what.is_about_the_same(&what));
                let times =
                    all.iter().filter(|r| r.what.waits_with(&what)).map(|r| r.times).max().unwrap_or(0);
                let before = known.map(|at| all.swap_remove(at));
                all.push(Refusal::new(what, times, now, LONGEST_OF_OTHERS));
                Next { again: None, has_changed: true, is_new: before.is_none() }
            }
        }
    }

    /// Forgets the Rollout at `name`, which is gone.
    pub(super) fn forget(&mut self, name: &ObjectName) {
        self.creations.remove(name);
        self.writes.remove(name);
    }

    /// Number of Rollouts that something is remembered of.
    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.creations.len() + self.writes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logic::rollout::view::Aim;

    #[test]
    fn pods_that_are_denied_one_after_the_other_wait_longer_each_time() {
        let (mut refusals, name, mut now) =
            (Refusals::default(), ObjectName::new("shop", "web"), Instant::now());
        let mut waits = Vec::new();
        for pod in ["a", "b", "c", "a"] {
            let aim = Aim::Spec(serde_json::Value::Null);
            let (kind, why) = ("Pod".to_owned(), "no".to_owned());
            let denied =
                Denied { kind, name: pod.to_owned(), aim, grows: false, why, is_early: false, waits: false };
            refusals.note_writes(&name, Writes::Denied(denied, Box::new(ClusterError::NotLeader)), now);
            let until = refusals.note_writes(&name, Writes::NotTried, now).again.unwrap();
            waits.push((until - now).as_secs());
            now = until;
        }
        assert_eq!(waits, [1, 2, 4, 8]);
        assert_eq!(refusals.denied(&name, now).len(), 3);
    }

    #[test]
    fn a_refusal_holds_longer_each_time_and_as_long_as_the_update_is_aborted() {
        let (mut refusals, name, now) = (Refusals::default(), ObjectName::new("shop", "web"), Instant::now());
        let refused = |hash: &str| Refused { hash: hash.to_owned(), why: "no".to_owned() };
        let mut wait =
            |hash: &str| refusals.note(&name, Creation::Refused(refused(hash)), now).unwrap() - now;
        let waits: Vec<u64> = (0..10).map(|_| wait("a").as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]);
        assert_eq!(wait("b").as_secs(), 1, "another template");
        let later = now + Duration::from_secs(1);
        assert!(refusals.of(&name, false, now).is_some() && refusals.of(&name, false, later).is_none());
        assert_eq!(refusals.of(&name, true, later), Some(refused("b")));
        assert_eq!(refusals.note(&name, Creation::NotTried, later), Some(later));
        assert_eq!(refusals.note(&name, Creation::Open, later), None);
        assert_eq!(refusals.remembered(), 0);
    }

    #[test]
    fn a_denied_write_is_waited_with_whatever_it_is_for_and_forgotten_once_nothing_is_denied() {
        let (mut refusals, name, now) = (Refusals::default(), ObjectName::new("shop", "web"), Instant::now());
        let denied = |name: &str, aim: Aim| {
            let (kind, name, why) = ("ReplicaSet".to_owned(), name.to_owned(), "no".to_owned());
            let denied = Denied { kind, name, aim, grows: false, why, is_early: false, waits: false };
            Writes::Denied(denied, Box::new(ClusterError::NotLeader))
        };
        let mut waits = Vec::new();
        for aim in [Aim::Create, Aim::Delete].into_iter().cycle().take(7) {
            assert!(refusals.note_writes(&name, denied("a", aim), now).has_changed);
            waits.push((refusals.note_writes(&name, Writes::NotTried, now).again.unwrap() - now).as_secs());
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
        assert!(refusals.note_writes(&name, denied("b", Aim::Delete), now).is_new);
        let later = now + Duration::from_secs(1);
        let early: Vec<bool> = refusals.denied(&name, later).iter().map(|denied| denied.is_early).collect();
        assert_eq!(early, [true, false]);
        let again = refusals.note_writes(&name, Writes::NotTried, later).again;
        assert_eq!(again, Some(now + Duration::from_secs(30)), "b is not wanted any more, and a is");
        assert!(refusals.note_writes(&name, Writes::Open, later).has_changed);
        assert_eq!(refusals.note_writes(&name, Writes::Open, later), Next::default());
        assert_eq!(refusals.remembered(), 0);
    }
}
