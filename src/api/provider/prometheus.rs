//! Decides the shape of the settings under `provider.prometheus`.
//! It never decides whether they make a question.

use crate::provider::header::{Authentication, Header};
use crate::provider::lenient;
use serde::Deserialize;
use serde_json::Value;

/// A query of Prometheus (source: `v1alpha1`, `PrometheusMetric`). Empty texts are as absent.
#[derive(Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PrometheusMetric {
    /// Address, such as `http://prometheus:9090`; the controller's when empty.
    #[serde(deserialize_with = "lenient::field")]
    pub address: String,
    /// The query in PromQL.
    #[serde(deserialize_with = "lenient::field")]
    pub query: String,
    /// Headers of the question.
    #[serde(deserialize_with = "lenient::objects")]
    pub headers: Vec<Header>,
    /// Seconds to wait for an answer; 30 when absent or 0.
    #[serde(deserialize_with = "lenient::field")]
    pub timeout: Option<i64>,
    /// Whether to accept any certificate.
    #[serde(deserialize_with = "lenient::field")]
    pub insecure: bool,
    /// A query over a span of time; not acted on yet.
    #[serde(deserialize_with = "lenient::field")]
    pub range_query: Option<Value>,
    /// How we prove who we are.
    #[serde(deserialize_with = "lenient::object")]
    pub authentication: Authentication,
}
