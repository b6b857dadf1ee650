//! Decides which moment a date text means, by a Go layout or by the layouts that `date()` tries in turn.
//! It never decides how a moment is written.

use super::fault::Fault;
use super::fault::moment::{MomentFault, Unread};
use super::time::pieces;
use super::value::Value;
use jiff::{Zoned, civil::DateTime, tz::Offset, tz::TimeZone};

/// The layouts that `date(text)` tries, in this order.
const LAYOUTS: &[&str] = &[
    "2006-01-02",
    "15:04:05",
    "2006-01-02 15:04:05",
    "2006-01-02T15:04:05Z07:00",
    "02 Jan 06 15:04 MST",
    "Monday, 02-Jan-06 15:04:05 MST",
    "Mon, 02 Jan 2006 15:04:05 MST",
];

/// The time zone called `name`, from the system's time zone database, as `timezone()` and the third argument of `date()` name it.
///
/// # Errors
/// `unknown time zone X`.
pub(super) fn zone(name: &str) -> Result<TimeZone, MomentFault> {
    match name {
        "" | "UTC" => Ok(TimeZone::UTC),
        _ => TimeZone::get(name).map_err(|_| MomentFault::Zone(name.to_owned())),
    }
}

/// `date([zone,] text [, layout [, zone]])` (source: builtin/builtin.go, `date`).
///
/// # Errors
/// A text that is no date, an unknown zone, and arguments of other types.
pub(super) fn date(args: &[Value]) -> Result<Value, Fault> {
    let (own_zone, args) = match args {
        [Value::Zone(zone), rest @ ..] => ((**zone).clone(), rest),
        _ => (TimeZone::UTC, args),
    };
    let text_of = |value: &Value| match value {
        Value::Text(t) => Ok(t.to_string()),
        other => Err(other.not_a("string")),
    };
    let (text, layout, zone_name) = match args {
        [text] => (text_of(text)?, None, None),
        [text, layout] => (text_of(text)?, Some(text_of(layout)?), None),
        [text, layout, zone] => (text_of(text)?, Some(text_of(layout)?), Some(text_of(zone)?)),
        _ => return Err(MomentFault::DateArguments.into()),
    };
    let zone = zone_name.map_or(Ok(own_zone), |name| zone(&name))?;
    let found = match layout {
        Some(layout) => parse(&text, &layout, &zone)?,
        None => LAYOUTS
            .iter()
            .find_map(|layout| parse(&text, layout, &zone).ok())
            .ok_or(MomentFault::Date(text))?,
    };
    Ok(Value::Time(Box::new(found)))
}

/// What has been read of a date so far.
struct Parts {
    year: i16,
    month: i8,
    day: i8,
    hour: i8,
    minute: i8,
    second: i8,
    nanos: i32,
    afternoon: Option<bool>,
    offset: Option<i32>,
}

fn parse(text: &str, layout: &str, zone: &TimeZone) -> Result<Zoned, MomentFault> {
    let mut parts = Parts {
        year: 0,
        month: 1,
        day: 1,
        hour: 0,
        minute: 0,
        second: 0,
        nanos: 0,
        afternoon: None,
        offset: None,
    };
    let mut rest = text;
    let unfit = |rest: &str, piece: &str| {
        MomentFault::Unread(Box::new(Unread {
            text: text.to_owned(),
            layout: layout.to_owned(),
            rest: rest.to_owned(),
            piece: piece.to_owned(),
        }))
    };
    for (is_piece, piece) in pieces(layout) {
        rest = if is_piece {
            read(&mut parts, &piece, rest).ok_or_else(|| unfit(rest, &piece))?
        } else {
            rest.strip_prefix(piece.as_str()).ok_or_else(|| unfit(rest, &piece))?
        };
        if piece.ends_with('5') && piece != "15" {
            rest = read_fraction(&mut parts, rest);
        }
    }
    if !rest.is_empty() {
        return Err(MomentFault::Extra { text: text.to_owned(), rest: rest.to_owned() });
    }
    finish(&parts, zone).map_err(|what| MomentFault::OutOfRange { text: text.to_owned(), what })
}

fn finish(parts: &Parts, zone: &TimeZone) -> Result<Zoned, &'static str> {
    let hour = match parts.afternoon {
        Some(true) if parts.hour < 12 => parts.hour + 12,
        Some(false) if parts.hour == 12 => 0,
        _ => parts.hour,
    };
    for (what, value, range) in [
        ("month", parts.month, 1..=12),
        ("hour", hour, 0..=23),
        ("minute", parts.minute, 0..=59),
        ("second", parts.second, 0..=59),
    ] {
        if !range.contains(&value) {
            return Err(what);
        }
    }
    let at = DateTime::new(parts.year, parts.month, parts.day, hour, parts.minute, parts.second, parts.nanos);
    let zone = match parts.offset {
        Some(0) => TimeZone::UTC,
        Some(seconds) => TimeZone::fixed(Offset::from_seconds(seconds).map_err(|_| "time zone offset")?),
        None => zone.clone(),
    };
    at.and_then(|at| at.to_zoned(zone)).map_err(|_| "day")
}

