//! Decides whether a repository that failed is asked again by now, and whether that has gone on for so long that people
//! should hear of it. How long it is left alone is `logic::backoff`; it never asks it itself.

use crate::engine::delivery::error::DeliverError;
use crate::logic::backoff::{self, Trouble};
use crate::world::git::{Git, GitError};
use std::time::Duration;
use tokio::time::Instant;

/// How often it is looked whether credentials that were refused are others by now.
const LOOK: Duration = Duration::from_secs(10);
/// How long a repository fails before it counts as stalled.
const LONG: Duration = Duration::from_secs(120);

/// A repository that failed when it was asked last.
#[derive(Debug)]
pub(crate) struct Away {
    since: Instant,
    failures: u32,
    until: Instant,
    /// The credentials that were refused, if it was that.
    refused: Option<String>,
}

impl Away {
    /// What is known after `error` at `now`, when `before` was known; none where Git is not what failed. `chance`
    /// spreads what failed together.
    #[must_use]
    pub(crate) fn after(
        before: Option<&Self>,
        error: &DeliverError,
        git: &dyn Git,
        interval: Option<Duration>,
        chance: u64,
        now: Instant,
    ) -> Option<Self> {
        let DeliverError::Git(error) = error else { return None };
        let failures = before.map_or(0, |b| b.failures.saturating_add(1));
        let trouble = match error {
            GitError::Throttled { after, .. } => Trouble::Asked(*after),
            error if error.refuses_credentials() => Trouble::Refused,
            _ => Trouble::Passing,
        };
        let chance = chance.wrapping_add(u64::from(failures));
        let wait = backoff::wait(trouble, failures, interval.unwrap_or_default(), chance);
        let refused = (trouble == Trouble::Refused).then(|| git.credentials());
        Some(Self { since: before.map_or(now, |b| b.since), failures, until: now + wait, refused })
    }

    /// Until when it is left alone; none when it may be asked. Other credentials are tried at once.
    #[must_use]
    pub(crate) fn rests(&self, git: &dyn Git, now: Instant) -> Option<Instant> {
        let is_renewed = self.refused.as_ref().is_some_and(|refused| *refused != git.credentials());
        if now >= self.until || is_renewed {
            return None;
        }
        Some(if self.refused.is_some() { self.until.min(now + LOOK) } else { self.until })
    }

    /// When it is to be looked at again.
    #[must_use]
    pub(crate) fn look_at(&self, now: Instant) -> Instant {
        if self.refused.is_some() { self.until.min(now + LOOK) } else { self.until }
    }

    /// It may be asked at once: somebody says that it has moved.
    pub(crate) fn end_rest(&mut self, now: Instant) {
        self.until = now;
    }

    /// Whether it has failed for long, or fails in a way that only a person mends.
    #[must_use]
    pub(crate) fn is_stalled(&self, now: Instant) -> bool {
        self.refused.is_some() || now.duration_since(self.since) >= LONG
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::git::{Credentials, Mirror, Options, Secret};

    const INTERVAL: Option<Duration> = Some(Duration::from_secs(30));

    fn error(of: fn(String, String) -> GitError) -> DeliverError {
        of("r".to_owned(), "w".to_owned()).into()
    }

    #[tokio::test(start_paused = true)]
    async fn refused_credentials_rest_for_minutes_and_new_ones_are_tried_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let token = folder.path().join("token");
        std::fs::write(&token, "old").unwrap();
        let mut options = Options::new("https://example.com/shop.git", "main", folder.path());
        options.credentials = Credentials::Bearer(Secret::File(token.clone()));
        let (git, now) = (Mirror::open(options).unwrap(), Instant::now());
        let refused = error(|repo, why| GitError::Unauthorized { repo, why });
        let away = Away::after(None, &refused, &git, INTERVAL, 7, now).unwrap();
        assert_eq!(away.rests(&git, now), Some(now + LOOK), "it is looked at the file, not asked");
        assert!(away.rests(&git, now + Duration::from_secs(149)).is_some() && away.is_stalled(now));
        assert!(away.rests(&git, now + Duration::from_secs(300)).is_none());
        std::fs::write(&token, "new").unwrap();
        assert_eq!(away.rests(&git, now), None);
    }

    #[tokio::test(start_paused = true)]
    async fn failures_in_a_row_wait_longer_and_count_as_stalled_after_a_while() {
        let git = Mirror::open(Options::new("https://example.com/shop.git", "main", "/m")).unwrap();
        let passing = error(|repo, why| GitError::Unreachable { repo, why, source: None });
        let (start, mut now, mut asked) = (Instant::now(), Instant::now(), 0);
        let mut away: Option<Away> = None;
        while now < start + Duration::from_secs(600) {
            away = Away::after(away.as_ref(), &passing, &git, INTERVAL, 7, now);
            asked += 1;
            now = away.as_ref().unwrap().look_at(now);
        }
        let mut away = away.unwrap();
        assert!((12..30).contains(&asked), "{asked} times in ten minutes");
        assert!(away.is_stalled(now) && !away.is_stalled(start + LONG - LOOK));
        away.end_rest(now);
        assert_eq!(away.rests(&git, now), None, "it has moved");
        let throttled =
            GitError::Throttled { repo: "r".into(), why: "w".into(), after: Duration::from_secs(90) };
        let away = Away::after(None, &throttled.into(), &git, INTERVAL, 7, now).unwrap();
        assert!(away.rests(&git, now + Duration::from_secs(90)).is_some());
    }
}
