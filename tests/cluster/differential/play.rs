//! Plays a transcript at a door and hands back everything that was answered, unchanged. It never judges an answer.

use crate::differential::door::{Ask, Door, Following};
use crate::differential::transcript::{Request, Script, fill, fill_text, look, media_type};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// Everything a server said, in order.
#[derive(Debug, Default)]
pub struct Record {
    /// The namespace it was played in; its name is different each time.
    pub namespace: String,
    /// `{name, code, headers, body | text | events}` for each request.
    pub answers: Vec<Value>,
    /// `{name, code, headers, events}` for each watch that was left open.
    pub watches: Vec<Value>,
}

struct Player<'a> {
    door: &'a Door,
    names: BTreeMap<String, Value>,
    open: BTreeMap<String, Following>,
}

const POLL: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(60);

/// Plays `script`; `expected` says how many events each watch had when the golden was made.
pub async fn play(door: &Door, script: &Script, expected: &BTreeMap<String, usize>) -> Record {
    let namespace = move_in(door, &script.name).await;
    let mut names = BTreeMap::from([("ns".to_owned(), json!(namespace))]);
    for (name, value) in &script.transcript.given {
        let filled = fill(value, &names);
        names.insert(name.clone(), filled);
    }
    let mut player = Player { door, names, open: BTreeMap::new() };
    for (label, path) in &script.transcript.watch {
        player.watch_collection(label, path).await;
    }
    let mut record = Record { namespace: namespace.clone(), ..Record::default() };
    for request in &script.transcript.requests {
        if let Some(answer) = player.ask(request).await {
            record.answers.push(answer);
        }
    }
    for (label, mut following) in std::mem::take(&mut player.open) {
        let quiet = if expected.contains_key(&label) { 250 } else { 1000 };
        let count = expected.get(&label).copied().unwrap_or(0);
        following.read(count, Duration::from_secs(5), Duration::from_millis(quiet)).await;
        record.watches.push(json!({"name": label, "code": following.code, "headers": following.headers,
                                   "events": following.events}));
    }
    player.move_out(&script.transcript.finally).await;
    record
}

/// A namespace of its own, named after the store's revision: unique on one server, the same on a fresh one.
async fn move_in(door: &Door, name: &str) -> String {
    let get = |path: String| Ask { method: "GET".into(), path, ..Ask::default() };
    let list: Value = serde_json::from_str(&door.send(&get("/api/v1/namespaces".into())).await.text).unwrap();
    let namespace = format!("{name}-r{}", list["metadata"]["resourceVersion"].as_str().unwrap_or("0"));
    let ask = Ask {
        method: "POST".into(),
        path: "/api/v1/namespaces".into(),
        media: Some(media_type("json").into()),
        body: Some(json!({"metadata": {"name": namespace}}).to_string().into_bytes()),
        ..Ask::default()
    };
    let answer = door.send(&ask).await;
    assert_eq!(answer.code, 201, "namespace {namespace}: {}", answer.text);
    if door.furnishes {
        for path in ["serviceaccounts/default", "configmaps/kube-root-ca.crt"] {
            let path = format!("/api/v1/namespaces/{namespace}/{path}");
            for _ in 0..100 {
                if door.send(&get(path.clone())).await.code == 200 {
                    break;
                }
                tokio::time::sleep(POLL).await;
            }
        }
    }
    namespace
}

impl Player<'_> {
    fn build(&self, request: &Request) -> Ask {
        let (method, path) = request.ask.split_once(' ').unwrap();
        let word = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
        let fills = |text: &str| fill_text(text, &self.names);
        let body = match (&request.body, &request.text) {
            (Some(body), _) => Some(fill(body, &self.names).to_string().into_bytes()),
            (None, Some(text)) => Some(fills(text).into_bytes()),
            (None, None) => None,
        };
        let media = request.media.as_deref().or(body.is_some().then_some("json"));
        Ask {
            method: method.to_owned(),
            path: fills(path),
            query: request.query.iter().map(|(k, v)| (k.clone(), fills(&word(v)))).collect(),
            headers: request.headers.iter().map(|(k, v)| (k.clone(), fills(v))).collect(),
            user: request.user.clone(),
            media: media.map(|m| media_type(m).to_owned()),
            body,
        }
    }

    async fn watch_collection(&mut self, label: &str, path: &str) {
        let path = fill_text(path, &self.names);
        let ask = Ask { method: "GET".into(), path: path.clone(), ..Ask::default() };
        let list: Value = serde_json::from_str(&self.door.send(&ask).await.text).unwrap();
        let rv = list["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned();
        let query = vec![("watch".into(), "1".into()), ("resourceVersion".into(), rv)];
        let following = self.door.follow(&Ask { method: "GET".into(), path, query, ..Ask::default() }).await;
        self.open.insert(label.to_owned(), following);
    }

    async fn ask(&mut self, request: &Request) -> Option<Value> {
        if request.ask == "COMPACT" {
            self.door.compact().await;
            return None;
        }
        let ask = self.build(request);
        if let Some(label) = &request.follow {
            let following = self.door.follow(&ask).await;
            self.open.insert(label.clone(), following);
            return None;
        }
        if let Some(stream) = &request.stream {
            let mut following = self.door.follow(&ask).await;
            let quiet = Duration::from_millis(stream.quiet.unwrap_or(300));
            following.read(stream.events, Duration::from_secs(15), quiet).await;
            let end = if following.closed { "closed" } else { "open" };
            return Some(json!({"name": request.name, "code": following.code, "headers": following.headers,
                               "events": following.events, "end": end}));
        }
        Some(self.exchange(request, &ask).await)
    }

    async fn exchange(&mut self, request: &Request, ask: &Ask) -> Value {
        let started = tokio::time::Instant::now();
        let (answer, body, met) = loop {
            let answer = self.door.send(ask).await;
            let body: Option<Value> = serde_json::from_str(&answer.text).ok();
            let seen = body.clone().unwrap_or(Value::Null);
            let holds = |(path, wanted): (&String, &Value)| match path.as_str() {
                "code" => *wanted == json!(answer.code),
                path => {
                    look(&seen, &fill_text(path, &self.names)).into_iter().next().unwrap_or(Value::Null)
                        == fill(wanted, &self.names)
                }
            };
            let met = request.until.iter().all(holds);
            if met || started.elapsed() > PATIENCE {
                break (answer, body, met);
            }
            tokio::time::sleep(POLL).await;
        };
        for (name, path) in &request.keep {
            let found = body.as_ref().map(|b| look(b, &fill_text(path, &self.names)));
            if let Some(found) = found.and_then(|f| f.into_iter().next()) {
                self.names.insert(name.clone(), found);
            }
        }
        let mut kept = json!({"name": request.name, "code": answer.code, "headers": answer.headers});
        if !met {
            kept["until"] = json!("never met");
        }
        match body {
            Some(body) => kept["body"] = body,
            None => kept["text"] = json!(answer.text),
        }
        kept
    }

    async fn move_out(&self, paths: &[String]) {
        let mut doomed: Vec<String> = paths.iter().map(|p| fill_text(p, &self.names)).collect();
        doomed.push(format!("/api/v1/namespaces/{}", self.names["ns"].as_str().unwrap()));
        for path in doomed {
            self.door.send(&Ask { method: "DELETE".into(), path, ..Ask::default() }).await;
        }
    }
}
