//! Decides what operators do with two values: equality, order, arithmetic and membership.
//! It never decides which operator is applied, nor in which order.

use super::fault::run::RunFault;
use super::value::{Elements, Entries, MapKey, Value};
use jiff::SignedDuration;
use std::cmp::Ordering;

/// Whether two values are equal. Numbers compare across types; what has no common type is unequal
/// (source: vm/runtime/runtime.go, `Equal`).
pub(super) fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Nil, Value::Nil) => true,
        (Value::Bool(x), Value::Bool(y)) => x == y,
        (Value::Text(x), Value::Text(y)) => x == y,
        (Value::Bytes(x), Value::Bytes(y)) => x == y,
        (Value::Int(x) | Value::Int64(x), Value::Int(y) | Value::Int64(y)) => x == y,
        (Value::Time(x), Value::Time(y)) => x.timestamp() == y.timestamp(),
        (Value::Duration(x), Value::Duration(y)) => x == y,
        (Value::Month(x), Value::Month(y)) | (Value::Weekday(x), Value::Weekday(y)) => x == y,
        (Value::Zone(x), Value::Zone(y)) => x == y,
        (Value::Function(x), Value::Function(y)) => x == y,
        (Value::List(x), Value::List(y)) => {
            let alike = x.kind == y.kind || x.kind == Elements::Any || y.kind == Elements::Any;
            alike && x.items.len() == y.items.len() && x.items.iter().zip(&y.items).all(|(a, b)| equal(a, b))
        }
        (Value::Map(x), Value::Map(y)) => {
            x.kind == y.kind
                && x.entries.len() == y.entries.len()
                && x.entries.iter().zip(&y.entries).all(|((k, v), (l, w))| k == l && deep_equal(v, w))
        }
        _ => match (a.as_float(), b.as_float()) {
            (Some(x), Some(y)) => x == y,
            _ => false,
        },
    }
}

/// Equality inside maps, where Go compares types too: `1` is not `1.0`.
fn deep_equal(a: &Value, b: &Value) -> bool {
    let same_type = a.go_type() == b.go_type();
    match (a, b) {
        (Value::List(x), Value::List(y)) => {
            same_type
                && x.items.len() == y.items.len()
                && x.items.iter().zip(&y.items).all(|(a, b)| deep_equal(a, b))
        }
        _ => same_type && equal(a, b),
    }
}

/// The order of two values; `None` where Go's comparison with a NaN is always false.
///
/// # Errors
/// Values without an order: `invalid operation: string < int`.
pub(super) fn compare(a: &Value, op: &'static str, b: &Value) -> Result<Option<Ordering>, RunFault> {
    Ok(match (a, b) {
        (Value::Text(x), Value::Text(y)) => Some(x.as_bytes().cmp(y.as_bytes())),
        (Value::Int(x) | Value::Int64(x), Value::Int(y) | Value::Int64(y)) => Some(x.cmp(y)),
        (Value::Time(x), Value::Time(y)) => Some(x.timestamp().cmp(&y.timestamp())),
        (Value::Duration(x), Value::Duration(y)) => Some(x.cmp(y)),
        _ => match (a.as_float(), b.as_float()) {
            (Some(x), Some(y)) => x.partial_cmp(&y),
            _ => return Err(invalid(a, op, b)),
        },
    })
}

/// Whether `a op b` holds, for `<`, `>`, `<=` and `>=`.
///
/// # Errors
/// Values without an order.
pub(super) fn ordered(a: &Value, op: &'static str, b: &Value) -> Result<bool, RunFault> {
    let order = compare(a, op, b)?;
    Ok(match op {
        "<" => order == Some(Ordering::Less),
        ">" => order == Some(Ordering::Greater),
        "<=" => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        _ => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
    })
}

/// The fault of an operator that two types do not share.
fn invalid(a: &Value, op: &'static str, b: &Value) -> RunFault {
    RunFault::Operands { left: a.go_type(), op, right: b.go_type() }
}

