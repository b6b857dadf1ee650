//! Decides what a strategic merge patch does to an object of a built-in kind, or to another patch.
//! It never knows which kind it is: the schema says how each list and map merges.

use super::directive::{
    DELETE_FROM, ELEMENT_ORDER, PATCH, RETAIN_KEYS, deletes, directs, directs_fields, field, mark,
};
use super::order::{self, Items};
use crate::api::listkeys::{PatchStrategy, Schema};
use crate::{MergeError, Object, text};
use serde_json::Value;

/// What the patch is merged into.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Into {
    /// An object: directives take effect and vanish, `null` deletes.
    Object,
    /// Another patch: directives and `null` stay, so that both patches take effect at once.
    Patch,
}

/// `live` after `patch`.
///
/// # Errors
/// When the patch is malformed or does not fit the schema; see [`MergeError`].
pub fn apply(live: &Value, patch: &Value, schema: &Schema) -> Result<Value, MergeError> {
    merge(live, patch, schema, Into::Object)
}

/// One patch that does what `first` and then `second` do. Both must come from the same new state, so that they do
/// not contradict each other.
pub(super) fn combine(first: &Value, second: &Value, schema: &Schema) -> Result<Value, MergeError> {
    merge(first, second, schema, Into::Patch)
}

fn merge(live: &Value, patch: &Value, schema: &Schema, into: Into) -> Result<Value, MergeError> {
    let object = |value: &Value| match value {
        Value::Null => Ok(Object::new()),
        Value::Object(map) => Ok(map.clone()),
        _ => Err(MergeError::NotAnObject),
    };
    Ok(Value::Object(merge_maps(object(live)?, object(patch)?, schema, into)?))
}

fn merge_maps(
    mut live: Object,
    mut patch: Object,
    schema: &Schema,
    into: Into,
) -> Result<Object, MergeError> {
    if let Some(directive) = patch.remove(PATCH) {
        return match directive.as_str() {
            Some("replace") => Ok(patch),
            Some("delete") => Ok(Object::new()),
            _ => {
                let printed = text::plain(&directive);
                patch.insert(PATCH.to_owned(), directive);
                let item = text::plain(&Value::Object(patch));
                Err(MergeError::UnknownDirective { directive: printed, item })
            }
        };
    }
    retain_keys(&mut live, &mut patch, into)?;
    ordered_lists(&mut live, &mut patch, schema, into)?;
    for (key, change) in patch {
        if key.starts_with(DELETE_FROM) {
            match into {
                Into::Patch => {
                    live.insert(key, change);
                }
                Into::Object => delete_scalars(&mut live, list_of(&key, DELETE_FROM)?, &change)?,
            }
            continue;
        }
        merge_field(&mut live, key, change, schema, into)?;
    }
    Ok(live)
}

fn merge_field(
    live: &mut Object,
    key: String,
    change: Value,
    schema: &Schema,
    into: Into,
) -> Result<(), MergeError> {
    if change.is_null() {
        live.remove(&key);
        if into == Into::Patch {
            live.insert(key, Value::Null);
        }
        return Ok(());
    }
    let merged = match (live.remove(&key), change) {
        (Some(Value::Object(old)), Value::Object(new)) => {
            let at = field(schema, &key);
            let replaces = at.patch().replace;
            Some(Value::Object(if replaces { new } else { merge_maps(old, new, &at, into)? }))
        }
        (Some(Value::Array(old)), Value::Array(new)) => {
            let at = field(schema, &key);
            Some(Value::Array(if at.patch().merge { merge_lists(old, new, &at, into)? } else { new }))
        }
        (_, new) => without_directives(new, into),
    };
    if let Some(merged) = merged {
        live.insert(key, merged);
    }
    Ok(())
}

/// A value that had nothing to merge with: directives have nothing to direct, and `null` nothing to delete. None
/// when the value itself is nothing but a directive. In a patch, the mark of a list to be replaced stays.
fn without_directives(value: Value, into: Into) -> Option<Value> {
    match value {
        item if into == Into::Patch && item == mark() => Some(item),
        Value::Object(map) if map.contains_key(PATCH) => None,
        Value::Object(map) => {
            let kept = map
                .into_iter()
                .filter(|(key, value)| into == Into::Patch || !(value.is_null() || directs_fields(key)))
                .filter_map(|(key, value)| Some((key, without_directives(value, into)?)));
            Some(Value::Object(kept.collect()))
        }
        Value::Array(items) => {
            Some(Value::Array(items.into_iter().filter_map(|item| without_directives(item, into)).collect()))
        }
        scalar => Some(scalar),
    }
}

