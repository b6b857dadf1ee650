//! Decides what is reconciled next and when: first come first served, once at a time, later after a failure.
//! It never reconciles anything itself, and knows nothing of a key that is gone.

use crate::base::duration::doubled;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;
use tokio::time::Instant;

/// Shortest wait after a failure; it doubles up to [`LONGEST`].
const SHORTEST: Duration = Duration::from_millis(5);
/// Longest wait after failures.
const LONGEST: Duration = Duration::from_secs(10);

/// Keys waiting to be reconciled.
#[derive(Debug)]
pub(crate) struct Queue<K> {
    ready: VecDeque<K>,
    waiting: BTreeSet<K>,
    running: BTreeSet<K>,
    again: BTreeSet<K>,
    timers: BTreeSet<(Instant, K)>,
    alarms: BTreeMap<K, Instant>,
    failures: BTreeMap<K, u32>,
    seed: Option<u64>,
}

impl<K: Clone + Ord> Queue<K> {
    /// An empty queue. With a seed the next key is picked by chance that repeats, to try other orders.
    #[must_use]
    pub(crate) fn new(seed: Option<u64>) -> Self {
        Self {
            ready: VecDeque::new(),
            waiting: BTreeSet::new(),
            running: BTreeSet::new(),
            again: BTreeSet::new(),
            timers: BTreeSet::new(),
            alarms: BTreeMap::new(),
            failures: BTreeMap::new(),
            seed: seed.map(|s| s | 1),
        }
    }

    /// Wants `key` reconciled as soon as may be. While it is being reconciled, it is reconciled once more after.
    pub(crate) fn add(&mut self, key: K) {
        if self.running.contains(&key) {
            self.again.insert(key);
        } else if self.waiting.insert(key.clone()) {
            self.ready.push_back(key);
        }
    }

    /// Wants `key` reconciled at `when`; of several such wishes the earliest counts.
    pub(crate) fn add_at(&mut self, key: K, when: Instant) {
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
    pub(crate) fn forget_timer(&mut self, key: &K) {
        if let Some(when) = self.alarms.remove(key) {
            self.timers.remove(&(when, key.clone()));
        }
    }

    /// The next key; it counts as being reconciled until [`Queue::done`].
    pub(crate) fn take(&mut self) -> Option<K> {
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

    /// Ends a reconcile that went well.
    pub(crate) fn done(&mut self, key: &K) {
        self.failures.remove(key);
        self.finish(key);
    }

    /// Ends a reconcile that failed, to be repeated at the time answered: later after each failure in a row.
    pub(crate) fn failed(&mut self, key: &K, now: Instant) -> Instant {
        let count = self.failures.entry(key.clone()).or_insert(0);
        let wait = doubled(SHORTEST, *count, LONGEST);
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

    fn finish(&mut self, key: &K) {
        self.running.remove(key);
        if self.again.remove(key) {
            self.add(key.clone());
        }
    }

    /// Forgets everything about a key that is gone.
    pub(crate) fn forget(&mut self, key: &K) {
        self.failures.remove(key);
        self.forget_timer(key);
    }

    /// Ends when the next timer is due; never without one.
    pub(crate) fn alarm(&self) -> impl Future<Output = ()> + use<K> {
        let timer = self.next_timer();
        async move {
            match timer {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        }
    }

    /// When the next timer is due.
    #[must_use]
    fn next_timer(&self) -> Option<Instant> {
        self.timers.first().map(|(when, _)| *when)
    }

    /// Moves every key whose time has come into the queue.
    pub(crate) fn ring(&mut self, now: Instant) {
        while let Some((when, key)) = self.timers.first().cloned().filter(|(when, _)| *when <= now) {
            self.timers.remove(&(when, key.clone()));
            self.alarms.remove(&key);
            self.add(key);
        }
    }

    /// Number of keys that something is remembered of.
    #[cfg(test)]
    pub(crate) fn remembered(&self) -> usize {
        self.ready.len() + self.running.len() + self.again.len() + self.alarms.len() + self.failures.len()
    }

    /// Whether the last reconcile of `key` failed, so that it is repeated.
    #[must_use]
    pub(crate) fn is_failing(&self, key: &K) -> bool {
        self.failures.contains_key(key)
    }

    /// Whether nothing is waiting and nothing is being reconciled (timers apart).
    #[must_use]
    pub(crate) fn is_idle(&self) -> bool {
        self.ready.is_empty() && self.running.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_key_is_reconciled_once_at_a_time_and_once_more_after_a_change() {
        let mut q = Queue::new(None);
        q.add("a");
        q.add("a");
        assert_eq!(q.take(), Some("a"));
        q.add("a");
        assert_eq!(q.take(), None, "it is being reconciled");
        q.done(&"a");
        assert_eq!(q.take(), Some("a"));
        q.done(&"a");
        assert!(q.is_idle() && q.take().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn failures_wait_longer_each_time_and_a_success_forgets_them() {
        let mut q = Queue::new(None);
        let now = Instant::now();
        let mut waits = Vec::new();
        for _ in 0..14 {
            q.add("a");
            q.take();
            q.forget_timer(&"a");
            waits.push((q.failed(&"a", now) - now).as_millis());
        }
        assert_eq!(waits[..4], [5, 10, 20, 40]);
        assert_eq!(waits[13], 10_000);
        q.ring(now + Duration::from_secs(11));
        q.take();
        q.done(&"a");
        q.add("a");
        q.take();
        assert_eq!((q.failed(&"a", now) - now).as_millis(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn of_several_alarms_the_earliest_rings() {
        let mut q = Queue::new(None);
        let now = Instant::now();
        q.add_at("a", now + Duration::from_secs(5));
        q.add_at("a", now + Duration::from_secs(2));
        q.add_at("a", now + Duration::from_secs(9));
        assert_eq!(q.next_timer(), Some(now + Duration::from_secs(2)));
        q.ring(now + Duration::from_secs(10));
        assert_eq!((q.take(), q.next_timer()), (Some("a"), None));
    }
}
