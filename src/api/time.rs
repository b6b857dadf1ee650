//! Decides how a moment is written on the wire: RFC 3339, whole seconds, UTC.
//! It never reads a clock.

use jiff::{Timestamp, Unit};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;

/// A moment as Kubernetes' `metav1.Time` keeps it: seconds are the finest unit
/// (source: apimachinery's pkg/apis/meta/v1/time.go, `MarshalJSON`).
///
/// ```
/// use switchback_api::time::Time;
/// let at = Time::parse("2026-01-31T14:00:00.9+02:00").expect("a moment");
/// assert_eq!(at.to_string(), "2026-01-31T12:00:00Z");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(Timestamp);

impl Time {
    /// The whole second that `at` lies in.
    #[must_use]
    pub fn of(at: Timestamp) -> Self {
        Self(Timestamp::from_second(at.as_second()).unwrap_or(at))
    }

    /// The moment itself.
    #[must_use]
    pub fn at(self) -> Timestamp {
        self.0
    }

    /// This moment plus whole seconds; the end of time when that is beyond it.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Timestamp {
        jiff::SignedDuration::try_from_secs_f64(seconds as f64)
            .ok()
            .and_then(|d| self.0.checked_add(d).ok())
            .unwrap_or(Timestamp::MAX)
    }

    /// Reads RFC 3339; none when the text is no moment.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.parse::<Timestamp>().ok().map(Self::of)
    }
}

impl std::fmt::Display for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let whole = self.0.round(Unit::Second).unwrap_or(self.0);
        write!(f, "{whole}")
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format!("{text:?} is no time; write it like 2026-01-31T12:00:00Z"))
        })
    }
}

impl JsonSchema for Time {
    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "date-time"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_cut_not_rounded() {
        let t = Time::of("2026-01-02T03:04:05.999Z".parse().unwrap());
        assert_eq!(t.to_string(), "2026-01-02T03:04:05Z");
        assert_eq!(serde_json::to_string(&t).unwrap(), "\"2026-01-02T03:04:05Z\"");
        assert_eq!(Time::of(t.plus_seconds(60)).to_string(), "2026-01-02T03:05:05Z");
    }

    #[test]
    fn other_offsets_are_read_and_words_are_refused() {
        assert_eq!(Time::parse("2026-01-02T05:04:05+02:00").unwrap().to_string(), "2026-01-02T03:04:05Z");
        assert!(serde_json::from_str::<Time>("\"soon\"").unwrap_err().to_string().contains("write it like"));
    }
}
