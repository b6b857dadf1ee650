//! Decides which methods times, durations, months and zones have, and what they answer.
//! It never asks what time it is.

use super::ops;
use super::time::{format, show, show_duration, weekday};
use super::types::Type;
use super::value::Value;
use jiff::{Zoned, tz::TimeZone};

/// A method: of which type, its name with and without that type, what it takes and gives.
pub(super) struct Method {
    on: Type,
    /// The name that stands for it among functions, such as `Time.Year`.
    pub(super) name: &'static str,
    pub(super) takes: &'static [Type],
    pub(super) gives: Type,
}

const fn method(on: Type, name: &'static str, takes: &'static [Type], gives: Type) -> Method {
    Method { on, name, takes, gives }
}

const METHODS: &[Method] = &[
    method(Type::Time, "Time.Year", &[], Type::Int),
    method(Type::Time, "Time.Month", &[], Type::Month),
    method(Type::Time, "Time.Day", &[], Type::Int),
    method(Type::Time, "Time.Hour", &[], Type::Int),
    method(Type::Time, "Time.Minute", &[], Type::Int),
    method(Type::Time, "Time.Second", &[], Type::Int),
    method(Type::Time, "Time.Nanosecond", &[], Type::Int),
    method(Type::Time, "Time.YearDay", &[], Type::Int),
    method(Type::Time, "Time.Weekday", &[], Type::Weekday),
    method(Type::Time, "Time.Unix", &[], Type::Int64),
    method(Type::Time, "Time.UnixMilli", &[], Type::Int64),
    method(Type::Time, "Time.UnixMicro", &[], Type::Int64),
    method(Type::Time, "Time.UnixNano", &[], Type::Int64),
    method(Type::Time, "Time.UTC", &[], Type::Time),
    method(Type::Time, "Time.String", &[], Type::Text),
    method(Type::Time, "Time.IsZero", &[], Type::Bool),
    method(Type::Time, "Time.Before", &[Type::Time], Type::Bool),
    method(Type::Time, "Time.After", &[Type::Time], Type::Bool),
    method(Type::Time, "Time.Equal", &[Type::Time], Type::Bool),
    method(Type::Time, "Time.Sub", &[Type::Time], Type::Duration),
    method(Type::Time, "Time.Add", &[Type::Duration], Type::Time),
    method(Type::Time, "Time.In", &[Type::Zone], Type::Time),
    method(Type::Time, "Time.Format", &[Type::Text], Type::Text),
    method(Type::Duration, "Duration.Hours", &[], Type::Float),
    method(Type::Duration, "Duration.Minutes", &[], Type::Float),
    method(Type::Duration, "Duration.Seconds", &[], Type::Float),
    method(Type::Duration, "Duration.Milliseconds", &[], Type::Int64),
    method(Type::Duration, "Duration.Microseconds", &[], Type::Int64),
    method(Type::Duration, "Duration.Nanoseconds", &[], Type::Int64),
    method(Type::Duration, "Duration.Abs", &[], Type::Duration),
    method(Type::Duration, "Duration.String", &[], Type::Text),
    method(Type::Month, "Month.String", &[], Type::Text),
    method(Type::Weekday, "Weekday.String", &[], Type::Text),
    method(Type::Zone, "Location.String", &[], Type::Text),
];

/// The method `name` of the type `on`.
pub(super) fn find(on: &Type, name: &str) -> Option<&'static Method> {
    METHODS.iter().find(|m| m.on == *on && m.name.split_once('.').is_some_and(|(_, own)| own == name))
}

/// The method with this full name.
pub(super) fn by_name(full: &str) -> Option<&'static Method> {
    METHODS.iter().find(|m| m.name == full)
}

/// Calls a method of a time or a duration; `None` if it has no such method or takes other arguments.
pub(super) fn call(base: &Value, name: &str, args: &[Value]) -> Option<Value> {
    match (base, args) {
        (Value::Time(at), []) => time_method(at, name),
        (Value::Time(at), [Value::Time(other)]) => {
            let (a, b) = (at.timestamp(), other.timestamp());
            match name {
                "Before" => Some(Value::Bool(a < b)),
                "After" => Some(Value::Bool(a > b)),
                "Equal" => Some(Value::Bool(a == b)),
                "Sub" => ops::arithmetic(base, "-", args.first()?).ok(),
                _ => None,
            }
        }
        (Value::Time(_), [Value::Duration(_)]) if name == "Add" => {
            ops::arithmetic(base, "+", args.first()?).ok()
        }
        (Value::Time(at), [Value::Zone(zone)]) if name == "In" => {
            Some(Value::Time(Box::new(at.with_time_zone((**zone).clone()))))
        }
        (Value::Time(at), [Value::Text(layout)]) if name == "Format" => {
            Some(Value::text(&format(at, layout)))
        }
        (Value::Duration(nanos), []) => duration_method(*nanos, name),
        (Value::Month(_) | Value::Weekday(_) | Value::Zone(_), []) if name == "String" => {
            Some(Value::text(&base.show()))
        }
        _ => None,
    }
}

fn time_method(at: &Zoned, name: &str) -> Option<Value> {
    Some(match name {
        "Year" => Value::Int(at.year().into()),
        "Month" => Value::Month(at.month()),
        "Day" => Value::Int(at.day().into()),
        "Hour" => Value::Int(at.hour().into()),
        "Minute" => Value::Int(at.minute().into()),
        "Second" => Value::Int(at.second().into()),
        "Nanosecond" => Value::Int(at.subsec_nanosecond().into()),
        "YearDay" => Value::Int(at.day_of_year().into()),
        "Weekday" => Value::Weekday(weekday(at)),
        "Unix" => Value::Int64(at.timestamp().as_second()),
        "UnixMilli" => Value::Int64(at.timestamp().as_millisecond()),
        "UnixMicro" => Value::Int64(at.timestamp().as_microsecond()),
        "UnixNano" => Value::Int64(i64::try_from(at.timestamp().as_nanosecond()).unwrap_or(i64::MIN)),
        "UTC" => Value::Time(Box::new(at.with_time_zone(TimeZone::UTC))),
        "String" => Value::text(&show(at)),
        "IsZero" => Value::Bool(at.timestamp().as_second() == -62_135_596_800),
        _ => return None,
    })
}

#[allow(clippy::cast_precision_loss)] // Go answers in floating point too
fn duration_method(nanos: i64, name: &str) -> Option<Value> {
    Some(match name {
        "Hours" => Value::Float(nanos as f64 / 3.6e12),
        "Minutes" => Value::Float(nanos as f64 / 6e10),
        "Seconds" => Value::Float(nanos as f64 / 1e9),
        "Milliseconds" => Value::Int64(nanos / 1_000_000),
        "Microseconds" => Value::Int64(nanos / 1_000),
        "Nanoseconds" => Value::Int64(nanos),
        "Abs" => Value::Duration(nanos.saturating_abs()),
        "String" => Value::text(&show_duration(nanos)),
        _ => return None,
    })
}
