//! Decides where and in which form Prometheus reads what an engine counts: `/metrics`, as its text format.
//! It never decides what is counted; `engine::metrics` does.

use crate::engine::metrics::Metrics;
use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::routing::get;

/// What the page says it is.
const KIND: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The page of `metrics`.
pub(crate) fn pages(metrics: Metrics) -> Router {
    let page =
        |State(metrics): State<Metrics>| async move { ([(header::CONTENT_TYPE, KIND)], metrics.text()) };
    Router::new().route("/metrics", get(page)).with_state(metrics)
}
