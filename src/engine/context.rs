//! Decides what every reconcile has at hand: the cluster, the providers, the clock, and listeners for what happens.
//! It never reconciles anything itself.

use crate::api::event::Event;
use crate::api::notice::Notice;
use crate::api::provider::ProviderDefaults;
use crate::api::write::Target;
use crate::base::clock::Clock;
use crate::engine::events::recorder::Recorder;
use crate::engine::metrics::Metrics;
use crate::engine::rivals::Sighting;
use crate::engine::vitals::Vitals;
use crate::world::cluster::Cluster;
use crate::world::notice;
use crate::world::probe::{Probe, Rooms};
use jiff::Timestamp;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

/// What every reconcile has at hand.
#[derive(Clone)]
pub struct Context {
    /// The cluster.
    pub cluster: Cluster,
    /// The providers of metrics.
    pub probe: Probe,
    /// The room for questions to them.
    pub(crate) rooms: Rooms,
    /// The time.
    pub clock: Clock,
    /// Records events in the cluster.
    pub(crate) recorder: Recorder,
    /// Whoever listens in this process to what happens.
    pub listener: Option<mpsc::UnboundedSender<Notice>>,
    /// What the flags say of providers, for metrics that leave it out.
    pub providers: ProviderDefaults,
    /// Only Rollouts of this instance are ours; without one, only those of none.
    pub instance: Option<String>,
    /// Whether the engine lives.
    pub(crate) vitals: Vitals,
    /// Told when another controller is seen at work on our objects; nobody listens where we act all the same.
    pub(crate) sightings: Option<watch::Sender<Option<Sighting>>>,
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

    /// Records events about the object `about` with this uid: in the cluster, and for people in this process.
    pub(crate) fn events_about(&self, about: &Target, uid: &str, events: Vec<Event>) {
        for event in events {
            self.metrics.event(about, event.warning, &event.reason);
            self.notify(Notice::Event { about: about.to_string(), event: event.clone() });
            self.recorder.post(about, uid, event);
        }
    }

    /// The moment of tokio's clock that stands for a time.
    pub(crate) fn moment(&self, at: Timestamp) -> Instant {
        let wait = at.duration_since(self.clock.now());
        Instant::now() + Duration::try_from(wait).unwrap_or(Duration::ZERO)
    }
}
