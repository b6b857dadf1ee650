//! Decides how it goes with a ReplicaSet that Git holds itself.
//! It never looks at those of a Rollout or a Deployment.

use crate::base::json::count;
use crate::logic::health::row::{Health, Workload, no_pods, progressing, wanted};
use serde_json::Value;

/// ReplicaSets.
pub(super) const ROW: Workload = Workload { group: "apps", kind: "ReplicaSet", health, ends: false };

fn health(object: &Value) -> Health {
    let (wanted, all) = (wanted(object), count(object, "/status/replicas"));
    let available = count(object, "/status/availableReplicas");
    if all > wanted {
        progressing(format!("{} pods too many still there", all - wanted))
    } else if available < wanted {
        progressing(format!("{available} of {wanted} pods available{}", no_pods(object)))
    } else {
        Health::Healthy
    }
}
