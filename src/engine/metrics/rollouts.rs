//! Decides what is shown of each Rollout (source: controller/metrics/rollouts.go and prommetrics.go).
//! It never keeps anything of one that is gone.

use crate::api::condition::{ConditionReason, ConditionType};
use crate::api::rollout::Rollout;
use crate::engine::metrics::buckets::Buckets;
use crate::engine::metrics::page::{Kind, Page};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Bounds of the histograms of reconciles, in seconds.
pub(super) const BOUNDS: [f64; 5] = [0.01, 0.15, 0.25, 0.5, 1.0];
/// Phases of a Rollout that the older family shows.
const PHASES: [&str; 6] = ["Completed", "Progressing", "Paused", "Timeout", "Error", "Abort"];
/// Routers that are named, in the order in which the last one counts.
const ROUTERS: [(&str, &str); 6] = [
    ("alb", "ALB"),
    ("ambassador", "Ambassador"),
    ("istio", "Istio"),
    ("nginx", "Nginx"),
    ("smi", "SMI"),
    ("appMesh", "AppMesh"),
];

/// The series of one Rollout.
#[derive(Clone, Debug, Default)]
pub(super) struct Series {
    /// The Rollout; none when it cannot be read.
    pub(super) rollout: Option<Arc<Rollout>>,
    /// Its events, by whether they warn and their reason.
    pub(super) events: BTreeMap<(bool, String), u64>,
    reconciles: Buckets<5>,
    errors: u64,
}

impl Series {
    /// That of a Rollout of which nothing was counted yet.
    #[must_use]
    pub(super) fn of(rollout: Option<Arc<Rollout>>) -> Self {
        Self { rollout, ..Self::default() }
    }

    /// A reconcile took `time`.
    pub(super) fn reconciled(&mut self, time: Duration, failed: bool) {
        self.reconciles.observe(&BOUNDS, time);
        self.errors += u64::from(failed);
    }
}

/// What the conditions say (source: rollouts.go, `calculatePhase`).
fn phase(rollout: &Rollout) -> &'static str {
    let status = &rollout.status;
    if status.condition(&ConditionType::InvalidSpec).is_some() {
        return "InvalidSpec";
    }
    match status.condition(&ConditionType::Progressing).map(|c| &c.reason) {
        Some(ConditionReason::NewReplicaSetAvailable) => "Completed",
        Some(ConditionReason::RolloutPaused) => "Paused",
        Some(ConditionReason::ReplicaSetCreateError) => "Error",
        Some(ConditionReason::ProgressDeadlineExceeded) => "Timeout",
        Some(ConditionReason::RolloutAborted) => "Abort",
        _ => "Progressing",
    }
}

/// The strategy and the router (source: rollouts.go, `getStrategyAndTrafficRouter`).
fn strategy(rollout: &Rollout) -> (&'static str, &'static str) {
    let strategy = &rollout.spec.strategy;
    if strategy.blue_green.is_some() {
        return ("blueGreen", "");
    }
    let Some(canary) = &strategy.canary else { return ("none", "") };
    let routing = canary.traffic_routing.as_ref();
    let is_used = |field: &str| routing.and_then(|r| r.get(field)).is_some_and(|r| !r.is_null());
    let router = ROUTERS.iter().rev().find(|(field, _)| is_used(field)).map_or("", |(_, name)| name);
    ("canary", router)
}

/// A number that every Rollout shows.
type Figure = (&'static str, &'static str, fn(&Rollout) -> i32);

const FIGURES: [Figure; 4] = [
    ("rollout_info_replicas_available", "The number of available replicas per rollout.", |r| {
        r.status.available_replicas
    }),
    ("rollout_info_replicas_unavailable", "The number of unavailable replicas per rollout.", |r| {
        r.status.replicas - r.status.available_replicas
    }),
    ("rollout_info_replicas_desired", "The number of desired replicas per rollout.", |r| r.spec.replicas()),
    ("rollout_info_replicas_updated", "The number of updated replicas per rollout.", |r| {
        r.status.updated_replicas
    }),
];

