//! Decides how it goes with a Job. One that is suspended is as Git asks, and one that is gone has ended.
//! It never looks at the Jobs of a CronJob or of an analysis.

use crate::base::json::{count, flag, number, text};
use crate::logic::health::row::{Health, Workload, condition, progressing};
use serde_json::Value;

/// Jobs.
pub(super) const ROW: Workload = Workload { group: "batch", kind: "Job", health, ends: true };

fn health(object: &Value) -> Health {
    if let Some(failed) = condition(object, "Failed", "True") {
        let (reason, message) = (text(failed, "/reason"), text(failed, "/message"));
        return Health::Failed(format!("it failed: {reason}: {message}"));
    }
    if condition(object, "Complete", "True").is_some() || flag(object, "/spec/suspend") {
        return Health::Healthy;
    }
    let wanted =
        number(object, "/spec/completions").or_else(|| number(object, "/spec/parallelism")).unwrap_or(1);
    progressing(format!("{} of {wanted} pods have succeeded", count(object, "/status/succeeded")))
}
