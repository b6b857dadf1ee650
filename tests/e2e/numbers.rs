//! Decides what a metrics server of the test answers: Prometheus' queries about the pods of one namespace, from their
//! annotations, for clusters that have no such server. It never judges a number.

use super::api::{Api, path};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::routing::{get, post};
use std::sync::{Arc, Mutex};
use switchback::base::clock::Clock;
use switchback::sandbox::metrics;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A server on loopback; it ends with the handle.
pub struct Numbers {
    pub port: u16,
    task: JoinHandle<()>,
}

impl Drop for Numbers {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(router: Router) -> Numbers {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    Numbers { port, task }
}

impl Numbers {
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Answers Prometheus' instant queries from the pods of `namespace`.
    pub async fn of_pods(api: Api, namespace: &str) -> Self {
        let state = (api, namespace.to_owned());
        serve(Router::new().route("/api/v1/query", post(query)).with_state(state)).await
    }

    /// Shows `page` to whoever scrapes it.
    pub async fn page(page: Arc<Mutex<String>>) -> Self {
        let show = |State(page): State<Arc<Mutex<String>>>| async move {
            let kind = "text/plain; version=0.0.4; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], page.lock().unwrap().clone())
        };
        serve(Router::new().route("/metrics", get(show)).with_state(page)).await
    }
}

async fn query(State((api, namespace)): State<(Api, String)>, body: Bytes) -> (StatusCode, String) {
    let form = String::from_utf8_lossy(&body).into_owned();
    let text = form.split('&').find_map(|part| part.strip_prefix("query=")).unwrap_or_default();
    let pods = api.list(&path("Pod", &namespace, "")).await;
    let answer = metrics::query(&plain(text), &pods, Clock::Real.now());
    (StatusCode::from_u16(answer.status).unwrap(), answer.body.to_string())
}

/// A value of a form as it was before it was encoded.
fn plain(text: &str) -> String {
    let text = text.replace('+', " ");
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).unwrap()
}
