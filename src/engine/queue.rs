//! Decides what is looked at next and when: first come first served, once at a time, later after a failure.
//! It never looks at anything itself.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;
use tokio::time::Instant;

/// Shortest wait after a failure; it doubles up to [`LONGEST`].
const SHORTEST: Duration = Duration::from_millis(5);
/// Longest wait after failures.
const LONGEST: Duration = Duration::from_secs(10);

/// What can be looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// A repository, by its number.
    Source(usize),
    /// A Rollout, by namespace and name.
    Rollout(String, String),
    /// An AnalysisRun, by namespace and name.
    Run(String, String),
    /// A Service that a Rollout manages and none of ours names, by namespace and name.
    Service(String, String),
}

/// Keys waiting to be looked at.
#[derive(Debug, Default)]
pub struct Queue {
    ready: VecDeque<Key>,
    waiting: BTreeSet<Key>,
    running: BTreeSet<Key>,
    again: BTreeSet<Key>,
    timers: BTreeSet<(Instant, Key)>,
    alarms: BTreeMap<Key, Instant>,
    failures: BTreeMap<Key, u32>,
    seed: Option<u64>,
}

impl Queue {
    /// An empty queue. With a seed the next key is picked by chance that repeats, to try other orders.
    #[must_use]
    pub fn new(seed: Option<u64>) -> Self {
        Self { seed: seed.map(|s| s | 1), ..Self::default() }
    }

    /// Wants `key` looked at as soon as may be. While it is being looked at, it is looked at once more after.
    pub fn add(&mut self, key: Key) {
        if self.running.contains(&key) {
            self.again.insert(key);
        } else if self.waiting.insert(key.clone()) {
            self.ready.push_back(key);
        }
    }

    /// Wants `key` looked at at `when`; of several such wishes the earliest counts.
    pub fn add_at(&mut self, key: Key, when: Instant) {
        if let Some(present) = self.alarms.get(&key).copied() {
            if present <= when {
                return;
            }
            self.timers.remove(&(present, key.clone()));
        }
        self.alarms.insert(key.clone(), when);
        self.timers.insert((when, key));
    }

    /// Takes back a wish for a later time.
    pub fn forget_timer(&mut self, key: &Key) {
        if let Some(when) = self.alarms.remove(key) {
            self.timers.remove(&(when, key.clone()));
        }
    }

    /// The next key to look at; it counts as being looked at until [`Queue::done`].
    pub fn take(&mut self) -> Option<Key> {
        let index = match &mut self.seed {
            Some(seed) if self.ready.len() > 1 => {
                *seed ^= *seed << 13;
                *seed ^= *seed >> 7;
                *seed ^= *seed << 17;
                usize::try_from(*seed % self.ready.len() as u64).unwrap_or(0)
            }
            _ => 0,
        };
        let key = self.ready.remove(index)?;
        self.waiting.remove(&key);
        self.running.insert(key.clone());
        Some(key)
    }

    /// Ends a look that went well.
    pub fn done(&mut self, key: &Key) {
        self.failures.remove(key);
        self.finish(key);
    }

    /// Ends a look that failed, to be repeated at the time answered: later after each failure in a row.
    pub fn failed(&mut self, key: &Key, now: Instant) -> Instant {
        let count = self.failures.entry(key.clone()).or_insert(0);
        let wait = SHORTEST.saturating_mul(1_u32.checked_shl(*count).unwrap_or(u32::MAX)).min(LONGEST);
        *count = count.saturating_add(1).min(20);
        let again = self.again.remove(key);
        self.running.remove(key);
        let when = now + wait;
        self.add_at(key.clone(), when);
        if again && *self.failures.get(key).unwrap_or(&0) < 2 {
            self.add(key.clone()); // something changed meanwhile, which may be the cure
        }
        when
    }

    fn finish(&mut self, key: &Key) {
        self.running.remove(key);
        if self.again.remove(key) {
            self.add(key.clone());
        }
    }

    /// Forgets everything about a key that is gone.
    pub fn forget(&mut self, key: &Key) {
        self.failures.remove(key);
        self.forget_timer(key);
    }

    /// When the next timer is due.
    #[must_use]
    pub fn next_timer(&self) -> Option<Instant> {
        self.timers.first().map(|(when, _)| *when)
    }

    /// Moves every key whose time has come into the queue.
    pub fn ring(&mut self, now: Instant) {
        while let Some((when, key)) = self.timers.first().cloned().filter(|(when, _)| *when <= now) {
            self.timers.remove(&(when, key.clone()));
            self.alarms.remove(&key);
            self.add(key);
        }
    }

    /// Number of keys that are waiting or being looked at.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.ready.len() + self.running.len()
    }

    /// Whether nothing is waiting and nothing is being looked at (timers apart).
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.ready.is_empty() && self.running.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(n: &str) -> Key {
        Key::Run("ns".into(), n.into())
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_is_looked_at_once_at_a_time_and_once_more_after_a_change() {
        let mut q = Queue::new(None);
        q.add(run("a"));
        q.add(run("a"));
        assert_eq!(q.take(), Some(run("a")));
        q.add(run("a"));
        assert_eq!(q.take(), None, "it is being looked at");
        q.done(&run("a"));
        assert_eq!(q.take(), Some(run("a")));
        q.done(&run("a"));
        assert!(q.is_idle() && q.take().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn failures_wait_longer_each_time_and_a_success_forgets_them() {
        let mut q = Queue::new(None);
        let now = Instant::now();
        let mut waits = Vec::new();
        for _ in 0..14 {
            q.add(run("a"));
            q.take();
            q.forget_timer(&run("a"));
            waits.push((q.failed(&run("a"), now) - now).as_millis());
        }
        assert_eq!(waits[..4], [5, 10, 20, 40]);
        assert_eq!(waits[13], 10_000);
        q.ring(now + Duration::from_secs(11));
        q.take();
        q.done(&run("a"));
        q.add(run("a"));
        q.take();
        assert_eq!((q.failed(&run("a"), now) - now).as_millis(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn of_several_alarms_the_earliest_rings() {
        let mut q = Queue::new(None);
        let now = Instant::now();
        q.add_at(run("a"), now + Duration::from_secs(5));
        q.add_at(run("a"), now + Duration::from_secs(2));
        q.add_at(run("a"), now + Duration::from_secs(9));
        assert_eq!(q.next_timer(), Some(now + Duration::from_secs(2)));
        q.ring(now + Duration::from_secs(10));
        assert_eq!((q.take(), q.next_timer()), (Some(run("a")), None));
    }
}
