//! Decides which Rollouts are annotated with why they are held, so that whoever looks at one sees it.
//! It never holds one.

use crate::api::key::Key;
use crate::api::names;
use crate::api::write::{Patch, Target, Write};
use crate::engine::context::Context;
use crate::logic::delivery::facts::Facts;
use crate::world::cluster::{ClusterError, Mode};
use serde_json::json;
use std::collections::BTreeMap;

/// Annotates those of `held` that are not annotated so yet, and takes the annotation off all others of the delivery.
///
/// # Errors
/// The cluster is away.
pub(super) async fn annotate(
    context: &Context,
    facts: &Facts,
    held: &BTreeMap<Key, String>,
) -> Result<(), ClusterError> {
    for (rollout, known) in &facts.rollouts {
        let why = held.get(rollout);
        if known.held.as_ref() == why {
            continue;
        }
        let target = Target::new(names::ARGO, "Rollout", &rollout.namespace, &rollout.name);
        let patch = Patch::Merge(json!({"metadata": {"annotations": {names::HELD: why}}}));
        let write = Write::Patch { target, subresource: "", patch, expect: None };
        match context.cluster.perform(&write, Mode::Plain).await {
            Err(error) if error.is_missing() => {} // it went meanwhile
            other => drop(other?),
        }
    }
    Ok(())
}
