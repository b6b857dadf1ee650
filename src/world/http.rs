//! The one HTTP client of this floor: whom it trusts, how far it follows redirects, how much of an answer it reads.
//! It never judges an answer, and no error of it shows an address, a header or a credential.

use bytes::Bytes;
use reqwest::dns::Resolve;
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode, redirect};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;

pub(crate) use reqwest::Url;

/// How we call ourselves in requests.
pub(crate) const USER_AGENT: &str = concat!("switchback/", env!("CARGO_PKG_VERSION"));

/// Whose certificates are good.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trust<'a> {
    /// Those the system trusts.
    System,
    /// Also those that the authorities in this PEM text have signed.
    Also(&'a [u8]),
    /// Anybody's, for who asked for it.
    Anybody,
}

/// How a client behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientOptions<'a> {
    /// How it calls itself.
    pub user_agent: &'static str,
    /// How many redirects it follows by itself; with 0 a redirect is an answer like any other.
    pub(crate) redirects: usize,
    /// How long a connection may take to come about; as long as the request itself when absent.
    pub(crate) connect_timeout: Option<Duration>,
    /// Whose certificates are good.
    pub(crate) trust: Trust<'a>,
}

/// What is shown to be let in.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Login {
    /// Nothing.
    None,
    /// `Authorization: Bearer`.
    Bearer(String),
    /// `Authorization: Basic`.
    Basic {
        /// The user.
        user: String,
        /// The password or token.
        password: String,
    },
}

/// One request.
#[derive(Clone)]
pub(crate) struct Request<'a> {
    /// The method.
    pub(crate) method: Method,
    /// The URL, with its query.
    pub(crate) url: &'a str,
    /// Headers; their values may be secret.
    pub(crate) headers: Vec<(&'a str, String)>,
    /// What is shown to be let in.
    pub(crate) login: Login,
    /// The body.
    pub(crate) body: Option<Vec<u8>>,
    /// How long the whole answer may take; without limit when absent.
    pub(crate) timeout: Option<Duration>,
}

impl<'a> Request<'a> {
    /// A request without headers, login, body and limit of time.
    #[must_use]
    pub(crate) fn new(method: Method, url: &'a str) -> Self {
        Self { method, url, headers: Vec::new(), login: Login::None, body: None, timeout: None }
    }
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum HttpError {
    /// The client itself cannot be made, for want of the machine's certificates.
    #[error("no HTTP client can be made: {source}")]
    Client {
        /// What the library says.
        source: reqwest::Error,
    },
    /// The text that should hold certificates holds none.
    #[error("it has no certificate that can be read; put one there, in PEM format")]
    NoCertificate,
    /// The answer did not come in time.
    #[error("no answer in time; check the address, or wait longer")]
    Timeout {
        /// What the library says.
        source: reqwest::Error,
    },
    /// The server's certificate is not trusted.
    #[error("the server's certificate is not trusted: {}; name the authority that signed it", root(.source))]
    Untrusted {
        /// What the library says.
        source: reqwest::Error,
    },
    /// The connection failed or broke, or the request cannot be sent as it is.
    #[error("the request failed: {}; check the address and the network", root(.source))]
    Failed {
        /// What the library says.
        source: reqwest::Error,
    },
    /// The answer is larger than the caller reads.
    #[error("the answer is larger than {most} bytes; ask for less")]
    TooLarge {
        /// The limit.
        most: usize,
    },
}

impl HttpError {
    fn of(error: reqwest::Error) -> Self {
        let source = error.without_url();
        if source.is_timeout() {
            Self::Timeout { source }
        } else if is_about_certificates(&source) {
            Self::Untrusted { source }
        } else {
            Self::Failed { source }
        }
    }

    /// One word for what went wrong, stable across versions.
    #[must_use]
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Client { .. } => "HttpClient",
            Self::NoCertificate => "HttpNoCertificate",
            Self::Timeout { .. } => "HttpTimeout",
            Self::Untrusted { .. } => "HttpUntrusted",
            Self::Failed { .. } => "HttpFailed",
            Self::TooLarge { .. } => "HttpTooLarge",
        }
    }

    fn library(&self) -> Option<&reqwest::Error> {
        match self {
            Self::Client { source }
            | Self::Timeout { source }
            | Self::Untrusted { source }
            | Self::Failed { source } => Some(source),
            Self::NoCertificate | Self::TooLarge { .. } => None,
        }
    }

    /// The innermost cause in its own words.
    #[must_use]
    pub(crate) fn root(&self) -> String {
        self.library().map_or_else(|| self.to_string(), root)
    }

    /// All causes in their own words, outermost first, none that an outer one says already.
    #[must_use]
    pub(crate) fn chain(&self) -> String {
        let Some(error) = self.library() else { return self.to_string() };
        let mut reasons = vec![error.to_string()];
        let mut source = error.source();
        while let Some(deeper) = source {
            let text = deeper.to_string();
            if !reasons.iter().any(|known| known.contains(&text)) {
                reasons.push(text);
            }
            source = deeper.source();
        }
        reasons.join(": ")
    }
}

