//! Decides how a cluster is reached: from a kubeconfig, from inside a pod, or through a service in this process;
//! and counts what is asked of it. It never sends a request of its own.

use crate::world::cause::Cause;
use crate::world::cluster::error::ClusterError;
use crate::world::http::USER_AGENT;
use futures::future::BoxFuture;
use http::{HeaderValue, Method, Request, Response};
use kube::client::{Body, ClientBuilder};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use tower::layer::layer_fn;
use tower::{BoxError, Service};

/// What was asked, and what the answer was.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Asked {
    /// `Get`, `List`, `Watch`, `Create`, `Update`, `Patch` or `Delete`, as controllers' metrics spell them
    /// (source: argoproj/pkg's kubeclientmetrics/metric.go).
    pub(crate) verb: &'static str,
    /// Plural of the kind, with the subresource.
    pub(crate) resource: String,
    /// Empty for what has none, and for all.
    pub(crate) namespace: String,
    /// Status code; 0 when there was no answer.
    pub(crate) code: u16,
}

/// Counts the requests of a client.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    counts: Arc<Mutex<BTreeMap<Asked, u64>>>,
}

impl Tally {
    /// What was asked, with how often.
    #[must_use]
    pub(crate) fn counts(&self) -> BTreeMap<Asked, u64> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn count(&self, asked: Asked) {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner).entry(asked).or_insert(0) += 1;
    }
}

/// What a request asks for; its answer is not there yet.
fn asked(method: &Method, path: &str, query: &str) -> Asked {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let rest = match parts.first() {
        Some(&"api") => parts.get(2..),
        Some(&"apis") => parts.get(3..),
        _ => None,
    }
    .unwrap_or_default();
    let (namespace, rest) = match rest {
        ["namespaces", namespace, more @ ..] if !more.is_empty() => (*namespace, more),
        other => ("", other),
    };
    let resource = match rest {
        [] => path.to_owned(),
        [resource] | [resource, _] => (*resource).to_owned(),
        [resource, _, sub, ..] => format!("{resource}/{sub}"),
    };
    let watches = query.split('&').any(|p| p == "watch=true" || p == "watch=1");
    let verb = match (method, rest.len()) {
        (&Method::GET, _) if watches => "Watch",
        (&Method::GET, 1) => "List",
        (&Method::POST, _) => "Create",
        (&Method::PUT, _) => "Update",
        (&Method::PATCH, _) => "Patch",
        (&Method::DELETE, _) => "Delete",
        _ => "Get",
    };
    Asked { verb, resource, namespace: namespace.to_owned(), code: 0 }
}

/// Introduces us in every request and counts it.
#[derive(Clone)]
struct Introduced<S> {
    inner: S,
    tally: Tally,
}

impl<S, B> Service<Request<Body>> for Introduced<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    B: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        request.headers_mut().insert(http::header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        let uri = request.uri();
        let mut asked = asked(request.method(), uri.path(), uri.query().unwrap_or_default());
        let tally = self.tally.clone();
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answer = answer.await;
            asked.code = answer.as_ref().map_or(0, |r| r.status().as_u16());
            tally.count(asked);
            answer
        })
    }
}

/// The same client in the name of `user`. The groups of a ServiceAccount come with its name (source: apiserver's
/// pkg/endpoints/filters/impersonation.go, `WithImpersonation`).
#[must_use]
pub(crate) fn acting_as(client: Client, user: HeaderValue) -> Client {
    let namespace = client.default_namespace().to_owned();
    let service = tower::service_fn(move |mut request: Request<Body>| {
        request.headers_mut().insert("impersonate-user", user.clone());
        let client = client.clone();
        async move { client.send(request).await }
    });
    ClientBuilder::new(service, namespace).build()
}

