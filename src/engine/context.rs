//! Decides what every look has at hand: the cluster, the providers, the clock, and ears for what happens.
//! It never looks at anything itself.

use crate::api::event::Event;
use crate::api::provider::ProviderDefaults;
use crate::api::write::Target;
use crate::base::clock::Clock;
use crate::engine::meter::Meter;
use crate::engine::record::Recorder;
use crate::world::cluster::Cluster;
use crate::world::notice;
use crate::world::probe::Probe;
use serde_json::Value;
use tokio::sync::mpsc;

pub use crate::api::notice::Notice as Told;

/// What every look has at hand.
#[derive(Clone)]
pub struct Context {
    /// The cluster.
    pub cluster: Cluster,
    /// The providers of metrics.
    pub probe: Probe,
    /// The time.
    pub clock: Clock,
    /// Tells events to the cluster.
    pub recorder: Recorder,
    /// Tells what happens to whoever listens in this process.
    pub ears: Option<mpsc::UnboundedSender<Told>>,
    /// What we were told of providers, for metrics that leave it out.
    pub providers: ProviderDefaults,
    /// What is counted.
    pub meter: Meter,
}

impl Context {
    /// Tells people in this process, if somebody listens.
    pub fn tell(&self, told: Told) {
        notice::send(&told);
        if let Some(ears) = &self.ears {
            let _nobody_listens = ears.send(told);
        }
    }

    /// Tells events about `object`, to the cluster and to people in this process.
    pub fn events(&self, object: &Value, notes: Vec<Event>) {
        let target = crate::api::key::target_of(object);
        for note in notes {
            self.tell(Told::Event { about: target.to_string(), event: note.clone() });
            self.meter.told(&target.namespace, &target.name, note.warning, &note.reason);
            self.recorder.post(object, &target, &note);
        }
    }

    /// The same for an object of which only the target and uid are at hand.
    pub fn events_about(&self, target: &Target, uid: &str, notes: Vec<Event>) {
        let object = serde_json::json!({
            "apiVersion": target.api_version,
            "kind": target.kind,
            "metadata": {"name": target.name, "namespace": target.namespace, "uid": uid},
        });
        self.events(&object, notes);
    }
}
