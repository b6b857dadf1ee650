//! Decides how long a repository is left alone after it could not be asked: longer after each failure in a row, spread
//! by chance that is given, as long as its server asks for, and long when it does not accept our credentials.
//! It never reads a clock and never asks again itself.

use crate::base::duration::doubled;
use std::time::Duration;

/// Wait after the first failure; it doubles with each.
const SHORTEST: Duration = Duration::from_millis(500);
/// The longest that a wait grows to, unless repositories are asked less often anyway.
const LONGEST: Duration = Duration::from_secs(60);
/// Wait after the first refusal of our credentials. Servers lock accounts that knock more often.
const REFUSED: Duration = Duration::from_secs(300);
/// The longest wait after refusals, and the longest that a server is believed to mean when it asks us to wait.
const HOUR: Duration = Duration::from_secs(3600);

/// What came of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// No answer, or one that another time may be better.
    Passing,
    /// The server does not accept our credentials; the same will hardly be accepted the next time.
    Refused,
    /// The server asks to be left alone for this long.
    Asked(Duration),
}

/// How long to wait after the failure of this number in a row (0 is the first). `interval` is how often a healthy
/// repository is asked; `chance` spreads those that failed at the same moment, over the second half of the wait.
#[must_use]
pub(crate) fn wait(trouble: Trouble, failures: u32, interval: Duration, chance: u64) -> Duration {
    let (first, longest) = match trouble {
        Trouble::Passing => (SHORTEST, LONGEST.max(interval)),
        Trouble::Refused => (REFUSED, HOUR),
        // Not a moment sooner than it asked for, and not all at once.
        Trouble::Asked(time) => {
            let asked = time.min(HOUR);
            return asked + share(asked.min(LONGEST) / 4, chance) + Duration::from_millis(1);
        }
    };
    let doubled = doubled(first, failures, longest);
    doubled / 2 + share(doubled / 2, chance)
}

/// The part of `time` that `chance` picks.
fn share(time: Duration, chance: u64) -> Duration {
    time.mul_f64(f64::from(u32::try_from(mixed(chance) >> 32).unwrap_or(0)) / f64::from(u32::MAX))
}

/// A number in which every bit depends on every bit of `seed` (source: Steele, Lea, Flood, "Fast splittable
/// pseudorandom number generators", `mix64`).
fn mixed(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF_MINUTE: Duration = Duration::from_secs(30);

    #[test]
    fn waits_double_up_to_a_minute_or_to_the_interval() {
        let bounds = |failures: u32, interval: Duration| {
            let all: Vec<Duration> =
                (0..200).map(|chance| wait(Trouble::Passing, failures, interval, chance)).collect();
            (all.iter().min().copied().unwrap(), all.iter().max().copied().unwrap())
        };
        for (failures, whole) in [(0, 500), (1, 1000), (2, 2000), (7, 60_000), (500, 60_000)] {
            let (least, most) = bounds(failures, HALF_MINUTE);
            let whole = Duration::from_millis(whole);
            assert!(least >= whole / 2 && most <= whole, "{failures}: {least:?} {most:?}");
            assert!(most - least > whole / 3, "{failures}: they are spread");
        }
        assert!(
            bounds(500, HOUR).0 >= HOUR / 2,
            "who is asked every hour is not asked more often when it fails"
        );
    }

    #[test]
    fn the_same_chance_gives_the_same_wait() {
        let of = |chance| wait(Trouble::Passing, 3, HALF_MINUTE, chance);
        assert_eq!(of(7), of(7));
        assert_ne!(of(7), of(8));
    }

    #[test]
    fn a_server_that_asks_to_wait_is_asked_no_sooner_and_credentials_rest_for_minutes() {
        for chance in 0..100 {
            let asked = wait(Trouble::Asked(HALF_MINUTE), 9, HALF_MINUTE, chance);
            assert!(asked > HALF_MINUTE && asked < HALF_MINUTE * 2, "{asked:?}");
            let never = wait(Trouble::Asked(Duration::MAX), 0, HALF_MINUTE, chance);
            assert!(never >= HOUR && never < HOUR * 2, "{never:?}");
            let refused = wait(Trouble::Refused, 0, HALF_MINUTE, chance);
            assert!(refused >= Duration::from_secs(150) && refused <= REFUSED, "{refused:?}");
            assert!(wait(Trouble::Refused, 10, HALF_MINUTE, chance) >= HOUR / 2);
        }
    }
}
