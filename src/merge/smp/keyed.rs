//! Decides which patch to send, and what becomes in it of a list whose strategic merge key does not tell its items apart:
//! a Service with port 53 for TCP and for UDP, where that key is `port` alone. It never changes what a list whose key
//! does its work is to hold.
//!
//! Such a list is merged here by the keys of server-side apply (`port` and `protocol`), or item by item
//! ([`doubles`](super::doubles)) where even those repeat, and marked, so that the patch replaces it whole. Upstream's
//! tools merge it by the one key all the same and lose or mix up items. They also send deletions inside items that the
//! live object has lost, which API servers take for new items; those are left out here.

use super::apply::{apply, combine};
use super::delta::{self, Wanted};
use super::directive::{field, mark};
use super::doubles::{Doubles, put_whole};
use super::order;
use crate::api::listkeys::{Relation, Schema};
use crate::api::write::Patch;
use crate::{MergeError, json};
use serde_json::Value;

/// The patch that makes `to` of `from`; an empty map when nothing differs.
///
/// Where a list holds two items with the same merge key (a Service with port 53 for TCP and for UDP), the patch
/// replaces the list whole, because merging by that key would lose one of them.
///
/// # Errors
/// When an item of a merging list lacks its key, or a list mixes types.
pub fn diff(from: &Value, to: &Value, schema: &Schema) -> Result<Value, MergeError> {
    let (_, to) = settle(from, to, from, schema, Repeated::ByKey)?;
    delta::diff(from, &to, schema, Wanted::All)
}

/// The strategic merge patch that `kubectl apply` would send for an object of a built-in kind.
///
/// An empty map means that there is nothing to do. The patch may also restate what is so already: the order of a list
/// that others have added to, a deletion of what is gone. [`effective`](crate::three::effective) leaves such patches out.
///
/// Where a list holds two items with the same merge key (a Service with port 53 for TCP and for UDP), the list is
/// merged by the keys of server-side apply and replaced whole, because the one key would mix the items up.
///
/// # Errors
/// When an item of a merging list lacks its key, or a list mixes types.
pub fn strategic(base: &Value, desired: &Value, live: &Value, schema: &Schema) -> Result<Value, MergeError> {
    let (base, desired) = settle(base, desired, live, schema, Repeated::ByKey)?;
    between(&base, &desired, live, schema)
}

/// The patch to send for an object of a built-in kind, and what the object becomes by it.
///
/// It is that of [`strategic`], except for a list in which even the keys of server-side apply repeat (a variable that is
/// set twice): that is merged item by item and replaced whole. API servers then put the items that hold one key side by
/// side; where another item is to stand between them, the patch is a merge patch, which gives the list as it is.
///
/// # Errors
/// As [`strategic`].
pub fn three_way(
    base: &Value,
    desired: &Value,
    live: &Value,
    schema: &Schema,
) -> Result<(Patch, Value), MergeError> {
    let (base, desired) = settle(base, desired, live, schema, Repeated::ItemByItem)?;
    let patch = between(&base, &desired, live, schema)?;
    let mut after = apply(live, &patch, schema)?;
    if put_whole(&mut after, &desired, schema) {
        return Ok((Patch::Merge(json::diff(live, &after)), after));
    }
    Ok((Patch::Strategic(patch), after))
}

/// The patch that three settled states make.
fn between(base: &Value, desired: &Value, live: &Value, schema: &Schema) -> Result<Value, MergeError> {
    let additions = delta::diff(live, desired, schema, Wanted::Additions)?;
    let deletions = delta::diff(base, desired, schema, Wanted::Deletions)?;
    combine(&deletions, &additions, schema)
}

/// How the items of a list are told apart in which all keys repeat.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeated {
    /// By their key all the same, as upstream's tools do.
    ByKey,
    /// By what they say.
    ItemByItem,
}

