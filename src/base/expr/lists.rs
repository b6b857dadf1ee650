//! Decides what the built-in functions over lists and maps give, aggregates included.
//! It never asks a predicate; those functions walk with the evaluator.

use super::access::fetch;
use super::budget::Budget;
use super::fault::Fault;
use super::fault::argument::ArgumentFault;
use super::fault::limit::Limit;
use super::fault::run::RunFault;
use super::ops;
use super::value::{Elements, Entries, List, MapKey, Value, weight};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How deep lists may nest in aggregates and `flatten`.
const MOST_LEVELS: usize = 100;

/// Calls `name`.
///
/// # Errors
/// What the function refuses, and an exceeded budget.
pub(super) fn call(name: &str, args: &[Value], budget: &mut Budget) -> Result<Value, Fault> {
    let first = args.first().unwrap_or(&Value::Nil);
    budget.steps(args.iter().map(weight).sum())?;
    match name {
        "len" => len(first),
        "max" | "min" => extreme(name, args, 0),
        "mean" | "median" => average(name, args),
        "first" => Ok(fetch(first, &Value::Int(0)).unwrap_or_default()),
        "last" => Ok(fetch(first, &Value::Int(-1)).unwrap_or_default()),
        "take" => take(first, args.get(1).unwrap_or(&Value::Nil)),
        "keys" | "values" | "toPairs" => Ok(entries(name, first)?),
        "fromPairs" => from_pairs(first),
        "reverse" => {
            let mut items = items_of("reverse", first)?.items.clone();
            items.reverse();
            budget.memory(items.len())?;
            Ok(Value::list(Elements::Any, items))
        }
        "uniq" => uniq(first, budget),
        "concat" => {
            let mut all = Vec::new();
            for arg in args {
                all.extend(items_of("concat", arg)?.items.iter().cloned());
            }
            budget.memory(all.len())?;
            Ok(Value::list(Elements::Any, all))
        }
        "flatten" => {
            let mut all = Vec::new();
            flatten(items_of("flatten", first)?, 0, &mut all)?;
            budget.memory(all.len())?;
            Ok(Value::list(Elements::Any, all))
        }
        "sort" => {
            let descending = match args.get(1) {
                None => false,
                Some(Value::Text(order)) if &**order == "asc" => false,
                Some(Value::Text(order)) if &**order == "desc" => true,
                Some(Value::Text(order)) => {
                    return Err(RunFault::SortOrder(order.to_string()).into());
                }
                Some(other) => {
                    return Err(RunFault::SortOrderType(other.go_type()).into());
                }
            };
            let items = match first {
                Value::List(list) if !matches!(list.kind, Elements::Pairs | Elements::Pair) => {
                    list.items.iter().map(|item| (item.clone(), item.clone())).collect()
                }
                _ => Vec::new(),
            };
            budget.memory(items.len())?;
            budget.steps(items.len().saturating_mul(20))?;
            Ok(Value::list(Elements::Any, sort(items, descending)?))
        }
        _ => Err(ArgumentFault::UnknownBuiltin(name.to_owned()).into()),
    }
}

fn len(value: &Value) -> Result<Value, Fault> {
    let length = match value {
        Value::List(list) => list.items.len(),
        Value::Map(map) => map.entries.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::Text(text) => text.chars().count(),
        other => return Err(unfit("len", other)),
    };
    Ok(Value::Int(i64::try_from(length).unwrap_or(i64::MAX)))
}

fn unfit(function: &str, value: &Value) -> Fault {
    ArgumentFault::Unfit { function: function.to_owned(), found: value.go_type() }.into()
}

fn items_of<'a>(verb: &'static str, value: &'a Value) -> Result<&'a Arc<List>, ArgumentFault> {
    match value {
        Value::List(list) => Ok(list),
        other => Err(ArgumentFault::NotAList { verb, found: other.kind_in_builtin() }),
    }
}

/// Whether the numbers of `max` and `min` can be compared with this.
fn is_number(value: &Value) -> bool {
    value.as_float().is_some() || matches!(value, Value::Duration(_))
}

/// `max` and `min`: the first extreme number among the arguments and the elements of those that are lists.
fn extreme(name: &str, args: &[Value], level: usize) -> Result<Value, Fault> {
    let better = if name == "max" { "<" } else { ">" };
    let mut best = Value::Nil;
    let mut offer = |candidate: Value| {
        if best.is_nil() || ops::ordered(&best, better, &candidate)? {
            best = candidate;
        }
        Ok::<(), Fault>(())
    };
    if level > MOST_LEVELS {
        return Err(Limit::Depth.into());
    }
    for arg in args {
        match arg {
            Value::List(list) => {
                for item in &list.items {
                    match item {
                        Value::List(_) => {
                            let nested = extreme(name, std::slice::from_ref(item), level + 1)?;
                            if !nested.is_nil() {
                                offer(nested)?;
                            }
                        }
                        number if is_number(number) => offer(number.clone())?,
                        other => return Err(unfit(name, other)),
                    }
                }
            }
            number if is_number(number) => offer(number.clone())?,
            only if args.len() == 1 => return Ok(only.clone()),
            other => return Err(unfit(name, other)),
        }
    }
    Ok(best)
}

fn numbers(name: &str, value: &Value, level: usize, found: &mut Vec<f64>) -> Result<(), Fault> {
    if level > MOST_LEVELS {
        return Err(Limit::Depth.into());
    }
    match value {
        Value::List(list) => list.items.iter().try_for_each(|item| numbers(name, item, level + 1, found)),
        other => {
            #[allow(clippy::cast_precision_loss)] // Go averages nanoseconds in floating point too
            let number = match other {
                Value::Duration(nanos) => Some(*nanos as f64),
                _ => other.as_float(),
            };
            found.push(number.ok_or_else(|| unfit(name, other))?);
            Ok(())
        }
    }
}

