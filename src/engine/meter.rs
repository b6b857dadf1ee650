//! Decides what is counted and shown to Prometheus, under the names Argo Rollouts uses.
//! It never decides anything by what it counts.

use crate::engine::index::Name;
use crate::world::cluster::connect::Tally;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Bounds of the histograms of looks, in seconds.
const BOUNDS: [f64; 5] = [0.01, 0.15, 0.25, 0.5, 1.0];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Named {
    namespace: String,
    name: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Happened {
    namespace: String,
    name: String,
    r#type: String,
    reason: String,
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
pub struct Figures {
    /// Strategy.
    pub strategy: &'static str,
    /// Phase.
    pub phase: String,
    /// Pods desired, updated, available, and all there are.
    pub pods: [i32; 4],
}

/// What is counted.
#[derive(Clone, Default)]
pub struct Meter {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    registry: Mutex<Registry>,
    looks: Family<Named, Counter>,
    errors: Family<Named, Counter>,
    events: Family<Happened, Counter>,
    info: Family<InPhase, Gauge>,
    pods: [Family<Named, Gauge>; 4],
    figures: Mutex<std::collections::BTreeMap<Name, Figures>>,
    tally: Mutex<Option<Tally>>,
    duration: Mutex<Option<Histogram>>,
}

fn named(name: &Name) -> Named {
    Named { namespace: name.0.clone(), name: name.1.clone() }
}

impl Meter {
    /// A meter that shows the requests `tally` counts besides what it is told.
    #[must_use]
    pub fn new(tally: Option<Tally>) -> Self {
        let meter = Self::default();
        let inner = &meter.inner;
        let mut registry = inner.registry.lock().unwrap_or_else(PoisonError::into_inner);
        let histogram = Histogram::new(BOUNDS);
        registry.register("rollout_reconcile", "Seconds one look at a Rollout took", histogram.clone());
        registry.register("rollout_reconcile_count_by_name", "Looks at each Rollout", inner.looks.clone());
        registry.register("rollout_reconcile_error", "Looks that failed", inner.errors.clone());
        registry.register("rollout_events", "Events told", inner.events.clone());
        registry.register("rollout_info", "Each Rollout with its phase", inner.info.clone());
        for (family, word) in inner.pods.iter().zip(["desired", "updated", "available", "current"]) {
            registry.register(
                format!("rollout_info_replicas_{word}"),
                "Pods of each Rollout",
                family.clone(),
            );
        }
        drop(registry);
        *inner.duration.lock().unwrap_or_else(PoisonError::into_inner) = Some(histogram);
        *inner.tally.lock().unwrap_or_else(PoisonError::into_inner) = tally;
        meter
    }

    /// A look at a Rollout took `time`.
    pub fn looked(&self, name: &Name, time: Duration, failed: bool) {
        if let Some(histogram) = &*self.inner.duration.lock().unwrap_or_else(PoisonError::into_inner) {
            histogram.observe(time.as_secs_f64());
        }
        let is_known = self.inner.figures.lock().unwrap_or_else(PoisonError::into_inner).contains_key(name);
        if !is_known {
            return; // it went while it was reconciled; its series went with it
        }
        self.inner.looks.get_or_create(&named(name)).inc();
        if failed {
            self.inner.errors.get_or_create(&named(name)).inc();
        }
    }

    /// An event was told.
    pub fn told(&self, namespace: &str, name: &str, warning: bool, reason: &str) {
        let labels = Happened {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            r#type: if warning { "Warning" } else { "Normal" }.to_owned(),
            reason: reason.to_owned(),
        };
        self.inner.events.get_or_create(&labels).inc();
    }

    /// A Rollout shows `figures` now; none when it is gone.
    pub fn rollout(&self, name: &Name, figures: Option<Figures>) {
        let mut known = self.inner.figures.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known.get(name).cloned();
        if before == figures {
            return;
        }
        let labels = |f: &Figures| InPhase {
            namespace: name.0.clone(),
            name: name.1.clone(),
            strategy: f.strategy.to_owned(),
            phase: f.phase.clone(),
        };
        if let Some(before) = &before {
            self.inner.info.remove(&labels(before));
        }
        match figures {
            Some(figures) => {
                self.inner.info.get_or_create(&labels(&figures)).set(1);
                for (family, pods) in self.inner.pods.iter().zip(figures.pods) {
                    family.get_or_create(&named(name)).set(i64::from(pods));
                }
                known.insert(name.clone(), figures);
            }
            None => {
                known.remove(name);
                for family in &self.inner.pods {
                    family.remove(&named(name));
                }
                self.inner.looks.remove(&named(name));
                self.inner.errors.remove(&named(name));
            }
        }
    }

    /// Everything, as Prometheus reads it.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        let registry = self.inner.registry.lock().unwrap_or_else(PoisonError::into_inner);
        if encode(&mut out, &registry).is_err() {
            return String::new();
        }
        let mut text = out.trim_end_matches("# EOF\n").to_owned();
        let name = "controller_clientset_k8s_request";
        let _infallible = writeln!(text, "# HELP {name} Requests to the API server.\n# TYPE {name} counter");
        let tally = self.inner.tally.lock().unwrap_or_else(PoisonError::into_inner);
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
