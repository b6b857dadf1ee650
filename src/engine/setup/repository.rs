//! Decides how a repository is opened for whoever speaks to people, and how its moves are heard of.
//! It never fetches from it.

use crate::api::config_policy::ConfigPolicy;
use crate::api::delivery_name::name_of;
use crate::api::write::Target;
use crate::engine::delivery::Source;
use crate::engine::setup::{AccessError, Client, GitCredentials};
use crate::logic::plan::DriftPolicy;
use crate::logic::revert::RollbackOn;
use crate::world::git::{Author, Git, GitError, Mirror, Options, watch_local};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// How long the first look at a repository may take: nothing in the cluster waits for a Git server that hangs.
const FIRST_LOOK: Duration = Duration::from_secs(5);

/// Which repository to open, and how.
#[derive(Clone, Debug)]
pub struct Repository {
    /// URL or path.
    pub url: String,
    /// Branch.
    pub branch: String,
    /// Name of the delivery, when it is another than that of its URL.
    pub name: Option<String>,
    /// Folder of the manifests.
    pub path: String,
    /// Namespace for objects that name none.
    pub namespace: String,
    /// Folder in which mirrors live.
    pub cache: PathBuf,
    /// What to show the server.
    pub credentials: GitCredentials,
    /// Whether failed revisions go back in Git.
    pub rollback: bool,
    /// For which reasons they do.
    pub rollback_on: RollbackOn,
    /// What is done about objects that somebody else has changed.
    pub drift: DriftPolicy,
    /// How ConfigMaps and Secrets reach the pods of Rollouts that do not say so themselves.
    pub config: ConfigPolicy,
    /// Who makes revert commits: name and address.
    pub author: (String, String),
}

/// Opens a repository.
///
/// # Errors
/// An address or a branch that is none, or a folder that cannot be written.
pub fn repository(wanted: &Repository) -> Result<Source, AccessError> {
    let mut options = Options::new(&wanted.url, &wanted.branch, &wanted.cache);
    wanted.credentials.put_into(&mut options);
    let mirror = Mirror::open(options)?;
    let usual = || name_of(&mirror.name(), &wanted.branch, &wanted.path, &wanted.namespace);
    let name = wanted.name.clone().unwrap_or_else(usual);
    Ok(Source {
        git: Arc::new(mirror),
        path: wanted.path.clone(),
        branch: wanted.branch.clone(),
        namespace: wanted.namespace.clone(),
        home: wanted.namespace.clone(),
        name,
        owner: None,
        seed: None,
        keeps: false,
        rollback: wanted.rollback,
        rollback_on: wanted.rollback_on.clone(),
        drift: wanted.drift,
        config: wanted.config,
        author: Author { name: wanted.author.0.clone(), email: wanted.author.1.clone() },
    })
}

/// Asks a repository for its branch before anything else is done, so that what was hardly meant is told at once; a
/// repository that is away or does not answer soon is left to the engine, which asks it again. With `all`, everything
/// that asking again will not mend is told.
///
/// # Errors
/// There is no such branch, or (with `all`) a person has to act.
pub async fn first_look(source: &Source, all: bool) -> Result<(), AccessError> {
    match tokio::time::timeout(FIRST_LOOK, source.git.fetch()).await {
        Ok(Err(error)) if error.is_mistaken() || all && !error.may_pass() => Err(error.into()),
        _ => Ok(()),
    }
}

/// Whether `source` was brought to the cluster before: then it is Git that has changed, and no word of the user's is wrong.
///
/// # Errors
/// The cluster refuses or is away.
pub async fn was_delivered(client: &Client, source: &Source) -> Result<bool, AccessError> {
    let inventory = Target::new("v1", "Secret", &source.home, &source.name);
    Ok(client.get(&inventory).await?.is_some())
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
) -> Result<bool, AccessError> {
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
