//! Decides how it goes with a StatefulSet (source: kubectl/pkg/polymorphichelpers/rollout_status.go).
//! It never decides how long to wait for it.

use crate::base::json::{count, number, text};
use crate::logic::health::row::{Health, Workload, progressing, wanted};
use serde_json::Value;

/// StatefulSets.
pub(super) const ROW: Workload = Workload { group: "apps", kind: "StatefulSet", health, ends: false };

fn health(object: &Value) -> Health {
    let (wanted, all) = (wanted(object), count(object, "/status/replicas"));
    let ready = count(object, "/status/readyReplicas");
    let available = number(object, "/status/availableReplicas").unwrap_or(ready).min(ready);
    if all > wanted {
        return progressing(format!("{} pods too many still there", all - wanted));
    }
    if available < wanted {
        return progressing(format!("{available} of {wanted} pods available"));
    }
    if text(object, "/spec/updateStrategy/type") == "OnDelete" {
        return Health::Healthy; // who deletes a pod updates it
    }
    let partition = count(object, "/spec/updateStrategy/rollingUpdate/partition");
    let (updated, to_update) = (count(object, "/status/updatedReplicas"), (wanted - partition).max(0));
    let is_under_way = text(object, "/status/updateRevision") != text(object, "/status/currentRevision");
    if is_under_way && (updated < to_update || partition == 0) {
        return progressing(format!("{updated} of {to_update} pods updated"));
    }
    Health::Healthy
}
