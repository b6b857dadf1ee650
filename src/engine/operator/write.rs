//! Decides how the status of a Delivery reaches the cluster: in one patch, and again later when it did not.
//! It never decides what it says.

use crate::api::delivery::{self, DeliveryStatus};
use crate::api::object_name::ObjectName;
use crate::api::write::{Patch, Target, Write};
use crate::logic::delivery::status;
use crate::world::cluster::{Cluster, Mode};
use std::time::Duration;

/// Wait after a status could not be written.
const AGAIN: Duration = Duration::from_secs(5);

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
