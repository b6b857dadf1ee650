//! Decides how a CustomResourceDefinition that goes takes its objects with it, and that it goes when the last is gone.
//! It never serves or stops serving a kind; the server does.

use super::object::{deleting, drop_finalizer, has_finalizer};
use super::task::Key;
use super::turn::Turn;
use crate::base::json::text;
use crate::crd::CLEANUP;
use crate::propagation::Propagation;

/// Empties a definition whose deletion has begun, and then lets it go.
pub(super) fn clean(turn: &mut Turn<'_>, key: &Key) {
    let Some(mut definition) = turn.read(key) else { return };
    if !deleting(&definition) || !has_finalizer(&definition, CLEANUP) {
        return;
    }
    let rows = turn.rows;
    let mut is_empty = true;
    for row in rows.of_group_kind(text(&definition, "/spec/group"), text(&definition, "/spec/names/kind")) {
        is_empty = false;
        if !row.deleting {
            turn.delete(&row.key, &row.uid, Propagation::Background, None);
        }
    }
    if is_empty {
        drop_finalizer(&mut definition, CLEANUP);
        turn.update(definition);
    }
}
