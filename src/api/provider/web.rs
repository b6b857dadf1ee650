//! Decides the shape of the settings under `provider.web`.
//! It never decides whether they make a question.

use crate::provider::header::{Authentication, Header};
use crate::provider::lenient;
use serde::Deserialize;
use serde_json::Value;

/// A question to any server over HTTP (source: `v1alpha1`, `WebMetric`). Empty texts are as absent.
#[derive(Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WebMetric {
    /// The method, such as `POST`; `GET` when empty.
    #[serde(deserialize_with = "lenient::field")]
    pub method: String,
    /// The URL.
    #[serde(deserialize_with = "lenient::field")]
    pub url: String,
    /// Headers of the question.
    #[serde(deserialize_with = "lenient::objects")]
    pub headers: Vec<Header>,
    /// Body as text.
    #[serde(deserialize_with = "lenient::field")]
    pub body: String,
    /// Body as JSON.
    #[serde(deserialize_with = "lenient::field")]
    pub json_body: Option<Value>,
    /// Seconds to wait for an answer; 10 when absent or 0.
    #[serde(deserialize_with = "lenient::field")]
    pub timeout_seconds: u64,
    /// JSONPath of the value in the answer; the whole answer when empty.
    #[serde(deserialize_with = "lenient::field")]
    pub json_path: String,
    /// Whether to accept any certificate.
    #[serde(deserialize_with = "lenient::field")]
    pub insecure: bool,
    /// How we prove who we are.
    #[serde(deserialize_with = "lenient::object")]
    pub authentication: Authentication,
}