/// `base` and `desired`, prepared for taking differences against `live`: in `desired` every ambiguous list whose
/// parent `live` holds is merged and marked; in `base` the items that `live` has lost, and that will be sent whole,
/// lack their keyed lists (there is nothing to delete in those, and API servers misread the attempt).
fn settle(
    base: &Value,
    desired: &Value,
    live: &Value,
    schema: &Schema,
    repeated: Repeated,
) -> Result<(Value, Value), MergeError> {
    let (Value::Object(wanted), Value::Object(current)) = (desired, live) else {
        return Ok((base.clone(), desired.clone()));
    };
    let (mut earlier, mut settled) = (base.clone(), wanted.clone());
    for (name, value) in &mut settled {
        let before = base.get(name).unwrap_or(&Value::Null);
        let at = field(schema, name);
        let (before, after) = match (&*value, current.get(name)) {
            (Value::Object(_), Some(now @ Value::Object(_))) => settle(before, value, now, &at, repeated)?,
            (Value::Array(new), Some(Value::Array(old))) if at.patch().key().is_some() => {
                let (before, after) = settle_list(items(before), new, old, &at, repeated)?;
                (Value::Array(before), Value::Array(after))
            }
            (Value::Array(new), None) => match replaced(items(before), new, &[], &at, repeated)? {
                Some(list) => (before.clone(), Value::Array(list)),
                None => continue,
            },
            _ => continue,
        };
        if let Some(place) = earlier.get_mut(name) {
            *place = before;
        }
        *value = after;
    }
    Ok((earlier, Value::Object(settled)))
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn settle_list(
    base: &[Value],
    desired: &[Value],
    live: &[Value],
    schema: &Schema,
    repeated: Repeated,
) -> Result<(Vec<Value>, Vec<Value>), MergeError> {
    let Some(key) = schema.patch().key() else { return Ok((base.to_vec(), desired.to_vec())) };
    if let Some(list) = replaced(base, desired, live, schema, repeated)? {
        return Ok((base.to_vec(), list));
    }
    let place = |list: &[Value], item: &Value| item.get(key).and_then(|_| order::find(list, item, Some(key)));
    let (mut earlier, mut settled) = (base.to_vec(), Vec::with_capacity(desired.len()));
    for item in desired {
        let before = place(&earlier, item);
        let Some(now) = place(live, item).and_then(|at| live.get(at)) else {
            if let Some(slot) = before.and_then(|at| earlier.get_mut(at)) {
                *slot = without_keyed_lists(slot, &schema.items());
            }
            settled.push(item.clone());
            continue;
        };
        let old = before.and_then(|at| earlier.get(at)).unwrap_or(&Value::Null);
        let (old, new) = settle(old, item, now, &schema.items(), repeated)?;
        if let Some(slot) = before.and_then(|at| earlier.get_mut(at)) {
            *slot = old;
        }
        settled.push(new);
    }
    Ok((earlier, settled))
}

fn without_keyed_lists(value: &Value, schema: &Schema) -> Value {
    let Value::Object(map) = value else { return value.clone() };
    let keyed = |name: &str, value: &Value| value.is_array() && field(schema, name).patch().key().is_some();
    let kept = map.iter().filter(|(name, value)| !keyed(name, value));
    Value::Object(kept.map(|(k, v)| (k.clone(), without_keyed_lists(v, &field(schema, k)))).collect())
}

/// The merged and marked list that stands for `desired`, where its merge key is not enough in one of the states.
fn replaced(
    base: &[Value],
    desired: &[Value],
    live: &[Value],
    schema: &Schema,
    repeated: Repeated,
) -> Result<Option<Vec<Value>>, MergeError> {
    let Some(key) = schema.patch().key() else { return Ok(None) };
    let lists = [base, desired, live];
    if lists.iter().all(|list| distinct(list, |item| item.get(key).cloned())) {
        return Ok(None);
    }
    let finer = finer_keys(schema, key);
    let list = match finer {
        Some(keys) if lists.iter().all(|list| distinct(list, |item| identity(item, keys, schema))) => {
            let merged = merge(base, desired, live, schema, keys)?;
            // Where the key still does not do its work, the order is the server's: what differs in nothing else rests.
            let same = merged.len() == live.len() && merged.iter().all(|item| live.contains(item));
            let ordered = distinct(&merged, |item| item.get(key).cloned());
            if same && !ordered { live.to_vec() } else { grouped(merged, key) }
        }
        _ if repeated == Repeated::ItemByItem
            && lists.iter().all(|list| list.iter().all(|item| item.get(key).is_some())) =>
        {
            let name = |item: &Value| match finer {
                Some(keys) => identity(item, keys, schema),
                None => item.get(key).cloned(),
            };
            let merge = |before: &Value, item: &Value, now: &Value| {
                three_way(before, item, now, &schema.items()).map(|(_, after)| after)
            };
            Doubles { name: &name, merge: &merge }.list(base, desired, live)?
        }
        _ => return Ok(None),
    };
    Ok(Some([vec![mark()], list].concat()))
}

/// `list` in the order that API servers give a list that replaces another: items with the same merge key together.
fn grouped(list: Vec<Value>, key: &str) -> Vec<Value> {
    let first = |item: &Value| list.iter().position(|other| other.get(key) == item.get(key));
    let mut ranked: Vec<(Option<usize>, Value)> =
        list.iter().map(|item| (first(item), item.clone())).collect();
    ranked.sort_by_key(|(place, _)| *place);
    ranked.into_iter().map(|(_, item)| item).collect()
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
                three_way(&before, item, &now, &schema.items())?.1
            }
            None => apply(&Value::Null, item, &schema.items())?,
        });
    }
    let foreign = |item: &&Value| same(desired, item).is_none() && same(base, item).is_none();
    merged.extend(live.iter().filter(foreign).cloned());
    Ok(merged)
}
