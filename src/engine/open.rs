//! Decides how clusters and repositories are opened for whoever speaks to people.
//! It never decides what is done with them.

use crate::api::inventory;
use crate::api::kinds::Kind;
use crate::api::write::Target;
use crate::base::clock::Clock;
use crate::engine::context::{Context, Told};
use crate::engine::deliver::Source;
use crate::engine::meter::Meter;
use crate::engine::record;
use crate::world::git::{Author, Mirror, Options, watch_local};
use crate::world::watch::{Interest, follow};
use crate::world::{connect, probe};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::client::Body;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tower::{BoxError, Service};

pub use crate::world::cluster::{Cluster, Mode};
pub use crate::world::error::ClusterError;
pub use crate::world::git::{Credentials, GitError, Held, Secret};
pub use crate::world::probe::{Inside, Probe};
pub use crate::world::watch::News;

/// The cluster of `kubeconfig`, or of the environment.
///
/// # Errors
/// No cluster is configured.
pub async fn cluster(kubeconfig: Option<&Path>, context: Option<&str>) -> Result<Cluster, ClusterError> {
    let tally = connect::Tally::default();
    let client = connect::cluster(kubeconfig, context, &tally).await?;
    Ok(Cluster::new(client, tally))
}

/// A cluster in this process.
pub fn inside<S, B>(service: S) -> Cluster
where
    S: Service<http::Request<Body>, Response = http::Response<B>> + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError> + Send + 'static,
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let tally = connect::Tally::default();
    Cluster::new(connect::inside(service, &tally), tally)
}

/// What an engine has at hand for `cluster`, and the work that goes on behind it while `tasks` lives.
#[must_use]
pub fn context(
    cluster: Cluster,
    probe: Probe,
    clock: Clock,
    ears: Option<mpsc::UnboundedSender<Told>>,
    prometheus: Option<String>,
    tasks: &mut JoinSet<()>,
) -> Context {
    let (recorder, work) = record::recorder(cluster.clone(), clock);
    tasks.spawn(work);
    let meter = Meter::new(Some(cluster.tally()));
    Context { cluster, probe, clock, recorder, ears, prometheus, meter }
}

/// A probe over the network.
///
/// # Errors
/// The machine's certificates cannot be read.
pub fn network() -> Result<Probe, String> {
    probe::Probe::network()
}

/// Which repository to open, and how.
#[derive(Clone, Debug)]
pub struct Repository {
    /// URL or path.
    pub url: String,
    /// Branch.
    pub branch: String,
    /// Folder of the manifests.
    pub path: String,
    /// Namespace for objects that name none.
    pub namespace: String,
    /// Folder in which mirrors live.
    pub cache: PathBuf,
    /// What to show the server.
    pub credentials: Credentials,
    /// Whether failed revisions go back in Git.
    pub rollback: bool,
    /// Who makes revert commits: name and address.
    pub author: (String, String),
}

/// Opens a repository.
///
/// # Errors
/// An address or a branch that is none, or a folder that cannot be written.
pub fn repository(wanted: &Repository) -> Result<Source, GitError> {
    let mut options = Options::new(&wanted.url, &wanted.branch, &wanted.cache);
    options.credentials = wanted.credentials.clone();
    let mirror = Mirror::open(options)?;
    let name = {
        use crate::world::git::Git as _;
        inventory::name_of(&mirror.name(), &wanted.branch, &wanted.path, &wanted.namespace)
    };
    Ok(Source {
        git: Arc::new(mirror),
        path: wanted.path.clone(),
        branch: wanted.branch.clone(),
        namespace: wanted.namespace.clone(),
        name,
        rollback: wanted.rollback,
        author: Author { name: wanted.author.0.clone(), email: wanted.author.1.clone() },
    })
}

/// Nudges `nudges` with `number` whenever the branch of a local repository moves. Answers whether the repository is
/// local; others have to be asked now and then.
///
/// # Errors
/// The system cannot watch the repository.
pub async fn nudge_when_moved(
    wanted: &Repository,
    number: usize,
    nudges: mpsc::Sender<usize>,
    tasks: &mut JoinSet<()>,
) -> Result<bool, GitError> {
    let mut watch = match watch_local(&wanted.url, &wanted.branch).await {
        Err(GitError::NotLocal { .. }) => return Ok(false),
        other => other?,
    };
    tasks.spawn(async move {
        while watch.moved().await.is_ok() {
            if nudges.send(number).await.is_err() {
                return;
            }
        }
    });
    Ok(true)
}

/// Follows kinds for a view, each with a label selector (empty for all); each message carries the name given with
/// the kind.
#[must_use]
pub fn watch(
    cluster: &Cluster,
    kinds: Vec<(&'static str, Kind, &str)>,
    namespace: Option<&str>,
    tasks: &mut JoinSet<()>,
) -> mpsc::Receiver<(&'static str, News)> {
    let (sender, receiver) = mpsc::channel(1024);
    for (name, kind, labels) in kinds {
        let namespace = namespace.map(str::to_owned);
        let interest = Interest { kind, namespace, labels: labels.to_owned(), name: String::new() };
        tasks.spawn(follow(cluster.client(), interest, sender.clone(), name));
    }
    receiver
}

/// The credentials in the Secret `name`, kept up to date while `tasks` lives: `username` with `password` or `token`,
/// a `token` (or `bearerToken`) alone, or `ssh-privatekey`. None when there is no such Secret, or it holds none.
///
/// # Errors
/// The cluster refuses or is away.
pub async fn credentials(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
    tasks: &mut JoinSet<()>,
) -> Result<Option<Credentials>, ClusterError> {
    let target = Target::new("v1", "Secret", namespace, name);
    let Some(secret) = cluster.get(&target).await? else { return Ok(None) };
    let user = text_of(&secret, "username");
    let keys: &[&str] = if user.is_some() { &["password", "token"] } else { &["token", "bearerToken"] };
    let key = keys.iter().chain(&["ssh-privatekey"]).copied().find(|k| text_of(&secret, k).is_some());
    let Some(key) = key else { return Ok(None) };
    let held = Held::new(&target.to_string(), text_of(&secret, key).unwrap_or_default());
    let text = Secret::Held(held.clone());
    let credentials = match (key, user) {
        ("ssh-privatekey", _) => Credentials::SshKey { key: text, known_hosts: None },
        (_, Some(user)) => Credentials::Basic { user, password: text },
        _ => Credentials::Bearer(text),
    };
    let kind = cluster.kind("v1", "Secret").await?;
    let namespace = Some(namespace.to_owned());
    let interest = Interest { kind, namespace, labels: String::new(), name: name.to_owned() };
    let (sender, mut news) = mpsc::channel(4);
    tasks.spawn(follow(cluster.client(), interest, sender, "Secret"));
    tasks.spawn(async move {
        while let Some((_, news)) = news.recv().await {
            match news {
                News::Present(secret) => held.set(text_of(&secret, key).unwrap_or_default()),
                News::Gone(_) => held.set(String::new()),
                News::ListBegins | News::ListEnds | News::Trouble { .. } => {}
            }
        }
    });
    Ok(Some(credentials))
}

/// The text at `key` of a Secret; none when it is missing, empty or no text.
fn text_of(secret: &Value, key: &str) -> Option<String> {
    let encoded = secret.get("data")?.get(key)?.as_str()?;
    let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    Some(text).filter(|t| !t.trim().is_empty())
}
