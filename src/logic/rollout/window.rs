//! Decides whether the current revision lies near enough behind the stable one to be returned to directly.
//! It never decides what that spares; each strategy does.

use crate::logic::rollout::builder::Builder;

/// Whether the current revision is older than the stable one and within `rollbackWindow`: fewer revisions than it
/// allows were made between the two (source: rollout/sync.go, `isRollbackWithinWindow`).
#[must_use]
pub(crate) fn is_within_window(builder: &Builder<'_>) -> bool {
    let (Some(new), Some(stable)) = (builder.new_replica_set(), builder.stable_replica_set()) else {
        return false;
    };
    let window = builder.spec().rollback_window.as_ref().and_then(|w| w.revisions).unwrap_or(0);
    if new.is_new || new.created() >= stable.created() || window <= 0 {
        return false;
    }
    let between = builder
        .replica_sets()
        .iter()
        .filter(|s| s.created() > new.created() && s.created() < stable.created())
        .count();
    i32::try_from(between).is_ok_and(|n| n < window)
}

/// What is said of a promotion that a way back amounts to (source: rollout/sync.go, `shouldFullPromote`).
#[must_use]
pub(crate) fn fast_rollback(builder: &Builder<'_>) -> &'static str {
    if is_within_window(builder) { "Rollback within window" } else { "Fast rollback" }
}