/// A new item of a list. API servers take it as it is, so a directive inside it directs nothing; the decoder then
/// drops the directive's key and `null`, but keeps a map that it was to delete.
fn undirected(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.into_iter().filter(|(key, value)| !value.is_null() && !directs(key));
            Value::Object(kept.map(|(key, value)| (key, undirected(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(undirected).collect()),
        scalar => scalar,
    }
}

fn retain_keys(live: &mut Object, patch: &mut Object, into: Into) -> Result<(), MergeError> {
    let Some(retained) = patch.remove(RETAIN_KEYS) else { return Ok(()) };
    if into == Into::Patch {
        live.entry(RETAIN_KEYS).or_insert(retained);
        return Ok(());
    }
    let list = retained.as_array().ok_or(MergeError::RetainKeysFormat)?;
    let keeps = |key: &str| list.iter().any(|k| k.as_str() == Some(key));
    for (key, value) in patch.iter() {
        if !value.is_null() && !directs(key) && !keeps(key) {
            return Err(MergeError::RetainKeysFormat);
        }
    }
    live.retain(|key, _| keeps(key));
    Ok(())
}

/// The name of the list behind a directive such as `$setElementOrder/containers`.
fn list_of<'a>(key: &'a str, directive: &str) -> Result<&'a str, MergeError> {
    match key.split_once('/') {
        Some((word, name)) if word == directive => Ok(name),
        _ if directive == DELETE_FROM => Err(MergeError::PrimitiveListFormat),
        _ => Err(MergeError::ElementOrderFormat),
    }
}

fn delete_scalars(live: &mut Object, name: &str, gone: &Value) -> Result<(), MergeError> {
    let (Some(Value::Array(list)), Some(gone)) = (live.get_mut(name), gone.as_array()) else { return Ok(()) };
    if list.is_empty() && gone.is_empty() {
        return Ok(());
    }
    match order::items(&[list, gone])? {
        Items::Scalars => list.retain(|item| !gone.contains(item)),
        Items::Maps => return Err(MergeError::NoKeyDeclared),
    }
    Ok(())
}

/// Merges every list whose order the patch sets, and takes it out of the patch.
fn ordered_lists(
    live: &mut Object,
    patch: &mut Object,
    schema: &Schema,
    into: Into,
) -> Result<(), MergeError> {
    let directives: Vec<String> = patch.keys().filter(|k| k.starts_with(ELEMENT_ORDER)).cloned().collect();
    for directive in directives {
        let Some(wanted) = patch.remove(&directive) else { continue };
        if into == Into::Patch {
            match live.get(&directive) {
                Some(other) if *other != wanted => return Err(MergeError::ElementOrderFormat),
                _ => live.insert(directive.clone(), wanted.clone()),
            };
        }
        let wanted = array(&wanted)?;
        let name = list_of(&directive, ELEMENT_ORDER)?;
        let (served, changes) = (live.get(name).cloned(), patch.get(name).cloned());
        let at = field(schema, name);
        let served = served.as_ref().map(array).transpose()?;
        let changes = changes.as_ref().map(array).transpose()?;
        check_order(changes.unwrap_or_default(), wanted, at.patch())?;
        let merged = match (served, changes) {
            (None, None) => continue,
            (Some(served), None) => served.to_vec(),
            (None, Some(changes)) => match without_directives(Value::Array(changes.to_vec()), into) {
                Some(Value::Array(list)) => list,
                _ => continue,
            },
            (Some(served), Some(changes)) if at.patch().merge => {
                merge_lists(served.to_vec(), changes.to_vec(), &at, into)?
            }
            (Some(_), Some(changes)) => changes.to_vec(),
        };
        let key = at.patch().key();
        let (ordered, others) = order::split(merged, wanted, key)?;
        let kind = order::items(&[served.unwrap_or_default(), changes.unwrap_or_default()])?;
        let key = key.filter(|_| kind == Items::Maps);
        let served = served_order(served.unwrap_or_default(), changes.unwrap_or_default(), key);
        let list = order::interleave(ordered, others, wanted, &served, key)?;
        live.insert(name.to_owned(), Value::Array(list));
        patch.remove(name);
    }
    Ok(())
}

