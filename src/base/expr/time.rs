//! Decides how Go writes times, and how it writes and reads durations.
//! It never asks what time it is.

use super::fault::moment::MomentFault;
use jiff::{Zoned, civil::Weekday, tz::TimeZone};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// The English name of month 1 to 12.
pub(super) fn month_name(month: i8) -> &'static str {
    let place = usize::try_from(month).ok().and_then(|m| m.checked_sub(1));
    place.and_then(|m| MONTHS.get(m)).copied().unwrap_or("%!Month(0)")
}

/// The English name of a day, 0 is Sunday.
pub(super) fn weekday_name(day: i8) -> &'static str {
    usize::try_from(day).ok().and_then(|d| DAYS.get(d)).copied().unwrap_or("%!Weekday(7)")
}

/// A duration in Go's notation: `1h30m0s`, `1.5s`, `250ms`, `0s`.
#[allow(clippy::integer_division)]
pub(super) fn show_duration(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let size = nanos.unsigned_abs();
    let unit = |per: u64, name: &str| {
        let (whole, part) = (size / per, size % per);
        let digits = per.to_string().len() - 1;
        let part = format!("{part:0digits$}");
        let part = part.trim_end_matches('0');
        let point = if part.is_empty() { "" } else { "." };
        format!("{sign}{whole}{point}{part}{name}")
    };
    match size {
        0 => return "0s".to_owned(),
        1..1_000 => return format!("{nanos}ns"),
        1_000..1_000_000 => return unit(1_000, "µs"),
        1_000_000..1_000_000_000 => return unit(1_000_000, "ms"),
        _ => {}
    }
    let (hours, minutes) = (size / 3_600_000_000_000, size / 60_000_000_000 % 60);
    let seconds = size % 60_000_000_000;
    let part = format!("{:09}", seconds % 1_000_000_000);
    let part = part.trim_end_matches('0');
    let point = if part.is_empty() { "" } else { "." };
    let seconds = format!("{}{point}{part}s", seconds / 1_000_000_000);
    match (hours, minutes) {
        (0, 0) => format!("{sign}{seconds}"),
        (0, m) => format!("{sign}{m}m{seconds}"),
        (h, m) => format!("{sign}{h}h{m}m{seconds}"),
    }
}

/// Reads `time.ParseDuration`'s notation, negative ones included, into nanoseconds.
///
/// # Errors
/// Go's text for what is no duration.
pub(super) fn parse_duration(text: &str) -> Result<i64, MomentFault> {
    let invalid = || MomentFault::Duration(text.to_owned());
    let body = text.strip_prefix(['-', '+']).unwrap_or(text);
    let mut rest = body;
    let mut nanos: f64 = 0.0;
    let mut whole: i128 = 0;
    if rest.is_empty() {
        return Err(invalid());
    }
    while !rest.is_empty() && body != "0" {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let unit_end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let (int, part) = number.split_once('.').unwrap_or((number, ""));
        if (int.is_empty() && part.is_empty()) || part.contains('.') {
            return Err(invalid());
        }
        let factor: i64 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            "" => return Err(MomentFault::MissingUnit(text.to_owned())),
            other => {
                return Err(MomentFault::UnknownUnit { unit: other.to_owned(), text: text.to_owned() });
            }
        };
        let int: i128 = if int.is_empty() { 0 } else { int.parse().map_err(|_| invalid())? };
        whole = int.checked_mul(i128::from(factor)).and_then(|n| n.checked_add(whole)).ok_or_else(invalid)?;
        #[allow(clippy::cast_precision_loss)] // a fraction of a unit, at most 3.6e12
        if let Ok(fraction) = format!("0.{part}0").parse::<f64>() {
            nanos += (fraction * factor as f64).floor();
        }
        rest = tail;
    }
    #[allow(clippy::cast_possible_truncation)] // below one hour for each of the units
    let total = whole + nanos as i128;
    let signed = if text.starts_with('-') { -total } else { total };
    i64::try_from(signed).map_err(|_| invalid())
}

/// The time as Go's `%v` prints it: `2023-08-14 00:00:00 +0200 CEST`.
pub(super) fn show(at: &Zoned) -> String {
    format(at, "2006-01-02 15:04:05.999999999 -0700 MST")
}

/// The pieces that a Go layout is made of, longest first where one begins like another.
const PIECES: &[&str] = &[
    "January",
    "Jan",
    "Monday",
    "Mon",
    "MST",
    "2006",
    "-07:00:00",
    "-07:00",
    "-0700",
    "-07",
    "Z07:00",
    "Z0700",
    "002",
    "01",
    "02",
    "03",
    "04",
    "05",
    "06",
    "15",
    "PM",
    "pm",
    "_2",
    "1",
    "2",
    "3",
    "4",
    "5",
];

