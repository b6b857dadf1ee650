//! A hundred thousand objects come, are reconciled, and go; nothing is remembered of them.
//! The cluster refuses every write, so that failures and retries have to be forgotten too.

use super::{Controllers, MOST_AT_A_TIME};
use crate::api::names;
use crate::api::raw_object::RawObject;
use crate::api::sample::Answer;
use crate::api::watch::News;
use crate::base::clock::Clock;
use crate::engine::delivery::{FactsSender, Link, Standing};
use crate::engine::index::kinds::{self, OWN};
use crate::engine::run::Settings;
use crate::engine::setup;
use crate::logic::delivery::facts::Facts;
use crate::world::probe::{Guard, Probe};
use http_body_util::BodyExt;
use kube::client::Body;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

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
    let labels = json!({"app": "web", (names::POD_HASH): "abc"});
    let template = json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "web:1"}]}});
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
        self.take_in((followed, followed.read(news.map(|object| RawObject::of(&object).unwrap()))));
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
    let mut controllers = fresh(link, tasks);
    for followed in OWN {
        controllers.bring(followed.name, News::ListEnds);
    }
    controllers
}

/// Controllers of such a cluster, which know nothing of it yet.
fn fresh(link: Link, tasks: &mut JoinSet<()>) -> Controllers {
    let refusing = tower::service_fn(|_: http::Request<Body>| async {
        let status = r#"{"kind":"Status","status":"Failure","message":"no","reason":"NotFound","code":404}"#;
        let body = http_body_util::Full::new(bytes::Bytes::from(status));
        Ok::<_, Infallible>(http::Response::builder().status(404).body(body).unwrap())
    });
    let clock = Clock::paced(jiff::Timestamp::UNIX_EPOCH);
    let probe = Probe::network(Guard::careful()).unwrap();
    let context = setup::context_with(setup::inside(refusing), probe, clock, None, None, tasks);
    let (ready, _known) = oneshot::channel();
    Controllers::new(context, &Settings::default(), link, ready)
}

