//! Decides what is counted and shown to Prometheus, under the names Argo Rollouts uses.
//! It never decides anything by what it counts.

use crate::api::object_name::ObjectName;
use crate::api::rollout::Rollout;
use crate::api::write::Target;
use crate::logic::rollout::phase;
use crate::world::cluster::connect::Tally;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Bounds of the histograms of reconciles, in seconds.
const BOUNDS: [f64; 5] = [0.01, 0.15, 0.25, 0.5, 1.0];
/// Bounds of the histogram of plans, in seconds.
const PLANS: [f64; 6] = [0.05, 0.2, 0.5, 1.0, 5.0, 30.0];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Named {
    namespace: String,
    name: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, PartialOrd, Ord, EncodeLabelSet)]
struct Happened {
    namespace: String,
    name: String,
    r#type: String,
    reason: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfDelivery {
    delivery: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct InPhase {
    namespace: String,
    name: String,
    strategy: String,
    phase: String,
}

/// What a Rollout shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    /// Strategy.
    pub(crate) strategy: &'static str,
    /// Phase.
    pub(crate) phase: String,
    /// Pods desired, updated, available, and all there are.
    pub(crate) pods: [i32; 4],
}

/// What is counted.
#[derive(Clone, Default)]
pub(crate) struct Metrics {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    registry: Mutex<Registry>,
    reconciles: Family<Named, Counter>,
    errors: Family<Named, Counter>,
    events: Family<Happened, Counter>,
    info: Family<InPhase, Gauge>,
    pods: [Family<Named, Gauge>; 4],
    stalled: Family<OfDelivery, Gauge>,
    held: Family<OfDelivery, Gauge>,
    leads: Gauge,
    /// Rollouts that are there, with what they show.
    known: Mutex<BTreeMap<ObjectName, Option<Figures>>>,
    /// The series of events, by whether they are about an AnalysisRun (else a Rollout) and its name.
    happened: Mutex<BTreeMap<(bool, ObjectName), BTreeSet<Happened>>>,
    tally: Mutex<Option<Tally>>,
    duration: Mutex<Option<Histogram>>,
    plans: Mutex<Option<Histogram>>,
}

fn labels(name: &ObjectName, figures: &Figures) -> InPhase {
    InPhase {
        namespace: name.namespace.clone(),
        name: name.name.clone(),
        strategy: figures.strategy.to_owned(),
        phase: figures.phase.clone(),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn named(name: &ObjectName) -> Named {
    Named { namespace: name.namespace.clone(), name: name.name.clone() }
}

impl Figures {
    /// What `rollout` shows.
    #[must_use]
    pub(crate) fn of(rollout: &Rollout) -> Self {
        let status = &rollout.status;
        Self {
            strategy: if rollout.spec.strategy.blue_green.is_some() { "blueGreen" } else { "canary" },
            phase: phase::observed(rollout).0.to_string(),
            pods: [
                rollout.spec.replicas(),
                status.updated_replicas,
                status.available_replicas,
                status.replicas,
            ],
        }
    }
}

impl Metrics {
    /// Metrics that show the requests `tally` counts besides what they are given.
    #[must_use]
    pub(crate) fn new(tally: Option<Tally>) -> Self {
        let metrics = Self::default();
        let inner = &metrics.inner;
        let mut registry = lock(&inner.registry);
        let histogram = Histogram::new(BOUNDS);
        registry.register("rollout_reconcile", "Seconds one reconcile of a Rollout took", histogram.clone());
        registry.register(
            "rollout_reconcile_count_by_name",
            "Reconciles of each Rollout",
            inner.reconciles.clone(),
        );
        registry.register("rollout_reconcile_error", "Reconciles that failed", inner.errors.clone());
        registry.register("rollout_events", "Events recorded", inner.events.clone());
        registry.register("rollout_info", "Each Rollout with its phase", inner.info.clone());
        for (family, word) in inner.pods.iter().zip(["desired", "updated", "available", "current"]) {
            registry.register(
                format!("rollout_info_replicas_{word}"),
                "Pods of each Rollout",
                family.clone(),
            );
        }
        registry.register(
            "switchback_delivery_stalled",
            "Whether a delivery gets no further until a person acts, or its repository has been away for long",
            inner.stalled.clone(),
        );
        registry.register(
            "switchback_delivery_held_rollouts",
            "Rollouts of a delivery that are held until a person acts",
            inner.held.clone(),
        );
        registry.register("switchback_leader", "Whether this process acts", inner.leads.clone());
        let plans = Histogram::new(PLANS);
        registry.register(
            "switchback_delivery_plan_seconds",
            "Seconds from a commit that was fetched to the plan of what it changes",
            plans.clone(),
        );
        drop(registry);
        *lock(&inner.plans) = Some(plans);
        *lock(&inner.duration) = Some(histogram);
        *lock(&inner.tally) = tally;
        metrics
    }

    /// How the delivery `name` fares: whether it is stalled, and how many of its Rollouts are held.
    pub(crate) fn delivery(&self, name: &str, is_stalled: bool, held: usize) {
        let labels = OfDelivery { delivery: name.to_owned() };
        self.inner.stalled.get_or_create(&labels).set(is_stalled.into());
        self.inner.held.get_or_create(&labels).set(i64::try_from(held).unwrap_or(i64::MAX));
    }

    /// A plan was made of a commit `time` after it was fetched.
    pub(crate) fn planned(&self, time: Duration) {
        if let Some(histogram) = &*lock(&self.inner.plans) {
            histogram.observe(time.as_secs_f64());
        }
    }

    /// A delivery has ended.
    pub(crate) fn delivery_is_gone(&self, name: &str) {
        let labels = OfDelivery { delivery: name.to_owned() };
        self.inner.stalled.remove(&labels);
        self.inner.held.remove(&labels);
    }

    /// Whether this process acts now.
    pub(crate) fn leads(&self, leads: bool) {
        self.inner.leads.set(leads.into());
    }

    /// A reconcile of a Rollout took `time`.
    pub(crate) fn reconciled(&self, name: &ObjectName, time: Duration, failed: bool) {
        if let Some(histogram) = &*lock(&self.inner.duration) {
            histogram.observe(time.as_secs_f64());
        }
        let is_known = lock(&self.inner.known).contains_key(name);
        if !is_known {
            return; // it went while it was reconciled; its series went with it
        }
        self.inner.reconciles.get_or_create(&named(name)).inc();
        if failed {
            self.inner.errors.get_or_create(&named(name)).inc();
        }
    }

    /// An event about an object was recorded.
    pub(crate) fn event(&self, about: &Target, warning: bool, reason: &str) {
        let labels = Happened {
            namespace: about.namespace.clone(),
            name: about.name.clone(),
            r#type: if warning { "Warning" } else { "Normal" }.to_owned(),
            reason: reason.to_owned(),
        };
        let name = ObjectName::new(&about.namespace, &about.name);
        let is_run = about.kind == "AnalysisRun";
        if !is_run && !lock(&self.inner.known).contains_key(&name) {
            return; // it went meanwhile; its series went with it
        }
        self.inner.events.get_or_create(&labels).inc();
        lock(&self.inner.happened).entry((is_run, name)).or_default().insert(labels);
    }

    /// An AnalysisRun is gone; so are the counts of its events.
    pub(crate) fn run_is_gone(&self, name: &ObjectName) {
        self.forget_events(true, name);
    }

    fn forget_events(&self, is_run: bool, name: &ObjectName) {
        for labels in lock(&self.inner.happened).remove(&(is_run, name.clone())).unwrap_or_default() {
            self.inner.events.remove(&labels);
        }
    }

    /// Number of series that belong to objects, for the test that nothing is remembered of what is gone.
    #[cfg(test)]
    pub(crate) fn remembered(&self) -> usize {
        let events: usize = lock(&self.inner.happened).values().map(BTreeSet::len).sum();
        lock(&self.inner.known).len() + events
    }

    /// A Rollout is there and shows `figures`; none when it cannot be read.
    pub(crate) fn rollout(&self, name: &ObjectName, figures: Option<Figures>) {
        let mut known = lock(&self.inner.known);
        let before = known.entry(name.clone()).or_default();
        if *before == figures {
            return;
        }
        self.hide(name, before.take().as_ref(), figures.is_none());
        if let Some(figures) = &figures {
            self.inner.info.get_or_create(&labels(name, figures)).set(1);
            for (family, pods) in self.inner.pods.iter().zip(figures.pods) {
                family.get_or_create(&named(name)).set(i64::from(pods));
            }
        }
        *before = figures;
    }

    /// A Rollout is gone; so is every series of it.
    pub(crate) fn rollout_is_gone(&self, name: &ObjectName) {
        let before = lock(&self.inner.known).remove(name);
        self.hide(name, before.flatten().as_ref(), true);
        self.inner.reconciles.remove(&named(name));
        self.inner.errors.remove(&named(name));
        self.forget_events(false, name);
    }

    fn hide(&self, name: &ObjectName, figures: Option<&Figures>, pods_too: bool) {
        if let Some(figures) = figures {
            self.inner.info.remove(&labels(name, figures));
        }
        for family in self.inner.pods.iter().filter(|_| pods_too) {
            family.remove(&named(name));
        }
    }

    /// Everything, as Prometheus reads it.
    #[must_use]
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        let registry = lock(&self.inner.registry);
        if encode(&mut out, &registry).is_err() {
            return String::new();
        }
        let mut text = out.trim_end_matches("# EOF\n").to_owned();
        let name = "controller_clientset_k8s_request";
        let _infallible = writeln!(text, "# HELP {name} Requests to the API server.\n# TYPE {name} counter");
        let tally = lock(&self.inner.tally);
        for ((verb, resource, code), count) in tally.iter().flat_map(Tally::counts) {
            let _infallible = writeln!(
                text,
                "{name}_total{{verb=\"{verb}\",kind=\"{resource}\",status_code=\"{code}\"}} {count}"
            );
        }
        let version = env!("CARGO_PKG_VERSION");
        let _infallible = writeln!(
            text,
            "# HELP argo_rollouts_controller_info Version of the controller.\n# TYPE argo_rollouts_controller_info \
             gauge\nargo_rollouts_controller_info{{version=\"switchback-{version}\"}} 1\n# EOF"
        );
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_shows_whether_it_is_stalled_and_how_many_of_its_rollouts_are_held() {
        let metrics = Metrics::new(None);
        for (is_stalled, count) in [(true, 2), (false, 0)] {
            metrics.delivery("switchback-shop", is_stalled, count);
            for (name, value) in [("stalled", usize::from(is_stalled)), ("held_rollouts", count)] {
                let wanted = format!("switchback_delivery_{name}{{delivery=\"switchback-shop\"}} {value}\n");
                assert!(metrics.text().contains(&wanted), "{}", metrics.text());
            }
        }
    }
}