/// Splits a layout into pieces and the text between them; a fraction of a second is a piece of its own.
pub(super) fn pieces(layout: &str) -> Vec<(bool, String)> {
    let mut out: Vec<(bool, String)> = Vec::new();
    let mut rest = layout;
    while let Some(c) = rest.chars().next() {
        let fraction = rest.strip_prefix(['.', ',']).map(|tail| {
            let run = |d: char| tail.len() - tail.trim_start_matches(d).len();
            run('0').max(run('9'))
        });
        let digit_follows =
            |n: usize| rest.get(n + 1..).is_some_and(|t| t.starts_with(|c: char| c.is_ascii_digit()));
        let after_second = out.last().is_some_and(|(is_piece, p)| *is_piece && (p == "05" || p == "5"));
        let length = match fraction {
            Some(n) if n > 0 && after_second && !digit_follows(n) => n + 1,
            _ => PIECES.iter().find(|p| rest.starts_with(**p)).map_or(0, |p| p.len()),
        };
        let (piece, tail) = rest.split_at(if length == 0 { c.len_utf8() } else { length });
        match out.last_mut() {
            Some((false, text)) if length == 0 => text.push_str(piece),
            _ => out.push((length > 0, piece.to_owned())),
        }
        rest = tail;
    }
    out
}

fn offset(at: &Zoned, colon: bool, zulu: bool) -> String {
    let seconds = at.offset().seconds();
    if zulu && seconds == 0 {
        return "Z".to_owned();
    }
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs().div_euclid(60);
    format!("{sign}{:02}{}{:02}", minutes.div_euclid(60), if colon { ":" } else { "" }, minutes % 60)
}

/// Writes `at` in a Go layout.
pub(super) fn format(at: &Zoned, layout: &str) -> String {
    let twelve = match at.hour() % 12 {
        0 => 12,
        h => h,
    };
    let mut out = String::new();
    for (is_piece, text) in pieces(layout) {
        if !is_piece {
            out.push_str(&text);
            continue;
        }
        out.push_str(&match text.as_str() {
            "January" => month_name(at.month()).to_owned(),
            "Jan" => month_name(at.month()).chars().take(3).collect(),
            "Monday" => weekday_name(weekday(at)).to_owned(),
            "Mon" => weekday_name(weekday(at)).chars().take(3).collect(),
            "MST" => zone_name(at),
            "2006" => format!("{:04}", at.year()),
            "06" => format!("{:02}", at.year().rem_euclid(100)),
            "01" => format!("{:02}", at.month()),
            "1" => at.month().to_string(),
            "02" => format!("{:02}", at.day()),
            "_2" => format!("{:2}", at.day()),
            "2" => at.day().to_string(),
            "002" => format!("{:03}", at.day_of_year()),
            "15" => format!("{:02}", at.hour()),
            "03" => format!("{twelve:02}"),
            "3" => twelve.to_string(),
            "04" => format!("{:02}", at.minute()),
            "4" => at.minute().to_string(),
            "05" => format!("{:02}", at.second()),
            "5" => at.second().to_string(),
            "PM" => if at.hour() < 12 { "AM" } else { "PM" }.to_owned(),
            "pm" => if at.hour() < 12 { "am" } else { "pm" }.to_owned(),
            "Z07:00" => offset(at, true, true),
            "Z0700" => offset(at, false, true),
            "-07:00" | "-07:00:00" => offset(at, true, false),
            "-0700" => offset(at, false, false),
            "-07" => offset(at, false, false).chars().take(3).collect(),
            fraction => second_fraction(at, fraction),
        });
    }
    out
}

fn second_fraction(at: &Zoned, piece: &str) -> String {
    let (mark, digits) = piece.split_at(1);
    let nanos = format!("{:09}", at.subsec_nanosecond());
    let cut = nanos.get(..digits.len().min(9)).unwrap_or(&nanos);
    if digits.starts_with('0') {
        return format!("{mark}{cut}");
    }
    let cut = cut.trim_end_matches('0');
    if cut.is_empty() { String::new() } else { format!("{mark}{cut}") }
}

fn zone_name(at: &Zoned) -> String {
    if at.time_zone() == &TimeZone::UTC {
        return "UTC".to_owned();
    }
    let name = at.strftime("%Z").to_string();
    if name.starts_with(['+', '-']) { offset(at, false, false) } else { name }
}

/// The day of the week, 0 is Sunday.
pub(super) fn weekday(at: &Zoned) -> i8 {
    at.weekday().since(Weekday::Sunday)
}
