//! Decides what functions give: those of Argo's environment, access by index or key, numbers and times.
//! It never evaluates arguments; functions over texts and lists are in their own files.

use super::ast::{Kind, Node};
use super::budget::Budget;
use super::date;
use super::eval::not_a;
use super::loops::text_of;
use super::methods;
use super::ops;
use super::time;
use super::types::Type;
use super::value::{Elements, Entries, Value};
use super::{lists, texts};
use crate::go_text;
use jiff::{Timestamp, tz::TimeZone};

pub(super) use super::lists::sort;

/// A floating-point number as a whole one, the way Go truncates it on amd64.
pub(super) fn whole(value: f64) -> i64 {
    const EDGE: f64 = 9_223_372_036_854_775_808.0;
    #[allow(clippy::cast_possible_truncation)] // within the range, checked here
    if (-EDGE..EDGE).contains(&value) { value as i64 } else { i64::MIN }
}

/// The whole number that an index or a bound of a range is.
///
/// # Errors
/// `invalid operation: int(string)` for what is no number.
pub(super) fn to_int(value: &Value) -> Result<i64, String> {
    match value {
        Value::Int(i) | Value::Int64(i) => Ok(*i),
        Value::Float(f) => Ok(whole(*f)),
        other => Err(format!("invalid operation: int({})", other.go_type())),
    }
}

/// Go's text for calling what is no function.
pub(super) fn not_callable(value: &Value) -> String {
    match value {
        Value::Nil => "invalid operation: cannot call nil".to_owned(),
        other => format!("invalid operation: cannot call non-function of type {}", other.go_type()),
    }
}

/// How Go's `reflect` names the kind of a value in its own messages.
pub(super) fn reflect_kind(value: &Value) -> &'static str {
    match value {
        Value::Nil => "zero",
        Value::Time(_) => "struct",
        Value::Duration(_) => "int64",
        Value::Month(_) | Value::Weekday(_) => "int",
        Value::Zone(_) => "ptr",
        Value::Function(_) => "func",
        Value::Map(_) => "map",
        Value::List(list) if list.kind == Elements::Pair => "array",
        Value::List(_) | Value::Bytes(_) => "slice",
        other => other.go_type(),
    }
}

fn place(index: i64, length: usize) -> (i64, Option<usize>) {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let index = if index < 0 { length.wrapping_add(index) } else { index };
    (index, usize::try_from(index).ok().filter(|_| index < length))
}

fn byte(found: Option<&u8>) -> Value {
    found.map(|b| Value::Int((*b).into())).unwrap_or_default()
}

/// `base[key]` and `base.key`.
///
/// # Errors
/// An index out of range, a key of the wrong type, and what has no elements.
pub(super) fn fetch(base: &Value, key: &Value) -> Result<Value, String> {
    let at = |length: usize| {
        let (index, found) = place(to_int(key)?, length);
        found.ok_or_else(|| format!("index out of range: {index} (array length is {length})"))
    };
    match base {
        Value::List(list) => Ok(list.items.get(at(list.items.len())?).cloned().unwrap_or_default()),
        Value::Text(text) => Ok(byte(text.as_bytes().get(at(text.len())?))),
        Value::Bytes(bytes) => Ok(byte(bytes.get(at(bytes.len())?))),
        Value::Map(map) => {
            let found = map.entries.get(&ops::key_of(map.kind, key)?).cloned();
            let empty = || match map.kind {
                Entries::AnyToList => Value::list(Elements::Any, Vec::new()),
                _ => Value::Nil,
            };
            Ok(found.unwrap_or_else(empty))
        }
        other => {
            let method = match key {
                Value::Text(name) => methods::find(&Type::of(other), name),
                _ => None,
            };
            match method {
                Some(method) => Ok(Value::Function(method.name)),
                None => Err(format!("cannot fetch {} from {}", key.show(), other.go_type())),
            }
        }
    }
}

