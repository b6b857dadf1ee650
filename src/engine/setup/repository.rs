//! Decides how a repository is opened for whoever speaks to people, and how its moves are heard of.
//! It never fetches from it.

use crate::api::config_policy::ConfigPolicy;
use crate::api::inventory;
use crate::engine::delivery::Source;
use crate::engine::setup::{AccessError, GitCredentials};
use crate::logic::revert::RollbackOn;
use crate::world::git::{Author, Git, GitError, Mirror, Options, watch_local};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

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
    pub credentials: GitCredentials,
    /// Whether failed revisions go back in Git.
    pub rollback: bool,
    /// For which reasons they do.
    pub rollback_on: RollbackOn,
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
    options.credentials = wanted.credentials.for_git();
    let mirror = Mirror::open(options)?;
    let name = inventory::name_of(&mirror.name(), &wanted.branch, &wanted.path, &wanted.namespace);
    Ok(Source {
        git: Arc::new(mirror),
        path: wanted.path.clone(),
        branch: wanted.branch.clone(),
        namespace: wanted.namespace.clone(),
        name,
        rollback: wanted.rollback,
        rollback_on: wanted.rollback_on.clone(),
        config: wanted.config,
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