fn root(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// Whether TLS refused the server's certificate, anywhere beneath `error`.
fn is_about_certificates(error: &reqwest::Error) -> bool {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return matches!(
                tls,
                rustls::Error::InvalidCertificate(_)
                    | rustls::Error::NoCertificatesPresented
                    | rustls::Error::InvalidCertRevocationList(_)
            );
        }
        // An I/O error's source is what lies beneath the error it wraps; the wrapped one itself is only here.
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = match wrapped {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    false
}

/// A client; clones share its connections.
#[derive(Clone, Debug)]
pub(crate) struct HttpClient(reqwest::Client);

impl HttpClient {
    /// A client that behaves as `options` say.
    ///
    /// # Errors
    /// [`HttpError::NoCertificate`] or [`HttpError::Client`] when the certificates to trust cannot be had.
    pub(crate) fn new(options: &ClientOptions<'_>) -> Result<Self, HttpError> {
        Self::built(builder(options)?)
    }

    /// The same, with names resolved by `resolver`.
    ///
    /// # Errors
    /// As [`HttpClient::new`].
    pub(crate) fn resolving(
        options: &ClientOptions<'_>,
        resolver: impl Resolve + 'static,
    ) -> Result<Self, HttpError> {
        Self::built(builder(options)?.dns_resolver(Arc::new(resolver)))
    }

    fn built(builder: reqwest::ClientBuilder) -> Result<Self, HttpError> {
        builder.build().map(Self).map_err(|source| HttpError::Client { source })
    }

    /// Sends `request` and answers as soon as the answer's head is there.
    ///
    /// # Errors
    /// No connection, no answer in time, or a request that cannot be sent as it is.
    pub(crate) async fn send(&self, request: Request<'_>) -> Result<Response, HttpError> {
        let mut draft = self.0.request(request.method, request.url);
        for (name, value) in request.headers {
            draft = draft.header(name, value);
        }
        draft = match request.login {
            Login::None => draft,
            Login::Bearer(token) => draft.bearer_auth(token),
            Login::Basic { user, password } => draft.basic_auth(user, Some(password)),
        };
        if let Some(body) = request.body {
            draft = draft.body(body);
        }
        if let Some(limit) = request.timeout {
            draft = draft.timeout(limit);
        }
        draft.send().await.map(Response).map_err(HttpError::of)
    }
}

fn builder(options: &ClientOptions<'_>) -> Result<reqwest::ClientBuilder, HttpError> {
    crate::world::tls::install();
    let redirects = match options.redirects {
        0 => redirect::Policy::none(),
        most => redirect::Policy::limited(most),
    };
    let mut builder = reqwest::Client::builder().user_agent(options.user_agent).redirect(redirects);
    if let Some(limit) = options.connect_timeout {
        builder = builder.connect_timeout(limit);
    }
    match options.trust {
        Trust::System => {}
        Trust::Anybody => builder = builder.danger_accept_invalid_certs(true),
        Trust::Also(pem) => {
            let certificates = reqwest::Certificate::from_pem_bundle(pem)
                .ok()
                .filter(|_| holds_certificate(pem))
                .ok_or(HttpError::NoCertificate)?;
            builder = builder.tls_certs_merge(certificates);
        }
    }
    Ok(builder)
}

/// Whether one at least of the certificates in a PEM text can be read.
fn holds_certificate(pem: &[u8]) -> bool {
    let all = CertificateDer::pem_slice_iter(pem).filter_map(Result::ok);
    rustls::RootCertStore::empty().add_parsable_certificates(all).0 > 0
}

/// An answer, its body still to be read.
#[derive(Debug)]
pub(crate) struct Response(reqwest::Response);

impl Response {
    /// The status code.
    #[must_use]
    pub(crate) fn status(&self) -> StatusCode {
        self.0.status()
    }

    /// The headers.
    #[must_use]
    pub(crate) fn headers(&self) -> &HeaderMap {
        self.0.headers()
    }

    /// The next bytes of the body as they come; none at its end.
    ///
    /// # Errors
    /// The connection breaks, or time is up.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, HttpError> {
        self.0.chunk().await.map_err(HttpError::of)
    }

    /// The whole body, `most` bytes of it at most.
    ///
    /// # Errors
    /// The connection breaks, time is up, or [`HttpError::TooLarge`].
    pub(crate) async fn body(&mut self, most: usize) -> Result<Vec<u8>, HttpError> {
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            if body.len() + chunk.len() > most {
                return Err(HttpError::TooLarge { most });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}
