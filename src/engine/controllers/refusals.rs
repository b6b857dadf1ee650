//! Decides how long a ReplicaSet that the cluster refused is not tried again: a little longer each time, and not while
//! its update is aborted. It never decides what is said of it.

use crate::api::object_name::ObjectName;
use crate::base::duration::doubled;
use crate::logic::rollout::view::Refused;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// Shortest wait after a refusal; it doubles up to [`LONGEST`].
const SHORTEST: Duration = Duration::from_secs(1);
/// Longest wait after refusals.
const LONGEST: Duration = Duration::from_secs(300);

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

/// The ReplicaSets that the cluster refused, by Rollout.
#[derive(Debug, Default)]
pub(super) struct Refusals(BTreeMap<ObjectName, Refusal>);

#[derive(Debug)]
struct Refusal {
    what: Refused,
    times: u32,
    until: Instant,
}

impl Refusals {
    /// What was refused of the Rollout at `name`, if it is not to be tried again at `now`.
    pub(super) fn of(&self, name: &ObjectName, is_aborted: bool, now: Instant) -> Option<Refused> {
        let refusal = self.0.get(name)?;
        (is_aborted || now < refusal.until).then(|| refusal.what.clone())
    }

    /// Notes what a reconcile of the Rollout at `name` has come to; answers when to try again.
    pub(super) fn note(&mut self, name: &ObjectName, creation: Creation, now: Instant) -> Option<Instant> {
        match creation {
            Creation::Open => {
                self.0.remove(name);
                return None;
            }
            Creation::NotTried => {}
            Creation::Refused(what) => {
                let known = self.0.get(name).filter(|r| r.what.hash == what.hash);
                let times = known.map_or(0, |r| r.times);
                let wait = doubled(SHORTEST, times, LONGEST);
                let times = times.saturating_add(1).min(20);
                self.0.insert(name.clone(), Refusal { what, times, until: now + wait });
            }
        }
        self.0.get(name).map(|r| r.until)
    }

    /// Forgets the Rollout at `name`, which is gone.
    pub(super) fn forget(&mut self, name: &ObjectName) {
        self.0.remove(name);
    }

    /// Number of Rollouts that something is remembered of.
    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
