//! Decides how a Service that no Rollout of ours names is reconciled: ask for the Rollout that managed it, then write.
//! Whether it is let go is `logic::rollout::services`; this never judges.

use crate::api::names;
use crate::api::object_name::ObjectName;
use crate::api::rollout::Rollout;
use crate::api::write::Target;
use crate::engine::context::Context;
use crate::engine::controllers::outcome::Outcome;
use crate::engine::index::Index;
use crate::logic::rollout::services;
use crate::logic::rollout::view::Service;
use crate::world::cluster::Mode;

/// Reconciles the Service at `name`; none when it is gone, or one of ours names it again.
pub(super) fn start(
    context: &Context,
    index: &Index,
    name: &ObjectName,
) -> Option<impl Future<Output = Outcome> + Send + 'static + use<>> {
    let service = index.unnamed_service(name)?.clone();
    let (context, namespace) = (context.clone(), name.namespace.clone());
    Some(async move { reconcile(&context, &namespace, service).await })
}

async fn reconcile(context: &Context, namespace: &str, service: Service) -> Outcome {
    let mut outcome = Outcome::default();
    let manager = service.managed_by.clone().unwrap_or_default();
    // It may belong to another controller, whose Rollouts we do not follow.
    let manager = Target::new(names::ARGO, "Rollout", namespace, &manager);
    let manager = match context.cluster.get(&manager).await {
        Err(error) => return Outcome::failed(error),
        Ok(None) => None,
        Ok(Some(object)) => match serde_json::from_value::<Rollout>(object) {
            Ok(rollout) => Some(rollout),
            Err(_) => return outcome, // what it names cannot be read
        },
    };
    let Some(write) = services::let_go(namespace, &service, manager.as_ref()) else { return outcome };
    match context.cluster.perform_as(&write, Mode::Plain).await {
        Ok(answer) => outcome.add(&write, answer),
        Err(error) if error.is_missing() => {}
        Err(error) => outcome.error = Some(error),
    }
    outcome
}
