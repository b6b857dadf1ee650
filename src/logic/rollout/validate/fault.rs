//! Decides how one fault of a Rollout is told.
//! It never finds one.

use crate::logic::rollout::view::Obstacle;
use serde_json::Value;

/// What a user reads about a field of Argo Rollouts that this version does not act on.
pub(super) const NOT_YET: &str =
    "this version of Switchback does not act on it yet; remove it, or keep this Rollout with Argo Rollouts";

/// One thing that is wrong: the path of the field, what stands there, and what to do.
pub(super) fn wrong(path: &str, value: impl Into<Value>, what: impl std::fmt::Display) -> Option<Obstacle> {
    Some(Obstacle::wrong(what.to_string()).of(path, &value.into()))
}
