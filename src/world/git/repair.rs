//! A mirror that is damaged, or has grown slow, is made anew and put into the old one's place.
//! It never puts a mirror in place that was not fetched whole.

use super::contract::Commit;
use super::error::GitError;
use super::store::{Store, disk, remove};
use super::transport::call::Call;
use super::trouble::{Outcome, Trouble};
use std::fs;
use std::sync::Arc;

/// With more packs than this the mirror is fetched anew instead of slowing down.
const MOST_PACKS: usize = 100;

/// Brings the branch up to date and answers its head.
pub(super) fn fetch(store: &Store) -> Outcome<Commit> {
    let before = store.tracked()?;
    let head = store.fetch_into()?;
    if before != Some(head) && store.packs() > MOST_PACKS {
        renew(&store.call)?;
    }
    Ok(store.raw(head)?.into_commit(head))
}

/// Runs `job` in the mirror; in a new one if the present one is damaged. The caller holds the mirror's lock.
pub(super) fn admitted<T>(call: &Arc<Call>, job: &dyn Fn(&Store) -> Outcome<T>) -> Result<T, GitError> {
    let mirror = &call.upstream.mirror;
    let name = &call.upstream.name;
    let why = match Store::open(call, mirror).and_then(|store| job(&store)) {
        Ok(done) => return Ok(done),
        Err(Trouble::Git(error)) => return Err(error),
        Err(Trouble::Damaged(why)) => why,
    };
    tracing::warn!(repository = %name, %why, "the mirror is damaged; it is made anew");
    let corrupt = |why| GitError::Corrupt { repo: name.clone(), why };
    let again = renew(call).and_then(|()| Store::open(call, mirror)).and_then(|store| job(&store));
    again.map_err(|trouble| match trouble {
        Trouble::Git(error) => error,
        Trouble::Damaged(why) => corrupt(why),
    })
}

/// Fetches into a new mirror and, only when that works, puts it into the old one's place.
fn renew(call: &Arc<Call>) -> Outcome<()> {
    let mirror = &call.upstream.mirror;
    let (fresh, old) = (mirror.with_extension("new"), mirror.with_extension("old"));
    for left in [&fresh, &old] {
        remove(left)?;
    }
    // Only `fetch_into` and not `fetch`, which might want to renew again.
    Store::open(call, &fresh)?.fetch_into()?;
    if fs::symlink_metadata(mirror).is_ok() {
        fs::rename(mirror, &old).map_err(|e| disk(mirror, e))?;
    }
    fs::rename(&fresh, mirror).map_err(|e| disk(mirror, e))?;
    remove(&old)
}
