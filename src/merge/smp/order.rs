//! Decides the order of the items of a merged list, and which items of two lists are the same.
//! It never merges two items.

use super::directive::deletes;
use crate::{MergeError, Object, text};
use serde_json::Value;

/// What the items of a list are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Items {
    Maps,
    Scalars,
}

/// What the items of all `lists` are: all of one type, and no lists.
pub(crate) fn items(lists: &[&[Value]]) -> Result<Items, MergeError> {
    let all = || lists.iter().flat_map(|list| list.iter());
    let first = all().next().ok_or(MergeError::NoItems)?;
    if first.is_array() {
        return Err(MergeError::ListOfLists);
    }
    if first.is_null() || all().any(|item| text::type_name(item) != text::type_name(first)) {
        let printed: Vec<String> = lists.iter().map(|l| text::plain(&Value::Array(l.to_vec()))).collect();
        return Err(MergeError::MixedItems { lists: format!("[{}]", printed.join(" ")) });
    }
    Ok(if first.is_object() { Items::Maps } else { Items::Scalars })
}

/// The map that an item is.
pub(super) fn map(item: &Value) -> Result<&Object, MergeError> {
    item.as_object().ok_or(MergeError::WrongType { expected: text::MAP, found: text::type_name(item) })
}

/// The value of the merge key of an item.
pub(super) fn key_of<'a>(item: &'a Value, key: &str) -> Result<&'a Value, MergeError> {
    let missing = || MergeError::NoMergeKey { item: text::plain(item), key: key.to_owned() };
    map(item)?.get(key).ok_or_else(missing)
}

/// What makes an item itself: the value of its key, or itself where there is no key. None in a map without it.
pub(super) fn identity<'a>(item: &'a Value, key: Option<&str>) -> Option<&'a Value> {
    match key {
        Some(key) => item.as_object()?.get(key),
        None => Some(item),
    }
}

/// The first place at which `list` holds an item with the identity of `item`.
pub(crate) fn find(list: &[Value], item: &Value, key: Option<&str>) -> Option<usize> {
    let wanted = identity(item, key);
    list.iter().position(|other| identity(other, key) == wanted)
}

/// Sorts `list` by the places its items have in `order`, those without one first; items that say
/// `$patch: delete` go last.
pub(super) fn sort(list: Vec<Value>, order: &[Value], key: Option<&str>) -> Result<Vec<Value>, MergeError> {
    if let Some(key) = key {
        for item in list.iter().chain(order) {
            key_of(item, key)?;
        }
    }
    let (deleting, keeping): (Vec<Value>, Vec<Value>) =
        list.into_iter().partition(|item| key.is_some() && deletes(item));
    let place = |item: Value| (find(order, &item, key), item);
    let mut ranked: Vec<(Option<usize>, Value)> = keeping.into_iter().map(place).collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    Ok(ranked.into_iter().map(|(_, item)| item).chain(deleting).collect())
}

/// One list of the items that a patch orders and of those that only the server has, each in its own order.
///
/// `wanted` is the order of the first, `served` the order that the server's list had. A server's item goes before
/// the first ordered item that the server had behind it.
pub(super) fn interleave(
    ordered: Vec<Value>,
    served_only: Vec<Value>,
    wanted: &[Value],
    served: &[Value],
    key: Option<&str>,
) -> Result<Vec<Value>, MergeError> {
    let mut right = sort(ordered, wanted, key)?.into_iter().peekable();
    let mut all = Vec::new();
    for item in sort(served_only, served, key)? {
        let place = find(served, &item, key);
        let before = |other: &Value| matches!((place, find(served, other, key)), (Some(a), Some(b)) if a < b);
        while let Some(next) = right.next_if(|next| !before(next)) {
            all.push(next);
        }
        all.push(item);
    }
    all.extend(right);
    Ok(all)
}

/// Splits `list` into the items that `chosen` has too and the others.
pub(super) fn split(
    list: Vec<Value>,
    chosen: &[Value],
    key: Option<&str>,
) -> Result<(Vec<Value>, Vec<Value>), MergeError> {
    if let Some(key) = key {
        for item in &list {
            key_of(item, key)?;
        }
    }
    Ok(list.into_iter().partition(|item| find(chosen, item, key).is_some()))
}

/// Each scalar once. Where the first of a kind stands, it stays; the last item fills the gap of a repeated one.
pub(super) fn once(mut list: Vec<Value>) -> Vec<Value> {
    let mut at = 0;
    while at < list.len() {
        let mut next = at + 1;
        while next < list.len() {
            if list.get(at) == list.get(next) {
                list.swap_remove(next);
            } else {
                next += 1;
            }
        }
        at += 1;
    }
    list
}
