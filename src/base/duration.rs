//! Decides what a duration text means (Go's and Kubernetes' notation) and how a duration is shown.
//! It never guesses a unit: a text without one is refused.

use std::time::Duration;
use thiserror::Error;

/// Why a text is no duration.
#[derive(Debug, Error, PartialEq, Eq, Clone)]
#[error("time: {what} in duration \"{text}\"; write it like 30s, 5m or 1h30m")]
pub struct BadDuration {
    text: String,
    what: String,
}

/// Reads Go's notation (`1h30m`, `1.5s`, `250ms`, `0`). Negative durations are refused
/// (source: Go's time/format.go, `ParseDuration`).
///
/// ```
/// use std::time::Duration;
/// use switchback_base::duration::{human, parse_go};
/// assert_eq!(parse_go("1h30m")?, Duration::from_secs(5400));
/// assert_eq!(human(parse_go("90m")?), "90m");
/// assert!(parse_go("10").is_err());
/// # Ok::<(), switchback_base::duration::BadDuration>(())
/// ```
///
/// # Errors
/// A missing or unknown unit, no digits, or more than 2^63 nanoseconds.
pub fn parse_go(text: &str) -> Result<Duration, BadDuration> {
    let bad = |what: &str| BadDuration { text: text.to_owned(), what: what.to_owned() };
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    if rest.is_empty() || rest.starts_with('-') {
        return Err(bad("invalid value"));
    }
    let mut nanos: f64 = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let value: f64 = number.parse().map_err(|_| bad("invalid number"))?;
        let unit_end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let factor = match unit {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            "" => return Err(bad("missing unit")),
            other => return Err(bad(&format!("unknown unit \"{other}\""))),
        };
        nanos += value * factor;
        rest = tail;
    }
    if nanos >= 9.223_372_036_854_775e18 {
        return Err(bad("value out of range"));
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // bounded just above, never negative
    Ok(Duration::from_nanos(nanos.round() as u64))
}

/// Shows a duration as Kubernetes shows ages: the largest unit, and a second one only while it tells something
/// (source: apimachinery's pkg/util/duration/duration.go, `HumanDuration`).
///
/// `12s`, `3m5s`, `10m`, `2h30m`, `3d4h`, `12d`.
#[must_use]
pub fn human(duration: Duration) -> String {
    let s = duration.as_secs();
    let two = |big: u64, big_unit: &str, small: u64, small_unit: &str| {
        if small == 0 { format!("{big}{big_unit}") } else { format!("{big}{big_unit}{small}{small_unit}") }
    };
    match s {
        0..120 => format!("{s}s"),
        120..600 => two(s / 60, "m", s % 60, "s"),
        600..10_800 => format!("{}m", s / 60),
        10_800..28_800 => two(s / 3600, "h", s % 3600 / 60, "m"),
        28_800..172_800 => format!("{}h", s / 3600),
        172_800..691_200 => two(s / 86_400, "d", s % 86_400 / 3600, "h"),
        691_200..63_072_000 => format!("{}d", s / 86_400),
        _ => two(s / 31_536_000, "y", s % 31_536_000 / 86_400, "d"),
    }
}

/// The wait after `failures` in a row: `first` after none before, twice as long after each, at most `longest`.
///
/// ```
/// use std::time::Duration;
/// use switchback_base::duration::doubled;
/// let wait = |failures| doubled(Duration::from_secs(1), failures, Duration::from_secs(300)).as_secs();
/// assert_eq!([wait(0), wait(3), wait(99)], [1, 8, 300]);
/// ```
#[must_use]
pub fn doubled(first: Duration, failures: u32, longest: Duration) -> Duration {
    first.saturating_mul(1_u32.checked_shl(failures).unwrap_or(u32::MAX)).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_notation() {
        assert_eq!(parse_go("1h30m"), Ok(Duration::from_secs(5400)));
        assert_eq!(parse_go("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(parse_go("0"), Ok(Duration::ZERO));
        for bad in ["", "10", "-1s", "60s-typo", "1z", ".", "s"] {
            assert!(parse_go(bad).is_err(), "{bad}");
        }
        assert!(parse_go("1z").unwrap_err().to_string().contains("unknown unit \"z\""));
    }

    #[test]
    fn ages_as_kubectl_prints_them() {
        let shown = |s| human(Duration::from_secs(s));
        assert_eq!(
            [5, 119, 125, 180, 700, 7199, 12_000, 100_000, 200_000, 1_000_000].map(shown),
            ["5s", "119s", "2m5s", "3m", "11m", "119m", "3h20m", "27h", "2d7h", "11d"]
        );
    }
}
