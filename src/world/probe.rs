//! Decides how a metric provider is asked over HTTP: limits, redirects, certificates.
//! It never judges an answer.

use crate::api::sample::{Answer, Question};
use futures::future::BoxFuture;
use reqwest::{Client, Method, redirect};
use std::sync::Arc;
use std::time::Duration;

/// Bytes of an answer at most.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// A way to ask questions without a network, for simulations.
pub type Inside = Arc<dyn Fn(Question) -> BoxFuture<'static, Result<Answer, String>> + Send + Sync>;

/// Whoever asks providers.
#[derive(Clone)]
pub enum Probe {
    /// Over the network.
    Network {
        /// Accepts only good certificates.
        careful: Client,
        /// Accepts any certificate.
        trusting: Client,
    },
    /// In this process.
    Inside(Inside),
}

impl Probe {
    /// A probe over the network.
    ///
    /// # Errors
    /// The machine's certificates cannot be read.
    pub fn network() -> Result<Self, String> {
        crate::world::tls::install();
        let build = |any: bool| {
            Client::builder()
                .user_agent(crate::world::connect::USER_AGENT)
                .redirect(redirect::Policy::limited(3))
                .danger_accept_invalid_certs(any)
                .build()
                .map_err(|e| format!("no HTTP client can be made: {e}"))
        };
        Ok(Self::Network { careful: build(false)?, trusting: build(true)? })
    }

    /// Asks one question. The error is for people and holds no header.
    ///
    /// # Errors
    /// No answer in time, or one that is too large.
    pub async fn ask(&self, question: &Question) -> Result<Answer, String> {
        match self {
            Self::Inside(ask) => ask(question.clone()).await,
            Self::Network { careful, trusting } => {
                let client = if question.insecure { trusting } else { careful };
                over_network(client, question).await
            }
        }
    }
}

async fn over_network(client: &Client, question: &Question) -> Result<Answer, String> {
    let method: Method =
        question.method.parse().map_err(|_| format!("method {} is none", question.method))?;
    let limit = Duration::from_secs(question.timeout_seconds);
    let mut request = client.request(method, &question.url).timeout(limit);
    for (key, value) in &question.headers {
        request = request.header(key, value);
    }
    if let Some(body) = &question.body {
        request = request.body(body.clone());
    }
    let said = |e: reqwest::Error| -> String {
        if e.is_timeout() {
            return format!("no answer within {} s from {}", question.timeout_seconds, host(&question.url));
        }
        let mut cause: &dyn std::error::Error = &e;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        format!("{} cannot be asked: {cause}", host(&question.url))
    };
    let mut response = request.send().await.map_err(said)?;
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(said)? {
        if body.len() + chunk.len() > MOST_BYTES {
            return Err(format!("the answer of {} is larger than {MOST_BYTES} bytes", host(&question.url)));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, body })
}

/// The part of a URL that may be shown: scheme, host and port, no path, no user.
fn host(url: &str) -> String {
    reqwest::Url::parse(url).map_or_else(
        |_| "an unreadable address".to_owned(),
        |u| {
            let port = u.port().map(|p| format!(":{p}")).unwrap_or_default();
            format!("{}://{}{port}", u.scheme(), u.host_str().unwrap_or_default())
        },
    )
}
