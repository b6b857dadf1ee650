//! Decides how it is told why a provider gave no answer. It never shows more of a URL than scheme, host and port.

use crate::world::http::{HttpError, Url};
use crate::world::probe::address::Refused;
use std::error::Error;
use std::net::IpAddr;
use std::str::FromStr;
use thiserror::Error;

/// Why a provider gave no answer. The texts are for people and hold no header, path or user.
#[derive(Debug, Error)]
pub enum ProbeError {
    /// The question's method is none.
    #[error("method {method} is none")]
    Method {
        /// The method asked for.
        method: String,
    },
    /// The question's URL is none.
    #[error("an unreadable address cannot be asked: {source}")]
    Url {
        /// Why it is none.
        source: <Url as FromStr>::Err,
    },
    /// No answer in time.
    #[error("no answer within {seconds} s from {host}")]
    Timeout {
        /// The provider: scheme, host and port.
        host: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// Too many questions are open.
    #[error(
        "not asked: for {seconds} s too many questions have waited for answers; see whether {host} is slow, or \
         measure less often"
    )]
    Crowded {
        /// The provider: scheme, host and port.
        host: String,
        /// How long it was waited for room.
        seconds: u64,
    },
    /// It cannot be asked.
    #[error("{host} cannot be asked: {}", .source.root())]
    Unreachable {
        /// The provider: scheme, host and port.
        host: String,
        /// What happened beneath.
        source: HttpError,
    },
    /// Its address is that of a machine's own cloud.
    #[error(
        "{host} is not asked: {address} is link-local or a metadata service; if metrics are there, start with \
         --allow-link-local-metrics"
    )]
    LinkLocal {
        /// The provider: scheme, host and port.
        host: String,
        /// The address.
        address: IpAddr,
    },
    /// It redirects to plain HTTP.
    #[error("{host} redirects from https to http, where everybody can read along; name its https address")]
    Downgrade {
        /// The provider: scheme, host and port.
        host: String,
    },
    /// It redirects a body that holds a value from a Secret to somebody else.
    #[error(
        "{host} redirects a body with a value from a Secret to {to}; name that address if it may have it"
    )]
    SecretBody {
        /// The provider: scheme, host and port.
        host: String,
        /// Where to: scheme, host and port.
        to: String,
    },
    /// It redirects again and again.
    #[error("{host} redirects more than {most} times; name the address that answers")]
    Redirects {
        /// The provider: scheme, host and port.
        host: String,
        /// The limit.
        most: usize,
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
            Self::Url { .. } => "ProbeUrl",
            Self::Timeout { .. } => "ProbeTimeout",
            Self::Crowded { .. } => "ProbeCrowded",
            Self::Unreachable { .. } => "ProbeUnreachable",
            Self::LinkLocal { .. } => "ProbeLinkLocal",
            Self::Downgrade { .. } => "ProbeDowngrade",
            Self::SecretBody { .. } => "ProbeSecretBody",
            Self::Redirects { .. } => "ProbeRedirects",
            Self::TooLarge { .. } => "ProbeTooLarge",
        }
    }

    /// What `error` means for a question to `url`.
    pub(super) fn of(url: &Url, error: HttpError) -> Self {
        let host = shown(url);
        if let Some(address) = refused(&error) {
            return Self::LinkLocal { host, address };
        }
        match error {
            HttpError::TooLarge { most } => Self::TooLarge { host, most },
            _ => Self::Unreachable { host, source: error },
        }
    }
}

/// The address that was not asked, if that is what lies beneath `error`.
fn refused(error: &HttpError) -> Option<IpAddr> {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(Refused(address)) = error.downcast_ref::<Refused>() {
            return Some(*address);
        }
        next = error.source();
    }
    None
}

/// The part of a URL that may be shown: scheme, host and port, no path, no user.
pub(super) fn host(url: &str) -> String {
    Url::parse(url).map_or_else(|_| "an unreadable address".to_owned(), |u| shown(&u))
}

/// The same of a URL that was read.
pub(super) fn shown(url: &Url) -> String {
    let port = url.port().map(|p| format!(":{p}")).unwrap_or_default();
    format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default())
}
