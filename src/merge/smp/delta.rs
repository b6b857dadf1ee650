//! Decides which strategic merge patch leads from one state to another, directives included.
//! It never applies a patch and never sees a third state.

use super::directive::{DELETE_FROM, ELEMENT_ORDER, PATCH, RETAIN_KEYS, field, replacement};
use super::order::{self, Items};
use crate::api::listkeys::Schema;
use crate::{MergeError, Object, text};
use serde_json::{Value, json};

/// Which differences the patch shall hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// All of them, with the order of lists.
    All,
    /// What the new state adds or changes, with the order of lists.
    Additions,
    /// What the new state lacks, with the order of lists.
    Deletions,
    /// All of them, without the order of lists.
    Unordered,
}

impl Wanted {
    fn additions(self) -> bool {
        self != Self::Deletions
    }

    fn deletions(self) -> bool {
        self != Self::Additions
    }
}

/// The patch from `from` to `to`. A list of `to` that begins with the mark of [`replacement`] is sent as one.
pub(crate) fn diff(from: &Value, to: &Value, schema: &Schema, wanted: Wanted) -> Result<Value, MergeError> {
    let object = |value: &Value| match value {
        Value::Null => Ok(Object::new()),
        Value::Object(map) => Ok(map.clone()),
        _ => Err(MergeError::NotAnObject),
    };
    Ok(Value::Object(diff_maps(&object(from)?, &object(to)?, schema, false, wanted)?))
}

fn diff_maps(
    from: &Object,
    to: &Object,
    schema: &Schema,
    retain: bool,
    wanted: Wanted,
) -> Result<Object, MergeError> {
    let mut patch = Object::new();
    for (key, new) in to {
        match from.get(key) {
            Some(Value::Object(old)) if new.is_object() => {
                let at = field(schema, key);
                let new_map = order::map(new)?;
                if at.patch().replace {
                    if wanted.additions() && old != new_map {
                        patch.insert(key.clone(), new.clone());
                    }
                    continue;
                }
                let inner = diff_maps(old, new_map, &at, at.patch().retain_keys, wanted)?;
                if !inner.is_empty() {
                    patch.insert(key.clone(), Value::Object(inner));
                }
            }
            Some(Value::Array(old)) if new.as_array().is_some_and(|_| field(schema, key).patch().merge) => {
                let new = new.as_array().map(Vec::as_slice).unwrap_or_default();
                diff_lists(key, old, new, &field(schema, key), wanted, &mut patch)?;
            }
            Some(old) if old == new => {}
            _ if wanted.additions() => {
                patch.insert(key.clone(), new.clone());
            }
            _ => {}
        }
    }
    if wanted.deletions() {
        for key in from.keys().filter(|key| !to.contains_key(*key)) {
            patch.insert(key.clone(), Value::Null);
        }
    }
    if retain {
        retain_keys(from, to, &mut patch);
    }
    Ok(patch)
}

/// Names the fields of the new state, so that all others are cleared, when there is anything to change or clear.
fn retain_keys(from: &Object, to: &Object, patch: &mut Object) {
    let mut kept: Vec<&String> = to.iter().filter(|(_, v)| !v.is_null()).map(|(k, _)| k).collect();
    let clears = from.iter().any(|(key, value)| !value.is_null() && !to.contains_key(key));
    if !kept.is_empty() && (!patch.is_empty() || clears) {
        kept.sort();
        patch.insert(RETAIN_KEYS.to_owned(), json!(kept));
    }
}

/// The parts of a patch that concern one merging list.
#[derive(Default)]
struct ListPatch {
    items: Vec<Value>,
    deleted_scalars: Vec<Value>,
    order: Vec<Value>,
}

fn diff_lists(
    key: &str,
    from: &[Value],
    to: &[Value],
    schema: &Schema,
    wanted: Wanted,
    patch: &mut Object,
) -> Result<(), MergeError> {
    if let Some(whole) = replacement(to) {
        if wanted.additions() && whole != from {
            patch.insert(key.to_owned(), Value::Array(to.to_vec()));
        }
        return Ok(());
    }
    if from.is_empty() {
        if wanted.additions() && !to.is_empty() {
            patch.insert(key.to_owned(), Value::Array(to.to_vec()));
        }
        return Ok(());
    }
    let parts = match order::items(&[from, to])? {
        Items::Maps => diff_keyed(from, to, schema, wanted)?,
        Items::Scalars => diff_scalars(from, to, wanted)?,
    };
    let named = [
        (key.to_owned(), parts.items),
        (format!("{DELETE_FROM}/{key}"), parts.deleted_scalars),
        (format!("{ELEMENT_ORDER}/{key}"), parts.order),
    ];
    for (name, list) in named.into_iter().filter(|(_, list)| !list.is_empty()) {
        patch.insert(name, Value::Array(list));
    }
    Ok(())
}

