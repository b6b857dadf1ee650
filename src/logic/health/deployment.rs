//! Decides how it goes with a Deployment (source: kubectl/pkg/polymorphichelpers/rollout_status.go).
//! It never decides how long to wait for it.

use crate::base::json::{count, flag, text};
use crate::logic::health::row::{Health, Workload, condition, no_pods, progressing, wanted};
use serde_json::Value;

/// Deployments.
pub(super) const ROW: Workload = Workload { group: "apps", kind: "Deployment", health, ends: false };

fn health(object: &Value) -> Health {
    let of = |field: &str| count(object, &format!("/status/{field}"));
    let (wanted, all, updated) = (wanted(object), of("replicas"), of("updatedReplicas"));
    let available = of("availableReplicas");
    if wanted == 0 && all == 0 {
        return Health::Healthy;
    }
    let why = if updated < wanted {
        format!("{updated} of {wanted} pods updated")
    } else if all > updated {
        format!("{} old pods still there", all - updated)
    } else if available < updated {
        format!("{available} of {wanted} pods available")
    } else {
        return Health::Healthy;
    };
    let late = condition(object, "Progressing", "False").map(|c| text(c, "/reason"));
    if late == Some("ProgressDeadlineExceeded") {
        return Health::Failed(format!("{why}, and no progress within its deadline{}", no_pods(object)));
    }
    if flag(object, "/spec/paused") {
        return progressing(format!("{why}, and it is paused; go on with: kubectl rollout resume"));
    }
    progressing(why + &no_pods(object))
}
