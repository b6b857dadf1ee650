//! Decides how numbers and durations of PromQL are read and how numbers are shown.
//! It never rounds.

use std::time::Duration;

/// Reads a number: decimal, with exponent, hexadecimal, `Inf`, `NaN`, with or without a sign.
pub(super) fn read(text: &str) -> Option<f64> {
    let (sign, bare) = match text.as_bytes().first()? {
        b'-' => (-1.0, text.get(1..)?),
        b'+' => (1.0, text.get(1..)?),
        _ => (1.0, text),
    };
    let lower = bare.to_ascii_lowercase();
    if let Some(digits) = lower.strip_prefix("0x") {
        #[allow(clippy::cast_precision_loss)] // as Prometheus does
        return u64::from_str_radix(digits, 16).ok().map(|n| sign * n as f64);
    }
    match lower.as_str() {
        "inf" => Some(sign * f64::INFINITY),
        "nan" => Some(f64::NAN),
        _ if bare.starts_with(|c: char| c.is_ascii_digit() || c == '.') => {
            bare.parse().ok().map(|n: f64| sign * n)
        }
        _ => None,
    }
}

/// Shows a number as Prometheus does: the shortest digits that read back alike, never an exponent.
pub(super) fn show(number: f64) -> String {
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { "+Inf".to_owned() } else { "-Inf".to_owned() }
    } else {
        number.to_string()
    }
}

/// Reads a duration such as `1h30m`: units in falling order, each at most once.
pub(super) fn duration(text: &str) -> Option<Duration> {
    const UNITS: [(&str, u64); 7] = [
        ("y", 31_536_000_000),
        ("w", 604_800_000),
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1000),
        ("ms", 1),
    ];
    let mut rest = text;
    let mut millis: u64 = 0;
    let mut next = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at(digits);
        let end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        let at = UNITS.iter().position(|(u, _)| *u == unit).filter(|at| *at >= next)?;
        let (_, factor) = UNITS.get(at)?;
        millis = number.parse::<u64>().ok()?.checked_mul(*factor)?.checked_add(millis)?;
        next = at + 1;
        rest = tail;
    }
    (!text.is_empty()).then(|| Duration::from_millis(millis))
}

/// The sum with the rounding errors kept apart (Neumaier 1974), as Prometheus sums.
pub(super) fn sum(numbers: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut lost) = (0.0_f64, 0.0_f64);
    for number in numbers {
        let new = sum + number;
        if new.is_finite() {
            lost += if sum.abs() >= number.abs() { (sum - new) + number } else { (number - new) + sum };
        }
        sum = new;
    }
    if sum.is_finite() { sum + lost } else { sum }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read() {
        for (text, number) in [
            ("1", 1.0),
            ("-2.5", -2.5),
            (".5", 0.5),
            ("5.", 5.0),
            ("1e3", 1000.0),
            ("0x1F", 31.0),
            ("-0xa", -10.0),
            ("+Inf", f64::INFINITY),
            ("-inf", f64::NEG_INFINITY),
        ] {
            assert_eq!(read(text), Some(number), "{text}");
        }
        assert!(read("NaN").is_some_and(f64::is_nan));
        for text in ["", "-", "x", "1x", "0x", "infinity", "1e", "--1", "é"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_shown_without_exponent() {
        let shown = [0.1, 1e21, 1e-7, -0.0, 100.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(show);
        assert_eq!(shown, ["0.1", "1000000000000000000000", "0.0000001", "-0", "100", "NaN", "+Inf", "-Inf"]);
    }

    #[test]
    fn durations_are_read() {
        assert_eq!(duration("1h30m"), Some(Duration::from_secs(5400)));
        assert_eq!(duration("250ms"), Some(Duration::from_millis(250)));
        for text in ["", "5", "m", "5x", "30m1h", "1m1m", "99999999999999y"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn sums_lose_nothing() {
        assert_eq!(show(sum([0.1, 0.2, 0.3].into_iter())), "0.6");
        assert_eq!(show(sum([1e100, 1.0, -1e100].into_iter())), "1");
        assert_eq!(show(sum([f64::INFINITY, 1.0].into_iter())), "+Inf");
        assert_eq!(show(sum(std::iter::empty())), "0");
    }
}
