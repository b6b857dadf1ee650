//! Decides the shape of what several providers have in common: headers and authentication.
//! It never reads a Secret.

use crate::provider::lenient;
use crate::sample::QuestionHeader;
use serde::Deserialize;
use serde_json::{Map, Value};

/// A header of the question.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Header {
    /// Name.
    #[serde(deserialize_with = "lenient::field")]
    pub key: String,
    /// Value; may be secret.
    #[serde(deserialize_with = "lenient::field")]
    pub value: String,
}

/// How we prove to the provider who we are. No way is supported yet but headers, so each is kept as it was written.
#[derive(Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Authentication {
    /// Settings of OAuth 2.
    #[serde(deserialize_with = "lenient::field")]
    pub oauth2: Map<String, Value>,
    /// Settings of AWS' Signature 4.
    #[serde(deserialize_with = "lenient::field")]
    pub sigv4: Map<String, Value>,
    /// A user and a password.
    #[serde(rename = "basicAuth", deserialize_with = "lenient::field")]
    pub basic_auth: Map<String, Value>,
}

impl Authentication {
    /// Whether a token is to be fetched (source: metricproviders/webmetric/webmetric.go, `NewWebMetricHttpClient`).
    #[must_use]
    pub fn fetches_token(&self) -> bool {
        self.oauth2.get("tokenUrl").is_some_and(says)
    }

    /// Whether a signature is to be made.
    #[must_use]
    pub fn signs(&self) -> bool {
        self.sigv4.values().any(says)
    }

    /// Whether a password is to be sent.
    #[must_use]
    pub fn has_password(&self) -> bool {
        self.basic_auth.values().any(says)
    }
}

/// Whether a setting says anything: programs in Go write empty ones.
fn says(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Object(map) => map.values().any(says),
        Value::Array(items) => items.iter().any(says),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

/// Headers as questions hold them. `shown` are the same headers with stand-ins for the values from Secrets: where they
/// differ there is such a value.
#[must_use]
pub fn asked(headers: Vec<Header>, shown: &[Header]) -> Vec<QuestionHeader> {
    let header = |(index, h): (usize, Header)| QuestionHeader {
        is_secret: shown.get(index) != Some(&h),
        name: h.key,
        value: h.value,
    };
    headers.into_iter().enumerate().map(header).collect()
}
