//! Decides how Deliveries look side by side.
//! It never reads them.

use crate::api::commit::short;
use crate::api::delivery::{Delivery, DeliveryConditionType};
use crate::front::view::draw::age;
use crate::front::view::table::{Column, Layout};

fn said(delivery: &Delivery) -> String {
    let status = &delivery.status;
    match status.condition(&DeliveryConditionType::Ready) {
        Some(_) if status.observed_generation != delivery.metadata.generation => {
            "not looked at since it was changed".to_owned()
        }
        Some(ready) => ready.message.lines().next().unwrap_or_default().to_owned(),
        None => "nobody looks after it; start one: switchback run".to_owned(),
    }
}

fn ready(delivery: &Delivery) -> String {
    let ready = delivery.status.condition(&DeliveryConditionType::Ready);
    ready.map_or_else(|| "-".to_owned(), |c| c.status.to_string())
}

fn commit(delivery: &Delivery) -> String {
    let commit = short(&delivery.status.last_applied_commit);
    if commit.is_empty() { "-" } else { commit }.to_owned()
}

/// Deliveries as `get` shows them.
pub(crate) const DELIVERIES: &Layout<Delivery> = &Layout {
    namespace: Column("NAMESPACE", |d, _| d.metadata.namespace.clone()),
    usual: &[
        Column("NAME", |d, _| d.metadata.name.clone()),
        Column("READY", |d, _| ready(d)),
        Column("COMMIT", |d, _| commit(d)),
        Column("HELD", |d, _| d.status.held_rollouts.len().to_string()),
        Column("AGE", |d, now| d.metadata.creation_timestamp.map(|t| age(t.at(), now)).unwrap_or_default()),
        Column("STATUS", |d, _| said(d)),
    ],
    wide: &[
        Column("REPOSITORY", |d, _| d.spec.repository.clone()),
        Column("BRANCH", |d, _| {
            d.spec.r#ref.as_ref().and_then(|r| r.branch.clone()).unwrap_or_else(|| "main".to_owned())
        }),
        Column("PATH", |d, _| d.spec.path.clone().unwrap_or_else(|| ".".to_owned())),
        Column("ACCOUNT", |d, _| d.spec.service_account_name.clone().unwrap_or_else(|| "-".to_owned())),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::front::view::table::Wanted;
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
        let now = "2026-01-01T00:01:00Z".parse().unwrap();
        let text = DELIVERIES.draw(&all, Wanted::default(), now);
        let lines: Vec<Vec<&str>> =
            text.lines().map(|l| l.split("   ").map(str::trim).filter(|c| !c.is_empty()).collect()).collect();
        assert_eq!(lines[0], ["NAME", "READY", "COMMIT", "HELD", "AGE", "STATUS"]);
        assert_eq!(lines[1], ["web", "True", "3f2c9a1", "0", "60s", "applied 3f2c9a1 of main"]);
        assert_eq!(
            lines[2],
            ["bank", "-", "-", "0", "60s", "nobody looks after it; start one: switchback run"]
        );
        let wide = DELIVERIES.draw(&all, Wanted { wide: true, ..Wanted::default() }, now);
        assert!(wide.lines().nth(1).unwrap().ends_with("r            main     .      -"), "{wide}");
    }
}
