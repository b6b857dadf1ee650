//! Decides the next step of a recreation: the old pods go, all of them, before the new ones come.
//! It never keeps a pod of an old template.

use super::amount::Amounts;
use super::scale::resize;
use super::set::Set;
use crate::actors::object::uid;
use crate::actors::rows::Rows;

/// Empties the old sets; whether something is left to wait for.
pub(super) fn empty_old(sets: &mut [Set], new: Option<usize>, amounts: &Amounts, rows: &Rows) -> bool {
    let mut busy = false;
    for (_, set) in sets.iter_mut().enumerate().filter(|(i, _)| Some(*i) != new) {
        if set.wanted() > 0 {
            resize(set, 0, amounts);
            busy = true;
        }
        let unfinished = rows
            .controlled_by(uid(&set.object), "Pod")
            .iter()
            .any(|r| r.pod.as_ref().is_some_and(|p| p.unfinished()));
        busy |= unfinished;
    }
    busy
}
