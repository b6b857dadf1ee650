//! Decides how Go writes and reads numbers and quoted text, where Kubernetes' and Argo's bytes depend on it.
//! It never decides what is written.

use thiserror::Error;

/// `text` in double quotes with Go's escapes, as `strconv.Quote` and `%q` write it (source: strconv/quote.go, `Quote`).
///
/// ```
/// use switchback_base::go_text::quote;
/// assert_eq!(quote("a \"b\"\u{7}"), r#""a \"b\"\a""#);
/// ```
#[must_use]
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            c if is_printable(c) => out.push(c),
            c if c < ' ' || c == '\u{7f}' => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c if u32::from(c) < 0x1_0000 => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    out.push('"');
    out
}

/// Whether Go prints `c` as it is. Rust's debug escaping follows the same Unicode classes; a letter goes
/// before `c` because Rust escapes a combining mark only where nothing precedes it.
fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return (' '..='~').contains(&c);
    }
    let pair: String = ['a', c].iter().collect();
    pair.escape_debug().count() == 2
}

/// Appends `text` as a JSON string the way Go's `json.Marshal` does, with `<`, `>`, `&`, U+2028 and U+2029 escaped.
pub fn json_string(text: &str, out: &mut String) {
    out.push('"');
    let is_plain = |b: u8| matches!(b, b' '..=b'~') && !matches!(b, b'"' | b'\\' | b'<' | b'>' | b'&');
    if text.bytes().all(is_plain) {
        out.push_str(text);
        out.push('"');
        return;
    }
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' || matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}') => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Shortest digits and decimal exponent: `0.001` gives `("1", -3)`, `12.5` gives `("125", 1)`.
fn shortest(value: f64) -> (String, i32) {
    let text = format!("{:e}", value.abs());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    (mantissa.replace('.', ""), exponent.parse().unwrap_or(0))
}

fn exponent_form(value: f64, least_digits: usize) -> String {
    let (digits, exponent) = shortest(value);
    let (head, tail) = digits.split_at(1);
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let point = if tail.is_empty() { "" } else { "." };
    let mark = if exponent < 0 { '-' } else { '+' };
    format!("{sign}{head}{point}{tail}e{mark}{:0least_digits$}", exponent.abs())
}

/// A floating-point number as Go's `%v` shows it: `5`, `0.95`, `1e+06` (exponents from 6 and below -4), `NaN`, `+Inf`.
#[must_use]
pub(crate) fn show_float(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let (_, exponent) = shortest(value);
    if value != 0.0 && !(-4..6).contains(&exponent) { exponent_form(value, 2) } else { value.to_string() }
}

/// A floating-point number as Go's `json.Marshal` writes it; none for NaN and infinities.
#[must_use]
pub(crate) fn json_float(value: f64) -> Option<String> {
    if !value.is_finite() {
        return None;
    }
    let size = value.abs();
    let plain = value == 0.0 || (1e-6..1e21).contains(&size);
    Some(if plain { value.to_string() } else { exponent_form(value, 1) })
}

