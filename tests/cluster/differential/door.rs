//! The way to a server: a base URL, tokens and one HTTP client. It never looks into what it carries.

use bytes::Bytes;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::timeout;

/// A server that answers Kubernetes' API.
#[derive(Debug)]
pub struct Door {
    base: String,
    token: Option<String>,
    etcd: Option<String>,
    client: reqwest::Client,
    /// Whether controllers put objects of their own into a new namespace, to be waited for.
    pub furnishes: bool,
}

/// A request ready to send.
#[derive(Debug, Default)]
pub struct Ask {
    pub method: String,
    pub path: String,
    pub query: Vec<(String, String)>,
    pub headers: BTreeMap<String, String>,
    pub user: Option<String>,
    pub media: Option<String>,
    pub body: Option<Vec<u8>>,
}

/// An answer read to its end.
#[derive(Debug)]
pub struct Answer {
    pub code: u16,
    pub headers: Value,
    pub text: String,
}

/// An answer that goes on: one JSON document a line.
#[derive(Debug)]
pub struct Following {
    pub code: u16,
    pub headers: Value,
    response: reqwest::Response,
    rest: Vec<u8>,
    pub events: Vec<Value>,
    pub closed: bool,
}

impl Door {
    /// A server at `base`; `token` is admin's, `etcd` the address of the store behind it.
    pub fn new(base: &str, token: Option<String>, etcd: Option<String>, furnishes: bool) -> Self {
        // A second call finds the provider installed, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().tls_danger_accept_invalid_certs(true).build().unwrap();
        Self { base: base.trim_end_matches('/').to_owned(), token, etcd, client, furnishes }
    }

    /// The server a kubeconfig names, as the user of its current context; only bearer tokens are understood.
    pub fn from_kubeconfig(path: &str, etcd: Option<String>) -> Self {
        let text =
            std::fs::read_to_string(path).unwrap_or_else(|e| panic!("SWITCHBACK_KUBECONFIG {path}: {e}"));
        let config: Value = serde_yaml::from_str(&text).unwrap();
        let named = |list: &str, name: &Value| {
            let items = config[list].as_array().unwrap();
            items
                .iter()
                .find(|i| i["name"] == *name)
                .unwrap_or_else(|| panic!("{path}: no {name} in {list}"))
                .clone()
        };
        let context = named("contexts", &config["current-context"]);
        let cluster = named("clusters", &context["context"]["cluster"]);
        let user = named("users", &context["context"]["user"]);
        let token = user["user"]["token"].as_str().map(str::to_owned);
        assert!(token.is_some(), "{path}: its user has no token; the plane's kubeconfig has one");
        Self::new(cluster["cluster"]["server"].as_str().unwrap(), token, etcd, true)
    }

    /// Whether the store can be told to forget.
    pub fn can_compact(&self) -> bool {
        self.etcd.is_some()
    }

    /// Makes the store forget every state but the newest.
    pub async fn compact(&self) {
        let etcd = self.etcd.as_deref().unwrap();
        let ask = Ask {
            method: "GET".into(),
            path: "/api/v1/namespaces".into(),
            query: vec![("limit".into(), "1".into())],
            ..Ask::default()
        };
        let list: Value = serde_json::from_str(&self.send(&ask).await.text).unwrap();
        let body = json!({"revision": list["metadata"]["resourceVersion"], "physical": true});
        let answer = self.client.post(format!("{etcd}/v3/kv/compaction")).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "etcd would not compact: {}", answer.text().await.unwrap());
    }

    async fn open(&self, ask: &Ask) -> reqwest::Response {
        let method = reqwest::Method::from_bytes(ask.method.as_bytes()).unwrap();
        let mut request = self.client.request(method, format!("{}{}", self.base, ask.path)).query(&ask.query);
        let token = match ask.user.as_deref() {
            None | Some("admin") => self.token.clone(),
            Some("nobody") => None,
            Some("stranger") => Some("0123456789abcdef".to_owned()),
            Some(other) => panic!("no user is called {other}"),
        };
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if !ask.headers.keys().any(|k| k.eq_ignore_ascii_case("accept")) {
            request = request.header("Accept", "application/json");
        }
        for (name, value) in &ask.headers {
            request = request.header(name, value);
        }
        if let Some(media) = &ask.media {
            request = request.header("Content-Type", media);
        }
        // Field managers default to the agent's name up to the first slash.
        request = request.header("User-Agent", "transcript/1");
        if let Some(body) = &ask.body {
            request = request.body(body.clone());
        }
        request.send().await.unwrap_or_else(|e| panic!("{} {}: {e}", ask.method, ask.path))
    }

    /// Sends a request and reads the whole answer.
    pub async fn send(&self, ask: &Ask) -> Answer {
        let whole = async {
            let response = self.open(ask).await;
            let (code, headers) = (response.status().as_u16(), relevant(response.headers()));
            Answer { code, headers, text: response.text().await.unwrap() }
        };
        let late = |_| panic!("{} {} has no end; is it a stream?", ask.method, ask.path);
        timeout(Duration::from_secs(75), whole).await.unwrap_or_else(late)
    }

    /// Sends a request whose answer goes on.
    pub async fn follow(&self, ask: &Ask) -> Following {
        let response = self.open(ask).await;
        let (code, headers) = (response.status().as_u16(), relevant(response.headers()));
        Following { code, headers, response, rest: Vec::new(), events: Vec::new(), closed: false }
    }
}

impl Following {
    /// Reads until `count` events are there (at most `limit`), then on until `quiet` passes without one.
    pub async fn read(&mut self, count: usize, limit: Duration, quiet: Duration) {
        let waits = tokio::time::Instant::now() + limit;
        while !self.closed && self.events.len() < count {
            let left = waits.saturating_duration_since(tokio::time::Instant::now());
            if !self.take(left).await {
                break;
            }
        }
        while !self.closed && self.take(quiet).await {}
    }

    async fn take(&mut self, limit: Duration) -> bool {
        let Ok(chunk) = timeout(limit, self.response.chunk()).await else { return false };
        let chunk: Bytes = match chunk {
            Ok(Some(chunk)) => chunk,
            // A stream cut in its middle ends like one that was closed.
            Ok(None) | Err(_) => {
                self.closed = true;
                self.split(true);
                return false;
            }
        };
        self.rest.extend_from_slice(&chunk);
        self.split(false);
        true
    }

    fn split(&mut self, last: bool) {
        while let Some(end) = self.rest.iter().position(|b| *b == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            self.events.push(event(&line));
        }
        if last && !self.rest.is_empty() {
            let line = std::mem::take(&mut self.rest);
            self.events.push(event(&line));
        }
    }
}

fn event(line: &[u8]) -> Value {
    serde_json::from_slice(line).unwrap_or_else(|_| json!({"text": String::from_utf8_lossy(line)}))
}

/// The headers a client acts upon; several of one name become a list.
fn relevant(headers: &reqwest::header::HeaderMap) -> Value {
    let mut kept = serde_json::Map::new();
    for name in ["content-type", "warning", "retry-after"] {
        let values: Vec<String> = headers
            .get_all(name)
            .iter()
            .map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned())
            .collect();
        match values.as_slice() {
            [] => {}
            [one] => drop(kept.insert(name.to_owned(), json!(one))),
            many => drop(kept.insert(name.to_owned(), json!(many))),
        }
    }
    Value::Object(kept)
}
