//! How long a server asks to be left alone: seconds or a date in `Retry-After`.
//! It never waits, and never reads a clock: a date counts from the server's own.

use http::header::{DATE, HeaderMap, RETRY_AFTER};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use std::time::Duration;

/// How long the server asks to be left alone; none when it does not ask (source: RFC 9110, 10.2.3).
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let moment = |text: &str| rfc2822::DateTimeParser::new().parse_timestamp(text).ok();
    let now: Timestamp = moment(headers.get(DATE)?.to_str().ok()?)?;
    Some(Duration::try_from(moment(text)?.duration_since(now)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates_are_read_and_nonsense_is_not() {
        let of = |after: &'static str, date: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, after.parse().unwrap());
            headers.insert(DATE, date.parse().unwrap());
            retry_after(&headers).map(|d| d.as_secs())
        };
        let now = "Wed, 21 Oct 2026 07:28:00 GMT";
        assert_eq!(of("120", now), Some(120));
        assert_eq!(of("Wed, 21 Oct 2026 07:29:30 GMT", now), Some(90));
        assert_eq!(of("Wed, 21 Oct 2026 07:00:00 GMT", now), Some(0), "it is past");
        assert_eq!(of("soon", now), None);
        assert_eq!(of("Wed, 21 Oct 2026 07:29:30 GMT", "today"), None);
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
