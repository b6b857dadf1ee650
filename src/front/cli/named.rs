//! Decides which Rollout a user means, and reads it.
//! It never decides what is done to it.

use crate::api::names;
use crate::api::rollout::Rollout;
use crate::api::write::Target;
use crate::engine::setup::Client;
use crate::front::cli::flags::Common;
use crate::front::cli::setup;
use crate::front::exit::Failure;
use clap::Args;
use serde_json::Value;

/// A Rollout to do something to.
#[derive(Debug, Args)]
pub(crate) struct Named {
    /// Name of the Rollout.
    pub(crate) name: String,
    /// Only say what would be written.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// A name as users write it, `web` or `rollout/web`.
#[must_use]
pub(crate) fn bare_name(name: &str) -> &str {
    ["rollout/", "rollouts/", "ro/", "rollout.argoproj.io/", "rollouts.argoproj.io/"]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .unwrap_or(name)
}

/// There is no such Rollout.
#[must_use]
pub(crate) fn not_found(namespace: &str, name: &str) -> Failure {
    Failure::usage(format!(
        "rollout {namespace}/{name} is not there; see what is: switchback get rollouts -n {namespace}"
    ))
}

/// The Rollout at `name`, as the cluster holds it and as it is read.
///
/// # Errors
/// There is no such Rollout, or the cluster refuses or is away.
pub(crate) async fn read(common: &Common, cluster: &Client, name: &str) -> Result<(Value, Rollout), Failure> {
    let namespace = setup::present_namespace(common, cluster);
    let name = bare_name(name);
    let target = Target::new(names::ARGO, "Rollout", &namespace, name);
    let object = cluster.get(&target).await?.ok_or_else(|| not_found(&namespace, name))?;
    let rollout = serde_json::from_value(object.clone())
        .map_err(|e| Failure::usage(format!("{target} cannot be read: {e}; correct its spec")))?;
    Ok((object, rollout))
}

/// The workload that the Rollout refers to, if it does.
///
/// # Errors
/// It is gone, or the cluster refuses or is away.
pub(crate) async fn workload(cluster: &Client, rollout: &Rollout) -> Result<Option<Value>, Failure> {
    let Some(reference) = &rollout.spec.workload_ref else { return Ok(None) };
    let namespace = &rollout.metadata.namespace;
    let target = Target::new(&reference.api_version, &reference.kind, namespace, &reference.name);
    let missing = || Failure::usage(format!("{target} is gone, to which {} refers", place(rollout)));
    Ok(Some(cluster.get(&target).await?.ok_or_else(missing)?))
}

/// A Rollout in words.
#[must_use]
pub(crate) fn place(rollout: &Rollout) -> String {
    format!("rollout {}/{}", rollout.metadata.namespace, rollout.metadata.name)
}
