//! Smart HTTP: libgit2 speaks Git, this file speaks HTTP over rustls, with credentials, redirects and limits.
//! It never sends credentials to another host, never from https to http, and never trusts an answer's length.

use super::call::Call;
use super::retry_after::retry_after;
use crate::world::cause::Cause;
use crate::world::git::address::Address;
use crate::world::git::error::GitError;
use crate::world::git::fault::AddressFault;
use crate::world::git::secret::{Credentials, Secret};
use crate::world::git::text::{html_title, plain};
use crate::world::http::{ClientOptions, HttpClient, HttpError, Login, Request, Response, Trust, Url};
use bytes::{Buf, Bytes};
use git2::transport::Service;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, LOCATION};
use http::{Method, StatusCode};
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::Duration;

/// How we call ourselves: some hosts serve Git only to what calls itself Git.
const USER_AGENT: &str = concat!("git/2.0 (switchback/", env!("CARGO_PKG_VERSION"), ")");
/// How many redirects are followed.
const REDIRECTS: usize = 5;
/// How much of an error's text is read, in bytes.
const ERROR_TEXT: usize = 4096;

/// One request and its answer, as libgit2 reads and writes them: written first, read afterwards.
pub(super) struct Exchange {
    call: Arc<Call>,
    service: Service,
    body: Vec<u8>,
    answer: Option<Answer>,
}

struct Answer {
    response: Response,
    left: Bytes,
}

impl Exchange {
    /// A request that is sent when its answer is first read.
    pub(super) fn new(call: Arc<Call>, service: Service) -> Self {
        Self { call, service, body: Vec::new(), answer: None }
    }
}

impl Read for Exchange {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let call = self.call.clone();
        if self.answer.is_none() {
            let body = std::mem::take(&mut self.body);
            // A slow line may need its time to take what is sent: at 10 kB/s, one millisecond for ten bytes.
            let upload = Duration::from_millis(body.len() as u64 / 10);
            let response = call.wait_longer(upload, send(&call, self.service, body))?;
            self.answer = Some(Answer { response, left: Bytes::new() });
        }
        let Some(answer) = &mut self.answer else { return Ok(0) };
        while answer.left.is_empty() {
            let chunk = answer.response.chunk();
            let broken = |error| failure(&call, error);
            match call.wait(async { chunk.await.map_err(broken) })? {
                None => return Ok(0),
                Some(chunk) => answer.left = chunk,
            }
        }
        let length = answer.left.len().min(into.len());
        let into = into.get_mut(..length).unwrap_or_default();
        answer.left.copy_to_slice(into);
        call.count(length)?;
        call.tame(self.service, into);
        call.overhear(self.service, into);
        Ok(length)
    }
}

