//! Decides how events reach the cluster: a few at a time, behind the back of what caused them.
//! It never holds anything up and never fails what it speaks of.

use crate::api::event::Event;
use crate::api::names;
use crate::api::time::Time;
use crate::api::write::{Target, Write};
use crate::base::clock::Clock;
use crate::world::cluster::{Cluster, Mode};
use futures::StreamExt;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{mpsc, watch};

/// Events waiting at most; more are dropped, as Kubernetes' own clients do.
const MOST_WAITING: usize = 10_000;
/// Events being recorded at once.
const AT_ONCE: usize = 4;

/// Takes events to be recorded.
#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    clock: Clock,
    sequence: Arc<AtomicU64>,
    waiting: mpsc::Sender<Value>,
    taken: Arc<AtomicU64>,
    recorded: watch::Receiver<u64>,
}

/// A recorder, and the work of recording what it takes; the work ends when every recorder is gone.
pub(crate) fn recorder(
    cluster: Cluster,
    clock: Clock,
) -> (Recorder, impl Future<Output = ()> + Send + 'static) {
    let (waiting, events) = mpsc::channel::<Value>(MOST_WAITING);
    let (count, recorded) = watch::channel(0);
    let work = async move {
        let events = futures::stream::unfold(events, |mut events| async {
            let event = events.recv().await?;
            Some((event, events))
        });
        let (cluster, count) = (&cluster, &count);
        let record = |object: Value| async move {
            if let Err(error) = cluster.perform_as::<IgnoredAny>(&Write::Create { object }, Mode::Plain).await
            {
                tracing::debug!(%error, "an event could not be recorded");
            }
            count.send_modify(|n| *n += 1);
        };
        events.for_each_concurrent(AT_ONCE, record).await;
    };
    (Recorder { clock, sequence: Arc::default(), waiting, taken: Arc::default(), recorded }, work)
}

impl Recorder {
    /// Records `note` about `object`, later.
    pub(crate) fn post(&self, object: &Value, target: &Target, note: &Event) {
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
        match self.waiting.try_send(event) {
            Ok(()) => drop(self.taken.fetch_add(1, Ordering::Relaxed)),
            Err(_) => tracing::debug!(reason = note.reason, "an event was dropped: too many are waiting"),
        }
    }

    /// Waits until everything taken so far is recorded.
    pub(crate) async fn drained(&self) {
        let taken = self.taken.load(Ordering::Relaxed);
        let mut recorded = self.recorded.clone();
        let _work_has_ended = recorded.wait_for(|n| *n >= taken).await;
    }
}
