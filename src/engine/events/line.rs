//! Decides when the events about the objects of one queue are written: in their order and at once, but what is said again
//! within a second together.
//! It never decides whether they are told; `logic::correlator` does.

use crate::api::event::Event;
use crate::engine::events::object::{self, Happened};
use crate::logic::correlator::{About, Correlated, Correlator, Told};
use crate::world::cluster::{Cluster, ClusterError, Mode};
use serde::de::IgnoredAny;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::pending;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

/// Between two writes that say the same about the same object.
const APART: Duration = Duration::from_secs(1);
/// Objects whose events are remembered.
const REMEMBERED: usize = 250;

/// What is said about whom.
type Said = (About, Event);

/// The events of one queue.
pub(crate) struct Line<'a> {
    cluster: &'a Cluster,
    /// How many events are done with.
    done: &'a watch::Sender<u64>,
    correlator: Correlator,
    /// What was written within [`APART`], until when that is, and what has come since.
    fresh: BTreeMap<Said, (Instant, Option<(Happened, u32)>)>,
    /// The same by that moment; some have been written again meanwhile.
    ends: VecDeque<(Instant, Said)>,
    /// Of these, those that something has come of since.
    owed: BTreeSet<(Instant, Said)>,
}

impl<'a> Line<'a> {
    /// A line to `cluster` that counts what it has done.
    pub(crate) fn new(cluster: &'a Cluster, done: &'a watch::Sender<u64>) -> Self {
        let correlator = Correlator::new(REMEMBERED);
        let (fresh, ends, owed) = (BTreeMap::new(), VecDeque::new(), BTreeSet::new());
        Self { cluster, done, correlator, fresh, ends, owed }
    }

    /// Writes what comes, until nothing can come any more.
    pub(crate) async fn run(mut self, mut events: mpsc::Receiver<Happened>) {
        loop {
            let next = self.owed.first().map(|(at, _)| *at);
            let moment = async {
                match next {
                    Some(at) => sleep_until(at).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                biased;
                () = moment => self.pay().await,
                event = events.recv() => match event {
                    Some(happened) => self.take(happened).await,
                    None => break,
                },
            }
        }
        while !self.owed.is_empty() {
            self.pay().await;
        }
    }

    /// Takes one that has just happened.
    async fn take(&mut self, happened: Happened) {
        let now = Instant::now();
        while let Some((_, said)) = self.ends.pop_front_if(|(end, _)| *end <= now) {
            if self.fresh.get(&said).is_some_and(|(end, owed)| *end <= now && owed.is_none()) {
                self.fresh.remove(&said);
            }
        }
        let said = (happened.about.clone(), happened.event.clone());
        match self.fresh.get_mut(&said) {
            Some((end, owed)) => {
                let times = owed.as_ref().map_or(0, |(_, times)| *times) + 1;
                *owed = Some((happened, times));
                self.owed.insert((*end, said));
            }
            None => self.write(said, &happened, 1).await,
        }
    }

    /// Writes the first of what has come again.
    async fn pay(&mut self) {
        let Some((_, said)) = self.owed.pop_first() else { return };
        if let Some((_, Some((happened, times)))) = self.fresh.remove(&said) {
            self.write(said, &happened, times).await;
        }
    }

    async fn write(&mut self, said: Said, happened: &Happened, times: u32) {
        let (about, event) = &said;
        let name = format!("{}.{:x}", about.0.name, happened.stamp);
        match self.correlator.correlate(about, event, happened.at, times, name) {
            Correlated::Drop => {
                tracing::debug!(reason = event.reason, "an event was dropped: too many about one object");
            }
            Correlated::Create(told) => self.create(&said, happened, &told).await,
            Correlated::Count(told) => {
                let write = object::counted(happened, &told);
                match self.cluster.perform_as::<IgnoredAny>(&write, Mode::Plain).await {
                    // Events are kept for an hour.
                    Err(error) if error.is_missing() => self.create(&said, happened, &told).await,
                    Err(error) => self.failed(&error),
                    Ok(_) => {}
                }
            }
        }
        let end = Instant::now() + APART;
        self.fresh.insert(said.clone(), (end, None));
        self.ends.push_back((end, said));
        self.done.send_modify(|n| *n += u64::from(times));
    }

    async fn create(&mut self, (about, event): &Said, happened: &Happened, told: &Told) {
        let (target, body) = object::created(happened, told);
        if let Err(error) = self.cluster.submit(&target, body).await {
            self.failed(&error);
            self.correlator.forget(about, event, &told.name);
        }
    }

    fn failed(&self, error: &ClusterError) {
        tracing::debug!(%error, "an event could not be recorded");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::write::Target;
    use crate::base::clock::Clock;
    use crate::engine::events::recorder::recorder;
    use crate::world::cluster::connect::{Tally, inside};
    use http_body_util::{BodyExt, Full};
    use kube::client::Body;
    use serde_json::Value;
    use std::convert::Infallible;
    use std::sync::{Arc, Mutex};

    type Asked = Arc<Mutex<Vec<(String, Value)>>>;

    /// A cluster that takes every Event and knows none of those that are counted on once `forgets` is set.
    fn cluster(forgets: Arc<Mutex<bool>>) -> (Cluster, Asked) {
        let asked = Asked::default();
        let heard = asked.clone();
        let service = tower::service_fn(move |request: http::Request<Body>| {
            let (heard, forgets) = (heard.clone(), forgets.clone());
            async move {
                let method = request.method().clone();
                let body = request.into_body().collect().await.unwrap().to_bytes();
                let body: Value = serde_json::from_slice(&body).unwrap();
                heard.lock().unwrap().push((method.to_string(), body));
                let is_gone = method == http::Method::PATCH && *forgets.lock().unwrap();
                let status = r#"{"kind":"Status","status":"Failure","reason":"NotFound","code":404}"#;
                let (code, text) = if is_gone { (404, status) } else { (201, "{}") };
                let answer = http::Response::builder().status(code).body(Full::new(bytes::Bytes::from(text)));
                Ok::<_, Infallible>(answer.unwrap())
            }
        });
        let tally = Tally::default();
        (Cluster::new(inside(service, &tally), tally), asked)
    }

    /// What was asked: the method, what is said, how often it happened.
    fn seen(asked: &Asked) -> Vec<String> {
        let one = |(method, body): &(String, Value)| {
            format!("{method} {} x{}", body["message"].as_str().unwrap(), body["count"])
        };
        asked.lock().unwrap().drain(..).collect::<Vec<_>>().iter().map(one).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_said_again_within_a_second_is_written_once_and_the_rest_in_its_order() {
        let forgets = Arc::new(Mutex::new(false));
        let (cluster, asked) = cluster(forgets.clone());
        let (recorder, work) = recorder(cluster, Clock::Real);
        let work = tokio::spawn(work);
        let about = Target::new("v1", "Pod", "shop", "web");
        let say = |text: &str| recorder.post(&about, "u", Event::normal("Scaled", text.to_owned()));
        for text in ["up", "down", "up", "up"] {
            say(text);
        }
        recorder.drained().await;
        assert_eq!(seen(&asked), ["POST up x1", "POST down x1", "PATCH up x3"]);
        *forgets.lock().unwrap() = true;
        tokio::time::sleep(Duration::from_secs(2)).await;
        say("down");
        recorder.drained().await;
        assert_eq!(seen(&asked), ["PATCH down x2", "POST down x2"], "it had expired");
        say("up");
        say("up");
        drop(recorder);
        work.await.unwrap();
        assert_eq!(seen(&asked).last().unwrap(), "POST up x5", "nothing is left behind at the end");
    }
}