fn digits(rest: &str, least: usize, most: usize) -> Option<(i32, &str)> {
    let count = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let (number, tail) = rest.split_at_checked(count)?;
    if count < least { None } else { Some((number.parse().ok()?, tail)) }
}

fn named(rest: &str, short: bool, name: impl Fn(i8) -> &'static str, max: i8) -> Option<(i8, &str)> {
    (0..=max).find_map(|n| {
        let full = name(n);
        let word = if short { full.get(..3)? } else { full };
        let head = rest.get(..word.len())?;
        head.eq_ignore_ascii_case(word).then(|| rest.get(word.len()..).map(|tail| (n, tail)))?
    })
}

/// Reads one piece of a layout off `rest` and hands out what follows it.
fn read<'a>(parts: &mut Parts, piece: &str, rest: &'a str) -> Option<&'a str> {
    let small = |found: Option<(i32, &'a str)>| found.and_then(|(n, t)| Some((i8::try_from(n).ok()?, t)));
    let two = || small(digits(rest, 2, 2));
    let loose = || small(digits(rest, 1, 2));
    let mut put = |place: fn(&mut Parts) -> &mut i8, found: Option<(i8, &'a str)>| {
        found.map(|(n, tail)| {
            *place(parts) = n;
            tail
        })
    };
    match piece {
        "2006" => {
            let (year, tail) = digits(rest, 4, 4)?;
            parts.year = i16::try_from(year).ok()?;
            Some(tail)
        }
        "06" => {
            let (year, tail) = digits(rest, 2, 2)?;
            parts.year = i16::try_from(if year >= 69 { 1900 + year } else { 2000 + year }).ok()?;
            Some(tail)
        }
        "01" => put(|p| &mut p.month, two()),
        "1" => put(|p| &mut p.month, loose()),
        "January" => put(|p| &mut p.month, named(rest, false, super::time::month_name, 12)),
        "Jan" => put(|p| &mut p.month, named(rest, true, super::time::month_name, 12)),
        "Monday" => named(rest, false, super::time::weekday_name, 6).map(|(_, tail)| tail),
        "Mon" => named(rest, true, super::time::weekday_name, 6).map(|(_, tail)| tail),
        "02" => put(|p| &mut p.day, two()),
        "_2" => put(|p| &mut p.day, small(digits(rest.trim_start_matches(' '), 1, 2))),
        "2" => put(|p| &mut p.day, loose()),
        "15" => put(|p| &mut p.hour, two()),
        "03" => put(|p| &mut p.hour, two()),
        "3" => put(|p| &mut p.hour, loose()),
        "04" => put(|p| &mut p.minute, two()),
        "4" => put(|p| &mut p.minute, loose()),
        "05" => put(|p| &mut p.second, two()),
        "5" => put(|p| &mut p.second, loose()),
        "PM" | "pm" => {
            let half = rest.get(..2)?;
            let (am, pm) = if piece == "PM" { ("AM", "PM") } else { ("am", "pm") };
            parts.afternoon = Some(if half == pm { true } else { (half == am).then_some(false)? });
            rest.get(2..)
        }
        "MST" => read_zone_name(parts, rest),
        "Z07:00" | "Z0700" if rest.starts_with('Z') => {
            parts.offset = Some(0);
            rest.strip_prefix('Z')
        }
        "Z07:00" | "-07:00" => read_offset(parts, rest, true),
        "Z0700" | "-0700" => read_offset(parts, rest, false),
        fraction if fraction.starts_with(['.', ',']) => Some(read_fraction(parts, rest)),
        _ => None,
    }
}

fn read_offset<'a>(parts: &mut Parts, rest: &'a str, colon: bool) -> Option<&'a str> {
    let sign = if rest.starts_with('-') { -1 } else { 1 };
    let (hours, tail) = digits(rest.strip_prefix(['+', '-'])?, 2, 2)?;
    let (minutes, tail) = digits(if colon { tail.strip_prefix(':')? } else { tail }, 2, 2)?;
    parts.offset = Some(sign * (hours * 3600 + minutes * 60));
    Some(tail)
}

/// A zone's abbreviation: three or four capitals. Go gives unknown ones the offset zero, and so does this.
fn read_zone_name<'a>(parts: &mut Parts, rest: &'a str) -> Option<&'a str> {
    let count = rest.bytes().take(5).take_while(u8::is_ascii_uppercase).count();
    let (_, tail) = rest.split_at_checked(count)?;
    if !(3..=4).contains(&count) {
        return None;
    }
    parts.offset = Some(0);
    Some(tail)
}

/// Digits of a second after a point are read even where the layout names none.
fn read_fraction<'a>(parts: &mut Parts, rest: &'a str) -> &'a str {
    let Some(tail) = rest.strip_prefix(['.', ',']) else { return rest };
    let count = tail.bytes().take_while(u8::is_ascii_digit).count();
    let Some((number, after)) = tail.split_at_checked(count).filter(|(n, _)| !n.is_empty()) else {
        return rest;
    };
    let nine: String = number.chars().chain(std::iter::repeat('0')).take(9).collect();
    parts.nanos = nine.parse().unwrap_or(0);
    after
}
