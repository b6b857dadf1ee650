//! Decides what is counted and shown to Prometheus, and the answer to whether we live.
//! It never decides anything by what it counts.

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;

/// What is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// `/metrics`.
    Metrics,
    /// `/healthz`.
    Health,
}

/// Serves a page until dropped.
pub async fn serve(listener: TcpListener, page: Page) {
    let router = match page {
        Page::Metrics => Router::new().route("/metrics", get(|| async { String::new() })),
        Page::Health => Router::new().route("/healthz", get(|| async { "ok" })),
    };
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "a page is not served any more");
    }
}
