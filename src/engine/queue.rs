//! Decides what is reconciled next and when: first come first served, once at a time, later after a failure.
//! It never reconciles anything itself, and knows nothing of a key that is gone.

use crate::base::duration::doubled;
use crate::engine::metrics::Queues;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;
use tokio::time::Instant;

/// Shortest wait after a failure; it doubles up to [`LONGEST`].
const SHORTEST: Duration = Duration::from_millis(5);
/// Longest wait after failures.
const LONGEST: Duration = Duration::from_secs(10);

/// Who counts, and what the queue of a key is called there.
type Meter<K> = (Queues, fn(&K) -> &'static str);

/// Keys waiting to be reconciled.
#[derive(Debug)]
pub(crate) struct Queue<K> {
    ready: VecDeque<K>,
    /// Since when each of those that are ready waits.
    waiting: BTreeMap<K, Instant>,
    /// Since when each is being reconciled.
    running: BTreeMap<K, Instant>,
    again: BTreeSet<K>,
    timers: BTreeSet<(Instant, K)>,
    alarms: BTreeMap<K, Instant>,
    failures: BTreeMap<K, u32>,
    seed: Option<u64>,
    /// What is counted, under the name that a key's queue has.
    meter: Option<Meter<K>>,
}

impl<K: Clone + Ord> Queue<K> {
    /// An empty queue. With a seed the next key is picked by chance that repeats, to try other orders.
    #[must_use]
    pub(crate) fn new(seed: Option<u64>) -> Self {
        Self {
            ready: VecDeque::new(),
            waiting: BTreeMap::new(),
            running: BTreeMap::new(),
            again: BTreeSet::new(),
            timers: BTreeSet::new(),
            alarms: BTreeMap::new(),
            failures: BTreeMap::new(),
            seed: seed.map(|s| s | 1),
            meter: None,
        }
    }

    /// Has `queues` count, by the name that `name_of` gives a key's queue.
    pub(crate) fn count_in(&mut self, queues: Queues, name_of: fn(&K) -> &'static str) {
        self.meter = Some((queues, name_of));
    }

    fn count(&self, key: &K, count: impl FnOnce(&Queues, &'static str)) {
        if let Some((queues, name_of)) = &self.meter {
            count(queues, name_of(key));
        }
    }

    /// Wants `key` reconciled as soon as may be. While it is being reconciled, it is reconciled once more after.
    pub(crate) fn add(&mut self, key: K) {
        if self.running.contains_key(&key) {
            self.again.insert(key);
        } else if !self.waiting.contains_key(&key) {
            self.line_up(key);
        }
    }

    fn line_up(&mut self, key: K) {
        self.count(&key, Queues::added);
        self.waiting.insert(key.clone(), Instant::now());
        self.ready.push_back(key);
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
        let now = Instant::now();
        let waited = self.waiting.remove(&key).map(|since| now.duration_since(since)).unwrap_or_default();
        self.count(&key, |queues, name| queues.taken(name, waited, now));
        self.running.insert(key.clone(), now);
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
        let again = self.end(key);
        self.count(key, Queues::retried);
        let when = now + wait;
        self.add_at(key.clone(), when);
        if again && *self.failures.get(key).unwrap_or(&0) < 2 {
            self.line_up(key.clone()); // something changed meanwhile, which may be the cure
        }
        when
    }

    fn finish(&mut self, key: &K) {
        if self.end(key) {
            self.line_up(key.clone());
        }
    }

    /// Ends work on `key`; whether it was wanted again meanwhile.
    fn end(&mut self, key: &K) -> bool {
        if let Some(began) = self.running.remove(key) {
            self.count(key, |queues, name| queues.ended(name, began));
        }
        self.again.remove(key)
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

    #[tokio::test(start_paused = true)]
    async fn the_depth_that_is_shown_is_the_number_of_keys_that_wait() {
        let (mut q, queues) = (Queue::new(None), Queues::default());
        q.count_in(queues.clone(), |_| "Things");
        q.add("a");
        for _ in 0..4 {
            assert_eq!(queues.depth("Things"), 1);
            q.take();
            q.add("a");
            let when = q.failed(&"a", Instant::now());
            assert_eq!(queues.depth("Things"), q.ready.len());
            q.ring(when);
        }
        q.take();
        q.add("a");
        q.done(&"a");
        assert_eq!((queues.depth("Things"), q.ready.len()), (1, 1));
    }
}
