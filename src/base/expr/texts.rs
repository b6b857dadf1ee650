//! Decides what the built-in functions over texts give: cutting, joining, searching, JSON and base64.
//! It never decides which arguments reach them; the checker has looked at the types before.

use super::budget::Budget;
use super::convert::{text_of, to_int};
use super::fault::Fault;
use super::fault::argument::ArgumentFault;
use super::fault::limit::Limit;
use super::fault::run::RunFault;
use super::value::{Elements, MapKey, Value};
use crate::go_text;
use base64::{Engine, engine::general_purpose::STANDARD};
use std::sync::Arc;

/// Calls `name`; `None` if it is no function over texts.
pub(super) fn call(name: &str, args: &[Value], budget: &mut Budget) -> Option<Result<Value, Fault>> {
    let first = || text_of(args.first().unwrap_or(&Value::Nil)).map_err(Fault::from);
    let second = || args.get(1).map(text_of).transpose().map_err(Fault::from);
    Some(match name {
        "trim" | "trimPrefix" | "trimSuffix" => trim(name, first(), second()),
        "upper" => first().map(|t| Value::text(&t.to_uppercase())),
        "lower" => first().map(|t| Value::text(&t.to_lowercase())),
        "split" | "splitAfter" => split(name, args, budget),
        "replace" => replace(args, budget),
        "repeat" => repeat(args, budget),
        "join" => join(args, budget),
        "indexOf" | "lastIndexOf" | "hasPrefix" | "hasSuffix" => search(name, args),
        "toJSON" => to_json(args.first().unwrap_or(&Value::Nil), budget),
        "fromJSON" => first().and_then(|t| from_json(&t, budget)),
        "toBase64" => first().map(|t| Value::text(&STANDARD.encode(t.as_bytes()))),
        "fromBase64" => first().and_then(|t| Ok(from_base64(&t)?)),
        _ => return None,
    })
}

fn trim(
    name: &str,
    text: Result<Arc<str>, Fault>,
    cut: Result<Option<Arc<str>>, Fault>,
) -> Result<Value, Fault> {
    let cut = if name == "trim" { cut } else { Ok(cut?) };
    let (text, cut) = (text?, cut?);
    let part = cut.as_deref().unwrap_or(" ");
    Ok(Value::text(match name {
        "trimPrefix" => text.strip_prefix(part).unwrap_or(&text),
        "trimSuffix" => text.strip_suffix(part).unwrap_or(&text),
        _ => match &cut {
            None => text.trim(),
            Some(set) => text.trim_matches(|c| set.contains(c)),
        },
    }))
}

/// The text and what separates its parts.
fn two(args: &[Value]) -> Result<(Arc<str>, Arc<str>), RunFault> {
    let nil = Value::Nil;
    Ok((text_of(args.first().unwrap_or(&nil))?, text_of(args.get(1).unwrap_or(&nil))?))
}

fn split(name: &str, args: &[Value], budget: &mut Budget) -> Result<Value, Fault> {
    let (text, by) = two(args)?;
    let most = args.get(2).map(to_int).transpose()?.unwrap_or(-1);
    budget.text(text.len())?;
    budget.steps(text.len())?;
    let whole: &str = &text;
    let limit = usize::try_from(most).unwrap_or(usize::MAX);
    let parts: Vec<&str> = match limit {
        0 => Vec::new(),
        _ if by.is_empty() => characters(whole, limit),
        _ if name == "split" => whole.splitn(limit, &*by).collect(),
        _ => {
            let mut rest = whole;
            let mut parts = Vec::new();
            while let Some(at) = rest.find(&*by).filter(|_| parts.len() + 1 < limit) {
                let (head, tail) = rest.split_at(at + by.len());
                parts.push(head);
                rest = tail;
            }
            parts.push(rest);
            parts
        }
    };
    Ok(Value::list(Elements::Texts, parts.into_iter().map(Value::text).collect()))
}

/// Each character by itself; what is beyond `limit` stays together.
fn characters(text: &str, limit: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let cut = if parts.len() + 1 == limit { rest.len() } else { c.len_utf8() };
        let (head, tail) = rest.split_at(cut);
        parts.push(head);
        rest = tail;
    }
    parts
}

fn replace(args: &[Value], budget: &mut Budget) -> Result<Value, Fault> {
    let (text, from) = two(args)?;
    let to = text_of(args.get(2).unwrap_or(&Value::Nil))?;
    let most = args.get(3).map(to_int).transpose()?.unwrap_or(-1);
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    budget.steps(text.len())?;
    let found = if from.is_empty() { text.chars().count() + 1 } else { text.matches(&*from).count() };
    budget.text(text.len().saturating_add(found.min(most).saturating_mul(to.len())))?;
    Ok(Value::text(&text.replacen(&*from, &to, most)))
}

fn repeat(args: &[Value], budget: &mut Budget) -> Result<Value, Fault> {
    let text = text_of(args.first().unwrap_or(&Value::Nil))?;
    let count = to_int(args.get(1).unwrap_or(&Value::Nil))?;
    if count > 1_000_000 {
        return Err(Limit::Memory.into());
    }
    let count = usize::try_from(count).map_err(|_| RunFault::RepeatNegative(count))?;
    budget.memory(text.len().saturating_mul(count))?;
    Ok(Value::text(&text.repeat(count)))
}

