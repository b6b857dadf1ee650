//! Decides how one question is put over HTTP: redirect after redirect, up to [`REDIRECTS`], with an answer of at most
//! [`MOST_BYTES`]. It never judges an answer.

use crate::api::sample::{Answer, Question};
use crate::world::http::{ClientOptions, HttpClient, HttpError, Trust, USER_AGENT, Url};
use crate::world::probe::address::Guard;
use crate::world::probe::error::{ProbeError, shown};
use crate::world::probe::redirect::Hop;
use reqwest::header::LOCATION;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of an answer at most.
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// Redirects followed at most: ten requests in all, as Argo Rollouts' client sends
/// (source: Go, net/http/client.go, `defaultCheckRedirect`).
const REDIRECTS: usize = 9;
/// Providers remembered that people were warned of.
const WARNED_OF: usize = 1024;

/// A way to providers over the network.
#[derive(Clone)]
pub struct Network {
    /// Accepts only good certificates.
    careful: HttpClient,
    /// Accepts any certificate.
    trusting: HttpClient,
    guard: Guard,
    /// Providers that credentials go to in clear.
    warned_of: Arc<Mutex<BTreeSet<String>>>,
}

impl Network {
    /// A way to every address that `guard` does not refuse.
    ///
    /// # Errors
    /// The machine's certificates cannot be read.
    pub(super) fn new(guard: Guard) -> Result<Self, HttpError> {
        let client = |trust| {
            let options =
                ClientOptions { user_agent: USER_AGENT, redirects: 0, connect_timeout: None, trust };
            HttpClient::resolving(&options, guard)
        };
        let (careful, trusting) = (client(Trust::System)?, client(Trust::Anybody)?);
        Ok(Self { careful, trusting, guard, warned_of: Arc::default() })
    }

    /// Asks one question.
    ///
    /// # Errors
    /// No answer, one that is too large, or an address that is not asked.
    pub(super) async fn ask(&self, question: &Question) -> Result<Answer, ProbeError> {
        let client = if question.insecure { &self.trusting } else { &self.careful };
        let mut hop = Hop::first(question)?;
        for _ in 0..=REDIRECTS {
            let failed = |error| ProbeError::of(&hop.url, error);
            let refused = self.guard.check(&hop.url);
            refused.map_err(|r| ProbeError::LinkLocal { host: shown(&hop.url), address: r.0 })?;
            self.warn_of(&hop);
            let mut response = client.send(hop.request()).await.map_err(failed)?;
            let status = response.status().as_u16();
            let location = response.headers().get(LOCATION).and_then(|l| l.to_str().ok());
            let Some(next) = hop.next(status, location)? else {
                let body = response.body(MOST_BYTES).await.map_err(failed)?;
                return Ok(Answer { status, body });
            };
            hop = next;
        }
        Err(ProbeError::Redirects { host: shown(&hop.url), most: REDIRECTS })
    }

    /// Warns once of each provider that a credential goes to in clear, unless it is on this machine.
    fn warn_of(&self, hop: &Hop) {
        if !hop.is_readable_on_the_way() || is_here(&hop.url) {
            return;
        }
        let host = shown(&hop.url);
        let mut warned_of = self.warned_of.lock().unwrap_or_else(PoisonError::into_inner);
        if warned_of.len() < WARNED_OF && warned_of.insert(host.clone()) {
            tracing::warn!(%host, "a metric shows a credential over http, where everybody can read along; use https");
        }
    }
}

/// Whether a URL names this machine.
fn is_here(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
