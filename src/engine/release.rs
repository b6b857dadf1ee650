//! Decides how a Service that no Rollout of ours names is looked at: ask for the Rollout that managed it, then write.
//! Whether it is let go is `logic::rollout::services`; this never judges.

use crate::api::names;
use crate::api::rollout::Rollout;
use crate::api::write::Target;
use crate::engine::context::Context;
use crate::engine::roll::Outcome;
use crate::logic::rollout::services;
use crate::logic::rollout::view::Service;
use crate::world::cluster::Mode;

/// Looks at one Service.
pub async fn reconcile(context: &Context, namespace: &str, service: Service) -> Outcome {
    let mut outcome = Outcome::default();
    let manager = service.managed_by.clone().unwrap_or_default();
    // It may belong to another controller, whose Rollouts we do not follow.
    let manager = Target::new(names::ARGO, "Rollout", namespace, &manager);
    let manager = match context.cluster.get(&manager).await {
        Err(error) => return Outcome { error: Some(error), ..outcome },
        Ok(None) => None,
        Ok(Some(object)) => match serde_json::from_value::<Rollout>(object) {
            Ok(rollout) => Some(rollout),
            Err(_) => return outcome, // what it names cannot be read
        },
    };
    let Some(write) = services::let_go(namespace, &service, manager.as_ref()) else { return outcome };
    match context.cluster.perform(&write, Mode::Plain).await {
        Ok(answer) => outcome.note(&write, answer),
        Err(error) if error.is_missing() => {}
        Err(error) => outcome.error = Some(error),
    }
    outcome
}
