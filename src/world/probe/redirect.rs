//! Decides where a redirect leads and what goes along: nothing that a Secret holds, and to somebody else nothing that
//! the metric's author has put there. It never sends anything.

use crate::api::sample::{Question, QuestionHeader};
use crate::world::http::{Request, Url};
use crate::world::probe::error::{ProbeError, shown};
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;

/// One request on the way to an answer.
#[derive(Clone)]
pub(super) struct Hop {
    pub(super) url: Url,
    method: Method,
    headers: Vec<QuestionHeader>,
    body: Option<String>,
    /// Whether the body holds a value from a Secret.
    secret_body: bool,
}

impl Hop {
    /// The question itself.
    ///
    /// # Errors
    /// Its method or its URL is none.
    pub(super) fn first(question: &Question) -> Result<Self, ProbeError> {
        let method = question.method.parse();
        Ok(Self {
            method: method.map_err(|_| ProbeError::Method { method: question.method.clone() })?,
            url: question.url.parse().map_err(|source| ProbeError::Url { source })?,
            headers: question.headers.clone(),
            body: question.body.clone(),
            secret_body: question.secret_body,
        })
    }

    /// The request to be sent.
    pub(super) fn request(&self) -> Request<'_> {
        let mut request = Request::new(self.method.clone(), self.url.as_str());
        request.headers = self.headers.iter().map(|h| (h.name.as_str(), h.value.clone())).collect();
        request.body = self.body.clone().map(String::into_bytes);
        request
    }

    /// Whether it shows somebody on the way a credential, or a value from a Secret.
    pub(super) fn is_readable_on_the_way(&self) -> bool {
        let is_secret = |h: &QuestionHeader| h.is_secret || h.name.eq_ignore_ascii_case("authorization");
        self.url.scheme() == "http" && (self.secret_body || self.headers.iter().any(is_secret))
    }

    /// What follows when the answer is `status` and its `Location` says `location`; none when that is the answer.
    ///
    /// # Errors
    /// What must not be followed.
    pub(super) fn next(&self, status: u16, location: Option<&str>) -> Result<Option<Self>, ProbeError> {
        let becomes_get = match status {
            301 | 302 => self.method == Method::POST,
            303 => true,
            307 | 308 => false,
            _ => return Ok(None),
        };
        let Some(url) = location.and_then(|l| self.url.join(l).ok()) else { return Ok(None) };
        if self.url.scheme() == "https" && url.scheme() != "https" {
            return Err(ProbeError::Downgrade { host: shown(&self.url) });
        }
        let stays = self.url.origin() == url.origin();
        let mut next = Self { url, ..self.clone() };
        let is_about_body = |h: &QuestionHeader| h.name.eq_ignore_ascii_case(CONTENT_TYPE.as_str());
        if becomes_get {
            (next.method, next.body) = (Method::GET, None);
            next.headers.retain(|h| !is_about_body(h));
        }
        if next.body.is_some() && self.secret_body && !stays {
            return Err(ProbeError::SecretBody { host: shown(&self.url), to: shown(&next.url) });
        }
        next.headers.retain(|h| !h.is_secret && (stays || is_about_body(h)));
        Ok(Some(next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(method: &str, url: &str) -> Hop {
        let header = |name: &str, is_secret| QuestionHeader {
            name: name.to_owned(),
            value: "v".to_owned(),
            is_secret,
        };
        Hop::first(&Question {
            method: method.to_owned(),
            url: url.to_owned(),
            headers: vec![header("X-Api-Key", true), header("X-Team", false), header("content-type", false)],
            body: (method != "GET").then(|| "b".to_owned()),
            ..Question::default()
        })
        .unwrap()
    }

    /// Method, URL and headers after a redirect.
    fn after(hop: &Hop, status: u16, location: &str) -> (String, String, Vec<String>) {
        let next = hop.next(status, Some(location)).unwrap().unwrap();
        let names = next.headers.iter().map(|h| h.name.clone()).collect();
        (next.method.to_string(), next.url.to_string(), names)
    }

    #[test]
    fn a_redirect_takes_no_secret_along_and_to_others_nothing_of_the_authors() {
        let get = hop("GET", "http://a:1/x");
        let was = |m: &str, u: &str, h: &[&str]| {
            (m.to_owned(), u.to_owned(), h.iter().map(|h| (*h).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(after(&get, 302, "/y?z"), was("GET", "http://a:1/y?z", &["X-Team", "content-type"]));
        for other in ["http://b:1/", "http://a:2/", "https://a:1/", "//b:1/"] {
            assert_eq!(after(&get, 307, other).2, ["content-type"], "{other}");
        }
    }

    #[test]
    fn the_method_and_the_body_follow_the_status() {
        let post = hop("POST", "http://a/x");
        for status in [301, 302, 303] {
            let next = post.next(status, Some("/y")).unwrap().unwrap();
            assert_eq!((next.method.as_str(), next.body.is_none(), next.headers.len()), ("GET", true, 1));
        }
        for status in [307, 308] {
            let next = post.next(status, Some("http://b/y")).unwrap().unwrap();
            assert_eq!((next.method.as_str(), next.body.as_deref()), ("POST", Some("b")));
        }
        let put = hop("PUT", "http://a/x").next(301, Some("/y")).unwrap().unwrap();
        assert_eq!((put.method.as_str(), put.body.is_some()), ("PUT", true));
        assert!(post.next(200, Some("/y")).unwrap().is_none() && post.next(304, None).unwrap().is_none());
        assert!(post.next(302, None).unwrap().is_none(), "it leads nowhere, so it is the answer");
    }

    #[test]
    fn what_must_not_be_followed_is_told() {
        let code = |hop: &Hop, to: &str| hop.next(307, Some(to)).err().map(|e| e.code());
        assert_eq!(code(&hop("GET", "https://a/x"), "http://a/x"), Some("ProbeDowngrade"));
        assert_eq!(code(&hop("GET", "https://a/x"), "https://b/x"), None);
        let secret = Hop { secret_body: true, ..hop("POST", "http://a/x") };
        assert_eq!(code(&secret, "http://b/x"), Some("ProbeSecretBody"));
        assert_eq!(code(&secret, "/y"), None);
    }

    #[test]
    fn a_credential_over_plain_http_is_seen() {
        assert!(hop("GET", "http://a/").is_readable_on_the_way());
        assert!(!hop("GET", "https://a/").is_readable_on_the_way());
        let mut plain = hop("GET", "http://a/");
        plain.headers.remove(0);
        assert!(!plain.is_readable_on_the_way());
        plain.headers[0].name = "AUTHORIZATION".to_owned();
        assert!(plain.is_readable_on_the_way());
    }
}
