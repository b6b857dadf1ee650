//! Decides how the status of a Delivery reaches the cluster: in one patch, and again later when it did not; and how our
//! finalizer does, beside those of others. It never decides what a status says.

use crate::api::delivery::{self, DeliveryStatus};
use crate::api::names;
use crate::api::object_name::ObjectName;
use crate::api::write::{Patch, Target, Write};
use crate::base::json::{list, text};
use crate::logic::delivery::status;
use crate::world::cluster::{Cluster, ClusterError, Mode};
use serde_json::{Value, json};
use std::time::Duration;

/// Wait after a status could not be written.
const AGAIN: Duration = Duration::from_secs(5);

/// Tries of a write that others are faster with.
const TRIES: usize = 5;

/// Puts our finalizer on the Delivery `name` of this uid, or takes it off; nothing when that is so already, or it is gone.
///
/// # Errors
/// The cluster refuses or is away.
pub(crate) async fn guard(
    cluster: &Cluster,
    name: &ObjectName,
    uid: &str,
    wanted: bool,
) -> Result<(), ClusterError> {
    for attempt in 0..TRIES {
        let Some(object) = cluster.get(&target(name)).await? else { return Ok(()) };
        let present = list(&object, "/metadata/finalizers");
        let is_ours = |one: &&Value| *one == names::DELETES;
        if text(&object, "/metadata/uid") != uid || present.iter().any(|one| is_ours(&one)) == wanted {
            return Ok(());
        }
        let mut all: Vec<Value> = present.iter().filter(|one| !is_ours(one)).cloned().collect();
        all.extend(wanted.then(|| Value::from(names::DELETES)));
        let patch = Patch::Merge(json!({"metadata": {"finalizers": all}}));
        let expect = Some(text(&object, "/metadata/resourceVersion").to_owned());
        let write = Write::Patch { target: target(name), subresource: "", patch, expect };
        match cluster.perform(&write, Mode::Plain).await {
            Err(error) if error.is_missing() => return Ok(()),
            Err(error) if error.is_conflict() && attempt + 1 < TRIES => {}
            other => return other.map(drop),
        }
    }
    Ok(())
}

/// The object that a Delivery is.
#[must_use]
pub(crate) fn target(name: &ObjectName) -> Target {
    Target::new(delivery::VERSION, delivery::KIND, &name.namespace, &name.name)
}

/// Makes `new` of the status `old` of the Delivery `name`; answers what it is then, none when that failed.
pub(crate) async fn status(
    cluster: Cluster,
    name: ObjectName,
    old: DeliveryStatus,
    new: DeliveryStatus,
) -> (ObjectName, Option<DeliveryStatus>) {
    let Some(body) = status::patch(&old, &new) else { return (name, Some(new)) };
    let patch = Patch::Merge(body);
    let write = Write::Patch { target: target(&name), subresource: "status", patch, expect: None };
    match cluster.perform(&write, Mode::Plain).await {
        Err(error) if !error.is_missing() => {
            tracing::warn!(delivery = %name, %error, "its status could not be written; it is tried again");
            tokio::time::sleep(AGAIN).await;
            (name, None)
        }
        _ => (name, Some(new)), // written; or nobody will read it
    }
}
