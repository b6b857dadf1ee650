//! Decides the sizes of a Deployment's ReplicaSets when its own size changes, and how large a new one begins.
//! It never moves pods from old sets to the new one.

use super::amount::Amounts;
use super::set::{DESIRED, MOST, Set};
use crate::actors::object::put;
use crate::base::json::count;
use serde_json::{Value, json};

/// Gives a set a size, and writes down what the Deployment wanted at that time.
pub(super) fn resize(set: &mut Set, size: i64, amounts: &Amounts) {
    let before = set.wanted();
    set.annotate(DESIRED, &amounts.replicas.to_string());
    set.annotate(MOST, &(amounts.replicas + amounts.surge).to_string());
    if before != size {
        put(&mut set.object, &["spec", "replicas"], json!(size));
        set.changed = true;
        let way = if before < size { "up" } else { "down" };
        let told = format!("Scaled {way} replica set {} from {before} to {size}", set.name());
        set.told.push(told);
    }
}

/// The size that the new set may have now: `new` is its place, none while it does not exist.
pub(super) fn new_size(sets: &[Set], new: Option<usize>, amounts: &Amounts) -> i64 {
    let own = new.and_then(|i| sets.get(i)).map_or(0, Set::wanted);
    if !amounts.rolling {
        return amounts.replicas;
    }
    let present: i64 = sets.iter().map(Set::wanted).sum();
    let most = amounts.replicas + amounts.surge;
    if present >= most { own } else { own + (most - present).min(amounts.replicas - own) }
}

/// Whether some set was last sized for another size of the Deployment.
pub(super) fn is_due(sets: &[Set], amounts: &Amounts) -> bool {
    let stale = |s: &Set| s.number(DESIRED).is_some_and(|d| d != amounts.replicas);
    sets.iter().any(|s| s.wanted() > 0 && stale(s))
}

/// Sizes the sets after the Deployment's size: one living set gets all; a new set that is complete drains the old
/// ones; in the midst of a rolling update every set grows or shrinks by its share.
pub(super) fn follow(deployment: &Value, sets: &mut [Set], new: Option<usize>, amounts: &Amounts) {
    let active: Vec<usize> =
        sets.iter().enumerate().filter(|(_, s)| s.wanted() > 0).map(|(i, _)| i).collect();
    let only = match active.as_slice() {
        [] => new.or_else(|| newest(sets)),
        [only] => Some(*only),
        _ => None,
    };
    if let Some(set) = only.and_then(|i| sets.get_mut(i)) {
        return resize(set, amounts.replicas, amounts);
    }
    let complete = new.and_then(|i| sets.get(i)).is_some_and(|s| {
        s.wanted() == amounts.replicas
            && s.number(DESIRED) == Some(amounts.replicas)
            && s.available() == amounts.replicas
    });
    if complete {
        for i in active.into_iter().filter(|i| Some(*i) != new) {
            if let Some(set) = sets.get_mut(i) {
                resize(set, 0, amounts);
            }
        }
    } else if amounts.rolling {
        share(deployment, sets, active, amounts);
    }
}

fn newest(sets: &[Set]) -> Option<usize> {
    (0..sets.len()).max_by_key(|i| sets.get(*i).map(|s| (s.created(), s.name().to_owned())))
}

/// Spreads the change over the living sets in proportion to their sizes; the rest goes to the largest.
fn share(deployment: &Value, sets: &mut [Set], mut active: Vec<usize>, amounts: &Amounts) {
    let total: i64 = active.iter().filter_map(|i| sets.get(*i)).map(Set::wanted).sum();
    let allowed = if amounts.replicas > 0 { amounts.replicas + amounts.surge } else { 0 };
    let to_add = allowed - total;
    // The largest first; among equals the newer when growing and the older when shrinking.
    active.sort_by(|a, b| match (sets.get(*a), sets.get(*b)) {
        (Some(a), Some(b)) => {
            let age = a.created().cmp(&b.created()).then_with(|| a.name().cmp(b.name()));
            b.wanted().cmp(&a.wanted()).then(if to_add > 0 { age.reverse() } else { age })
        }
        _ => std::cmp::Ordering::Equal,
    });
    let mut added = 0;
    let mut sizes = Vec::new();
    for i in active {
        let Some(set) = sets.get(i) else { continue };
        let part = if to_add == 0 { 0 } else { proportion(deployment, set, amounts, to_add, added) };
        added += part;
        sizes.push((i, set.wanted() + part));
    }
    if let Some((_, largest)) = sizes.first_mut() {
        *largest = (*largest + to_add - added).max(0);
    }
    for (i, size) in sizes {
        if let Some(set) = sets.get_mut(i) {
            resize(set, size, amounts);
        }
    }
}

/// What one set gains or loses, no more than what is left to spread.
fn proportion(deployment: &Value, set: &Set, amounts: &Amounts, to_add: i64, added: i64) -> i64 {
    let left = to_add - added;
    let part = if amounts.replicas == 0 {
        -set.wanted()
    } else {
        // The largest size the Deployment could have when the set was last sized.
        let before =
            set.number(MOST).filter(|m| *m > 0).unwrap_or_else(|| count(deployment, "/status/replicas"));
        let grown = set.wanted() * (amounts.replicas + amounts.surge);
        if before > 0 { (2 * grown + before).div_euclid(2 * before) - set.wanted() } else { 0 }
    };
    if to_add > 0 { part.min(left) } else { part.max(left) }
}