/// `a op b` for `+ - * / % ** ^`.
///
/// # Errors
/// Types that the operator does not take, and a remainder of a division by zero.
pub(super) fn arithmetic(a: &Value, op: &'static str, b: &Value) -> Result<Value, RunFault> {
    if let (Value::Int(x) | Value::Int64(x), Value::Int(y) | Value::Int64(y)) = (a, b) {
        match op {
            "+" => return Ok(Value::Int(x.wrapping_add(*y))),
            "-" => return Ok(Value::Int(x.wrapping_sub(*y))),
            "*" => return Ok(Value::Int(x.wrapping_mul(*y))),
            "%" if *y == 0 => return Err(RunFault::DivideByZero),
            "%" => return Ok(Value::Int(x.wrapping_rem(*y))),
            _ => {}
        }
    }
    if let (Some(x), Some(y)) = (a.as_float(), b.as_float()) {
        match op {
            "+" => return Ok(Value::Float(x + y)),
            "-" => return Ok(Value::Float(x - y)),
            "*" => return Ok(Value::Float(x * y)),
            "/" => return Ok(Value::Float(x / y)),
            "**" | "^" => return Ok(Value::Float(power(x, y))),
            _ => {}
        }
    }
    match (op, a, b) {
        ("+", Value::Text(x), Value::Text(y)) => Ok(Value::Text(format!("{x}{y}").into())),
        ("**" | "^", ..) => {
            let wrong = if a.as_float().is_none() { a } else { b };
            Err(RunFault::NoFloat(wrong.go_type().to_owned()))
        }
        _ => with_time(a, op, b).ok_or_else(|| invalid(a, op, b)),
    }
}

/// Go's power: `1` to anything and anything to `0` are 1, NaN included, and `-1` to an infinity is 1.
fn power(x: f64, y: f64) -> f64 {
    if x == -1.0 && y.is_infinite() { 1.0 } else { x.powf(y) }
}

/// Sums, differences and products with times and durations.
#[allow(clippy::cast_precision_loss)] // Go computes these products in floating point too
fn with_time(a: &Value, op: &'static str, b: &Value) -> Option<Value> {
    let shifted = |at: &jiff::Zoned, nanos: i64| {
        at.checked_add(SignedDuration::from_nanos(nanos)).ok().map(|t| Value::Time(Box::new(t)))
    };
    match (op, a, b) {
        ("+", Value::Duration(x), Value::Duration(y)) => Some(Value::Duration(x.wrapping_add(*y))),
        ("-", Value::Duration(x), Value::Duration(y)) => Some(Value::Duration(x.wrapping_sub(*y))),
        ("*", Value::Duration(x), Value::Duration(y)) => Some(Value::Duration(x.wrapping_mul(*y))),
        ("+", Value::Time(at), Value::Duration(d)) | ("+", Value::Duration(d), Value::Time(at)) => {
            shifted(at, *d)
        }
        ("-", Value::Time(at), Value::Duration(d)) => shifted(at, d.wrapping_neg()),
        ("-", Value::Time(x), Value::Time(y)) => {
            let nanos = x.timestamp().as_nanosecond() - y.timestamp().as_nanosecond();
            let most = if nanos < 0 { i64::MIN } else { i64::MAX };
            Some(Value::Duration(i64::try_from(nanos).unwrap_or(most)))
        }
        ("*", Value::Duration(d), number) | ("*", number, Value::Duration(d)) => match number {
            Value::Int(n) | Value::Int64(n) => Some(Value::Duration(d.wrapping_mul(*n))),
            Value::Float(f) => Some(Value::Float(*d as f64 * f)),
            _ => None,
        },
        _ => None,
    }
}

/// `-value`.
///
/// # Errors
/// What is no number.
pub(super) fn negate(value: &Value) -> Result<Value, RunFault> {
    match value {
        Value::Int(i) => Ok(Value::Int(i.wrapping_neg())),
        Value::Int64(i) => Ok(Value::Int64(i.wrapping_neg())),
        Value::Float(f) => Ok(Value::Float(-f)),
        other => Err(RunFault::Negated(other.go_type())),
    }
}

/// Whether `needle` is an element of a list or a key of a map.
///
/// # Errors
/// A haystack that is neither, and a needle that cannot be a key.
pub(super) fn is_in(needle: &Value, hay: &Value) -> Result<bool, RunFault> {
    match hay {
        Value::Nil => Ok(false),
        Value::List(list) => Ok(list.items.iter().any(|item| equal(item, needle))),
        Value::Map(map) => Ok(map.entries.contains_key(&key_of(map.kind, needle)?)),
        other => Err(RunFault::NoIn(other.go_type())),
    }
}

/// The key of a map of `kind` that `value` stands for. `nil` is the zero value of the keys' type.
///
/// # Errors
/// A value that Go cannot look up in such a map.
pub(super) fn key_of(kind: Entries, value: &Value) -> Result<MapKey, RunFault> {
    match (kind, value) {
        (Entries::TextToAny, Value::Nil) => Ok(MapKey::Text("".into())),
        (Entries::TextToAny, Value::Text(t)) => Ok(MapKey::Text(t.clone())),
        (Entries::TextToAny, other) => Err(RunFault::NotATextKey(other.go_type())),
        (_, other) => MapKey::from_value(other).ok_or_else(|| RunFault::Unhashable(other.go_type())),
    }
}
