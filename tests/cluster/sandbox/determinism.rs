//! The same seed gives the same run: uids, names, order and times.

use crate::sandbox::wire::{MAPS, delete, map, post, sandbox};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::runtime::watcher;
use kube::{Api, api::PostParams};
use serde_json::{Value, json};
use std::time::Duration;

/// The log of a run in which several clients write and one of them follows what the others do.
async fn run(seed: u64) -> Vec<String> {
    let server = sandbox(seed);
    let mut changes = server.subscribe();
    let follower = Api::<ConfigMap>::default_namespaced(server.client("default"));
    let echo = server.client("kube-system");
    let following = tokio::spawn(async move {
        use futures::StreamExt as _;
        let mut events = Box::pin(watcher(follower, watcher::Config::default()));
        let target: Api<ConfigMap> = Api::default_namespaced(echo);
        while let Some(Ok(event)) = events.next().await {
            if let watcher::Event::Apply(m) | watcher::Event::InitApply(m) = event {
                let copy = json!({"metadata": {"generateName": "copy-"}, "data": {"of": m.metadata.name}});
                let copy = serde_json::from_value(copy).unwrap();
                target.create(&PostParams::default(), &copy).await.unwrap();
            }
        }
    });
    let mut writers = Vec::new();
    for n in 0..5u64 {
        let server = server.clone();
        writers.push(tokio::spawn(async move {
            for i in 0..20u64 {
                post(&server, MAPS, &map(&format!("w{n}-{i}"))).await;
                tokio::time::sleep(Duration::from_millis((n * 7 + i * 3) % 11)).await;
                if i % 3 == 0 {
                    delete(&server, &format!("{MAPS}/w{n}-{i}"), &Value::Null).await;
                }
            }
        }));
    }
    tokio::time::sleep(Duration::from_secs(3600)).await;
    following.abort();
    let mut log = Vec::new();
    while let Ok(change) = changes.try_recv() {
        log.push(format!("{} {:?} {}", change.revision, change.verb, change.object));
    }
    log
}

#[test]
fn the_same_seed_gives_the_same_log() {
    let log = |seed| {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(run(seed))
    };
    let first = log(7);
    assert!(first.len() > 200, "{}", first.len());
    for _ in 0..5 {
        assert!(log(7) == first);
    }
    assert!(log(8) != first);
}
