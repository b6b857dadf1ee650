//! Decides how a cluster is reached for whoever speaks to people, and what they may ask of it.
//! It never decides what is asked.

use crate::api::kinds::Kind;
use crate::api::object::Object;
use crate::api::watch::News;
use crate::api::write::{Target, Write};
use crate::base::duration::human;
use crate::engine::setup::AccessError;
use crate::world::cluster::connect;
use crate::world::cluster::watch::{Interest, follow};
use crate::world::cluster::{Cluster, ClusterError, Mode};
use kube::client::Body;
use serde_json::Value;
use std::path::Path;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tower::{BoxError, Service};

/// How long a cluster may take to say its version.
const PATIENCE: Duration = Duration::from_secs(15);

/// A cluster, for whoever speaks to people.
#[derive(Clone)]
pub struct Client(Cluster);

impl Client {
    /// The cluster itself, for the engine's own work.
    pub(in crate::engine) fn cluster(&self) -> &Cluster {
        &self.0
    }

    /// The namespace that the kubeconfig's context names; `default` when it names none.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.0.namespace()
    }

    /// Asks whether the cluster is there; answers its version.
    ///
    /// # Errors
    /// It refuses or does not answer soon.
    pub async fn version(&self) -> Result<String, AccessError> {
        match tokio::time::timeout(PATIENCE, self.0.version()).await {
            Ok(version) => Ok(version?),
            Err(_) => {
                let why = format!("no answer within {}", human(PATIENCE));
                Err(ClusterError::Unreachable { why, source: None }.into())
            }
        }
    }

    /// How a kind is served.
    ///
    /// # Errors
    /// The cluster does not serve it or does not answer.
    pub async fn kind(&self, api_version: &str, kind: &str) -> Result<Kind, AccessError> {
        Ok(self.0.kind(api_version, kind).await?)
    }

    /// Reads one object; none when it is not there.
    ///
    /// # Errors
    /// The cluster refuses or does not answer.
    pub async fn get(&self, target: &Target) -> Result<Option<Value>, AccessError> {
        Ok(self.0.get(target).await?)
    }

    /// Reads every object of a kind, in one namespace or in all, that the label selector picks.
    ///
    /// # Errors
    /// The cluster refuses or does not answer.
    pub async fn list(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        selector: &str,
    ) -> Result<Vec<Value>, AccessError> {
        Ok(self.0.list(kind, namespace, selector).await?)
    }

    /// Makes one write as a controller makes it: unknown fields are dropped.
    ///
    /// # Errors
    /// The cluster refuses or does not answer.
    pub async fn perform(&self, write: &Write) -> Result<(), AccessError> {
        self.0.perform(write, Mode::Plain).await?;
        Ok(())
    }

    /// Makes one write; an unknown field refuses it.
    ///
    /// # Errors
    /// The cluster refuses or does not answer.
    pub async fn perform_strictly(&self, write: &Write) -> Result<(), AccessError> {
        self.0.perform(write, Mode::Strict).await?;
        Ok(())
    }
}

/// The cluster of `kubeconfig`, or of the environment.
///
/// # Errors
/// No cluster is configured.
pub async fn cluster(kubeconfig: Option<&Path>, context: Option<&str>) -> Result<Client, AccessError> {
    let tally = connect::Tally::default();
    let client = connect::cluster(kubeconfig, context, &tally).await?;
    Ok(Client(Cluster::new(client, tally)))
}

/// A cluster in this process.
pub fn inside<S, B>(service: S) -> Client
where
    S: Service<http::Request<Body>, Response = http::Response<B>> + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError> + Send + 'static,
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let tally = connect::Tally::default();
    Client(Cluster::new(connect::inside(service, &tally), tally))
}

/// Follows kinds for a view, each with a label selector (empty for all); each message carries the name given with
/// the kind.
#[must_use]
pub fn watch(
    client: &Client,
    kinds: Vec<(&'static str, Kind, &str)>,
    namespace: Option<&str>,
    tasks: &mut JoinSet<()>,
) -> mpsc::Receiver<(&'static str, News)> {
    let (sender, receiver) = mpsc::channel(1024);
    for (name, kind, labels) in kinds {
        let namespace = namespace.map(str::to_owned);
        let interest = Interest { kind, namespace, labels: labels.to_owned(), name: String::new() };
        tasks.spawn(follow(client.cluster().client(), interest, sender.clone(), name, move |news| {
            (name, news.map(|object: Object| object.0))
        }));
    }
    receiver
}