/// A client for the cluster of `kubeconfig`, or else of `$KUBECONFIG`, `~/.kube/config` or the pod we run in.
///
/// # Errors
/// No configuration, or one that cannot be read.
pub(crate) async fn cluster(
    kubeconfig: Option<&Path>,
    context: Option<&str>,
    tally: &Tally,
) -> Result<Client, ClusterError> {
    crate::world::tls::install();
    let options = KubeConfigOptions { context: context.map(str::to_owned), ..KubeConfigOptions::default() };
    let config = match kubeconfig {
        Some(path) => {
            let file =
                Kubeconfig::read_from(path).map_err(|e| config_error(&format!("{}: ", path.display()), e))?;
            Config::from_custom_kubeconfig(file, &options)
                .await
                .map_err(|e| config_error(&format!("{}: ", path.display()), e))?
        }
        None if context.is_some() => {
            Config::from_kubeconfig(&options).await.map_err(|e| config_error("", e))?
        }
        None => Config::infer().await.map_err(|e| config_error("", e))?,
    };
    let builder = ClientBuilder::try_from(config).map_err(|e| config_error("", e))?;
    let tally = tally.clone();
    Ok(builder.with_layer(&layer_fn(|inner| Introduced { inner, tally: tally.clone() })).build())
}

fn config_error(whence: &str, error: impl std::error::Error + Send + Sync + 'static) -> ClusterError {
    ClusterError::Config { why: format!("{whence}{error}"), source: Cause::of(error) }
}

/// A client that talks to `service` in this process, as to a cluster.
pub(crate) fn inside<S, B>(service: S, tally: &Tally) -> Client
where
    S: Service<Request<Body>, Response = Response<B>> + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError> + Send + 'static,
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let tally = tally.clone();
    ClientBuilder::new(service, "default")
        .with_layer(&layer_fn(|inner| Introduced { inner, tally: tally.clone() }))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::write::Target;
    use crate::world::cluster::Cluster;

    #[test]
    fn requests_are_told_apart_by_verb_kind_and_namespace() {
        let of = |method: Method, uri: &str| {
            let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
            let Asked { verb, resource, namespace, .. } = asked(&method, path, query);
            format!("{verb} {resource} in {namespace:?}")
        };
        assert_eq!(of(Method::GET, "/api/v1/services?watch=true&x=1"), "Watch services in \"\"");
        let list = "/apis/apps/v1/namespaces/a/replicasets?limit=5";
        assert_eq!(of(Method::GET, list), "List replicasets in \"a\"");
        assert_eq!(of(Method::GET, "/api/v1/namespaces/a"), "Get namespaces in \"\"");
        let status = "/apis/argoproj.io/v1alpha1/namespaces/a/rollouts/b/status";
        assert_eq!(of(Method::PATCH, status), "Patch rollouts/status in \"a\"");
        let eviction = "/api/v1/namespaces/a/pods/b/eviction";
        assert_eq!(of(Method::POST, eviction), "Create pods/eviction in \"a\"");
        assert_eq!(of(Method::GET, "/version"), "Get /version in \"\"");
    }

    #[tokio::test]
    async fn who_acts_for_another_says_so_in_every_request_and_fails_as_before() {
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = seen.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let header = |name| request.headers().get(name).and_then(|v: &HeaderValue| v.to_str().ok());
            let told = format!("{:?} {:?}", header("impersonate-user"), header("user-agent").is_some());
            log.lock().unwrap().push(told);
            let text =
                r#"{"kind":"Status","status":"Failure","message":"no","reason":"Forbidden","code":403}"#;
            let body = http_body_util::Full::new(bytes::Bytes::from(text));
            async move { Ok::<_, std::convert::Infallible>(Response::builder().status(403).body(body).unwrap()) }
        });
        let tally = Tally::default();
        let own = Cluster::new(inside(service, &tally), tally.clone());
        let other = own.acting_as("shop", "deployer");
        let target = Target::new("v1", "ConfigMap", "shop", "a");
        for cluster in [own, other] {
            let error = cluster.get(&target).await.unwrap_err();
            assert_eq!(error.code(), "ClusterRefused", "{error}");
        }
        let told = seen.lock().unwrap().clone();
        assert_eq!(told, ["None true", "Some(\"system:serviceaccount:shop:deployer\") true"]);
        assert_eq!(tally.counts().values().sum::<u64>(), 2, "each is counted once");
    }
}