/// The order the server's list counts as having: new items take the places at its end that deletions free.
fn served_order(served: &[Value], changes: &[Value], key: Option<&str>) -> Vec<Value> {
    let same = |a: &Value, b: &Value| order::identity(a, key) == order::identity(b, key);
    let deleted = |item: &Value| changes.iter().any(|change| deletes(change) && same(change, item));
    let mut order: Vec<Value> = served.iter().filter(|item| !deleted(item)).cloned().collect();
    let freed = served.len() - order.len();
    let new = changes.iter().filter(|c| c.get(PATCH).is_none() && !served.iter().any(|item| same(c, item)));
    order.extend(new.take(freed).cloned());
    order
}

fn array(value: &Value) -> Result<&[Value], MergeError> {
    let wrong = || MergeError::WrongType { expected: text::LIST, found: text::type_name(value) };
    value.as_array().map(Vec::as_slice).ok_or_else(wrong)
}

/// The items of the patch must stand in the order that the directive sets, each of them named there.
fn check_order(changes: &[Value], wanted: &[Value], patch: &PatchStrategy) -> Result<(), MergeError> {
    if changes.is_empty() || wanted.is_empty() {
        return Ok(());
    }
    let mut rest = wanted.iter();
    for change in changes {
        let special = change.as_object().is_some_and(|map| map.contains_key(PATCH));
        if special {
            continue;
        }
        let same = |other: &Value| match patch.key() {
            Some(key) => Ok(order::key_of(change, key)? == order::key_of(other, key)?),
            None => Ok::<bool, MergeError>(change == other),
        };
        let mut found = false;
        for other in rest.by_ref() {
            if same(other)? {
                found = true;
                break;
            }
        }
        if !found {
            return Err(MergeError::Order {
                patch: text::plain(&Value::Array(changes.to_vec())),
                order: text::plain(&Value::Array(wanted.to_vec())),
            });
        }
    }
    Ok(())
}

/// Merges two lists that merge: scalars once each, maps by their key. The items of the patch keep its order.
fn merge_lists(
    live: Vec<Value>,
    patch: Vec<Value>,
    schema: &Schema,
    into: Into,
) -> Result<Vec<Value>, MergeError> {
    if live.is_empty() && patch.is_empty() {
        return Ok(live);
    }
    if order::items(&[&live, &patch])? == Items::Scalars {
        let merged = order::once(live.iter().chain(&patch).cloned().collect());
        let (ordered, others) = order::split(merged, &patch, None)?;
        return order::interleave(ordered, others, &patch, &live, None);
    }
    let key = schema.patch().key().ok_or(MergeError::NoKeyDeclared)?;
    let (live, patch) = special_items(live, patch, key)?;
    let mut merged = live.clone();
    for change in &patch {
        order::key_of(change, key)?;
        match order::find(&merged, change, Some(key)).and_then(|at| merged.get_mut(at)) {
            Some(item) => {
                let old = order::map(item)?.clone();
                *item = Value::Object(merge_maps(old, order::map(change)?.clone(), &schema.items(), into)?);
            }
            None => {
                merged.push(if into == Into::Patch { change.clone() } else { undirected(change.clone()) })
            }
        }
    }
    let (ordered, others) = order::split(merged, &patch, Some(key))?;
    order::interleave(ordered, others, &patch, &live, Some(key))
}

/// Lets items that are directives take effect: `live` and `patch` without them.
fn special_items(
    mut live: Vec<Value>,
    patch: Vec<Value>,
    key: &str,
) -> Result<(Vec<Value>, Vec<Value>), MergeError> {
    let (mut changes, mut replaces) = (Vec::new(), false);
    for item in patch {
        match item.get(PATCH).map(|directive| directive.as_str()) {
            None => changes.push(item),
            Some(Some("delete")) => {
                order::key_of(&item, key)?;
                live.retain(|old| order::identity(old, Some(key)) != order::identity(&item, Some(key)));
            }
            Some(Some("replace")) => replaces = true,
            Some(Some("merge")) => return Err(MergeError::MergeDirective),
            Some(_) => {
                let directive = item.get(PATCH).map(text::plain).unwrap_or_default();
                return Err(MergeError::UnknownDirective { directive, item: text::plain(&item) });
            }
        }
    }
    Ok(if replaces { (changes, Vec::new()) } else { (live, changes) })
}
