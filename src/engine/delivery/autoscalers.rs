//! Decides which workloads the autoscalers in the cluster scale, those that are in no manifest: where Git and the cluster
//! say different sizes, and only there, they are looked up. It never decides whose say a size is.

use crate::api::inventory::Inventory;
use crate::api::key::Key;
use crate::api::kinds;
use crate::api::write::Target;
use crate::engine::context::Context;
use crate::logic::manifest::{Manifest, Manifests};
use crate::logic::plan::{PlanContext, size};
use crate::world::cluster::ClusterError;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What is common to all changes, with the autoscalers that have a say about `objects` (manifests, and what the cluster
/// holds of them). What is about to be pruned has none.
///
/// # Errors
/// The cluster is away. Where autoscalers may not be listed, who scaled an object through its scale subresource counts.
pub(crate) async fn learn(
    context: &Context,
    manifests: &Manifests,
    inventory: &Inventory,
    common: &PlanContext,
    objects: impl Iterator<Item = (&Manifest, Option<&Value>)>,
) -> Result<PlanContext, ClusterError> {
    let mut common = common.clone();
    let mut contested: BTreeMap<&str, Vec<(&Key, &Value)>> = BTreeMap::new();
    for (manifest, live) in objects {
        let Some(live) = live.filter(|live| size::is_contested(&manifest.value, live)) else { continue };
        if !common.scaled.contains_key(&manifest.key) {
            contested.entry(&manifest.key.namespace).or_default().push((&manifest.key, live));
        }
    }
    let Some(kind) = kinds::find("autoscaling/v2", "HorizontalPodAutoscaler") else { return Ok(common) };
    for (namespace, workloads) in contested {
        let wanted: BTreeSet<&Key> = workloads.iter().map(|(key, _)| *key).collect();
        let found = match context.cluster.list(&kind, Some(namespace), "").await {
            Ok(autoscalers) => {
                let is_settled =
                    |key: &Key| manifests.get(key).is_some() || inventory.objects.contains_key(key);
                let others = autoscalers.iter().filter(|a| !is_settled(&Key::of(&Target::of_object(a))));
                others.filter_map(size::scaled_by).filter(|(key, _)| wanted.contains(key)).collect()
            }
            Err(ClusterError::Refused { .. }) => {
                let traced = |(key, live): (&Key, &Value)| Some((key.clone(), size::traced(live)?));
                workloads.into_iter().filter_map(traced).collect::<Vec<_>>()
            }
            Err(error) => return Err(error),
        };
        common.scaled.extend(found);
    }
    Ok(common)
}
