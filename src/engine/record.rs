//! Decides how events reach the cluster: one after the other, behind the back of what caused them.
//! It never holds anything up and never fails what it tells of.

use crate::api::names;
use crate::api::time::Time;
use crate::api::write::{Note, Target, Write};
use crate::base::clock::Clock;
use crate::world::cluster::{Cluster, Mode};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc;

/// Events waiting at most; more are dropped, as Kubernetes' own clients do.
const MOST_WAITING: usize = 10_000;

/// Takes events to be told.
#[derive(Clone, Debug)]
pub struct Recorder {
    clock: Clock,
    sequence: Arc<AtomicU64>,
    waiting: mpsc::Sender<Value>,
}

/// A recorder, and the work of telling what it takes; the work ends when every recorder is gone.
pub fn recorder(cluster: Cluster, clock: Clock) -> (Recorder, impl Future<Output = ()> + Send + 'static) {
    let (waiting, mut events) = mpsc::channel::<Value>(MOST_WAITING);
    let work = async move {
        while let Some(object) = events.recv().await {
            if let Err(error) = cluster.perform(&Write::Create { object }, Mode::Plain).await {
                tracing::debug!(%error, "an event could not be told");
            }
        }
    };
    (Recorder { clock, sequence: Arc::default(), waiting }, work)
}

impl Recorder {
    /// Tells `note` about `object`, later.
    pub fn post(&self, object: &Value, target: &Target, note: &Note) {
        let now = self.clock.now();
        let sequence = self.sequence.fetch_add(1, Ordering::Relaxed);
        let stamp = u64::try_from(now.as_nanosecond()).unwrap_or(0).wrapping_add(sequence);
        let text = |p: &str| object.pointer(p).and_then(Value::as_str).unwrap_or_default();
        let namespace = if target.namespace.is_empty() { "default" } else { &target.namespace };
        let at = Time::of(now);
        let event = json!({
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": format!("{}.{stamp:x}", target.name), "namespace": namespace},
            "involvedObject": {
                "apiVersion": target.api_version, "kind": target.kind, "name": target.name,
                "namespace": target.namespace, "uid": text("/metadata/uid"),
                "resourceVersion": text("/metadata/resourceVersion"),
            },
            "reason": note.reason,
            "message": note.message,
            "type": if note.warning { "Warning" } else { "Normal" },
            "source": {"component": names::EVENT_COMPONENT},
            "reportingComponent": names::EVENT_COMPONENT,
            "reportingInstance": "",
            "firstTimestamp": at,
            "lastTimestamp": at,
            "count": 1,
        });
        if self.waiting.try_send(event).is_err() {
            tracing::debug!(reason = note.reason, "an event was dropped: too many are waiting");
        }
    }
}
