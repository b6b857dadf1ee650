//! Decides the next step of a rolling update: how much the new set grows and the old ones shrink.
//! It never lets availability fall below what the Deployment allows, except for pods that are not available anyway.

use super::amount::Amounts;
use super::scale::{new_size, resize};
use super::set::Set;

/// Takes one step: the new set first, the old ones when it need not move.
pub(super) fn step(sets: &mut [Set], new: usize, amounts: &Amounts) {
    let Some(own) = sets.get(new).map(Set::wanted) else { return };
    let size = match own.cmp(&amounts.replicas) {
        std::cmp::Ordering::Greater => amounts.replicas,
        std::cmp::Ordering::Equal => own,
        std::cmp::Ordering::Less => new_size(sets, Some(new), amounts),
    };
    if size == own {
        shrink_old(sets, new, amounts);
    } else if let Some(set) = sets.get_mut(new) {
        resize(set, size, amounts);
    }
}

fn shrink_old(sets: &mut [Set], new: usize, amounts: &Amounts) {
    let Some(fresh) = sets.get(new) else { return };
    let present: i64 = sets.iter().map(Set::wanted).sum();
    let least = amounts.replicas - amounts.unavailable;
    // Pods of the new set that are not available must not be counted on.
    let most_down = present - least - (fresh.wanted() - fresh.available());
    let mut old: Vec<usize> = (0..sets.len()).filter(|i| *i != new).collect();
    old.retain(|i| sets.get(*i).is_some_and(|s| s.wanted() > 0));
    if old.is_empty() || most_down <= 0 {
        return;
    }
    // First what is not available in the old sets, oldest first.
    let mut gone = 0;
    for i in &old {
        let Some(set) = sets.get_mut(*i) else { continue };
        let idle = (set.wanted() - set.available()).max(0).min(most_down - gone);
        if idle > 0 {
            gone += idle;
            resize(set, set.wanted() - idle, amounts);
        }
    }
    // Then as many available ones as can be spared. A set that was just made smaller still tells of pods that it
    // is about to give up: they do not count.
    let available: i64 = sets.iter().map(|s| s.available().min(s.wanted())).sum();
    let mut spare = (available - least).max(0);
    for i in &old {
        let Some(set) = sets.get_mut(*i) else { continue };
        let taken = set.wanted().min(spare);
        if taken > 0 {
            spare -= taken;
            resize(set, set.wanted() - taken, amounts);
        }
    }
}
