//! Decides how the server is reached over a socket: HTTP/1.1 on a listener, and who may come in.
//! It never listens anywhere by itself and never speaks TLS; give it a loopback listener.

use super::door::Sandbox;
use super::refuse::{Details, Refusal};
use super::service::{self, Body, Service};
use base64::Engine as _;
use http::{HeaderMap, Method, Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use std::io;
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tower::Service as _;

/// The user whose password is the token.
const USER: &str = "sandbox";

impl Sandbox {
    /// Answers every connection of `listener` until the returned future is dropped, which also ends the connections.
    ///
    /// With a `token` a request must carry it as bearer token (or as the password of the user `sandbox`, because
    /// kubectl sends no bearer tokens without TLS). A wrong one is answered with 401; without any, only
    /// health and version are told, and everything else is forbidden, as a real server treats strangers. The metrics
    /// below `/prometheus` are told to everybody, as a Prometheus tells them.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(&self, listener: TcpListener, token: Option<String>) -> io::Result<()> {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                // ended connections are forgotten
                Some(_) = connections.join_next() => {}
                accepted = listener.accept() => {
                    let (socket, _) = accepted?;
                    socket.set_nodelay(true)?;
                    let gate = Gate { service: self.service(), token: token.clone() };
                    connections.spawn(connection(TokioIo::new(socket), gate));
                }
            }
        }
    }

    /// A kubeconfig for a server that [`Sandbox::serve`] runs at `addr` with `token`.
    ///
    /// The token stands in it twice: as a bearer token, and in the URL, from where kubectl takes it when there is no
    /// TLS. It must not hold characters that have a meaning in URLs.
    #[must_use]
    pub fn kubeconfig(&self, addr: SocketAddr, token: &str) -> String {
        let config = json!({"apiVersion": "v1", "kind": "Config", "current-context": "sandbox",
            "clusters": [{"name": "sandbox", "cluster": {"server": format!("http://{USER}:{token}@{addr}")}}],
            "users": [{"name": "admin", "user": {"token": token}}],
            "contexts": [{"name": "sandbox", "context": {"cluster": "sandbox", "user": "admin"}}]});
        // JSON is YAML
        format!("{config:#}\n")
    }
}

async fn connection(socket: TokioIo<tokio::net::TcpStream>, gate: Gate) {
    let answer = hyper::service::service_fn(move |request| {
        let gate = gate.clone();
        async move { gate.pass(request).await }
    });
    // a client that goes away in the middle of an answer is nobody's fault
    let _gone = http1::Builder::new().timer(TokioTimer::new()).serve_connection(socket, answer).await;
}

#[derive(Clone)]
struct Gate {
    service: Service,
    token: Option<String>,
}

enum Caller {
    Known,
    Wrong,
    Stranger,
}

impl Gate {
    async fn pass(mut self, request: Request<Incoming>) -> io::Result<Response<Body>> {
        match self.caller(request.headers()) {
            Caller::Known => self.service.call(request).await,
            Caller::Wrong => Ok(service::response(Refusal::unauthorized().into())),
            Caller::Stranger if is_public(request.uri().path()) => self.service.call(request).await,
            Caller::Stranger => Ok(service::response(forbidden(&request).into())),
        }
    }

    fn caller(&self, headers: &HeaderMap) -> Caller {
        let Some(token) = &self.token else { return Caller::Known };
        let Some(given) = headers.get(http::header::AUTHORIZATION) else { return Caller::Stranger };
        let basic = base64::engine::general_purpose::STANDARD.encode(format!("{USER}:{token}"));
        let given = given.as_bytes();
        let after = |scheme: &str| {
            let (head, tail) = given.split_at_checked(scheme.len())?;
            head.eq_ignore_ascii_case(scheme.as_bytes()).then_some(tail)
        };
        let knows = after("Bearer ").is_some_and(|t| same(t, token.as_bytes()))
            || after("Basic ").is_some_and(|t| same(t, basic.as_bytes()));
        if knows { Caller::Known } else { Caller::Wrong }
    }
}

/// Whether two secrets are equal, in a time that depends only on the length of `given`.
fn same(given: &[u8], secret: &[u8]) -> bool {
    let mut differs = u8::from(given.len() != secret.len());
    for (at, byte) in given.iter().enumerate() {
        differs |= byte ^ secret.get(at).copied().unwrap_or(!byte);
    }
    differs == 0
}

fn is_public(path: &str) -> bool {
    matches!(path, "/version" | "/version/")
        || ["/healthz", "/livez", "/readyz", "/prometheus"]
            .iter()
            .any(|p| path == *p || path.starts_with(&format!("{p}/")))
}

/// 403 for somebody without a name, in a real server's words.
fn forbidden(request: &Request<Incoming>) -> Refusal {
    let path = request.uri().path();
    let segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
    let (group, rest) = match segments.as_slice() {
        ["api", _, rest @ ..] if !rest.is_empty() => ("", rest),
        ["apis", group, _, rest @ ..] if !rest.is_empty() => (*group, rest),
        _ => {
            let verb = request.method().as_str().to_lowercase();
            let why = format!("User \"system:anonymous\" cannot {verb} path \"{path}\"");
            return Refusal::forbidden("", "", "", &why);
        }
    };
    let (namespace, rest) = match rest {
        ["namespaces", namespace, tail @ ..] if !tail.is_empty() => (*namespace, tail),
        rest => ("", rest),
    };
    let (plural, name) =
        (rest.first().copied().unwrap_or_default(), rest.get(1).copied().unwrap_or_default());
    let sub = rest.get(2).map(|s| format!("/{s}")).unwrap_or_default();
    let watch = request.uri().query().is_some_and(|q| q.contains("watch=true") || q.contains("watch=1"));
    let verb = match (request.method(), name.is_empty()) {
        (&Method::POST, _) => "create",
        (&Method::PUT, _) => "update",
        (&Method::PATCH, _) => "patch",
        (&Method::DELETE, true) => "deletecollection",
        (&Method::DELETE, false) => "delete",
        (_, true) if watch => "watch",
        (_, true) => "list",
        (_, false) => "get",
    };
    let place = if namespace.is_empty() {
        "at the cluster scope".to_owned()
    } else {
        format!("in the namespace \"{namespace}\"")
    };
    let why = format!(
        "User \"system:anonymous\" cannot {verb} resource \"{plural}{sub}\" in API group \"{group}\" {place}"
    );
    let mut refusal = Refusal::forbidden(group, plural, name, &why);
    refusal.details = Some(Box::new(Details {
        name: name.to_owned(),
        group: group.to_owned(),
        kind: plural.to_owned(),
        ..Details::default()
    }));
    refusal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_compared_whole() {
        assert!(same(b"abc", b"abc"));
        for other in [&b"abd"[..], b"ab", b"abcd", b""] {
            assert!(!same(other, b"abc"));
        }
        assert!(is_public("/readyz/ping") && is_public("/prometheus/api/v1/query"));
        assert!(!is_public("/api") && !is_public("/readyzz") && !is_public("/prometheusx"));
    }
}
