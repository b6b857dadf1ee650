//! Decides how it goes with a DaemonSet (source: kubectl/pkg/polymorphichelpers/rollout_status.go).
//! It never decides on which nodes it runs.

use crate::base::json::{count, text};
use crate::logic::health::row::{Health, Workload, progressing};
use serde_json::Value;

/// DaemonSets.
pub(super) const ROW: Workload = Workload { group: "apps", kind: "DaemonSet", health, ends: false };

fn health(object: &Value) -> Health {
    let wanted = count(object, "/status/desiredNumberScheduled");
    let updated = count(object, "/status/updatedNumberScheduled");
    let available = count(object, "/status/numberAvailable");
    let by_hand = text(object, "/spec/updateStrategy/type") == "OnDelete";
    if updated < wanted && !by_hand {
        progressing(format!("{updated} of {wanted} pods updated"))
    } else if available < wanted {
        progressing(format!("{available} of {wanted} pods available"))
    } else {
        Health::Healthy
    }
}
