//! Decides what to send so that the live object holds what is desired and keeps what others added since.
//! It never sends anything and never decides who is right: the desired state wins, conflicts are reported.
//!
//! Three states meet: `base`, what we last applied; `desired`, what we want now; `live`, what the cluster holds.
//! The patch holds what `desired` adds to or changes in `live`, and deletes what `base` has and `desired` has not.
//! What only `live` has belongs to somebody else and stays.

use super::smp::delta::{self, Wanted};
use super::smp::directive::{PATCH, deletes, directs, field};
use super::smp::order::{self, Items};
use super::{MergeError, Object, json, smp, text};
use crate::api::listkeys::Schema;
use serde_json::Value;

pub use super::smp::{strategic, three_way};

/// A field that somebody else changed since `base` and that our patch is about to change to something else.
#[derive(Clone, Debug, PartialEq)]
pub struct MergeConflict {
    /// The field, as API servers print paths: `.spec.containers[name="a"].image`.
    pub path: String,
    /// What it holds now; none when somebody else removed it.
    pub theirs: Option<Value>,
    /// What the patch makes of it; none when the patch removes it.
    pub ours: Option<Value>,
}

/// The patch of [`strategic`], or an empty map when it would change nothing.
///
/// # Errors
/// As [`strategic`].
pub fn effective(base: &Value, desired: &Value, live: &Value, schema: &Schema) -> Result<Value, MergeError> {
    let patch = strategic(base, desired, live, schema)?;
    let changes = smp::apply(live, &patch, schema)? != *live;
    Ok(if changes { patch } else { Value::Object(Object::new()) })
}

/// The JSON merge patch to send for an object without strategic merge information, such as a custom resource.
///
/// An empty map means that there is nothing to do. Lists are replaced whole. A `null` in `desired` deletes what
/// `live` holds there, whoever put it there.
#[must_use]
pub fn json(base: &Value, desired: &Value, live: &Value) -> Value {
    let additions = only(&json::diff(live, desired), false);
    let deletions = overlay(only(&json::diff(base, desired), true), unwanted(desired, live));
    Value::Object(overlay(deletions, additions))
}

/// The `null`s of `desired` where `live` holds something.
fn unwanted(desired: &Value, live: &Value) -> Object {
    let mut nulls = Object::new();
    for (key, value) in desired.as_object().into_iter().flatten() {
        match (value, live.get(key)) {
            (Value::Null, Some(now)) if !now.is_null() => {
                nulls.insert(key.clone(), Value::Null);
            }
            (Value::Object(_), Some(now @ Value::Object(_))) => {
                let inner = unwanted(value, now);
                if !inner.is_empty() {
                    nulls.insert(key.clone(), Value::Object(inner));
                }
            }
            _ => {}
        }
    }
    nulls
}

/// The `null`s of a JSON merge patch, or everything else in it. Maps that this empties vanish.
///
/// Shown because it is half of the three-way rule: deletions count against what we last applied, additions against
/// what is there. A map that was empty before is a value.
#[must_use]
pub fn only(patch: &Value, deletions: bool) -> Object {
    let mut kept = Object::new();
    for (key, value) in patch.as_object().into_iter().flatten() {
        match value {
            Value::Object(map) if !map.is_empty() => {
                let inner = only(value, deletions);
                if !inner.is_empty() {
                    kept.insert(key.clone(), Value::Object(inner));
                }
            }
            _ if value.is_null() == deletions => {
                kept.insert(key.clone(), value.clone());
            }
            _ => {}
        }
    }
    kept
}

fn overlay(mut under: Object, over: Object) -> Object {
    for (key, value) in over {
        let merged = match (under.remove(&key), value) {
            (Some(Value::Object(a)), Value::Object(b)) => Value::Object(overlay(a, b)),
            (_, value) => value,
        };
        under.insert(key, merged);
    }
    under
}

/// The fields of a built-in kind that somebody else changed since `base` and that [`strategic`] overwrites.
///
/// # Errors
/// As [`strategic`].
pub fn conflicts(
    base: &Value,
    desired: &Value,
    live: &Value,
    schema: &Schema,
) -> Result<Vec<MergeConflict>, MergeError> {
    let patch = strategic(base, desired, live, schema)?;
    let changes = delta::diff(base, live, schema, Wanted::Unordered)?;
    let mut found = Vec::new();
    compare(&patch, &changes, schema, "", &mut found);
    Ok(found)
}

/// The fields that somebody else changed since `base` and that [`json()`] overwrites.
#[must_use]
pub fn conflicts_json(base: &Value, desired: &Value, live: &Value) -> Vec<MergeConflict> {
    let mut found = Vec::new();
    compare(&json(base, desired, live), &json::diff(base, live), &Schema::deduced(), "", &mut found);
    found
}

/// Collects where two patches change the same field differently.
fn compare(ours: &Value, theirs: &Value, schema: &Schema, path: &str, found: &mut Vec<MergeConflict>) {
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) if a.get(PATCH) == b.get(PATCH) => {
            for (key, mine) in a.iter().filter(|(key, _)| !directs(key)) {
                if let Some(other) = b.get(key) {
                    compare(mine, other, &field(schema, key), &format!("{path}.{key}"), found);
                }
            }
        }
        (Value::Array(a), Value::Array(b)) if schema.patch().merge => {
            compare_lists(a, b, schema, path, found);
        }
        _ if ours == theirs => {}
        _ => found.push(MergeConflict { path: path.to_owned(), theirs: said(theirs), ours: said(ours) }),
    }
}

/// What a part of a patch leaves behind: nothing when it deletes.
fn said(part: &Value) -> Option<Value> {
    (!part.is_null() && !deletes(part)).then(|| part.clone())
}

fn compare_lists(
    ours: &[Value],
    theirs: &[Value],
    schema: &Schema,
    path: &str,
    found: &mut Vec<MergeConflict>,
) {
    let Some(key) = schema.patch().key().filter(|_| order::items(&[ours, theirs]) == Ok(Items::Maps)) else {
        return; // scalars that merge cannot contradict each other
    };
    for mine in ours {
        let Some(identity) = mine.get(key) else { continue };
        let Some(other) = order::find(theirs, mine, Some(key)).and_then(|at| theirs.get(at)) else {
            continue;
        };
        let shown = match identity {
            Value::String(s) => crate::base::go_text::quote(s),
            other => text::plain(other),
        };
        compare(mine, other, &schema.items(), &format!("{path}[{key}={shown}]"), found);
    }
}
