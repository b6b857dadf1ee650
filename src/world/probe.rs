//! Decides how a metric provider is asked over HTTP: limits, redirects, certificates.
//! It never judges an answer.

use crate::api::sample::{Answer, Question};
use crate::world::http::{ClientOptions, HttpClient, HttpError, Request, Trust, USER_AGENT, Url};
use futures::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;

/// Bytes of an answer at most.
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// Redirects followed at most.
const REDIRECTS: usize = 3;

/// A way to ask questions without a network, for simulations.
pub type Inside = Arc<dyn Fn(Question) -> BoxFuture<'static, Result<Answer, ProbeError>> + Send + Sync>;

/// Why a provider gave no answer. The texts are for people and hold no header, path or user.
#[derive(Debug, Error)]
pub enum ProbeError {
    /// The question's method is none.
    #[error("method {method} is none")]
    Method {
        /// The method asked for.
        method: String,
    },
    /// No answer in time.
    #[error("no answer within {seconds} s from {host}")]
    Timeout {
        /// The provider: scheme, host and port.
        host: String,
        /// How long it was waited for.
        seconds: u64,
        /// What happened beneath.
        source: HttpError,
    },
    /// It cannot be asked.
    #[error("{host} cannot be asked: {}", .source.root())]
    Unreachable {
        /// The provider: scheme, host and port.
        host: String,
        /// What happened beneath.
        source: HttpError,
    },
    /// The answer is too large.
    #[error("the answer of {host} is larger than {most} bytes")]
    TooLarge {
        /// The provider: scheme, host and port.
        host: String,
        /// The limit, in bytes.
        most: usize,
    },
}

impl ProbeError {
    /// One word for what went wrong, stable across versions.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Method { .. } => "ProbeMethod",
            Self::Timeout { .. } => "ProbeTimeout",
            Self::Unreachable { .. } => "ProbeUnreachable",
            Self::TooLarge { .. } => "ProbeTooLarge",
        }
    }

    fn of(question: &Question, error: HttpError) -> Self {
        let host = host(&question.url);
        match error {
            HttpError::TooLarge { most } => Self::TooLarge { host, most },
            HttpError::Timeout { .. } => {
                Self::Timeout { host, seconds: question.timeout_seconds, source: error }
            }
            _ => Self::Unreachable { host, source: error },
        }
    }
}

/// Whoever asks providers.
#[derive(Clone)]
pub enum Probe {
    /// Over the network.
    Network {
        /// Accepts only good certificates.
        careful: HttpClient,
        /// Accepts any certificate.
        trusting: HttpClient,
    },
    /// In this process.
    Inside(Inside),
}

impl Probe {
    /// A probe over the network.
    ///
    /// # Errors
    /// The machine's certificates cannot be read.
    pub(crate) fn network() -> Result<Self, HttpError> {
        let client = |trust| {
            HttpClient::new(&ClientOptions {
                user_agent: USER_AGENT,
                redirects: REDIRECTS,
                connect_timeout: None,
                trust,
            })
        };
        Ok(Self::Network { careful: client(Trust::System)?, trusting: client(Trust::Anybody)? })
    }

    /// Asks one question. The error is for people and holds no header.
    ///
    /// # Errors
    /// No answer in time, or one that is too large.
    pub(crate) async fn ask(&self, question: &Question) -> Result<Answer, ProbeError> {
        match self {
            Self::Inside(ask) => ask(question.clone()).await,
            Self::Network { careful, trusting } => {
                let client = if question.insecure { trusting } else { careful };
                over_network(client, question).await
            }
        }
    }
}

async fn over_network(client: &HttpClient, question: &Question) -> Result<Answer, ProbeError> {
    let method = question.method.parse();
    let method = method.map_err(|_| ProbeError::Method { method: question.method.clone() })?;
    let mut request = Request::new(method, &question.url);
    request.timeout = Some(Duration::from_secs(question.timeout_seconds));
    request.headers = question.headers.iter().map(|(k, v)| (k.as_str(), v.clone())).collect();
    request.body = question.body.clone().map(String::into_bytes);
    let failed = |error| ProbeError::of(question, error);
    let mut response = client.send(request).await.map_err(failed)?;
    let status = response.status().as_u16();
    let body = response.body(MOST_BYTES).await.map_err(failed)?;
    Ok(Answer { status, body })
}

/// The part of a URL that may be shown: scheme, host and port, no path, no user.
fn host(url: &str) -> String {
    Url::parse(url).map_or_else(
        |_| "an unreadable address".to_owned(),
        |u| {
            let port = u.port().map(|p| format!(":{p}")).unwrap_or_default();
            format!("{}://{}{port}", u.scheme(), u.host_str().unwrap_or_default())
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    async fn refused(method: &str, url: &str) -> ProbeError {
        let question = Question {
            method: method.to_owned(),
            url: url.to_owned(),
            headers: vec![("authorization".to_owned(), "hush".to_owned())],
            timeout_seconds: 1,
            ..Question::default()
        };
        Probe::network().unwrap().ask(&question).await.unwrap_err()
    }

    #[tokio::test]
    async fn what_goes_wrong_is_told_without_path_user_or_header() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = listener.local_addr().unwrap();
        let url = format!("http://me:hush@{place}/hush?hush");
        assert_eq!(refused("A B", &url).await.to_string(), "method A B is none");
        let error = refused("GET", &url).await;
        assert_eq!(error.to_string(), format!("no answer within 1 s from http://{place}"));
        assert_eq!(error.code(), "ProbeTimeout");
        drop(listener);
        let error = refused("GET", &url).await;
        let text = format!("http://{place} cannot be asked: Connection refused (os error 111)");
        assert_eq!((error.code(), error.to_string()), ("ProbeUnreachable", text));
        assert!(error.source().is_some() && !format!("{error:?}").contains("hush"));
        let error = refused("GET", "nowhere").await;
        assert_eq!(error.to_string(), "an unreadable address cannot be asked: relative URL without a base");
    }

    #[tokio::test]
    async fn an_answer_is_read_up_to_its_limit() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let asked = stream.read(&mut [0; 1024]).await.unwrap();
            assert!(asked > 0);
            let _hung_up = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
            let _hung_up = stream.write_all(&vec![b'x'; MOST_BYTES + 1]).await;
        });
        let error = refused("GET", &format!("http://{place}/")).await;
        assert_eq!(error.to_string(), format!("the answer of http://{place} is larger than 4194304 bytes"));
        server.await.unwrap();
    }
}
