//! Decides what a whole answer is made of: status, media type, body, warnings.
//! It never decides what is answered.

use super::media;
use super::refuse::Refusal;
use super::shape;
use bytes::Bytes;
use serde_json::Value;

/// A whole answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    /// HTTP status.
    pub code: u16,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// Body.
    pub body: Bytes,
    /// Texts for `Warning` headers.
    pub warnings: Vec<String>,
    /// Seconds for `Retry-After`; 0 says nothing.
    pub retry_after: u32,
}

impl Reply {
    /// A JSON document.
    #[must_use]
    pub(crate) fn json(code: u16, value: &Value) -> Self {
        Self::bytes(code, shape::bytes(value))
    }

    /// JSON text.
    #[must_use]
    pub(crate) fn bytes(code: u16, body: Bytes) -> Self {
        Self { code, content_type: media::JSON, body, warnings: Vec::new(), retry_after: 0 }
    }

    /// Plain text.
    #[must_use]
    pub(crate) fn text(code: u16, text: impl Into<String>) -> Self {
        Self { content_type: "text/plain; charset=utf-8", ..Self::bytes(code, Bytes::from(text.into())) }
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        let retry_after = refusal.details.as_ref().map_or(0, |d| d.retry_after);
        Self { retry_after, ..Self::json(refusal.code, &refusal.body()) }
    }
}
