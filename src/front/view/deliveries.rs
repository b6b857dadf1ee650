//! Decides how Deliveries look side by side.
//! It never reads them.

use crate::api::commit::short;
use crate::api::delivery::{Delivery, DeliveryConditionType};
use crate::front::view::draw::age;
use crate::front::view::table::columns;
use jiff::Timestamp;

/// The table at `now`; with `all` the namespace comes first.
#[must_use]
pub(crate) fn table(deliveries: &[Delivery], all: bool, now: Timestamp) -> String {
    let head = ["NAMESPACE", "NAME", "READY", "COMMIT", "HELD", "AGE", "STATUS"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for delivery in deliveries {
        let (meta, status) = (&delivery.metadata, &delivery.status);
        let ready = status.condition(&DeliveryConditionType::Ready);
        let is_old = status.observed_generation != meta.generation;
        let said = match ready {
            Some(_) if is_old => "not looked at since it was changed".to_owned(),
            Some(ready) => ready.message.lines().next().unwrap_or_default().to_owned(),
            None => "nobody looks after it; start one: switchback run".to_owned(),
        };
        let commit = short(&status.last_applied_commit);
        rows.push(vec![
            meta.namespace.clone(),
            meta.name.clone(),
            ready.map_or_else(|| "-".to_owned(), |c| c.status.to_string()),
            if commit.is_empty() { "-" } else { commit }.to_owned(),
            status.held_rollouts.len().to_string(),
            meta.creation_timestamp.map(|t| age(t.at(), now)).unwrap_or_default(),
            said,
        ]);
    }
    columns(&rows, usize::from(!all))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn they_stand_side_by_side_and_say_what_there_is_to_say() {
        let of = |name: &str, status: serde_json::Value| -> Delivery {
            let meta = json!({"name": name, "namespace": "shop", "generation": 1,
                "creationTimestamp": "2026-01-01T00:00:00Z"});
            serde_json::from_value(json!({"metadata": meta, "spec": {"repository": "r"}, "status": status}))
                .unwrap()
        };
        let ready = json!({"observedGeneration": 1, "lastAppliedCommit": "3f2c9a1d00", "conditions": [{
            "type": "Ready", "status": "True", "reason": "Applied", "message": "applied 3f2c9a1 of main\nmore",
            "lastTransitionTime": "2026-01-01T00:00:00Z"}]});
        let all = [of("web", ready), of("bank", json!({}))];
        let text = table(&all, false, "2026-01-01T00:01:00Z".parse().unwrap());
        let lines: Vec<Vec<&str>> =
            text.lines().map(|l| l.split("   ").map(str::trim).filter(|c| !c.is_empty()).collect()).collect();
        assert_eq!(lines[0], ["NAME", "READY", "COMMIT", "HELD", "AGE", "STATUS"]);
        assert_eq!(lines[1], ["web", "True", "3f2c9a1", "0", "60s", "applied 3f2c9a1 of main"]);
        assert_eq!(
            lines[2],
            ["bank", "-", "-", "0", "60s", "nobody looks after it; start one: switchback run"]
        );
    }
}