/// Writes the families of `all`, by namespace and name.
pub(super) fn write(page: &mut Page, all: &[(&str, &str, &Series)]) {
    let named = |ns, name| [("namespace", ns), ("name", name)];
    let there = || all.iter().filter_map(|(ns, name, s)| Some((*ns, *name, s.rollout.as_deref()?)));
    page.family("rollout_info", Kind::Gauge, "Information about rollout.");
    for (ns, name, rollout) in there() {
        let (strategy, router) = strategy(rollout);
        let [ns, name] = named(ns, name);
        let more = [("strategy", strategy), ("traffic_router", router), ("phase", phase(rollout))];
        page.value("rollout_info", &[&[ns, name][..], &more].concat(), 1);
    }
    for (family, help, figure) in FIGURES {
        page.family(family, Kind::Gauge, help);
        for (ns, name, rollout) in there() {
            page.value(family, &named(ns, name), figure(rollout));
        }
    }
    let family = "rollout_phase";
    page.family(family, Kind::Gauge, "Information on the state of the rollout (use rollout_info instead).");
    for (ns, name, rollout) in there() {
        let ((strategy, _), now) = (strategy(rollout), phase(rollout));
        let [ns, name] = named(ns, name);
        for phase in PHASES {
            page.value(family, &[ns, name, ("strategy", strategy), ("phase", phase)], phase == now);
        }
    }
    page.family("rollout_reconcile", Kind::Histogram, "Rollout reconciliation performance.");
    for (ns, name, series) in all.iter().filter(|(.., s)| !s.reconciles.is_empty()) {
        series.reconciles.write(page, "rollout_reconcile", &named(ns, name), &BOUNDS);
    }
    page.family("rollout_reconcile_error", Kind::Counter, "Error occurring during the rollout");
    for (ns, name, series) in all.iter().filter(|(.., s)| s.errors > 0) {
        page.value("rollout_reconcile_error", &named(ns, name), series.errors);
    }
    page.family("rollout_events_total", Kind::Counter, "Count of rollout events");
    for (ns, name, series) in all {
        for ((warns, reason), count) in &series.events {
            let [ns, name] = named(ns, name);
            let kind = ("type", if *warns { "Warning" } else { "Normal" });
            page.value("rollout_events_total", &[ns, name, kind, ("reason", reason)], *count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn page_of(rollout: Value) -> String {
        let rollout = Arc::new(serde_json::from_value(rollout).unwrap());
        let series = Series { rollout: Some(rollout), ..Series::default() };
        let mut page = Page::default();
        write(&mut page, &[("shop", "web", &series)]);
        page.text()
    }

    #[test]
    fn phases_are_those_of_the_conditions_and_not_of_the_status() {
        let condition = |kind: &str, reason: &str| {
            let time = "2026-01-05T08:00:00Z";
            json!({"type": kind, "status": "True", "reason": reason, "lastUpdateTime": time, "lastTransitionTime": time})
        };
        let cases = [
            ("NewReplicaSetAvailable", "Completed"),
            ("ReplicaSetUpdated", "Progressing"),
            ("RolloutPaused", "Paused"),
            ("ReplicaSetCreateError", "Error"),
            ("ProgressDeadlineExceeded", "Timeout"),
            ("RolloutAborted", "Abort"),
        ];
        let mut all: Vec<(Vec<Value>, &str)> =
            cases.map(|(reason, phase)| (vec![condition("Progressing", reason)], phase)).to_vec();
        all.push((Vec::new(), "Progressing"));
        let invalid =
            vec![condition("Progressing", "RolloutAborted"), condition("InvalidSpec", "InvalidSpec")];
        all.push((invalid, "InvalidSpec"));
        for (conditions, wanted) in all {
            let status = json!({"phase": "Healthy", "conditions": conditions});
            let text = page_of(json!({"spec": {"strategy": {"blueGreen": {}}}, "status": status}));
            let labels = "namespace=\"shop\",name=\"web\",strategy=\"blueGreen\"";
            let info = format!("rollout_info{{{labels},traffic_router=\"\",phase=\"{wanted}\"}} 1\n");
            assert!(text.contains(&info), "{text}");
            let of_older = text.lines().filter(|l| l.starts_with("rollout_phase{") && l.ends_with(" 1"));
            let of_older: Vec<&str> = of_older.collect();
            assert_eq!(of_older.len(), usize::from(wanted != "InvalidSpec"), "{of_older:?}");
            assert!(of_older.iter().all(|l| l.contains(&format!("phase=\"{wanted}\""))), "{of_older:?}");
        }
    }

    #[test]
    fn routers_are_named_and_replicas_counted() {
        let routing = json!({"alb": {}, "istio": {}, "plugins": {"a": {}}});
        let text =
            page_of(json!({"spec": {"replicas": 5, "strategy": {"canary": {"trafficRouting": routing}}},
            "status": {"replicas": 6, "availableReplicas": 4, "updatedReplicas": 2}}));
        assert!(
            text.contains("strategy=\"canary\",traffic_router=\"Istio\",phase=\"Progressing\"} 1"),
            "{text}"
        );
        for (word, count) in [("available", 4), ("unavailable", 2), ("desired", 5), ("updated", 2)] {
            let line = format!("rollout_info_replicas_{word}{{namespace=\"shop\",name=\"web\"}} {count}\n");
            assert!(text.contains(&line), "{text}");
        }
        let none = page_of(json!({"spec": {"strategy": {}}}));
        assert!(none.contains("strategy=\"none\",traffic_router=\"\""), "{none}");
    }
}
