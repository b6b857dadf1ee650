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
