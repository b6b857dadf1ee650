//! Decides whether an engine lives: each of its loops is asked to turn once and must do so soon. At rest nothing happens
//! unless somebody asks. It never decides who asks, and never restarts anything.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// How long a loop may take until it turns.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether an engine lives, and whether it is ready. Clones are about the same one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Vitals {
    asked: watch::Sender<u64>,
    loops: Arc<Mutex<BTreeMap<&'static str, watch::Receiver<u64>>>>,
    readiness: Arc<Mutex<Readiness>>,
}

/// Whether an engine is ready.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Readiness {
    /// It does not know the whole cluster yet.
    #[default]
    Starting,
    /// It acts.
    Ready,
    /// It acts as soon as it is its turn.
    StandsBy,
}

/// One loop's part; it counts no more when it is dropped.
#[derive(Debug)]
pub(crate) struct Pulse {
    name: &'static str,
    vitals: Vitals,
    asked: watch::Receiver<u64>,
    turned: watch::Sender<u64>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Vitals {
    /// The part of the loop `name`, which turns from now on.
    #[must_use]
    pub(crate) fn pulse(&self, name: &'static str) -> Pulse {
        let asked = self.asked.subscribe();
        let (turned, seen) = watch::channel(*asked.borrow());
        lock(&self.loops).insert(name, seen);
        Pulse { name, vitals: self.clone(), asked, turned }
    }

    /// The names of loops that do not turn when they are asked to.
    pub(crate) async fn stuck(&self) -> Vec<&'static str> {
        let mut number = 0;
        self.asked.send_modify(|n| {
            *n += 1;
            number = *n;
        });
        let loops = lock(&self.loops).clone();
        let checks = loops.into_iter().map(|(name, mut turned)| async move {
            // One that ended has nothing left to turn for.
            timeout(PATIENCE, turned.wait_for(|n| *n >= number)).await.is_err().then_some(name)
        });
        futures::future::join_all(checks).await.into_iter().flatten().collect()
    }

    /// How ready it is.
    #[must_use]
    pub(crate) fn readiness(&self) -> Readiness {
        *lock(&self.readiness)
    }

    /// It is so ready now.
    pub(crate) fn is(&self, readiness: Readiness) {
        *lock(&self.readiness) = readiness;
    }
}

impl Pulse {
    /// Ends when somebody asks whether the loop turns; that it came to ask for this says that it does.
    pub(crate) async fn beat(&mut self) {
        if self.asked.changed().await.is_err() {
            return std::future::pending().await;
        }
        let number = *self.asked.borrow_and_update();
        self.turned.send_replace(number);
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        let mut loops = lock(&self.vitals.loops);
        if loops.get(self.name).is_some_and(|seen| seen.same_channel(&self.turned.subscribe())) {
            loops.remove(self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_loop_that_turns_lives_and_one_that_does_not_is_named() {
        let vitals = Vitals::default();
        assert!(vitals.stuck().await.is_empty(), "there is no loop yet");
        let mut turning = vitals.pulse("turning");
        let task = tokio::spawn(async move {
            loop {
                turning.beat().await;
            }
        });
        assert!(vitals.stuck().await.is_empty() && vitals.stuck().await.is_empty());
        let hanging = vitals.pulse("hanging");
        assert_eq!(vitals.stuck().await, ["hanging"]);
        drop(hanging);
        assert!(vitals.stuck().await.is_empty(), "it has ended");
        task.abort();
        let _aborted = task.await;
        let anew = vitals.pulse("turning");
        assert_eq!(vitals.stuck().await, ["turning"]);
        drop(anew);
    }
}
