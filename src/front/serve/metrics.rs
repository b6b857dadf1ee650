//! Decides where and in which form Prometheus reads what an engine counts: `/metrics`, as OpenMetrics text.
//! It never decides what is counted; `engine::meter` does.

use crate::engine::meter::Meter;
use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::routing::get;

/// What the page says it is.
const KIND: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The page of `meter`.
pub(crate) fn pages(meter: Meter) -> Router {
    let page = |State(meter): State<Meter>| async move { ([(header::CONTENT_TYPE, KIND)], meter.text()) };
    Router::new().route("/metrics", get(page)).with_state(meter)
}
