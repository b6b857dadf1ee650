//! Decides what an amount such as `100m`, `1.5Gi` or `1e3` is worth, and how Kubernetes writes it.
//! It never decides what is counted.

use serde_json::Value;
use std::cmp::Ordering;
use std::fmt;
use thiserror::Error;

/// Why a text is no quantity.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadQuantity {
    /// Not a number with a suffix at all.
    #[error(
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$', found {0}"
    )]
    Format(String),
    /// A suffix that does not exist, such as `Zi`.
    #[error("unable to parse quantity's suffix in {0}; use one of n u m k M G T P E Ki Mi Gi Ti Pi Ei or e3")]
    Suffix(String),
    /// More digits than can be kept.
    #[error("unable to parse numeric part of quantity {0}")]
    Numeric(String),
}

/// How a quantity was written, which decides how it is written again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Notation {
    /// `100m`, `5`, `2k`
    Decimal,
    /// `1Ki`
    Binary,
    /// `1e3`
    Exponent,
}

/// An amount: a decimal number with its notation. Equality and order are those of the amounts.
///
/// ```
/// use switchback_api::quantity::Quantity;
/// assert_eq!(Quantity::parse("1")?, Quantity::parse("1000m")?);
/// assert!(Quantity::parse("1Gi")? > Quantity::parse("1G")?);
/// assert_eq!(Quantity::parse("0.5")?.to_string(), "500m");
/// # Ok::<(), switchback_api::quantity::BadQuantity>(())
/// ```
#[derive(Debug, Clone)]
pub struct Quantity {
    digits: i128,
    /// The power of ten that `digits` counts.
    power: i32,
    notation: Notation,
    /// The text as given, where Kubernetes keeps it.
    kept: Option<String>,
}

const DECIMAL: &[(&str, i32)] = &[
    ("n", -9),
    ("u", -6),
    ("m", -3),
    ("", 0),
    ("k", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("P", 15),
    ("E", 18),
];
const BINARY: &[&str] = &["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
/// The smallest amount is a billionth.
const LEAST_POWER: i32 = -9;
/// Digits that Kubernetes handles without big numbers.
const FEW_DIGITS: usize = 18;

/// The parts of a quantity's text.
struct Parts<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    suffix: &'a str,
}

fn split(text: &str) -> Option<Parts<'_>> {
    let body = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits = |s: &str| s.bytes().take_while(u8::is_ascii_digit).count();
    let (whole, rest) = body.split_at_checked(digits(body))?;
    let (fraction, suffix) = match rest.strip_prefix('.') {
        Some(tail) => tail.split_at_checked(digits(tail))?,
        None => ("", rest),
    };
    let letters = suffix.trim_start_matches(|c| "eEinumkKMGTP".contains(c));
    let exponent = letters.strip_prefix(['+', '-']).unwrap_or(letters);
    let fits = !text.is_empty() && exponent.bytes().all(|b| b.is_ascii_digit());
    let whole = whole.trim_start_matches('0');
    fits.then_some(Parts { negative: text.starts_with('-'), whole, fraction, suffix })
}

/// What a suffix multiplies by: a power of ten or a power of 1024.
fn factor(suffix: &str) -> Option<(Notation, i32)> {
    if let Some((_, power)) = DECIMAL.iter().find(|(own, _)| *own == suffix) {
        return Some((Notation::Decimal, *power));
    }
    if let Some(place) = BINARY.iter().position(|own| *own == suffix) {
        return Some((Notation::Binary, i32::try_from(place).ok()? + 1));
    }
    let exponent = suffix.strip_prefix(['e', 'E'])?;
    Some((Notation::Exponent, exponent.parse().ok()?))
}

