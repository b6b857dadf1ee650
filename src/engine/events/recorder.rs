//! Decides how events reach the cluster: a few at a time, those about one object in their order, behind the back of what
//! caused them.
//! It never holds anything up and never fails what it speaks of.

use crate::api::event::Event;
use crate::api::write::Target;
use crate::base::clock::Clock;
use crate::base::digest::fnv1a32;
use crate::engine::events::line::Line;
use crate::engine::events::object::Happened;
use crate::world::cluster::Cluster;
use futures::future::join_all;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{mpsc, watch};

/// Events being recorded at once: so many queues there are, and those about one object wait in one.
const AT_ONCE: usize = 4;
/// Events waiting in a queue at most; more are dropped, as Kubernetes' own clients do.
const MOST_WAITING: usize = 2_500;

/// Takes events to be recorded.
#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    clock: Clock,
    sequence: Arc<AtomicU64>,
    queues: [mpsc::Sender<Happened>; AT_ONCE],
    taken: Arc<AtomicU64>,
    recorded: watch::Receiver<u64>,
}

/// A recorder, and the work of recording what it takes; the work ends when every recorder is gone.
pub(crate) fn recorder(
    cluster: Cluster,
    clock: Clock,
) -> (Recorder, impl Future<Output = ()> + Send + 'static) {
    let both = [(); AT_ONCE].map(|()| mpsc::channel::<Happened>(MOST_WAITING));
    let queues = both.each_ref().map(|(queue, _)| queue.clone());
    let (count, recorded) = watch::channel(0);
    let work = async move {
        let (cluster, count) = (&cluster, &count);
        join_all(both.map(|(_, events)| Line::new(cluster, count).run(events))).await;
    };
    (Recorder { clock, sequence: Arc::default(), queues, taken: Arc::default(), recorded }, work)
}

/// The queue of events about `about`.
fn queue_of(about: &Target) -> usize {
    usize::try_from(fnv1a32(about.name.as_bytes())).unwrap_or(0) % AT_ONCE
}

impl Recorder {
    /// Records `event` about the object `about` with this uid, later.
    pub(crate) fn post(&self, about: &Target, uid: &str, event: Event) {
        let at = self.clock.now();
        let sequence = self.sequence.fetch_add(1, Ordering::Relaxed);
        let stamp = u64::try_from(at.as_nanosecond()).unwrap_or(0).wrapping_add(sequence);
        let happened = Happened { about: (about.clone(), uid.to_owned()), event, at, stamp };
        let Some(queue) = self.queues.get(queue_of(about)) else { return };
        match queue.try_send(happened) {
            Ok(()) => drop(self.taken.fetch_add(1, Ordering::Relaxed)),
            Err(full) => {
                let reason = full.into_inner().event.reason;
                tracing::debug!(reason, "an event was dropped: too many are waiting");
            }
        }
    }

    /// Waits until everything taken so far is recorded.
    pub(crate) async fn drained(&self) {
        let taken = self.taken.load(Ordering::Relaxed);
        let mut recorded = self.recorded.clone();
        let _work_has_ended = recorded.wait_for(|n| *n >= taken).await;
    }
}
