//! Raw requests to a server of this process.
//! It never checks an answer; the tests do.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};
use switchback::base::clock::Clock;
use switchback::sandbox::{Options, Sandbox};
use tower::ServiceExt as _;

/// A server that begins at a fixed time, with chance from `seed`.
pub fn sandbox(seed: u64) -> Sandbox {
    let clock = Clock::paced("2026-11-21T12:00:00Z".parse().unwrap());
    Sandbox::new(Options::new(clock, seed))
}

/// An answer: code, headers, body.
pub struct Told {
    pub code: u16,
    pub headers: http::HeaderMap,
    pub body: Value,
}

impl Told {
    pub fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }

    pub fn revision(&self) -> &str {
        self.body["metadata"]["resourceVersion"].as_str().unwrap_or_default()
    }
}

pub async fn send(server: &Sandbox, method: &str, uri: &str, kind: &str, body: Bytes) -> Told {
    let request = http::Request::builder().method(method).uri(uri).header("content-type", kind);
    let request = request.header("user-agent", "test/1").body(Full::new(body)).unwrap();
    answer(server, request).await
}

pub async fn answer(server: &Sandbox, request: http::Request<Full<Bytes>>) -> Told {
    let response = server.service().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let text = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
    let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| text());
    Told { code: parts.status.as_u16(), headers: parts.headers, body }
}

pub async fn get(server: &Sandbox, uri: &str) -> Told {
    send(server, "GET", uri, "application/json", Bytes::new()).await
}

pub async fn post(server: &Sandbox, uri: &str, body: &Value) -> Told {
    send(server, "POST", uri, "application/json", Bytes::from(body.to_string())).await
}

pub async fn put(server: &Sandbox, uri: &str, body: &Value) -> Told {
    send(server, "PUT", uri, "application/json", Bytes::from(body.to_string())).await
}

pub async fn merge(server: &Sandbox, uri: &str, body: &Value) -> Told {
    send(server, "PATCH", uri, "application/merge-patch+json", Bytes::from(body.to_string())).await
}

pub async fn delete(server: &Sandbox, uri: &str, body: &Value) -> Told {
    let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
    send(server, "DELETE", uri, "application/json", body).await
}

pub const MAPS: &str = "/api/v1/namespaces/default/configmaps";

pub fn map(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": "b"}})
}
