//! Decides what is told when a Rollout comes and when it goes.
//! It never decides what is done about either.

use crate::api::event::{Event, EventReason};
use crate::api::object_name::ObjectName;
use crate::logic::rollout::builder::Builder;

/// Tells of a Rollout that nobody has acted on yet. Argo Rollouts' controller tells so of every Rollout that it finds when
/// it starts, too; nothing is new about those (source: rollout/controller.go, `NewController`).
pub(crate) fn tell_new(builder: &mut Builder<'_>) {
    if builder.old().observed_generation.is_empty() {
        let meta = &builder.view().rollout.metadata;
        let message = format!("Rollout resource added to informer: {}/{}", meta.namespace, meta.name);
        builder.event(EventReason::RolloutAddedToInformer, message);
    }
}

/// What is told of a Rollout that is gone
/// (source: utils/conditions/conditions.go, `RolloutDeletedMessage`, whose callers put the name first).
#[must_use]
pub(crate) fn gone(rollout: &ObjectName) -> Event {
    let message = format!("Rollout {}/{} is deleted.", rollout.name, rollout.namespace);
    Event::normal(EventReason::RolloutDeleted.as_str(), message)
}