/// Why a text is no number, in Go's words (source: strconv/atoi.go, `NumError`).
///
/// Displayed as `strconv.ParseInt: parsing "1.1": invalid syntax`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("strconv.{function}: parsing {}: {why}", quote(text))]
pub(crate) struct BadNumber {
    function: &'static str,
    text: String,
    why: Why,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
enum Why {
    #[error("invalid syntax")]
    Syntax,
    #[error("value out of range")]
    Range,
}

fn refused(function: &'static str, text: &str, why: Why) -> BadNumber {
    BadNumber { function, text: text.to_owned(), why }
}

/// Reads a whole number of `radix` from `digits`; `whole` is what a message shows.
///
/// # Errors
/// No digits, a foreign character or a value beyond 64 bits.
pub(crate) fn parse_int_radix(digits: &str, radix: u32, whole: &str) -> Result<i64, BadNumber> {
    i64::from_str_radix(digits, radix).map_err(|e| {
        use std::num::IntErrorKind::{NegOverflow, PosOverflow};
        let range = matches!(e.kind(), PosOverflow | NegOverflow);
        refused("ParseInt", whole, if range { Why::Range } else { Why::Syntax })
    })
}

/// Reads a decimal whole number as `strconv.ParseInt(text, 10, 64)` does.
///
/// # Errors
/// As [`parse_int_radix`].
pub(crate) fn parse_int(text: &str) -> Result<i64, BadNumber> {
    parse_int_radix(text, 10, text)
}

/// Reads a number as `strconv.ParseFloat(text, 64)` does, hexadecimal floats included.
///
/// # Errors
/// What is no number, and what is too large for one.
pub(crate) fn parse_float(text: &str) -> Result<f64, BadNumber> {
    let bad = || refused("ParseFloat", text, Why::Syntax);
    let body = text.trim_start_matches(['+', '-']);
    if body.to_ascii_lowercase().starts_with("0x") {
        return hex_float(text).ok_or_else(bad);
    }
    if text.len() - body.len() > 1 || text.trim() != text {
        return Err(bad());
    }
    let value: f64 = text.parse().map_err(|_| bad())?;
    if value.is_infinite() && body.contains(|c: char| c.is_ascii_digit()) {
        return Err(refused("ParseFloat", text, Why::Range));
    }
    Ok(value)
}

/// `0x1.8p3`: hexadecimal digits, and a binary exponent that Go requires.
fn hex_float(text: &str) -> Option<f64> {
    let negative = text.starts_with('-');
    let body = text.strip_prefix(['+', '-']).unwrap_or(text).to_ascii_lowercase();
    let (mantissa, exponent) = body.strip_prefix("0x")?.split_once('p')?;
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{part}");
    if digits.is_empty() || digits.len() > 15 {
        return None;
    }
    #[allow(clippy::cast_precision_loss)] // at most 15 hexadecimal digits
    let value = u64::from_str_radix(&digits, 16).ok()? as f64;
    let exponent: i32 = exponent.parse().ok()?;
    let shift = exponent.checked_sub(i32::try_from(part.len()).ok()?.checked_mul(4)?)?;
    let value = value * 2f64.powi(shift);
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_go_shows_them() {
        let shown =
            [5.0, 0.95, 100_000.0, 1_234_567.5, 1e21, 0.000_01, -2.5e-7, 0.0, f64::NAN, f64::INFINITY];
        let want = ["5", "0.95", "100000", "1.2345675e+06", "1e+21", "1e-05", "-2.5e-07", "0", "NaN", "+Inf"];
        assert_eq!(shown.map(show_float), want);
        assert_eq!(json_float(1e-7), Some("1e-7".to_owned()));
        assert_eq!(json_float(1e21), Some("1e+21".to_owned()));
        assert_eq!(json_float(0.000_001), Some("0.000001".to_owned()));
        assert_eq!(json_float(f64::NAN), None);
    }

    #[test]
    fn quoted_as_go_quotes() {
        assert_eq!(quote("a\"b\\\n\t\u{1}é\u{200b}\u{1f600}"), "\"a\\\"b\\\\\\n\\t\\x01é\\u200b\u{1f600}\"");
        let mut json = String::new();
        json_string("<a>&\u{2028}\u{1}\u{7f}\"", &mut json);
        assert_eq!(json, "\"\\u003ca\\u003e\\u0026\\u2028\\u0001\u{7f}\\\"\"");
    }

    #[test]
    fn read_as_go_reads() {
        assert_eq!(parse_float("1."), Ok(1.0));
        assert_eq!(parse_float("0x1.8p3"), Ok(12.0));
        assert_eq!(parse_float("-inf"), Ok(f64::NEG_INFINITY));
        for bad in ["", "+-1", " 1", "1e", "0x", "0x1", "1_000", "--1"] {
            assert!(parse_float(bad).is_err_and(|e| e.to_string().ends_with("invalid syntax")), "{bad}");
        }
        assert!(parse_float("1e999").is_err_and(|e| e.to_string().ends_with("value out of range")));
        let refused = parse_int("1.1").map_err(|e| e.to_string());
        assert_eq!(refused, Err("strconv.ParseInt: parsing \"1.1\": invalid syntax".to_owned()));
    }
}
