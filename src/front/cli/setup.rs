//! Decides how the flags of the command line become a cluster and a repository.
//! It never uses either.

use crate::engine::setup::{self, Client, GitCredentials, Repository};
use crate::front::cli::cache;
use crate::front::cli::election::pod_namespace;
use crate::front::cli::flags::{Common, EngineFlags, RepoFlags};
use crate::front::exit::Failure;
use crate::front::screen::waiting;
use crate::logic::plan::DriftPolicy;
use crate::logic::revert::RollbackOn;
use std::path::Path;
use tokio::task::JoinSet;

/// The cluster that the flags name.
///
/// # Errors
/// None is configured.
pub(crate) async fn cluster(common: &Common) -> Result<Client, Failure> {
    Ok(setup::cluster(common.kubeconfig.as_deref(), common.context.as_deref()).await?)
}

/// Waits until the cluster answers.
///
/// # Errors
/// It refuses or does not answer.
pub(crate) async fn answers(cluster: &Client) -> Result<(), Failure> {
    waiting("the cluster", cluster.version()).await?;
    Ok(())
}

/// The namespace that the flags name; `default` without.
#[must_use]
pub(crate) fn namespace(common: &Common) -> String {
    common.namespace.clone().unwrap_or_else(|| "default".to_owned())
}

/// The namespace that the flags name, or else the kubeconfig.
#[must_use]
pub(crate) fn present_namespace(common: &Common, cluster: &Client) -> String {
    common.namespace.clone().unwrap_or_else(|| cluster.namespace().to_owned())
}

/// The only namespace that is looked at, where the flags say that there is one.
#[must_use]
pub(crate) fn only_namespace(common: &Common, engine: &EngineFlags, cluster: &Client) -> Option<String> {
    let own = || pod_namespace().unwrap_or_else(|| cluster.namespace().to_owned());
    engine.namespaced.then(|| common.namespace.clone().unwrap_or_else(own))
}

/// The repository at `url` as the flags say; a Secret they name is followed while `tasks` lives.
///
/// # Errors
/// The Secret is not there or holds no credentials, or the cluster refuses or is away.
pub(crate) async fn repository(
    url: &str,
    repo: &RepoFlags,
    namespace: String,
    cluster: &Client,
    tasks: &mut JoinSet<()>,
) -> Result<Repository, Failure> {
    let credentials = match &repo.git_secret {
        Some(name) => from_secret(name, &namespace, cluster, tasks).await?,
        None if repo.git_ssh_key.is_some() => GitCredentials::of_key(repo.git_ssh_key.clone()),
        None => {
            GitCredentials::of(repo.git_user.clone(), repo.git_token.clone(), repo.git_token_file.clone())
        }
    };
    let credentials = credentials.trusting(repo.git_known_hosts.clone(), repo.git_ca.clone());
    Ok(Repository {
        url: absolute(url),
        branch: repo.branch.clone(),
        name: repo.delivery_name.clone(),
        path: repo.path.clone(),
        namespace,
        cache: cache::folder(repo.cache.as_deref())?,
        credentials,
        rollback: false,
        rollback_on: RollbackOn::default(),
        drift: DriftPolicy::default(),
        config: repo.config,
        author: ("Switchback".to_owned(), String::new()),
    })
}

async fn from_secret(
    name: &str,
    namespace: &str,
    cluster: &Client,
    tasks: &mut JoinSet<()>,
) -> Result<GitCredentials, Failure> {
    let (namespace, name) = name.split_once('/').unwrap_or((namespace, name));
    setup::credentials(cluster, namespace, name, tasks).await?.ok_or_else(|| {
        Failure::usage(format!(
            "Secret {namespace}/{name} holds no credentials or is not there; make it: kubectl -n {namespace} create \
             secret generic {name} --from-file=token (or username and password, or ssh-privatekey)"
        ))
    })
}

/// A path of this machine made whole, so that it means the same from everywhere; URLs stay as they are.
fn absolute(address: &str) -> String {
    let path = Path::new(address);
    match std::fs::canonicalize(path) {
        Ok(whole) if path.exists() => whole.to_string_lossy().into_owned(),
        _ => address.to_owned(),
    }
}
