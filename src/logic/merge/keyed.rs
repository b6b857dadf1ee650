//! Decides what becomes of a list whose strategic merge key does not tell its items apart: a Service with port 53 for
//! TCP and for UDP, where that key is `port` alone. It never touches a list whose key does its work.
//!
//! Such a list is merged here by the keys of server-side apply (`port` and `protocol`) and marked, so that the patch
//! replaces it whole. Upstream's tools merge it by the one key all the same and lose or mix up items.

use super::order::PATCH;
use super::smp::field;
use super::{MergeError, three};
use crate::api::listkeys::{Relation, Schema};
use serde_json::{Value, json};

/// The items of a list that [`settle`] marked.
pub(super) fn replacement(list: &[Value]) -> Option<&[Value]> {
    let (first, rest) = list.split_first()?;
    (*first == json!({PATCH: "replace"})).then_some(rest)
}

/// `desired` with every ambiguous list that `live` holds too merged and marked.
pub(super) fn settle(
    base: &Value,
    desired: &Value,
    live: &Value,
    schema: &Schema,
) -> Result<Value, MergeError> {
    let (Value::Object(wanted), Value::Object(current)) = (desired, live) else { return Ok(desired.clone()) };
    let mut settled = wanted.clone();
    for (name, value) in &mut settled {
        let (Some(now), before) = (current.get(name), base.get(name).unwrap_or(&Value::Null)) else {
            continue;
        };
        let at = field(schema, name);
        match (&*value, now) {
            (Value::Object(_), Value::Object(_)) => *value = settle(before, value, now, &at)?,
            (Value::Array(new), Value::Array(old)) if at.patch().key().is_some() => {
                let list = settle_list(items(before), new, old, &at)?;
                *value = Value::Array(list);
            }
            _ => {}
        }
    }
    Ok(Value::Object(settled))
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn settle_list(
    base: &[Value],
    desired: &[Value],
    live: &[Value],
    schema: &Schema,
) -> Result<Vec<Value>, MergeError> {
    let Some(key) = schema.patch().key() else { return Ok(desired.to_vec()) };
    if let Some(keys) = finer_keys(schema, key) {
        let identity = |item: &Value| identity(item, keys, schema);
        let unique = |list: &&[Value]| distinct(list, identity);
        let lists = [base, desired, live];
        if lists.iter().any(|list| !distinct(list, |item| item.get(key).cloned())) && lists.iter().all(unique)
        {
            let mut merged = vec![json!({PATCH: "replace"})];
            merged.extend(merge(base, desired, live, schema, keys)?);
            return Ok(merged);
        }
    }
    let same = |list: &[Value], item: &Value| list.iter().find(|o| o.get(key) == item.get(key)).cloned();
    let mut settled = Vec::with_capacity(desired.len());
    for item in desired {
        settled.push(match same(live, item).filter(|_| item.get(key).is_some()) {
            Some(now) => {
                let before = same(base, item).unwrap_or(Value::Null);
                settle(&before, item, &now, &schema.items())?
            }
            None => item.clone(),
        });
    }
    Ok(settled)
}

/// The keys that server-side apply tells the items apart by, where they are more than the merge key.
fn finer_keys<'a>(schema: &'a Schema, key: &str) -> Option<&'a [String]> {
    match &schema.list()?.relation {
        Relation::Keys(keys) if keys.iter().any(|k| k != key) => Some(keys),
        _ => None,
    }
}

/// What makes an item itself: the values of its keys, defaults included. None where it has none of them.
fn identity(item: &Value, keys: &[String], schema: &Schema) -> Option<Value> {
    let map = item.as_object()?;
    let items = schema.items();
    let value = |key: &String| map.get(key).or_else(|| items.default_of(key)).cloned().unwrap_or_default();
    Some(Value::Array(keys.iter().map(value).collect()))
}

fn distinct(list: &[Value], identity: impl Fn(&Value) -> Option<Value>) -> bool {
    let known: Vec<Option<Value>> = list.iter().map(identity).collect();
    known.iter().enumerate().all(|(at, id)| id.is_some() && !known.iter().take(at).any(|other| other == id))
}

/// The list that three states make, item by item: wanted items first, then those that only the server has.
fn merge(
    base: &[Value],
    desired: &[Value],
    live: &[Value],
    schema: &Schema,
    keys: &[String],
) -> Result<Vec<Value>, MergeError> {
    let same = |list: &[Value], item: &Value| {
        list.iter().find(|other| identity(other, keys, schema) == identity(item, keys, schema)).cloned()
    };
    let mut merged = Vec::new();
    for item in desired {
        merged.push(match same(live, item) {
            Some(now) => {
                let before = same(base, item).unwrap_or(Value::Null);
                let patch = three::strategic(&before, item, &now, &schema.items())?;
                super::smp::apply(&now, &patch, &schema.items())?
            }
            None => item.clone(),
        });
    }
    let foreign = |item: &&Value| same(desired, item).is_none() && same(base, item).is_none();
    merged.extend(live.iter().filter(foreign).cloned());
    Ok(merged)
}
