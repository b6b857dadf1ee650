//! Decides what is read of one Rollout, so that it can be shown once.
//! It never follows what changes; `view::follow` does.

use crate::api::names;
use crate::api::write::Target;
use crate::base::clock::Clock;
use crate::engine::setup::{AccessError, Client};
use crate::front::view::picture::Picture;
use serde_json::Value;

/// Reads one Rollout with everything that is shown of it; none when it is not there.
///
/// # Errors
/// The cluster refuses or is away.
pub(crate) async fn gather(
    cluster: &Client,
    namespace: &str,
    name: &str,
) -> Result<Option<Picture>, AccessError> {
    let target = Target::new(names::ARGO, "Rollout", namespace, name);
    let Some(rollout) = cluster.get(&target).await? else { return Ok(None) };
    let mut found: Vec<Vec<Value>> = Vec::new();
    for (version, kind, labels) in [
        ("apps/v1", "ReplicaSet", names::POD_HASH),
        ("v1", "Pod", names::POD_HASH),
        (names::ARGO, "AnalysisRun", ""),
    ] {
        let served = cluster.kind(version, kind).await?;
        found.push(match cluster.list(&served, Some(namespace), labels).await {
            Err(e) if e.is_missing() => Vec::new(),
            other => other?,
        });
    }
    let [replica_sets, pods, runs] = found.as_slice() else { return Ok(None) };
    Ok(Some(Picture::of(&rollout, replica_sets, pods, runs, Clock::Real.now())))
}
