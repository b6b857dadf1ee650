//! Decides how the definitions of our kinds reach a cluster, and when it serves them.
//! It never decides what they say; `api::crd` does.

use crate::api::crd::{self, widened};
use crate::api::key::target_of;
use crate::api::write::{Patch, Write};
use crate::engine::setup::{AccessError, Client};
use crate::logic::plan::fields::holds;
use crate::world::cluster::{Cluster, ClusterError, Mode};
use serde_json::{Value, json};

/// What was done with a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Installation {
    /// It was not there.
    Created,
    /// It said something else.
    Updated,
    /// It said the same already.
    Unchanged,
}

impl Installation {
    /// As people are told.
    #[must_use]
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
        }
    }
}

/// A definition that the cluster has now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Installed {
    /// Its name.
    pub(crate) name: String,
    /// What was done with it.
    pub(crate) done: Installation,
}

/// Makes `cluster` serve our kinds.
///
/// # Errors
/// The cluster refuses or is away, or does not serve a new kind within ten seconds.
pub(crate) async fn definitions(client: &Client) -> Result<Vec<Installed>, AccessError> {
    let cluster = client.cluster();
    let mut all = Vec::new();
    for definition in crd::definitions() {
        let target = target_of(&definition);
        let done = match cluster.get(&target).await? {
            None => {
                match cluster.perform(&Write::Create { object: definition.clone() }, Mode::Strict).await {
                    Err(e) if e.already_exists() => Installation::Unchanged, // somebody installs the same at this moment
                    other => other.map(|_| Installation::Created)?,
                }
            }
            Some(present) => {
                let wanted = json!({"spec": widened(definition, &present).get("spec")});
                if holds(&present, &wanted) {
                    Installation::Unchanged
                } else {
                    let patch = Patch::Merge(wanted);
                    let write = Write::Patch { target: target.clone(), subresource: "", patch, expect: None };
                    cluster.perform(&write, Mode::Strict).await?;
                    Installation::Updated
                }
            }
        };
        all.push(Installed { name: target.name, done });
    }
    for definition in crd::definitions() {
        wait_until_served(cluster, &definition).await?;
    }
    Ok(all)
}

async fn wait_until_served(cluster: &Cluster, definition: &Value) -> Result<(), ClusterError> {
    let target = target_of(definition);
    for _ in 0..100 {
        let object = cluster.get(&target).await?;
        let conditions =
            object.as_ref().and_then(|o| o.pointer("/status/conditions")).and_then(Value::as_array);
        let established = conditions.into_iter().flatten().any(|c| {
            let text = |k: &str| c.get(k).and_then(Value::as_str).unwrap_or_default();
            text("type") == "Established" && text("status") == "True"
        });
        if established {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    Err(ClusterError::NoKind(target))
}