impl Write for Exchange {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.call.count(bytes.len())?;
        self.body.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Sends the request and answers what it brings, once that is known to be Git's.
async fn send(call: &Call, service: Service, body: Vec<u8>) -> Result<Response, GitError> {
    let Address::Http { base, .. } = &call.upstream.address else {
        return Err(call.unreachable("it is not reached over HTTP".into()));
    };
    let base = call.base().unwrap_or_else(|| base.clone());
    let client = client(call)?;
    let (program, listing) = match service {
        Service::UploadPackLs => ("git-upload-pack", true),
        Service::UploadPack => ("git-upload-pack", false),
        Service::ReceivePackLs => ("git-receive-pack", true),
        Service::ReceivePack => ("git-receive-pack", false),
    };
    let (response, kind) = match listing {
        true => (list(call, &client, &base, program).await?, "advertisement"),
        false => {
            let url = beneath(&base, program)?;
            let mut request = Request::new(Method::POST, url.as_str());
            request.headers = vec![
                (CONTENT_TYPE.as_str(), format!("application/x-{program}-request")),
                (ACCEPT.as_str(), format!("application/x-{program}-result")),
            ];
            request.body = Some(body);
            request.login = login(call)?;
            (client.send(request).await.map_err(|e| failure(call, e))?, "result")
        }
    };
    if !response.status().is_success() {
        return Err(refused(call, response).await);
    }
    let wanted = format!("application/x-{program}-{kind}");
    if content_type(response.headers()) == wanted {
        return Ok(response);
    }
    Err(not_git(call, response).await)
}

/// Asks which branches there are, following redirects on the same host.
async fn list(call: &Call, client: &HttpClient, base: &Url, program: &str) -> Result<Response, GitError> {
    let mut url = beneath(base, "info/refs")?;
    url.set_query(Some(&format!("service={program}")));
    for _ in 0..=REDIRECTS {
        let mut request = Request::new(Method::GET, url.as_str());
        request.login = login(call)?;
        let response = client.send(request).await.map_err(|e| failure(call, e))?;
        if !response.status().is_redirection() {
            return Ok(response);
        }
        let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
        let to = to.and_then(|to| url.join(to).ok());
        let repo = call.upstream.name.clone();
        let Some(to) = to else {
            return Err(GitError::NotGit { repo, why: "it redirects to nowhere".into() });
        };
        let mut shown = to.clone();
        let cleared = shown.set_username("").and_then(|()| shown.set_password(None));
        shown.set_query(None);
        if cleared.is_err() || !same_host(&url, &to) {
            let why = format!("it has moved to another place, {shown}; if you trust that, use it as address");
            return Err(GitError::Failed { repo, why, source: None });
        }
        let Some(path) = to.path().strip_suffix("/info/refs") else {
            return Err(GitError::NotGit { repo, why: format!("it leads to the page {shown}") });
        };
        shown.set_path(path);
        call.moved_to(shown);
        url = to;
    }
    let why = format!("it redirects more than {REDIRECTS} times; correct the address");
    Err(GitError::Failed { repo: call.upstream.name.clone(), why, source: None })
}

/// `url` with `rest` appended to its path.
fn beneath(url: &Url, rest: &str) -> Result<Url, GitError> {
    let text = format!("{}/{rest}", url.as_str().trim_end_matches('/'));
    Url::parse(&text)
        .map_err(|source| GitError::Address { url: url.to_string(), why: AddressFault::Appended { source } })
}

/// Whether what was meant for one may go to the other: the same host and port, or the same host grown from http
/// into https on the usual ports.
fn same_host(from: &Url, to: &Url) -> bool {
    let usual = from.port().is_none() && to.port().is_none();
    let grown = from.scheme() == "http" && to.scheme() == "https" && usual;
    let same = from.scheme() == to.scheme() && from.port_or_known_default() == to.port_or_known_default();
    from.host() == to.host() && (same || grown)
}

fn content_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The credentials as they are at this moment.
fn login(call: &Call) -> Result<Login, GitError> {
    let bad = |why: &str| GitError::Credentials { why: why.to_owned(), source: None };
    match &call.upstream.credentials {
        Credentials::None => Ok(Login::None),
        Credentials::Bearer(secret) => {
            let token = secret.reveal()?;
            if token.chars().any(|c| c.is_control() || !c.is_ascii()) {
                return Err(bad("the token has characters no token has; copy it anew"));
            }
            Ok(Login::Bearer(token))
        }
        Credentials::Basic { user, .. } if user.contains(':') => {
            Err(bad("a user's name has no colon; put what follows into the password"))
        }
        Credentials::Basic { user, password } => {
            Ok(Login::Basic { user: user.clone(), password: password.reveal()? })
        }
        Credentials::SshKey { .. } => {
            Err(bad("an ssh key opens no http address; use a token, or an ssh address"))
        }
    }
}

/// The client of this call. It is made anew for each call, so that no idle connection and no stale certificate
/// outlives it.
fn client(call: &Call) -> Result<HttpClient, GitError> {
    if let Some(client) = call.client.get() {
        return Ok(client.clone());
    }
    let pem = call.upstream.ca.as_ref().map(Secret::certificates).transpose()?;
    let client = HttpClient::new(&ClientOptions {
        user_agent: USER_AGENT,
        redirects: 0, // followed here, where it is known what may go where
        connect_timeout: Some(call.upstream.limits.idle),
        trust: pem.as_deref().map_or(Trust::System, |pem| Trust::Also(pem.as_bytes())),
    });
    let client = client.map_err(|error| match (&call.upstream.ca, error) {
        (Some(ca), error @ (HttpError::NoCertificate | HttpError::Client { .. })) => {
            let why = format!("the certificates in {}: {error}", ca.place());
            GitError::Credentials { why, source: Cause::of(error) }
        }
        (_, error) => failure(call, error),
    })?;
    Ok(call.client.get_or_init(|| client).clone())
}

/// What a failure on the way means.
fn failure(call: &Call, error: HttpError) -> GitError {
    let why = plain(error.chain().as_bytes(), 400);
    match error {
        // A client cannot be made when the machine's own certificates cannot be had.
        HttpError::Untrusted { .. } | HttpError::Client { .. } => GitError::Untrusted {
            repo: call.upstream.name.clone(),
            why: format!(
                "{why}; if a private authority signed it, put that authority's certificate into ca.crt of the Secret, or \
                 name its file with --git-ca"
            ),
            source: Cause::of(error),
        },
        HttpError::Timeout { .. } => call.unreachable_for(format!("timed out: {why}"), Cause::of(error)),
        _ => call.unreachable_for(why, Cause::of(error)),
    }
}

/// What an answer other than success means.
async fn refused(call: &Call, response: Response) -> GitError {
    let status = response.status();
    let after = retry_after(response.headers());
    let text = words(call, response).await;
    let why = if text.is_empty() { format!("HTTP {status}") } else { format!("HTTP {status}: {text}") };
    let repo = call.upstream.name.clone();
    match status {
        // Also as 403: that is how some forges say that we ask too often.
        status
            if status != StatusCode::UNAUTHORIZED
                && let Some(after) = after =>
        {
            GitError::Throttled { repo, why, after }
        }
        StatusCode::UNAUTHORIZED => {
            let tried = call.upstream.credentials.tried();
            GitError::Unauthorized { repo, why: format!("{why}; {tried}; give a token that may read it") }
        }
        StatusCode::FORBIDDEN => GitError::Refused { repo, why },
        StatusCode::NOT_FOUND | StatusCode::GONE => GitError::NotFound { repo, why },
        StatusCode::TOO_MANY_REQUESTS => call.unreachable(why),
        status if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => call.unreachable(why),
        status if status.is_redirection() => {
            let why =
                format!("{why}; it moved while we were talking to it; try again, or correct the address");
            GitError::Failed { repo, why, source: None }
        }
        _ => {
            let why = format!("{why}; check the address and the credentials");
            GitError::Failed { repo, why, source: None }
        }
    }
}

/// What a successful answer is when it is not Git's.
async fn not_git(call: &Call, response: Response) -> GitError {
    let kind = plain(content_type(response.headers()).as_bytes(), 60);
    let text = words(call, response).await;
    let repo = call.upstream.name.clone();
    let why = match kind.as_str() {
        "text/html" => format!("a web page, {}", if text.is_empty() { "without title" } else { &text }),
        "text/plain" => "plain files; the server needs Git's smart HTTP protocol, `git http-backend`".into(),
        "" => "nothing that says what it is".into(),
        other => other.to_owned(),
    };
    GitError::NotGit { repo, why }
}

/// The beginning of an answer's text, or a page's title; made safe to show.
async fn words(call: &Call, mut response: Response) -> String {
    let html = content_type(response.headers()) == "text/html";
    let mut bytes = Vec::new();
    while bytes.len() < ERROR_TEXT {
        let Ok(Some(chunk)) = response.chunk().await else { break };
        bytes.extend_from_slice(&chunk);
    }
    bytes.truncate(ERROR_TEXT);
    let text = match html {
        true => html_title(&String::from_utf8_lossy(&bytes)).map(|t| format!("“{t}”")).unwrap_or_default(),
        false => plain(&bytes, 300),
    };
    call.upstream.credentials.scrubbed(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_stay_on_their_host() {
        let same = |a: &str, b: &str| same_host(&Url::parse(a).unwrap(), &Url::parse(b).unwrap());
        assert!(same("https://h/a", "https://h/b"));
        assert!(same("https://h/a", "https://h:443/b"));
        assert!(same("http://h/a", "https://h/a"));
        assert!(!same("https://h/a", "http://h/a"));
        assert!(!same("https://h/a", "https://h:8443/a"));
        assert!(!same("http://h:80/a", "https://h:8443/a"));
        assert!(!same("https://h/a", "https://evil/a"));
        assert!(!same("https://h/a", "https://h.evil/a"));
    }

    #[test]
    fn paths_are_appended_once() {
        let base = Url::parse("https://h/a/b.git").unwrap();
        assert_eq!(beneath(&base, "info/refs").unwrap().as_str(), "https://h/a/b.git/info/refs");
        let root = Url::parse("https://h").unwrap();
        assert_eq!(beneath(&root, "info/refs").unwrap().as_str(), "https://h/info/refs");
    }
}
