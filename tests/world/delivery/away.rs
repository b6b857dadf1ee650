//! A Git server that refuses, throttles or fails: it is asked as seldom as it deserves. None of it needs a repository.

use crate::git::server::{Answer, Server};
use std::sync::Arc;
use std::time::Duration;
use switchback::api::crd;
use switchback::base::clock::Clock;
use switchback::engine::delivery::Source;
use switchback::engine::run::{Settings, run};
use switchback::engine::setup;
use switchback::logic::revert::RollbackOn;
use switchback::sandbox::{Options, Sandbox};
use switchback::world::git::{self, Author, Mirror};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// How often a server that answers so is asked within `time` by an engine that asks a healthy one every 100 ms.
async fn asked(time: Duration, answer: fn() -> Answer) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path().to_owned(), move |_| answer()).await;
    let sandbox = Sandbox::new(Options::new(Clock::Real, 7));
    for definition in crd::definitions() {
        sandbox.create("test", definition).unwrap();
    }
    let mut tasks = JoinSet::new();
    let cluster = setup::inside(sandbox.service());
    let context = setup::context(cluster, Clock::Real, None, None, &mut tasks).unwrap();
    let options = git::Options::new(&server.url("shop.git"), "main", folder.path().join("mirrors"));
    let source = Source {
        git: Arc::new(Mirror::open(options).unwrap()),
        path: ".".into(),
        branch: "main".into(),
        namespace: "default".into(),
        home: "default".into(),
        name: "switchback-shop".into(),
        owner: None,
        seed: None,
        keeps: false,
        rollback: true,
        drift: switchback::logic::plan::DriftPolicy::default(),
        config: switchback::api::config_policy::ConfigPolicy::default(),
        rollback_on: RollbackOn::default(),
        author: Author { name: "Switchback".into(), email: String::new() },
    };
    let interval = Some(Duration::from_millis(100));
    let settings = Settings { sources: vec![source], interval, ..Settings::default() };
    let (_nudge, nudges) = mpsc::channel(1);
    run(context, settings, nudges, sleep(time)).await;
    server.asked().len()
}

#[tokio::test]
async fn credentials_that_were_refused_are_not_shown_again_soon() {
    assert_eq!(asked(Duration::from_secs(3), || Answer::Say(401, "", "who are you")).await, 1);
    assert_eq!(asked(Duration::from_secs(3), || Answer::Say(403, "", "not you")).await, 1);
}

#[tokio::test]
async fn a_server_that_asks_to_wait_is_left_alone_so_long() {
    let throttled = || Answer::Say(429, "Retry-After: 2\r\n", "slow down");
    assert_eq!(asked(Duration::from_millis(1800), throttled).await, 1);
    let times = asked(Duration::from_millis(4500), throttled).await;
    assert!((2..=3).contains(&times), "{times} times");
}

#[tokio::test]
async fn a_server_that_fails_is_asked_less_and_less() {
    let times = asked(Duration::from_secs(4), || Answer::Say(502, "", "bad gateway")).await;
    assert!((3..=6).contains(&times), "{times} times in 4 s");
}
