//! A hundred thousand objects come, are reconciled, and go; nothing is remembered of them.
//! The cluster refuses every write, so that failures and retries have to be forgotten too.

use super::{Controllers, MOST_AT_A_TIME};
use crate::api::names;
use crate::api::watch::News;
use crate::base::clock::Clock;
use crate::engine::delivery::contract::Facts;
use crate::engine::delivery::{FactsSender, Link, Standing};
use crate::engine::index::kinds::{self, OWN};
use crate::engine::run::Settings;
use crate::engine::setup;
use crate::world::probe::Probe;
use kube::client::Body;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

/// Objects that are there at once.
const AT_A_TIME: usize = 1000;
/// Times that as many come and go; five objects each, and each changes once.
const ROUNDS: usize = 20;

fn meta(kind: &str, n: usize, version: usize, more: Value) -> Value {
    let mut meta = json!({"name": format!("{kind}-{n}"), "namespace": "shop", "uid": format!("{kind}-{n}-uid"),
        "resourceVersion": version.to_string()});
    meta.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    meta
}

/// The `n`th object of each of five kinds, in some state.
fn objects(n: usize, version: usize) -> [(&'static str, Value); 5] {
    let owner = |kind: &str, name: String, uid: String| {
        json!([{"apiVersion": names::ARGO, "kind": kind, "name": name,
        "uid": uid, "controller": true}])
    };
    let rollout = owner("Rollout", format!("r-{n}"), format!("r-{n}-uid"));
    let labels = json!({names::POD_HASH: "abc"});
    let template = json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web"}]}});
    [
        (
            "Rollout",
            json!({
                "metadata": meta("r", n, version, json!({"annotations": {names::SOURCE: "shop"}})),
                "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template,
                    "strategy": {"canary": {"stableService": format!("s-{n}"), "canaryService": format!("t-{n}")}}},
                "status": {"abort": true},
            }),
        ),
        (
            "ReplicaSet",
            json!({
                "metadata": meta("rs", n, version, json!({"ownerReferences": rollout, "labels": labels})),
                "spec": {"template": template},
            }),
        ),
        (
            "Service",
            json!({
                "metadata": meta("s", n, version, json!({"annotations": {names::MANAGED_BY: format!("r-{n}")}})),
            }),
        ),
        (
            "AnalysisRun",
            json!({
                "metadata": meta("a", n, version, json!({"ownerReferences": rollout})),
                "spec": {"metrics": [{"name": "m", "provider": {"job": {"spec": {"template": {}}}}}]},
            }),
        ),
        (
            "Job",
            json!({
                "metadata": meta("j", n, version, json!({"labels": {names::JOB_RUN_UID: format!("a-{n}-uid")}})),
            }),
        ),
    ]
}

impl Controllers {
    fn bring(&mut self, kind: &str, news: News) {
        let followed = kinds::own(kind).unwrap();
        self.take_in((followed, followed.read(news)));
    }

    /// Reconciles all there is to reconcile.
    async fn work_off(&mut self) {
        loop {
            self.dispatch();
            let Some((key, end)) = self.worker.ended().await else { return };
            self.take_up(key, end);
        }
    }
}

/// Controllers of a cluster that refuses every write, which know that it is empty.
fn controllers(link: Link, tasks: &mut JoinSet<()>) -> Controllers {
    let refusing = tower::service_fn(|_: http::Request<Body>| async {
        let status = r#"{"kind":"Status","status":"Failure","message":"no","reason":"NotFound","code":404}"#;
        let body = http_body_util::Full::new(bytes::Bytes::from(status));
        Ok::<_, Infallible>(http::Response::builder().status(404).body(body).unwrap())
    });
    let clock = Clock::paced(jiff::Timestamp::UNIX_EPOCH);
    let probe = Probe::network().unwrap();
    let context = setup::context_with(setup::inside(refusing), probe, clock, None, None, tasks);
    let (ready, _known) = oneshot::channel();
    let mut controllers = Controllers::new(context, &Settings::default(), link, ready);
    for followed in OWN {
        controllers.bring(followed.name, News::ListEnds);
    }
    controllers
}

/// A link to one delivery, of `shop`, and what it learns.
fn link() -> (Link, watch::Receiver<Facts>) {
    let (wake, _woken) = mpsc::unbounded_channel();
    let (sender, facts) = FactsSender::new("shop".to_owned(), 0, wake);
    let (applied, standing) = (mpsc::channel(1).1, watch::channel(Standing::default()).1);
    (Link { facts: vec![sender], applied, standing }, facts)
}

#[tokio::test(start_paused = true)]
async fn every_change_is_taken_in_however_many_wait() {
    let mut tasks = JoinSet::new();
    let mut controllers = controllers(link().0, &mut tasks);
    let sender = controllers.watches.sender();
    let followed = kinds::own("Service").unwrap();
    let count = 3 * MOST_AT_A_TIME + 7;
    for n in 0..count {
        let service = objects(n, 1).into_iter().find(|(kind, _)| *kind == "Service").unwrap().1;
        sender.send((followed, followed.read(News::Present(service)))).await.unwrap();
    }
    while let Some(message) = controllers.watches.next_at_hand() {
        controllers.take_in(message);
    }
    assert_eq!(controllers.index.remembered(), count);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_remembered_of_what_is_gone() {
    let mut tasks = JoinSet::new();
    let (link, facts) = link();
    let mut controllers = controllers(link, &mut tasks);
    let context = controllers.context.clone();
    let mut most = 0;
    for round in 0..ROUNDS {
        for n in round * AT_A_TIME..(round + 1) * AT_A_TIME {
            objects(n, 1)
                .into_iter()
                .for_each(|(kind, object)| controllers.bring(kind, News::Present(object)));
        }
        let is_reconciled = round % 5 == 0; // others go before anybody has come to them
        if is_reconciled {
            controllers.work_off().await;
        }
        most = most.max(controllers.index.remembered());
        for n in round * AT_A_TIME..(round + 1) * AT_A_TIME {
            objects(n, 2)
                .into_iter()
                .for_each(|(kind, object)| controllers.bring(kind, News::Present(object)));
        }
        if is_reconciled {
            controllers.work_off().await;
        }
        for n in round * AT_A_TIME..(round + 1) * AT_A_TIME {
            objects(n, 3).into_iter().for_each(|(kind, object)| controllers.bring(kind, News::Gone(object)));
        }
        controllers.work_off().await;
    }
    tokio::time::advance(Duration::from_secs(3600)).await;
    controllers.worker.queue.ring(tokio::time::Instant::now());
    controllers.work_off().await;
    assert!(most > 5 * AT_A_TIME, "{most} while they were there");
    let left = [
        ("index", controllers.index.remembered()),
        ("queue", controllers.worker.queue.remembered()),
        ("debounce", controllers.debounce.len()),
        ("pending", controllers.pending.remembered()),
        ("series", context.metrics.remembered()),
    ];
    assert_eq!(left.map(|(_, n)| n), [0; 5], "{left:?}");
    let facts = facts.borrow();
    assert!(facts.rollouts.is_empty());
}