fn join(args: &[Value], budget: &mut Budget) -> Result<Value, Fault> {
    let glue = args.get(1).map(text_of).transpose()?.unwrap_or_else(|| "".into());
    let list = match args.first() {
        Some(Value::List(list)) if matches!(list.kind, Elements::Any | Elements::Texts) => list,
        other => {
            let found = other.map_or("<nil>", Value::go_type);
            return Err(ArgumentFault::Unfit { function: "join".to_owned(), found }.into());
        }
    };
    let parts = list.items.iter().map(text_of).collect::<Result<Vec<_>, _>>()?;
    budget.text(parts.iter().map(|p| p.len() + glue.len()).sum())?;
    Ok(Value::text(&parts.join(&*glue)))
}

fn search(name: &str, args: &[Value]) -> Result<Value, Fault> {
    let (text, part) = two(args)?;
    let place = |at: Option<usize>| Value::Int(at.and_then(|n| i64::try_from(n).ok()).unwrap_or(-1));
    Ok(match name {
        "indexOf" => place(text.find(&*part)),
        "lastIndexOf" => place(text.rfind(&*part)),
        "hasPrefix" => Value::Bool(text.starts_with(&*part)),
        _ => Value::Bool(text.ends_with(&*part)),
    })
}

fn from_json(text: &str, budget: &mut Budget) -> Result<Value, Fault> {
    budget.text(text.len())?;
    budget.steps(text.len())?;
    let parsed: Result<serde_json::Value, _> = serde_json::from_str(text);
    Ok(parsed.as_ref().map(Value::from).map_err(|e| json_fault(text, e))?)
}

/// The fault as Go words it. serde_json keeps its own code private, so its text is the only way to it.
fn json_fault(text: &str, error: &serde_json::Error) -> RunFault {
    if error.is_eof() {
        return RunFault::JsonEnd;
    }
    let line = text.lines().nth(error.line().saturating_sub(1)).unwrap_or_default();
    let said = error.to_string();
    let place = match said.split(" at line").next() {
        Some("trailing characters") => "after top-level value",
        Some("expected `:`") => "after object key",
        _ => "looking for beginning of value",
    };
    match line.get(error.column().saturating_sub(1)..).and_then(|rest| rest.chars().next()) {
        Some(found) => RunFault::JsonCharacter { found, place },
        None => RunFault::Json(said),
    }
}

fn from_base64(text: &str) -> Result<Value, RunFault> {
    let bytes = STANDARD.decode(text.replace(['\r', '\n'], ""));
    let bytes = bytes.map_err(|e| match e {
        base64::DecodeError::InvalidByte(at, _) => RunFault::Base64(at),
        _ => RunFault::Base64(text.len()),
    })?;
    Ok(Value::text(&String::from_utf8_lossy(&bytes)))
}

/// JSON with two spaces of indentation, as Go's `json.MarshalIndent` writes it.
fn to_json(value: &Value, budget: &mut Budget) -> Result<Value, Fault> {
    let mut out = String::new();
    write_json(value, 0, &mut out, budget)?;
    Ok(Value::text(&out))
}

fn write_json(value: &Value, level: usize, out: &mut String, budget: &mut Budget) -> Result<(), Fault> {
    budget.text(8 + 2 * level)?;
    match value {
        Value::Nil => out.push_str("null"),
        Value::Bool(_) | Value::Int(_) | Value::Int64(_) => out.push_str(&value.show()),
        Value::Duration(n) => out.push_str(&n.to_string()),
        Value::Month(n) | Value::Weekday(n) => out.push_str(&n.to_string()),
        Value::Float(f) => {
            let text = go_text::json_float(*f);
            out.push_str(&text.ok_or_else(|| RunFault::JsonValue(value.show()))?);
        }
        Value::Text(text) => {
            budget.text(text.len())?;
            go_text::json_string(text, out);
        }
        Value::Bytes(bytes) => go_text::json_string(&STANDARD.encode(bytes), out),
        Value::Time(at) => {
            let layout = "2006-01-02T15:04:05.999999999Z07:00";
            go_text::json_string(&super::time::format(at, layout), out);
        }
        Value::Zone(_) => out.push_str("{}"),
        Value::Function(_) => return Err(RunFault::JsonType(value.go_type()).into()),
        Value::List(list) => {
            let write = |item: &Value, out: &mut String, budget: &mut Budget| {
                write_json(item, level + 1, out, budget)
            };
            enclosed(('[', ']'), level, &list.items, out, budget, write)?;
        }
        Value::Map(map) => {
            if map.kind != super::value::Entries::TextToAny {
                return Err(RunFault::JsonType(map.kind.go_type()).into());
            }
            let pairs: Vec<(&MapKey, &Value)> = map.entries.iter().collect();
            let write = |(key, item): &(&MapKey, &Value), out: &mut String, budget: &mut Budget| {
                go_text::json_string(&key.value().show(), out);
                out.push_str(": ");
                write_json(item, level + 1, out, budget)
            };
            enclosed(('{', '}'), level, &pairs, out, budget, write)?;
        }
    }
    Ok(())
}

fn enclosed<T>(
    marks: (char, char),
    level: usize,
    items: &[T],
    out: &mut String,
    budget: &mut Budget,
    write: impl Fn(&T, &mut String, &mut Budget) -> Result<(), Fault>,
) -> Result<(), Fault> {
    out.push(marks.0);
    for (place, item) in items.iter().enumerate() {
        out.push_str(if place == 0 { "\n" } else { ",\n" });
        out.push_str(&"  ".repeat(level + 1));
        write(item, out, budget)?;
    }
    if !items.is_empty() {
        out.push('\n');
        out.push_str(&"  ".repeat(level));
    }
    out.push(marks.1);
    Ok(())
}