#[allow(clippy::cast_precision_loss)] // a count of elements
fn average(name: &str, args: &[Value]) -> Result<Value, Fault> {
    let mut found = Vec::new();
    for arg in args {
        numbers(name, arg, 0, &mut found)?;
    }
    if found.is_empty() {
        return Ok(Value::Float(0.0));
    }
    if name == "mean" {
        return Ok(Value::Float(found.iter().sum::<f64>() / found.len() as f64));
    }
    // Go sorts NaN before everything else.
    found.sort_by(|a, b| b.is_nan().cmp(&a.is_nan()).then(a.total_cmp(b)));
    let at = |place: usize| found.get(place).copied().unwrap_or_default();
    let middle = found.len() / 2;
    let median = if found.len() % 2 == 1 { at(middle) } else { (at(middle - 1) + at(middle)) / 2.0 };
    Ok(Value::Float(median))
}

fn take(from: &Value, count: &Value) -> Result<Value, Fault> {
    let Value::List(list) = from else {
        return Err(ArgumentFault::TakeFrom(from.kind_in_builtin()).into());
    };
    let count = match count {
        Value::Int(n) | Value::Int64(n) | Value::Duration(n) => *n,
        other => return Err(ArgumentFault::TakeCount(other.kind_in_builtin()).into()),
    };
    let Ok(count) = usize::try_from(count) else {
        return Err(RunFault::TakeNegative.into());
    };
    Ok(Value::list(list.kind, list.items.iter().take(count).cloned().collect()))
}

fn entries(name: &str, value: &Value) -> Result<Value, ArgumentFault> {
    let Value::Map(map) = value else {
        let found = value.kind_in_builtin();
        return Err(match name {
            "toPairs" => ArgumentFault::ToPairs(found),
            "keys" => ArgumentFault::NothingToGet { what: "keys", found },
            _ => ArgumentFault::NothingToGet { what: "values", found },
        });
    };
    let pair = |(k, v): (&MapKey, &Value)| Value::list(Elements::Pair, vec![k.value(), v.clone()]);
    Ok(match name {
        "keys" => Value::list(Elements::Any, map.entries.keys().map(MapKey::value).collect()),
        "values" => Value::list(Elements::Any, map.entries.values().cloned().collect()),
        _ => Value::list(Elements::Pairs, map.entries.iter().map(pair).collect()),
    })
}

fn from_pairs(value: &Value) -> Result<Value, Fault> {
    let Value::List(list) = value else {
        return Err(ArgumentFault::FromPairs(value.show()).into());
    };
    let mut found = BTreeMap::new();
    for item in &list.items {
        let Value::List(pair) = item else { return Err(RunFault::NoPair(item.show()).into()) };
        let [key, value] = pair.items.as_slice() else {
            return Err(RunFault::PairLength(item.show()).into());
        };
        let unhashable = || RunFault::Unhashable(key.go_type());
        found.insert(MapKey::from_value(key).ok_or_else(unhashable)?, value.clone());
    }
    Ok(Value::map(Entries::AnyToAny, found))
}

fn uniq(value: &Value, budget: &mut Budget) -> Result<Value, Fault> {
    let list = items_of("uniq", value)?;
    let mut kept: Vec<Value> = Vec::new();
    for item in &list.items {
        budget.steps(kept.len().saturating_mul(weight(item)))?;
        if !kept.iter().any(|own| ops::equal(item, own)) {
            kept.push(item.clone());
        }
    }
    Ok(Value::list(Elements::Any, kept))
}

fn flatten(list: &List, level: usize, all: &mut Vec<Value>) -> Result<(), Limit> {
    if level > MOST_LEVELS {
        return Err(Limit::Depth);
    }
    for item in &list.items {
        match item {
            Value::List(nested) => flatten(nested, level + 1, all)?,
            other => all.push(other.clone()),
        }
    }
    Ok(())
}

/// Sorts `(by, item)` pairs by their first part and hands out the second parts. Equal ones keep their order.
///
/// Only `<` is asked, so that a NaN, which is less than nothing, cannot upset the algorithm.
///
/// # Errors
/// Values without an order.
pub(super) fn sort(pairs: Vec<(Value, Value)>, descending: bool) -> Result<Vec<Value>, RunFault> {
    let less = |a: &Value, b: &Value| {
        if descending { ops::ordered(b, "<", a) } else { ops::ordered(a, "<", b) }
    };
    let mut runs: Vec<Vec<(Value, Value)>> = pairs.into_iter().map(|pair| vec![pair]).collect();
    while runs.len() > 1 {
        let mut merged = Vec::with_capacity(runs.len().div_ceil(2));
        let mut rest = runs.into_iter();
        while let Some(left) = rest.next() {
            let Some(right) = rest.next() else {
                merged.push(left);
                break;
            };
            let mut out = Vec::with_capacity(left.len() + right.len());
            let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
            while let (Some((a, _)), Some((b, _))) = (left.peek(), right.peek()) {
                let from_right = less(b, a)?;
                out.extend(if from_right { right.next() } else { left.next() });
            }
            out.extend(left);
            out.extend(right);
            merged.push(out);
        }
        runs = merged;
    }
    Ok(runs.into_iter().flatten().map(|(_, item)| item).collect())
}