/// `base[from:to]`; bounds beyond the ends are cut, negative ones count from the end.
///
/// # Errors
/// What cannot be sliced, and bounds that are no numbers.
pub(super) fn slice(base: &Value, from: &Value, to: Option<&Value>) -> Result<Value, String> {
    let length = match base {
        Value::List(list) => list.items.len(),
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        other if to.is_none() => {
            return Err(format!("invalid argument for len (type {})", other.go_type()));
        }
        _ => return Err(format!("cannot slice {}", from.show())),
    };
    let bound = |value: &Value| {
        let (index, _) = place(to_int(value)?, length);
        Ok::<usize, String>(usize::try_from(index).unwrap_or(0).min(length))
    };
    let start = bound(from)?;
    let end = to.map_or(Ok(length), bound)?;
    let start = start.min(end);
    Ok(match base {
        Value::List(list) => {
            let kind = if list.kind == Elements::Pair { Elements::Any } else { list.kind };
            Value::list(kind, list.items.get(start..end).unwrap_or_default().to_vec())
        }
        Value::Bytes(bytes) => Value::Bytes(bytes.get(start..end).unwrap_or_default().into()),
        Value::Text(text) => {
            let cut = text.as_bytes().get(start..end).unwrap_or_default();
            Value::text(&String::from_utf8_lossy(cut))
        }
        _ => Value::Nil,
    })
}

/// A function of Argo's environment. `isNil` and `default` look at the whole `result`, never at their argument.
///
/// # Errors
/// What Argo's `asInt` and `asFloat` refuse, in their words.
pub(super) fn environment(
    name: &str,
    nodes: &[Node],
    args: &[Value],
    result: Option<&Value>,
) -> Result<Value, String> {
    let first = args.first().unwrap_or(&Value::Nil);
    let is_nil = result.is_none_or(Value::is_nil);
    match name {
        "isNil" => Ok(Value::Bool(is_nil)),
        "default" if is_nil => Ok(args.get(1).cloned().unwrap_or_default()),
        "default" => Ok(result.cloned().unwrap_or_default()),
        "asInt" => match first {
            Value::Text(text) => go_text::parse_int(text).map(Value::Int64),
            Value::Int(i) | Value::Int64(i) => Ok(Value::Int64(*i)),
            Value::Float(f) => Ok(Value::Int64(whole(*f))),
            other => Err(unsupported("asInt", other)),
        },
        "asFloat" => match first {
            Value::Text(text) => go_text::parse_float(text).map(Value::Float),
            other => other.as_float().map(Value::Float).ok_or_else(|| unsupported("asFloat", other)),
        },
        "isNaN" | "isInf" => {
            let literal = nodes.first().is_some_and(holds_literal);
            let number = match first {
                Value::Float(f) => Some(*f),
                Value::Int(_) if literal => first.as_float(),
                _ => None,
            };
            let number = number.ok_or_else(|| not_a(first, "float64"))?;
            Ok(Value::Bool(if name == "isNaN" { number.is_nan() } else { number.is_infinite() }))
        }
        _ => Err(not_callable(first)),
    }
}

fn unsupported(function: &str, value: &Value) -> String {
    format!("{function}() not supported on {} {}", value.go_type(), value.show())
}

/// Whether a whole number in this argument was written as a literal: expr-lang makes a float of it.
fn holds_literal(node: &Node) -> bool {
    match &node.kind {
        Kind::Int(_) => true,
        Kind::Unary(_, inner) => holds_literal(inner),
        Kind::Binary("+" | "-" | "*", a, b) => holds_literal(a) || holds_literal(b),
        _ => false,
    }
}