/// Controllers of a cluster that takes every patch, which know that it is empty; they ask `probe`. Also the requests
/// that the cluster hears.
fn obeyed(probe: Probe, tasks: &mut JoinSet<()>) -> (Controllers, Arc<Mutex<Vec<String>>>) {
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let hears = Arc::clone(&heard);
    let stored: Arc<Mutex<BTreeMap<String, Value>>> = Arc::default();
    let taking = tower::service_fn(move |request: http::Request<Body>| {
        let path = request.uri().path().trim_end_matches("/status").to_owned();
        // Watches and events get an answer, too, and no more.
        let is_patch = request.method() == http::Method::PATCH;
        if request.method() != http::Method::GET && !path.contains("/events") {
            hears.lock().unwrap().push(format!("{} {path}", request.method()));
        }
        let is_read = request.method() == http::Method::GET;
        let stored = Arc::clone(&stored);
        async move {
            if is_read {
                let none = bytes::Bytes::from(r#"{"metadata":{},"items":[]}"#);
                return Ok(http::Response::new(http_body_util::Full::new(none)));
            }
            let patch = request.into_body().collect().await.unwrap().to_bytes();
            if !is_patch {
                return Ok(http::Response::new(http_body_util::Full::new(patch)));
            }
            let number = path.rsplit('-').next().unwrap().parse().unwrap();
            let mut stored = stored.lock().unwrap();
            let first = || {
                if path.contains("/analysisruns/") {
                    web_run(number)
                } else {
                    objects(number, 1)[0].1.clone()
                }
            };
            let object = stored.entry(path.clone()).or_insert_with(first);
            let version: u64 = object["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap();
            json_patch::merge(object, &serde_json::from_slice(&patch).unwrap());
            object["metadata"]["resourceVersion"] = json!((version + 1).to_string());
            let body = http_body_util::Full::new(bytes::Bytes::from(object.to_string()));
            Ok::<_, Infallible>(http::Response::new(body))
        }
    });
    let clock = Clock::paced(jiff::Timestamp::UNIX_EPOCH);
    let context = setup::context_with(setup::inside(taking), probe, clock, None, None, tasks);
    let (ready, _known) = oneshot::channel();
    let mut controllers = Controllers::new(context, &Settings::default(), link().0, ready);
    for followed in OWN {
        controllers.bring(followed.name, News::ListEnds);
    }
    (controllers, heard)
}

/// The `n`th run that asks a web server, for a day if it must.
fn web_run(n: usize) -> Value {
    let provider = json!({"web": {"url": "http://tarpit/", "timeoutSeconds": 86_400}});
    json!({"metadata": meta("a", n, 1, json!({})),
        "spec": {"metrics": [{"name": "m", "provider": provider, "successCondition": "result == 1"}]}})
}

/// A link to one delivery, of `shop`, and what it learns.
fn link() -> (Link, watch::Receiver<Facts>) {
    let (wake, _woken) = mpsc::unbounded_channel();
    let (sender, facts) = FactsSender::new("shop".to_owned(), 0, wake);
    let (applied, standing) = (mpsc::channel(1).1, watch::channel(Standing::default()).1);
    (Link { facts: vec![sender], applied, roster: mpsc::unbounded_channel().1, standing }, facts)
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
        sender
            .send((followed, followed.read(News::Present(RawObject::of(&service).unwrap()))))
            .await
            .unwrap();
    }
    while let Some(message) = controllers.watches.next_at_hand() {
        controllers.take_in(message);
    }
    assert_eq!(controllers.index.remembered(), count);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_merely_failed_is_waited_for_and_a_kind_that_is_not_shown_is_not() {
    for (code, waits) in [(0, true), (429, true), (500, true), (503, true), (403, false), (404, false)] {
        let mut tasks = JoinSet::new();
        let mut controllers = fresh(link().0, &mut tasks);
        for followed in OWN.iter().filter(|f| f.name != "AnalysisTemplate") {
            controllers.bring(followed.name, News::ListEnds);
        }
        controllers.bring("AnalysisTemplate", News::Trouble { code, why: "no".to_owned() });
        assert_eq!(controllers.ready.is_some(), waits, "after {code}");
        controllers.bring("AnalysisTemplate", News::ListEnds);
        assert!(controllers.ready.is_none(), "after {code} and a list");
    }
}

#[tokio::test(start_paused = true)]
async fn providers_that_hang_delay_no_rollout() {
    let mut tasks = JoinSet::new();
    let silent = Probe::Inside(Arc::new(|_| Box::pin(std::future::pending())));
    let (mut controllers, heard) = obeyed(silent, &mut tasks);
    for n in 0..40 {
        controllers.bring("AnalysisRun", News::Present(web_run(n)));
    }
    let second = Duration::from_secs(1);
    timeout(second, controllers.work_off()).await.expect("no reconcile waits for a provider");
    assert!(!controllers.asking.is_idle());
    let of_runs = heard.lock().unwrap().len();
    assert_eq!(of_runs, 40, "each says that it runs");
    let [(_, mut rollout), ..] = objects(1, 1);
    rollout["spec"]["strategy"] = json!({"canary": {}});
    rollout["status"] = json!({});
    controllers.bring("Rollout", News::Present(rollout));
    timeout(second, controllers.work_off()).await.expect("nor does a Rollout");
    let writes = heard.lock().unwrap().split_off(of_runs);
    assert!(writes.iter().any(|w| w.contains("/replicasets") || w.contains("/rollouts/r-1")), "{writes:?}");
    for n in 0..40 {
        controllers.bring("AnalysisRun", News::Gone(web_run(n)));
    }
    timeout(second, controllers.work_off()).await.unwrap();
    assert!(controllers.asking.is_idle(), "nobody waits for what a run that is gone has asked");
}

#[tokio::test(start_paused = true)]
async fn a_report_has_its_run_reconciled_and_a_panic_has_it_asked_again() {
    let mut tasks = JoinSet::new();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let probe = Probe::Inside(Arc::new(move |_| {
        let nth = count.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            assert!(nth > 0, "the first time it panics");
            Ok(Answer { status: 200, body: b"1".to_vec() })
        })
    }));
    let (mut controllers, heard) = obeyed(probe, &mut tasks);
    controllers.bring("AnalysisRun", News::Present(web_run(1)));
    controllers.work_off().await;
    let measured = controllers.asking.ended().await.unwrap();
    assert!(!measured.1, "there is no report of a panic");
    controllers.take_measured(measured);
    assert!(controllers.worker.queue.is_idle() && controllers.asking.is_idle());
    controllers.worker.queue.ring(tokio::time::Instant::now() + Duration::from_secs(11));
    controllers.work_off().await;
    let measured = controllers.asking.ended().await.unwrap();
    controllers.take_measured(measured);
    let before = heard.lock().unwrap().len();
    controllers.work_off().await;
    assert_eq!((heard.lock().unwrap().len() - before, asked.load(Ordering::Relaxed)), (1, 2));
    assert!(controllers.asking.is_idle());
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
        ("asking", usize::from(!controllers.asking.is_idle())),
        ("pending", controllers.pending.remembered()),
        ("refusals", controllers.refusals.remembered()),
        ("series", context.metrics.remembered()),
    ];
    assert_eq!(left.map(|(_, n)| n), [0; 7], "{left:?}");
    let facts = facts.borrow();
    assert!(facts.rollouts.is_empty());
}
