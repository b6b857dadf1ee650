//! Decides which objects go because the objects that own them went or are going.
//! It never looks at what an object is; owner references and finalizers are all it knows.

use super::object::{Owner, deleting, drop_finalizer, drop_owners, has_finalizer, owners, uid};
use super::rows::Row;
use super::task::Key;
use super::turn::Turn;
use crate::api::kinds;
use crate::propagation::Propagation;
use serde_json::Value;

/// What an owner is to the objects that name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// It is there.
    Solid,
    /// It waits for what it owns to be deleted first.
    Waiting,
    /// It is gone, or another object has its name.
    Absent,
}

/// Looks at one object: deletes it, frees it, or lets it be.
pub(super) fn collect(turn: &mut Turn<'_>, key: &Key) {
    let Some(object) = turn.read(key) else { return };
    if deleting(&object) && has_finalizer(&object, "orphan") {
        return orphan(turn, object);
    }
    if deleting(&object) {
        if has_finalizer(&object, "foregroundDeletion") {
            finish_foreground(turn, object);
        }
        return;
    }
    let owners = owners(&object);
    if owners.is_empty() {
        return;
    }
    let standings: Vec<Standing> = owners.iter().map(|o| standing(turn, key, o)).collect();
    if standings.contains(&Standing::Solid) {
        let gone = |i: usize| standings.get(i).is_some_and(|s| *s != Standing::Solid);
        let leaving: Vec<&str> =
            owners.iter().enumerate().filter(|(i, _)| gone(*i)).map(|(_, o)| o.uid.as_str()).collect();
        if !leaving.is_empty() {
            let freed = without_owners(object, &leaving);
            turn.update(freed);
        }
        return;
    }
    let waiting = standings.contains(&Standing::Waiting);
    let has_dependents = turn.rows.owned_by(uid(&object)).next().is_some();
    let propagation = match (has_finalizer(&object, "orphan"), waiting && has_dependents) {
        (true, _) => Propagation::Orphan,
        (false, true) => Propagation::Foreground,
        (false, false) if has_finalizer(&object, "foregroundDeletion") => Propagation::Foreground,
        (false, false) => Propagation::Background,
    };
    turn.delete(key, uid(&object), propagation, None);
}

/// How an owner stands. What the rows know is enough, unless they do not know it: then the store is asked, as
/// the owner may be of a kind that is not watched.
fn standing(turn: &Turn<'_>, dependent: &Key, owner: &Owner) -> Standing {
    if let Some(row) = turn.rows.get(&owner.uid) {
        let elsewhere = !row.key.namespace.is_empty() && row.key.namespace != dependent.namespace;
        return match (elsewhere, row.waits_for_dependents() && owner.blocks) {
            (true, _) => Standing::Absent,
            (false, true) => Standing::Waiting,
            (false, false) => Standing::Solid,
        };
    }
    if !served(turn, owner) {
        return Standing::Solid;
    }
    let namespace = |ns: &str| Key::new(&owner.api_version, &owner.kind, ns, &owner.name);
    let found = turn.read(&namespace(&dependent.namespace)).or_else(|| turn.read(&namespace("")));
    match found {
        Some(live) if uid(&live) == owner.uid => Standing::Solid,
        _ => Standing::Absent,
    }
}

/// Whether the server serves the owner's kind at all; nothing is collected on the word of an unknown kind.
fn served(turn: &Turn<'_>, owner: &Owner) -> bool {
    let key = Key::new(&owner.api_version, &owner.kind, "", "");
    let known = kinds::all().any(|k| k.group == key.group() && k.kind == owner.kind);
    known || turn.rows.serves(key.group(), &owner.kind)
}

/// An object that is deleted in the foreground goes once nothing it owns holds it any more.
fn finish_foreground(turn: &mut Turn<'_>, mut object: Value) {
    let own = uid(&object).to_owned();
    let holds = |r: &&Row| r.owners.iter().any(|o| o.uid == own && o.blocks);
    if turn.rows.owned_by(&own).find(holds).is_none() {
        drop_finalizer(&mut object, "foregroundDeletion");
        turn.update(object);
    }
}

/// An object that is deleted and leaves its dependents behind first takes its name off them.
fn orphan(turn: &mut Turn<'_>, mut object: Value) {
    let own = uid(&object).to_owned();
    let dependents: Vec<Key> = turn.rows.owned_by(&own).map(|r| r.key.clone()).collect();
    if dependents.is_empty() {
        drop_finalizer(&mut object, "orphan");
        turn.update(object);
        return;
    }
    for key in dependents {
        if let Some(dependent) = turn.read(&key) {
            let freed = without_owners(dependent, &[&own]);
            turn.update(freed);
        }
    }
}

fn without_owners(mut object: Value, gone: &[&str]) -> Value {
    drop_owners(&mut object, gone);
    object
}
