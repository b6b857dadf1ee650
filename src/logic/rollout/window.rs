//! Decides whether the current revision lies near enough behind the stable one to be returned to directly.
//! It never decides what that spares; each strategy does.

use crate::logic::rollout::work::Work;

/// Whether the current revision is older than the stable one and within `rollbackWindow`: fewer revisions than it
/// allows were made between the two (source: rollout/sync.go, `isRollbackWithinWindow`).
#[must_use]
pub fn is_within_window(work: &Work<'_>) -> bool {
    let (Some(new), Some(stable)) = (work.new_set(), work.stable_set()) else { return false };
    let window = work.spec().rollback_window.as_ref().and_then(|w| w.revisions).unwrap_or(0);
    if new.is_new || new.created() >= stable.created() || window <= 0 {
        return false;
    }
    let between =
        work.sets.iter().filter(|s| s.created() > new.created() && s.created() < stable.created()).count();
    i32::try_from(between).is_ok_and(|n| n < window)
}
