//! Decides what every reconcile has at hand: the cluster, the providers, the clock, and listeners for what happens.
//! It never reconciles anything itself.

use crate::api::event::Event;
use crate::api::notice::Notice;
use crate::api::provider::ProviderDefaults;
use crate::api::write::Target;
use crate::base::clock::Clock;
use crate::engine::events::Recorder;
use crate::engine::metrics::Metrics;
use crate::world::cluster::Cluster;
use crate::world::notice;
use crate::world::probe::Probe;
use serde_json::Value;
use tokio::sync::mpsc;

/// What every reconcile has at hand.
#[derive(Clone)]
pub struct Context {
    /// The cluster.
    pub cluster: Cluster,
    /// The providers of metrics.
    pub probe: Probe,
    /// The time.
    pub clock: Clock,
    /// Records events in the cluster.
    pub(crate) recorder: Recorder,
    /// Whoever listens in this process to what happens.
    pub listener: Option<mpsc::UnboundedSender<Notice>>,
    /// What the flags say of providers, for metrics that leave it out.
    pub providers: ProviderDefaults,
    /// What is counted and shown to Prometheus.
    pub(crate) metrics: Metrics,
}

impl Context {
    /// Notifies people: in the log, and in this process if somebody listens.
    pub fn notify(&self, notice: Notice) {
        notice::send(&notice);
        if let Some(listener) = &self.listener {
            let _nobody_listens = listener.send(notice);
        }
    }

    /// Records events about `object`, to the cluster and to people in this process.
    pub fn events(&self, object: &Value, events: Vec<Event>) {
        let target = crate::api::key::target_of(object);
        for event in events {
            self.notify(Notice::Event { about: target.to_string(), event: event.clone() });
            self.metrics.event(&target, event.warning, &event.reason);
            self.recorder.post(object, &target, &event);
        }
    }

    /// The same for an object of which only the target and uid are at hand.
    pub fn events_about(&self, target: &Target, uid: &str, events: Vec<Event>) {
        let object = serde_json::json!({
            "apiVersion": target.api_version,
            "kind": target.kind,
            "metadata": {"name": target.name, "namespace": target.namespace, "uid": uid},
        });
        self.events(&object, events);
    }
}
