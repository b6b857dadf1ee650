//! Decides how long a watch waits after a failure: twice as long each time, until it works again.
//! It never draws lots: what spreads the waits of several kinds comes from their names, so that a run replays.

use crate::base::digest::sha256_hex;
use std::time::Duration;
use tokio::time::Instant;

/// Shortest and longest wait after a failure.
const WAITS: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(30));
/// A watch that has gone on for as long as this without failing works, though it brought nothing (source: kube,
/// kube-runtime/src/watcher.rs, `DefaultBackoff`, which forgets failures after 120 s).
const WORKS_AFTER: Duration = Duration::from_secs(120);

/// The waits of one watch.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    /// By how many 1024th the waits are shortened, 0 to 255: at most a quarter.
    less: u32,
    next: Duration,
    /// When the last wait ended.
    resumed: Option<Instant>,
}

impl Backoff {
    /// The waits of the watch for `kind`.
    #[must_use]
    pub(crate) fn new(kind: &str) -> Self {
        let digest = sha256_hex(kind.as_bytes());
        let less = digest.get(..2).and_then(|hex| u32::from_str_radix(hex, 16).ok()).unwrap_or_default();
        Self { less, next: WAITS.0, resumed: None }
    }

    /// The watch works: a list was completed, or a change came in.
    pub(crate) fn works(&mut self) {
        self.next = WAITS.0;
    }

    /// The watch failed at `now`: how long to wait before it is tried again.
    pub(crate) fn fails(&mut self, now: Instant) -> Duration {
        if self.resumed.is_some_and(|at| now.saturating_duration_since(at) >= WORKS_AFTER) {
            self.works();
        }
        // Shortened, not lengthened, so that the longest wait is kept.
        let wait = self.next - self.next * self.less / 1024;
        self.next = (self.next * 2).min(WAITS.1);
        self.resumed = Some(now + wait);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn waits_double_up_to_the_longest_and_replay() {
        let waits = |kind: &str| {
            let mut backoff = Backoff::new(kind);
            let now = Instant::now();
            (0..12).map(|_| backoff.fails(now)).collect::<Vec<_>>()
        };
        let of_rollouts = waits("Rollout");
        assert_eq!(of_rollouts, waits("Rollout"), "nothing is drawn by lot");
        assert_ne!(of_rollouts, waits("Service"), "kinds do not fall due together");
        assert!(of_rollouts.windows(2).all(|pair| pair[0] <= pair[1]));
        assert!(of_rollouts[0] >= WAITS.0 * 3 / 4 && of_rollouts[0] <= WAITS.0);
        assert!(of_rollouts[11] >= WAITS.1 * 3 / 4 && of_rollouts[11] <= WAITS.1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_watch_that_works_or_lived_long_begins_anew() {
        let mut backoff = Backoff::new("Rollout");
        let first = backoff.fails(Instant::now());
        let second = backoff.fails(Instant::now());
        assert!(second > first);
        backoff.works();
        assert_eq!(backoff.fails(Instant::now()), first);
        tokio::time::advance(WORKS_AFTER * 2).await;
        assert_eq!(backoff.fails(Instant::now()), first, "a quiet kind's watch is no failing one");
    }
}
