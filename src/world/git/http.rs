//! Smart HTTP: libgit2 speaks Git, this file speaks HTTP over rustls, with credentials, redirects and limits.
//! It never sends credentials to another host, never from https to http, and never trusts an answer's length.

use super::address::Address;
use super::error::GitError;
use super::secret::Credentials;
use super::text::{html_title, plain};
use super::wire::Call;
use bytes::{Buf, Bytes};
use git2::transport::Service;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use std::error::Error;
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::Duration;

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
        if matches!(self.service, Service::UploadPackLs | Service::ReceivePackLs) {
            call.overhear(into);
        }
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
            let request = client.post(beneath(&base, program)?).body(body);
            let request = request.header(CONTENT_TYPE, format!("application/x-{program}-request"));
            let request = request.header(ACCEPT, format!("application/x-{program}-result"));
            (authorized(call, request)?.send().await.map_err(|e| failure(call, e))?, "result")
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
async fn list(call: &Call, client: &Client, base: &Url, program: &str) -> Result<Response, GitError> {
    let mut url = beneath(base, "info/refs")?;
    url.set_query(Some(&format!("service={program}")));
    for _ in 0..=REDIRECTS {
        let request = authorized(call, client.get(url.clone()))?;
        let response = request.send().await.map_err(|e| failure(call, e))?;
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
            return Err(GitError::Failed { repo, why });
        }
        let Some(path) = to.path().strip_suffix("/info/refs") else {
            return Err(GitError::NotGit { repo, why: format!("it leads to the page {shown}") });
        };
        shown.set_path(path);
        call.moved_to(shown);
        url = to;
    }
    let why = format!("it redirects more than {REDIRECTS} times; correct the address");
    Err(GitError::Failed { repo: call.upstream.name.clone(), why })
}

/// `url` with `rest` appended to its path.
fn beneath(url: &Url, rest: &str) -> Result<Url, GitError> {
    let text = format!("{}/{rest}", url.as_str().trim_end_matches('/'));
    Url::parse(&text).map_err(|e| GitError::Address { url: url.to_string(), why: e.to_string() })
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

/// The request with the credentials as they are at this moment.
fn authorized(call: &Call, request: RequestBuilder) -> Result<RequestBuilder, GitError> {
    let token = |secret: String| match secret.chars().any(|c| c.is_control() || !c.is_ascii()) {
        true => {
            Err(GitError::Credentials { why: "the token has characters no token has; copy it anew".into() })
        }
        false => Ok(secret),
    };
    match &call.upstream.credentials {
        Credentials::None => Ok(request),
        Credentials::Bearer(secret) => Ok(request.bearer_auth(token(secret.reveal()?)?)),
        Credentials::Basic { user, .. } if user.contains(':') => Err(GitError::Credentials {
            why: "a user's name has no colon; put what follows into the password".into(),
        }),
        Credentials::Basic { user, password } => Ok(request.basic_auth(user, Some(password.reveal()?))),
        Credentials::SshKey { .. } => {
            let why = "an ssh key opens no http address; use a token, or an ssh address".to_owned();
            Err(GitError::Credentials { why })
        }
    }
}

/// The client of this call. It is made anew for each call, so that no idle connection and no stale certificate
/// outlives it.
fn client(call: &Call) -> Result<Client, GitError> {
    if let Some(client) = call.client.get() {
        return Ok(client.clone());
    }
    // Fails only when a provider is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        // Some hosts serve Git only to what calls itself Git.
        .user_agent(concat!("git/2.0 (switchback/", env!("CARGO_PKG_VERSION"), ")"))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(call.upstream.limits.idle);
    if let Some(path) = &call.upstream.ca_file {
        let bad = |why: String| GitError::Credentials { why: format!("{}: {why}", path.display()) };
        let pem = std::fs::read(path).map_err(|e| bad(format!("{e}; mount or create it")))?;
        let certificates = reqwest::Certificate::from_pem_bundle(&pem)
            .ok()
            .filter(|all| !all.is_empty())
            .ok_or_else(|| bad("it has no certificate in PEM format; put one there".into()))?;
        builder = builder.tls_certs_merge(certificates);
    }
    let client = builder.build().map_err(|e| failure(call, e))?;
    Ok(call.client.get_or_init(|| client).clone())
}

/// What a failure on the way means.
fn failure(call: &Call, error: reqwest::Error) -> GitError {
    let error = error.without_url();
    let timeout = error.is_timeout();
    let mut reasons = vec![error.to_string()];
    let mut source = error.source();
    while let Some(deeper) = source {
        let text = deeper.to_string();
        if !reasons.iter().any(|known| known.contains(&text)) {
            reasons.push(text);
        }
        source = deeper.source();
    }
    let why = plain(reasons.join(": ").as_bytes(), 400);
    if why.contains("certificate") {
        let why = format!("{why}; if a private authority signed it, name that authority's certificate file");
        return GitError::Untrusted { repo: call.upstream.name.clone(), why };
    }
    call.unreachable(if timeout { format!("timed out: {why}") } else { why })
}

/// What an answer other than success means.
async fn refused(call: &Call, response: Response) -> GitError {
    let status = response.status();
    let after = response.headers().get(RETRY_AFTER).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let text = words(call, response).await;
    let why = if text.is_empty() { format!("HTTP {status}") } else { format!("HTTP {status}: {text}") };
    let repo = call.upstream.name.clone();
    match status {
        StatusCode::UNAUTHORIZED => {
            let tried = call.upstream.credentials.tried();
            GitError::Unauthorized { repo, why: format!("{why}; {tried}; give a token that may read it") }
        }
        StatusCode::FORBIDDEN => GitError::Refused { repo, why },
        StatusCode::NOT_FOUND | StatusCode::GONE => GitError::NotFound { repo, why },
        StatusCode::TOO_MANY_REQUESTS => {
            let wait =
                after.map(|after| format!("; it asks to wait, Retry-After: {}", plain(after.as_bytes(), 40)));
            call.unreachable(why + &wait.unwrap_or_default())
        }
        status if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => call.unreachable(why),
        status if status.is_redirection() => {
            let why =
                format!("{why}; it moved while we were talking to it; try again, or correct the address");
            GitError::Failed { repo, why }
        }
        _ => GitError::Failed { repo, why: format!("{why}; check the address and the credentials") },
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
