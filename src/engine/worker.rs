//! Decides how many reconciles run side by side, and that each ends: one that panics is a failure of its own key and
//! of nothing else. It never decides what a reconcile does.

use crate::engine::queue::Queue;
use std::any::Any;
use std::future::Future;
use tokio::task::{Id, JoinSet};
use tokio::time::Instant;

/// Keys, and the reconciles under way for some of them.
pub(crate) struct Worker<K, T> {
    /// Which key is next, and when.
    pub(crate) queue: Queue<K>,
    running: JoinSet<T>,
    /// What each of them is for: a few, so a list does.
    keys: Vec<(Id, K)>,
    at_once: usize,
}

/// How a reconcile ended.
#[derive(Debug)]
pub(crate) enum End<T> {
    /// With what it came to.
    Done(T),
    /// It panicked, with these words.
    Panicked(String),
}

impl<K: Clone + Ord + Send + 'static, T: Send + 'static> Worker<K, T> {
    /// A worker for at most `at_once` reconciles; with a seed it takes keys in an order by chance that repeats.
    #[must_use]
    pub(crate) fn new(at_once: usize, seed: Option<u64>) -> Self {
        Self { queue: Queue::new(seed), running: JoinSet::new(), keys: Vec::new(), at_once }
    }

    /// The next key to start, if one may be started.
    pub(crate) fn take(&mut self) -> Option<K> {
        if self.running.len() < self.at_once { self.queue.take() } else { None }
    }

    /// Starts `work` for `key`, which was taken; its timer is spent.
    pub(crate) fn start(&mut self, key: K, work: impl Future<Output = T> + Send + 'static) {
        self.queue.forget_timer(&key);
        let id = self.running.spawn(work).id();
        self.keys.push((id, key));
    }

    /// Ends `key`, which was taken and is gone.
    pub(crate) fn forget(&mut self, key: &K) {
        self.queue.done(key);
        self.queue.forget(key);
    }

    /// The next reconcile that ends; none while none is under way. The key stays taken until the queue is told.
    pub(crate) async fn ended(&mut self) -> Option<(K, End<T>)> {
        let (id, end) = match self.running.join_next_with_id().await? {
            Ok((id, came)) => (id, End::Done(came)),
            Err(error) => {
                let id = error.id();
                let words = error.try_into_panic().map_or_else(|e| e.to_string(), |p| words_of(p.as_ref()));
                (id, End::Panicked(words))
            }
        };
        let at = self.keys.iter().position(|(started, _)| *started == id)?;
        Some((self.keys.swap_remove(at).1, end))
    }

    /// Lets what is under way end until `deadline`, and then ends it.
    pub(crate) async fn wind_down(&mut self, deadline: Instant) {
        let all = async { while self.running.join_next().await.is_some() {} };
        let _in_time = tokio::time::timeout_at(deadline, all).await;
        self.running.abort_all();
    }
}

/// What a panic says.
pub(crate) fn words_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|t| (*t).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without words".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_reconcile_that_panics_fails_its_own_key_and_the_others_live_on() {
        let mut worker: Worker<&str, u32> = Worker::new(2, None);
        let mut seen = Vec::new();
        worker.queue.add("bad");
        worker.queue.add("good");
        for round in 0..2 {
            while let Some(key) = worker.take() {
                worker.start(
                    key,
                    async move { if key == "bad" && round == 0 { panic!("no {key}") } else { 7 } },
                );
            }
            while let Some((key, end)) = worker.ended().await {
                match &end {
                    End::Done(_) => worker.queue.done(&key),
                    End::Panicked(_) => drop(worker.queue.failed(&key, Instant::now())),
                }
                seen.push(format!("{round} {key} {end:?}"));
            }
            worker.queue.ring(Instant::now() + std::time::Duration::from_secs(1));
        }
        seen.sort();
        assert_eq!(seen, ["0 bad Panicked(\"no bad\")", "0 good Done(7)", "1 bad Done(7)"]);
        assert!(worker.queue.remembered() == 0 && worker.keys.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_run_at_once_than_may() {
        let mut worker: Worker<u32, ()> = Worker::new(2, None);
        (0..5).for_each(|n| worker.queue.add(n));
        let mut started = 0;
        while let Some(key) = worker.take() {
            worker.start(key, std::future::pending());
            started += 1;
        }
        assert_eq!(started, 2);
        worker.wind_down(Instant::now()).await;
    }
}
