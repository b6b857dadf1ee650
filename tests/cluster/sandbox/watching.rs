//! Watches: what they begin with, what they tell, where they end.

use crate::sandbox::wire::{MAPS, delete, map, merge, post, sandbox};
use futures::{StreamExt as _, TryStreamExt as _};
use http_body_util::{BodyExt as _, Full};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::runtime::watcher;
use serde_json::{Value, json};
use std::time::Duration;
use switchback::sandbox::Sandbox;
use tower::ServiceExt as _;

/// Everything a watch of a few seconds tells: type, name, revision.
async fn told(server: &Sandbox, query: &str) -> Vec<(String, String, String)> {
    lines(server, query).await.iter().map(short).collect()
}

fn short(event: &Value) -> (String, String, String) {
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let meta = &event["object"]["metadata"];
    (text(&event["type"]), text(&meta["name"]), text(&meta["resourceVersion"]))
}

async fn lines(server: &Sandbox, query: &str) -> Vec<Value> {
    let uri = format!("{MAPS}?watch=true&timeoutSeconds=5&{query}");
    let request = http::Request::get(uri).body(Full::<bytes::Bytes>::default()).unwrap();
    let response = server.service().oneshot(request).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8(body.to_vec()).unwrap();
    text.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

fn event(kind: &str, name: &str, revision: u64) -> (String, String, String) {
    (kind.to_owned(), name.to_owned(), revision.to_string())
}

#[tokio::test(start_paused = true)]
async fn a_watch_begins_where_it_is_told_to() {
    let server = sandbox(1);
    let base = server.revision();
    post(&server, MAPS, &map("a")).await;
    post(&server, MAPS, &map("b")).await;
    merge(&server, &format!("{MAPS}/a"), &json!({"data": {"a": "c"}})).await;
    let now = [event("ADDED", "a", base + 3), event("ADDED", "b", base + 2)];
    assert_eq!(told(&server, "").await, now);
    assert_eq!(told(&server, "resourceVersion=0").await, now);
    let since = told(&server, &format!("resourceVersion={}", base + 1)).await;
    assert_eq!(since, [event("ADDED", "b", base + 2), event("MODIFIED", "a", base + 3)]);
    assert_eq!(told(&server, &format!("resourceVersion={}", base + 3)).await, []);
    let future = told(&server, &format!("resourceVersion={}", base + 30)).await;
    assert_eq!(future, []);
    server.compact(base + 2);
    let gone = lines(&server, &format!("resourceVersion={}", base + 1)).await;
    assert_eq!((&gone[0]["type"], &gone[0]["object"]["code"]), (&json!("ERROR"), &json!(410)));
    let text = format!("too old resource version: {} ({})", base + 1, base + 2);
    assert_eq!(gone[0]["object"]["message"], text);
}

#[tokio::test(start_paused = true)]
async fn selectors_turn_changes_into_comings_and_goings() {
    let server = sandbox(1);
    let base = server.revision();
    let label = |app: &str| json!({"metadata": {"labels": {"app": app}}});
    post(&server, MAPS, &map("a")).await;
    merge(&server, &format!("{MAPS}/a"), &label("x")).await;
    merge(&server, &format!("{MAPS}/a"), &json!({"data": {"n": "1"}})).await;
    merge(&server, &format!("{MAPS}/a"), &label("y")).await;
    merge(&server, &format!("{MAPS}/a"), &label("x")).await;
    delete(&server, &format!("{MAPS}/a"), &Value::Null).await;
    let events = lines(&server, &format!("resourceVersion={base}&labelSelector=app%3Dx")).await;
    let shorts: Vec<_> = events.iter().map(short).collect();
    assert_eq!(
        shorts,
        [
            event("ADDED", "a", base + 2),
            event("MODIFIED", "a", base + 3),
            event("DELETED", "a", base + 4),
            event("ADDED", "a", base + 5),
            event("DELETED", "a", base + 6)
        ]
    );
    // what left the selection is shown as it was while it belonged to it
    assert_eq!(events[2]["object"]["metadata"]["labels"]["app"], "x");
}

#[tokio::test(start_paused = true)]
async fn streaming_lists_end_with_a_bookmark() {
    let server = sandbox(1);
    post(&server, MAPS, &map("a")).await;
    let query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    let events = lines(&server, query).await;
    assert_eq!(events[0]["type"], "ADDED");
    let bookmark = &events[1];
    assert_eq!(bookmark["type"], "BOOKMARK");
    assert_eq!(bookmark["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
    assert_eq!(bookmark["object"]["metadata"]["resourceVersion"], server.revision().to_string());
    // one more before the end
    assert_eq!(events[2]["type"], "BOOKMARK");
    let uri = format!("{MAPS}?watch=true&sendInitialEvents=true");
    assert_eq!(crate::sandbox::wire::get(&server, &uri).await.code, 422);
}

/// Follows ConfigMaps with kube's watcher for a minute while another task writes; returns what it saw last.
async fn followed(config: watcher::Config) -> (Vec<(String, String)>, Vec<(String, String)>) {
    let server = sandbox(1);
    let api: Api<ConfigMap> = Api::default_namespaced(server.client("default"));
    for n in 0..30 {
        post(&server, MAPS, &map(&format!("old-{n:02}"))).await;
    }
    let writer = server.clone();
    let writing = tokio::spawn(async move {
        for n in 0..200u64 {
            let name = format!("m-{:02}", n * 7 % 40);
            if n % 5 == 4 {
                delete(&writer, &format!("{MAPS}/{name}"), &Value::Null).await;
            }
            post(&writer, MAPS, &map(&name)).await;
            merge(&writer, &format!("{MAPS}/{name}"), &json!({"data": {"n": n.to_string()}})).await;
            if n == 100 {
                writer.compact(writer.revision());
            }
            tokio::time::sleep(Duration::from_millis(n % 13)).await;
        }
    });
    let mut seen = std::collections::BTreeMap::new();
    let value = |m: &ConfigMap| m.data.as_ref().and_then(|d| d.get("n")).cloned().unwrap_or_default();
    let mut events = Box::pin(watcher(api, config));
    let end = tokio::time::Instant::now() + Duration::from_secs(60);
    while let Ok(Some(event)) = tokio::time::timeout_at(end, events.next()).await {
        // after a compaction the watcher is told that it is too late, and lists anew
        let Ok(event) = event else { continue };
        match event {
            watcher::Event::Init => seen.clear(),
            watcher::Event::Apply(m) | watcher::Event::InitApply(m) => {
                seen.insert(m.metadata.name.clone().unwrap(), value(&m));
            }
            watcher::Event::Delete(m) => {
                seen.remove(&m.metadata.name.clone().unwrap());
            }
            watcher::Event::InitDone => {}
        }
    }
    writing.await.unwrap();
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let now = server.snapshot("v1", "ConfigMap", "default");
    let now = now.iter().map(|m| (text(&m["metadata"]["name"]), text(&m["data"]["n"]))).collect();
    (seen.into_iter().collect(), now)
}

#[tokio::test(start_paused = true)]
async fn kube_watchers_miss_nothing() {
    for config in [watcher::Config::default().page_size(7), watcher::Config::default().streaming_lists()] {
        let (seen, now) = followed(config).await;
        assert!(now.len() > 60);
        assert_eq!(seen, now);
    }
}

#[tokio::test(start_paused = true)]
async fn kube_watches_raw_events() {
    use kube::api::{WatchEvent, WatchParams};
    let server = sandbox(1);
    let api: Api<ConfigMap> = Api::default_namespaced(server.client("default"));
    post(&server, MAPS, &map("a")).await;
    let events: Vec<_> =
        api.watch(&WatchParams::default().timeout(3), "0").await.unwrap().try_collect().await.unwrap();
    assert!(matches!(events.first(), Some(WatchEvent::Added(m)) if m.metadata.name.as_deref() == Some("a")));
}
