//! Decides what stands at an index, a key or between two bounds of a value.
//! It never evaluates the index.

use super::convert::to_int;
use super::fault::Fault;
use super::fault::argument::ArgumentFault;
use super::fault::run::RunFault;
use super::methods;
use super::ops;
use super::types::Type;
use super::value::{Elements, Entries, Value};

fn place(index: i64, length: usize) -> (i64, Option<usize>) {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let index = if index < 0 { length.wrapping_add(index) } else { index };
    (index, usize::try_from(index).ok().filter(|_| index < length))
}

fn byte(found: Option<&u8>) -> Value {
    found.map(|b| Value::Int((*b).into())).unwrap_or_default()
}

/// `base[key]` and `base.key` (source: vm/runtime/runtime.go, `Fetch`).
///
/// # Errors
/// An index out of range, a key of the wrong type, and what has no elements.
pub(super) fn fetch(base: &Value, key: &Value) -> Result<Value, RunFault> {
    let at = |length: usize| {
        let (index, found) = place(to_int(key)?, length);
        found.ok_or(RunFault::OutOfRange { index, length })
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
                None => Err(RunFault::NoMember { key: key.show(), of: other.go_type() }),
            }
        }
    }
}

/// `base[from:to]`; bounds beyond the ends are cut, negative ones count from the end
/// (source: vm/runtime/runtime.go, `Slice`).
///
/// # Errors
/// What cannot be sliced, and bounds that are no numbers.
pub(super) fn slice(base: &Value, from: &Value, to: Option<&Value>) -> Result<Value, Fault> {
    let length = match base {
        Value::List(list) => list.items.len(),
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        other if to.is_none() => {
            return Err(ArgumentFault::Unfit { function: "len".to_owned(), found: other.go_type() }.into());
        }
        _ => return Err(RunFault::NotSliceable(from.show()).into()),
    };
    let bound = |value: &Value| {
        let (index, _) = place(to_int(value)?, length);
        Ok::<usize, RunFault>(usize::try_from(index).unwrap_or(0).min(length))
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

/// `get(base, key)`: nil where `base[key]` would be out of range (source: builtin/lib.go, `get`).
///
/// # Errors
/// A key of the wrong type.
pub(super) fn get(base: &Value, key: &Value) -> Result<Value, RunFault> {
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
