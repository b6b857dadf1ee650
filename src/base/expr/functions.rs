//! Decides what functions give: those of Argo's environment, and those over numbers and times.
//! It never evaluates arguments; functions over texts and lists are in their own files.

use super::access::get;
use super::ast::{Kind, Node};
use super::budget::Budget;
use super::convert::{text_of, whole};
use super::fault::Fault;
use super::fault::argument::ArgumentFault;
use super::fault::run::RunFault;
use super::value::Value;
use super::{date, lists, texts, time};
use crate::go_text;
use jiff::{Timestamp, tz::TimeZone};

/// The fault of calling what is no function.
pub(super) fn not_callable(value: &Value) -> RunFault {
    match value {
        Value::Nil => RunFault::NilCalled,
        other => RunFault::NotCallable(other.go_type()),
    }
}

/// A function of Argo's environment. `isNil` and `default` look at the whole `result`, never at their argument
/// (source: utils/evaluate/evaluate.go, `EvalCondition`).
///
/// # Errors
/// What Argo's `asInt` and `asFloat` refuse, in their words.
pub(super) fn environment(
    name: &str,
    nodes: &[Node],
    args: &[Value],
    result: Option<&Value>,
) -> Result<Value, Fault> {
    let first = args.first().unwrap_or(&Value::Nil);
    let is_nil = result.is_none_or(Value::is_nil);
    match name {
        "isNil" => Ok(Value::Bool(is_nil)),
        "default" if is_nil => Ok(args.get(1).cloned().unwrap_or_default()),
        "default" => Ok(result.cloned().unwrap_or_default()),
        "asInt" => match first {
            Value::Text(text) => Ok(go_text::parse_int(text).map(Value::Int64)?),
            Value::Int(i) | Value::Int64(i) => Ok(Value::Int64(*i)),
            Value::Float(f) => Ok(Value::Int64(whole(*f))),
            other => Err(unsupported("asInt", other)),
        },
        "asFloat" => match first {
            Value::Text(text) => Ok(go_text::parse_float(text).map(Value::Float)?),
            other => other.as_float().map(Value::Float).ok_or_else(|| unsupported("asFloat", other)),
        },
        "isNaN" | "isInf" => {
            let literal = nodes.first().is_some_and(holds_literal);
            let number = match first {
                Value::Float(f) => Some(*f),
                Value::Int(_) if literal => first.as_float(),
                _ => None,
            };
            let number = number.ok_or_else(|| first.not_a("float64"))?;
            Ok(Value::Bool(if name == "isNaN" { number.is_nan() } else { number.is_infinite() }))
        }
        _ => Err(not_callable(first).into()),
    }
}

fn unsupported(function: &'static str, value: &Value) -> Fault {
    RunFault::NotSupported { function, found: value.go_type(), shown: value.show() }.into()
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
) -> Result<Value, Fault> {
    let first = args.first().unwrap_or(&Value::Nil);
    match name {
        "type" => Ok(Value::text(type_name(first))),
        "string" => {
            let shown = first.show();
            budget.text(shown.len())?;
            Ok(Value::text(&shown))
        }
        "abs" | "ceil" | "floor" | "round" => Ok(rounded(name, first)?),
        "int" => Ok(int(first)?),
        "float" => match first {
            Value::Text(text) => go_text::parse_float(text)
                .map(Value::Float)
                .map_err(|_| RunFault::NoFloat(text.to_string()).into()),
            other => other
                .as_float()
                .map(Value::Float)
                .ok_or_else(|| RunFault::NoFloat(other.go_type().to_owned()).into()),
        },
        "now" => {
            let zone = match first {
                Value::Zone(zone) => (**zone).clone(),
                _ => TimeZone::UTC,
            };
            Ok(Value::Time(Box::new(now.to_zoned(zone))))
        }
        "duration" => Ok(Value::Duration(time::parse_duration(&text_of(first)?)?)),
        "date" => date::date(args),
        "timezone" => Ok(Value::Zone(Box::new(date::zone(&text_of(first)?)?))),
        "get" => Ok(get(first, args.get(1).unwrap_or(&Value::Nil))?),
        _ if name.starts_with("bit") => Ok(bits(name, args)?),
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

fn rounded(name: &str, value: &Value) -> Result<Value, ArgumentFault> {
    Ok(match (name, value) {
        ("abs", Value::Float(f)) => Value::Float(if *f < 0.0 { -f } else { *f }),
        ("abs", Value::Int(i)) => Value::Int(i.wrapping_abs()),
        ("abs", Value::Int64(i)) => Value::Int64(i.wrapping_abs()),
        ("ceil", Value::Float(f)) => Value::Float(f.ceil()),
        ("floor", Value::Float(f)) => Value::Float(f.floor()),
        ("round", Value::Float(f)) => Value::Float(f.round()),
        (_, Value::Int(_) | Value::Int64(_)) => value.as_float().map(Value::Float).unwrap_or_default(),
        _ => return Err(ArgumentFault::Unfit { function: name.to_owned(), found: value.go_type() }),
    })
}

fn int(value: &Value) -> Result<Value, RunFault> {
    match value {
        Value::Int(i) | Value::Int64(i) | Value::Duration(i) => Ok(Value::Int(*i)),
        Value::Month(i) | Value::Weekday(i) => Ok(Value::Int((*i).into())),
        Value::Float(f) => Ok(Value::Int(whole(*f))),
        Value::Text(text) => {
            go_text::parse_int(text).map(Value::Int).map_err(|_| RunFault::NoInt(text.to_string()))
        }
        Value::Nil => Err(RunFault::TypeOfNil),
        other => Err(RunFault::NoInt(other.go_type().to_owned())),
    }
}

fn bits(name: &str, args: &[Value]) -> Result<Value, RunFault> {
    let whole = |place: usize| match args.get(place).unwrap_or(&Value::Nil) {
        Value::Int(i) | Value::Int64(i) => Ok(*i),
        other => Err(RunFault::NotAnInt { found: other.go_type(), function: name.to_owned() }),
    };
    let x = whole(0)?;
    if name == "bitnot" {
        return Ok(Value::Int(!x));
    }
    let y = whole(1)?;
    let shift = name.starts_with("bits") || name == "bitushr";
    if shift && y < 0 {
        return Err(RunFault::NegativeShift(y));
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