/// `list` sorted as Go prints the identity of its items. Of items that print alike, the last comes first.
fn sorted<'a>(list: &'a [Value], key: Option<&str>) -> Result<Vec<(String, &'a Value)>, MergeError> {
    let mut sorted = Vec::with_capacity(list.len());
    for item in list.iter().rev() {
        let identity = match key {
            Some(key) => order::key_of(item, key)?,
            None => item,
        };
        sorted.push((text::plain(identity), item));
    }
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(sorted)
}

/// An item of the old list and the item of the new one that is the same; one of them may be missing.
type Pair<'a> = (Option<&'a Value>, Option<&'a Value>);

/// Pairs the items of two lists by how their identities print.
fn pairs<'a>(from: &'a [Value], to: &'a [Value], key: Option<&str>) -> Result<Vec<Pair<'a>>, MergeError> {
    let mut old = sorted(from, key)?.into_iter().peekable();
    let mut new = sorted(to, key)?.into_iter().peekable();
    let mut pairs = Vec::new();
    loop {
        let (take_old, take_new) = match (old.peek(), new.peek()) {
            (None, None) => return Ok(pairs),
            (Some(_), None) => (true, false),
            (None, Some(_)) => (false, true),
            (Some((a, _)), Some((b, _))) => (a <= b, b <= a),
        };
        let left = if take_old { old.next() } else { None };
        let right = if take_new { new.next() } else { None };
        pairs.push((left.map(|(_, v)| v), right.map(|(_, v)| v)));
    }
}

fn diff_keyed(
    from: &[Value],
    to: &[Value],
    schema: &Schema,
    wanted: Wanted,
) -> Result<ListPatch, MergeError> {
    let key = schema.patch().key().ok_or(MergeError::NoKeyDeclared)?;
    let (mut changed, mut deleted) = (Vec::new(), Vec::new());
    for pair in pairs(from, to, Some(key))? {
        match pair {
            (Some(old), Some(new)) => {
                let (old, new_map) = (order::map(old)?, order::map(new)?);
                let retain = schema.patch().retain_keys;
                let mut inner = diff_maps(old, new_map, &schema.items(), retain, wanted)?;
                if !inner.is_empty() {
                    inner.insert(key.to_owned(), order::key_of(new, key)?.clone());
                    changed.push(Value::Object(inner));
                }
            }
            (None, Some(new)) if wanted.additions() => changed.push(new.clone()),
            (Some(old), None) if wanted.deletions() => {
                deleted.push(json!({key: order::key_of(old, key)?, PATCH: "delete"}));
            }
            _ => {}
        }
    }
    let mut items = order::sort(changed, to, Some(key))?;
    items.extend(deleted);
    let same_order = from.len() == to.len()
        && from.iter().zip(to).all(|(a, b)| order::identity(a, Some(key)) == order::identity(b, Some(key)));
    let states_order = match wanted {
        Wanted::Unordered => false,
        Wanted::Deletions => !items.is_empty(),
        Wanted::All | Wanted::Additions => !items.is_empty() || !same_order,
    };
    let mut order = Vec::new();
    for item in to.iter().filter(|_| states_order) {
        order.push(json!({key: order::key_of(item, key)?}));
    }
    Ok(ListPatch { items, order, ..ListPatch::default() })
}

fn diff_scalars(from: &[Value], to: &[Value], wanted: Wanted) -> Result<ListPatch, MergeError> {
    let (mut added, mut deleted) = (Vec::new(), Vec::new());
    for pair in pairs(from, to, None)? {
        match pair {
            (None, Some(new)) if wanted.additions() => added.push(new.clone()),
            (Some(old), None) if wanted.deletions() => deleted.push(old.clone()),
            _ => {}
        }
    }
    let deleted_scalars = order::once(deleted);
    let states_order = match wanted {
        Wanted::Unordered => false,
        Wanted::Deletions => !deleted_scalars.is_empty(),
        Wanted::All | Wanted::Additions => from != to,
    };
    let order = if states_order { to.to_vec() } else { Vec::new() };
    Ok(ListPatch { items: order::sort(added, to, None)?, deleted_scalars, order })
}