impl Quantity {
    /// Reads a quantity (source: apimachinery's pkg/api/resource/quantity.go, `ParseQuantity`).
    ///
    /// # Errors
    /// What Kubernetes refuses, and numbers of more than 38 digits.
    pub fn parse(text: &str) -> Result<Self, BadQuantity> {
        let parts = split(text).ok_or_else(|| BadQuantity::Format(text.to_owned()))?;
        let suffix = || BadQuantity::Suffix(text.to_owned());
        let numeric = || BadQuantity::Numeric(text.to_owned());
        let (notation, by) = factor(parts.suffix).ok_or_else(suffix)?;
        let written = format!("{}{}", parts.whole, parts.fraction);
        let mut digits: i128 = if written.is_empty() { 0 } else { written.parse().map_err(|_| numeric())? };
        let places = i32::try_from(parts.fraction.len()).map_err(|_| numeric())?;
        let mut power = if notation == Notation::Binary { -places } else { by.saturating_sub(places) };
        let mut shown = notation;
        if notation == Notation::Binary {
            digits = 1024i128
                .checked_pow(by.unsigned_abs())
                .and_then(|unit| digits.checked_mul(unit))
                .unwrap_or(i128::MAX);
        }
        if power < LEAST_POWER {
            digits = divided_up(digits, LEAST_POWER.abs_diff(power));
            power = LEAST_POWER;
        }
        let mut quantity = Self { digits, power, notation: shown, kept: None };
        if notation == Notation::Binary {
            let most = Self { digits: i64::MAX.into(), power: 0, notation, kept: None };
            let one = Self { digits: 1, power: 0, notation, kept: None };
            if quantity > most {
                quantity = most;
            } else if quantity < one {
                shown = Notation::Decimal;
            }
            quantity.notation = shown;
        }
        quantity.kept = keeps(&parts, notation, by, &written).then(|| text.to_owned());
        if parts.negative {
            quantity.digits = -quantity.digits;
        }
        Ok(quantity)
    }

    /// Reads a quantity from JSON: a string, a number, or nothing, which is 0.
    ///
    /// # Errors
    /// As [`Quantity::parse`]; anything else is refused too.
    pub fn from_json(value: &Value) -> Result<Self, BadQuantity> {
        match value {
            Value::Null => Self::parse("0"),
            Value::String(text) => Self::parse(text.trim()),
            Value::Number(number) => {
                let text = number.as_f64().filter(|_| number.is_f64()).map(|f| f.to_string());
                Self::parse(&text.unwrap_or_else(|| number.to_string()))
            }
            other => Err(BadQuantity::Format(other.to_string())),
        }
    }

    /// The amount rounded up to thousandths, which is as fine as resources are counted.
    #[must_use]
    pub(crate) fn rounded_up_to_thousandths(&self) -> Self {
        const THOUSANDTHS: i32 = -3;
        if self.power >= THOUSANDTHS || (self.kept.is_none() && self.nanos() % 1_000_000 == 0) {
            return self.clone();
        }
        let digits = divided_up(self.digits.abs(), THOUSANDTHS.abs_diff(self.power));
        let digits = if self.digits < 0 { -digits } else { digits };
        Self { digits, power: THOUSANDTHS, notation: self.notation, kept: None }
    }

    /// The amount in a notation that depends on nothing but the amount.
    #[must_use]
    pub(crate) fn plain(&self) -> Self {
        Self { kept: None, notation: Notation::Decimal, ..self.clone() }
    }

    fn is_zero(&self) -> bool {
        self.digits == 0
    }

    /// The amount in billionths, the finest that Kubernetes counts; capped at what 128 bits hold.
    #[must_use]
    pub(crate) fn nanos(&self) -> i128 {
        let up = self.power.saturating_sub(LEAST_POWER).unsigned_abs();
        let most = if self.digits < 0 { i128::MIN } else { i128::MAX };
        if self.digits == 0 {
            return 0;
        }
        10i128.checked_pow(up).and_then(|unit| self.digits.checked_mul(unit)).unwrap_or(most)
    }

    /// Digits without trailing zeros and a power of ten that is a multiple of three.
    fn in_thousands(&self) -> (i128, i32) {
        let (mut digits, mut power) = (self.digits, self.power);
        while digits % 10 == 0 && digits != 0 {
            digits /= 10;
            power += 1;
        }
        while power % 3 != 0 {
            digits = digits.saturating_mul(10);
            power -= 1;
        }
        (digits, power)
    }

