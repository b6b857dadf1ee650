//! Decides how a cluster is reached: from a kubeconfig, from inside a pod, or through a service in this process.
//! It never sends a request of its own.

use crate::world::error::ClusterError;
use kube::client::{Body, ClientBuilder};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use std::path::Path;
use tower::util::MapRequestLayer;
use tower::{BoxError, Service};

/// How we call ourselves in requests.
pub const USER_AGENT: &str = concat!("switchback/", env!("CARGO_PKG_VERSION"));

fn introduce(mut request: http::Request<Body>) -> http::Request<Body> {
    request.headers_mut().insert(http::header::USER_AGENT, http::HeaderValue::from_static(USER_AGENT));
    request
}

/// A client for the cluster of `kubeconfig`, or else of `$KUBECONFIG`, `~/.kube/config` or the pod we run in.
///
/// # Errors
/// No configuration, or one that cannot be read.
pub async fn cluster(kubeconfig: Option<&Path>, context: Option<&str>) -> Result<Client, ClusterError> {
    crate::world::tls::install();
    let options = KubeConfigOptions { context: context.map(str::to_owned), ..KubeConfigOptions::default() };
    let config = match kubeconfig {
        Some(path) => {
            let file = Kubeconfig::read_from(path)
                .map_err(|e| ClusterError::Config(format!("{}: {e}", path.display())))?;
            Config::from_custom_kubeconfig(file, &options)
                .await
                .map_err(|e| ClusterError::Config(format!("{}: {e}", path.display())))?
        }
        None if context.is_some() => {
            Config::from_kubeconfig(&options).await.map_err(|e| ClusterError::Config(e.to_string()))?
        }
        None => Config::infer().await.map_err(|e| ClusterError::Config(e.to_string()))?,
    };
    let builder = ClientBuilder::try_from(config).map_err(|e| ClusterError::Config(e.to_string()))?;
    Ok(builder.with_layer(&MapRequestLayer::new(introduce)).build())
}

/// A client that talks to `service` in this process, as to a cluster.
pub fn inside<S, B>(service: S) -> Client
where
    S: Service<http::Request<Body>, Response = http::Response<B>> + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    ClientBuilder::new(service, "default").with_layer(&MapRequestLayer::new(introduce)).build()
}