/// A built-in function without a predicate.
///
/// # Errors
/// Arguments that the function refuses, and an exceeded budget.
pub(super) fn builtin(
    name: &str,
    args: &[Value],
    now: Timestamp,
    budget: &mut Budget,
) -> Result<Value, String> {
    let first = args.first().unwrap_or(&Value::Nil);
    match name {
        "type" => Ok(Value::text(type_name(first))),
        "string" => {
            let shown = first.show();
            budget.text(shown.len())?;
            Ok(Value::text(&shown))
        }
        "abs" | "ceil" | "floor" | "round" => rounded(name, first),
        "int" => int(first),
        "float" => match first {
            Value::Text(text) => go_text::parse_float(text)
                .map(Value::Float)
                .map_err(|_| format!("invalid operation: float({text})")),
            other => other
                .as_float()
                .map(Value::Float)
                .ok_or_else(|| format!("invalid operation: float({})", other.go_type())),
        },
        "now" => {
            let zone = match first {
                Value::Zone(zone) => (**zone).clone(),
                _ => TimeZone::UTC,
            };
            Ok(Value::Time(Box::new(now.to_zoned(zone))))
        }
        "duration" => time::parse_duration(&text_of(first)?).map(Value::Duration),
        "date" => date::date(args),
        "timezone" => date::zone(&text_of(first)?).map(|zone| Value::Zone(Box::new(zone))),
        "get" => get(first, args.get(1).unwrap_or(&Value::Nil)),
        _ if name.starts_with("bit") => bits(name, args),
        _ => match texts::call(name, args, budget) {
            Some(answer) => answer,
            None => lists::call(name, args, budget),
        },
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Nil => "nil",
        Value::Int(_) | Value::Int64(_) => "int",
        Value::Float(_) => "float",
        Value::Text(_) => "string",
        Value::Bytes(_) | Value::List(_) => "array",
        Value::Map(_) => "map",
        Value::Function(_) => "func",
        Value::Zone(_) => "unknown",
        other => other.go_type(),
    }
}

fn rounded(name: &str, value: &Value) -> Result<Value, String> {
    Ok(match (name, value) {
        ("abs", Value::Float(f)) => Value::Float(if *f < 0.0 { -f } else { *f }),
        ("abs", Value::Int(i)) => Value::Int(i.wrapping_abs()),
        ("abs", Value::Int64(i)) => Value::Int64(i.wrapping_abs()),
        ("ceil", Value::Float(f)) => Value::Float(f.ceil()),
        ("floor", Value::Float(f)) => Value::Float(f.floor()),
        ("round", Value::Float(f)) => Value::Float(f.round()),
        (_, Value::Int(_) | Value::Int64(_)) => value.as_float().map(Value::Float).unwrap_or_default(),
        _ => return Err(format!("invalid argument for {name} (type {})", value.go_type())),
    })
}

fn int(value: &Value) -> Result<Value, String> {
    match value {
        Value::Int(i) | Value::Int64(i) | Value::Duration(i) => Ok(Value::Int(*i)),
        Value::Month(i) | Value::Weekday(i) => Ok(Value::Int((*i).into())),
        Value::Float(f) => Ok(Value::Int(whole(*f))),
        Value::Text(text) => {
            go_text::parse_int(text).map(Value::Int).map_err(|_| format!("invalid operation: int({text})"))
        }
        Value::Nil => Err("reflect: call of reflect.Value.Type on zero Value".to_owned()),
        other => Err(format!("invalid operation: int({})", other.go_type())),
    }
}

/// `get(base, key)`: nil where `base[key]` would be out of range.
fn get(base: &Value, key: &Value) -> Result<Value, String> {
    match base {
        Value::Nil => Ok(Value::Nil),
        Value::List(_) | Value::Text(_) | Value::Bytes(_) => {
            to_int(key)?;
            Ok(fetch(base, key).unwrap_or_default())
        }
        Value::Map(_) => fetch(base, key),
        _ => Ok(fetch(base, key).unwrap_or_default()),
    }
}

fn bits(name: &str, args: &[Value]) -> Result<Value, String> {
    let whole = |place: usize| match args.get(place).unwrap_or(&Value::Nil) {
        Value::Int(i) | Value::Int64(i) => Ok(*i),
        other => Err(format!("cannot use {} as argument (type int) to call {name}", other.go_type())),
    };
    let x = whole(0)?;
    if name == "bitnot" {
        return Ok(Value::Int(!x));
    }
    let y = whole(1)?;
    let shift = name.starts_with("bits") || name == "bitushr";
    if shift && y < 0 {
        return Err(format!("invalid operation: negative shift count {y} (type int)"));
    }
    let by = u32::try_from(y).unwrap_or(64);
    Ok(Value::Int(match name {
        "bitand" => x & y,
        "bitor" => x | y,
        "bitxor" => x ^ y,
        "bitnand" => x & !y,
        "bitshl" => x.checked_shl(by).unwrap_or(0),
        "bitshr" => x >> by.min(63),
        _ => x.cast_unsigned().checked_shr(by).unwrap_or(0).cast_signed(),
    }))
}