    /// The amount as a whole number, if it is one.
    fn whole(&self) -> Option<i128> {
        let nanos = self.nanos();
        let unit = 10i128.pow(LEAST_POWER.unsigned_abs());
        (nanos % unit == 0).then_some(nanos / unit)
    }
}

/// `digits` divided by ten to the `places`, rounded up: whoever asks for a little gets a little.
fn divided_up(digits: i128, places: u32) -> i128 {
    match 10i128.checked_pow(places) {
        Some(unit) => digits / unit + i128::from(digits % unit != 0),
        None => i128::from(digits != 0),
    }
}

/// Whether Kubernetes keeps the text as given: it takes it for canonical without looking closely.
fn keeps(parts: &Parts<'_>, notation: Notation, by: i32, written: &str) -> bool {
    let whole = if parts.whole.is_empty() { "0" } else { parts.whole };
    let written = if parts.whole.is_empty() { format!("0{}", parts.fraction) } else { written.to_owned() };
    if notation == Notation::Binary {
        let room = 15usize.checked_sub(whole.len() + usize::try_from(by * 3).unwrap_or(99) + 1);
        let value: Option<i64> = written.parse().ok();
        return parts.fraction.is_empty() && room.is_some() && value.is_some_and(|v| v & 7 != 0);
    }
    let places = i32::try_from(parts.fraction.len()).unwrap_or(i32::MAX);
    let power = by.saturating_sub(places);
    written.len() <= FEW_DIGITS
        && power >= LEAST_POWER
        && power % 3 == 0
        && !written.ends_with("000")
        && !written.starts_with('0')
}

impl fmt::Display for Quantity {
    /// The canonical form, which is what Kubernetes writes back (source: quantity.go, `CanonicalizeBytes`).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = &self.kept {
            return f.write_str(text);
        }
        if self.is_zero() {
            return f.write_str("0");
        }
        let small = self.nanos().unsigned_abs() < 1024 * 10u128.pow(9);
        if let (Notation::Binary, false, Some(mut number)) = (self.notation, small, self.whole()) {
            let mut unit = "";
            for suffix in BINARY {
                if number % 1024 != 0 || number.abs() < 1024 {
                    break;
                }
                number /= 1024;
                unit = suffix;
            }
            return write!(f, "{number}{unit}");
        }
        let (digits, power) = self.in_thousands();
        if self.notation == Notation::Exponent {
            return if power == 0 { write!(f, "{digits}") } else { write!(f, "{digits}e{power}") };
        }
        let suffix = DECIMAL.iter().find(|(_, own)| *own == power).map_or("", |(suffix, _)| suffix);
        write!(f, "{digits}{suffix}")
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nanos().cmp(&other.nanos())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn amounts_compare_by_worth() {
        let parse = |text| Quantity::parse(text).unwrap();
        assert_eq!(parse("1"), parse("1000m"));
        assert!(parse("1Ki") > parse("1k") && parse("1Gi") < parse("1.1G") && parse("-1") < parse("0"));
        assert_eq!(parse("0.1").nanos(), 100_000_000);
        assert!(parse("1e60") > parse("1e20"));
    }

    #[test]
    fn what_is_no_quantity_is_refused() {
        for text in ["", "a", "1Zi", "1 Gi", "1.2.3", "--1", "1e", "1kk", "Mi1", "1e+", "0x1", "1,5", "½"] {
            assert!(Quantity::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[+-]?[0-9.]{0,40}[eEinumkKMGTP+-]{0,3}[0-9]{0,12}") {
            if let Ok(quantity) = Quantity::parse(&text) {
                let _ = quantity.nanos();
                let _ = quantity.to_string();
            }
        }

        #[test]
        fn the_canonical_form_is_worth_as_much(text in "[1-9][0-9]{0,9}(\\.[0-9]{1,6})?(m|k|M|G|Ki|Mi|Gi)?") {
            let quantity = Quantity::parse(&text).unwrap();
            prop_assert_eq!(Quantity::parse(&quantity.to_string()).unwrap(), quantity);
        }
    }
}
