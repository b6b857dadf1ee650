//! Decides the shape of a question to a metric provider and of its answer.
//! It never decides whether an answer is good.

use serde::Serialize;
use serde_json::Value;
use std::fmt;

/// A question to a provider over HTTP.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Question {
    /// The method, such as `GET`.
    pub method: String,
    /// The URL, with its query.
    pub url: String,
    /// Headers; their values may be secret and are never shown.
    #[serde(skip)]
    pub headers: Vec<QuestionHeader>,
    /// Body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Whether the body holds a value from a Secret.
    #[serde(skip)]
    pub secret_body: bool,
    /// Seconds to wait for the answer.
    pub timeout_seconds: u64,
    /// Whether to accept any certificate.
    pub insecure: bool,
}

/// A header of a question.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct QuestionHeader {
    /// Name.
    pub name: String,
    /// Value; may be secret and is never shown.
    pub value: String,
    /// Whether the name or the value holds one from a Secret.
    pub is_secret: bool,
}

impl fmt::Debug for QuestionHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("QuestionHeader")
    }
}

/// The answer to a question over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Body.
    pub body: Vec<u8>,
}

/// What a provider has measured.
#[derive(Clone, Debug, PartialEq)]
pub enum Sample {
    /// One number, which may be no number.
    Scalar(f64),
    /// Numbers of several series or moments.
    Series(Vec<f64>),
    /// A JSON value.
    Json(Value),
    /// A text that is no JSON.
    Text(String),
}

/// A number as Prometheus and Go write it: no exponent, `NaN`, `+Inf`, `-Inf`.
#[must_use]
pub fn number_text(n: f64) -> String {
    if n.is_nan() {
        "NaN".to_owned()
    } else if n.is_infinite() {
        if n > 0.0 { "+Inf".to_owned() } else { "-Inf".to_owned() }
    } else {
        format!("{n}")
    }
}

impl Sample {
    /// The sample as the status shows it.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Scalar(n) => number_text(*n),
            Self::Series(all) => {
                let texts: Vec<String> = all.iter().map(|n| number_text(*n)).collect();
                format!("[{}]", texts.join(","))
            }
            Self::Json(value) => value.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}
