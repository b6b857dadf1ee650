//! Decides what a repository is that is brought to the cluster, and which manifests it holds at a commit.
//! It never applies one.

use crate::api::config_policy::ConfigPolicy;
use crate::api::ids::CommitId;
use crate::api::kinds;
use crate::api::meta::Owner;
use crate::engine::context::Context;
use crate::engine::delivery::error::{DeliverError, SyncError};
use crate::logic::manifest::kept::ReadFiles;
use crate::logic::manifest::pick::{Form, is_read};
use crate::logic::manifest::served::Served;
use crate::logic::manifest::split::{self, Unreadable};
use crate::logic::manifest::{ManifestFile, Manifests, versioned};
use crate::logic::plan::DriftPolicy;
use crate::logic::revert::RollbackOn;
use crate::world::cluster::ClusterError;
use crate::world::git::{Author, FileKind, Git, Known};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A repository that is brought to the cluster.
#[derive(Clone)]
pub struct Source {
    /// The repository.
    pub git: Arc<dyn Git>,
    /// Folder of the manifests.
    pub path: String,
    /// Branch, for messages.
    pub branch: String,
    /// Namespace for objects that name none.
    pub namespace: String,
    /// Namespace of the inventory.
    pub home: String,
    /// Name of the inventory.
    pub name: String,
    /// The object that this is, if it is one: the inventory goes with it.
    pub owner: Option<Owner>,
    /// Draws what is random, so that a run can be repeated; otherwise the system does.
    pub seed: Option<u64>,
    /// Whether objects that leave Git stay in the cluster.
    pub keeps: bool,
    /// Whether failed revisions go back in Git.
    pub rollback: bool,
    /// For which reasons they do.
    pub rollback_on: RollbackOn,
    /// What is done about objects that somebody else has changed.
    pub drift: DriftPolicy,
    /// How ConfigMaps and Secrets reach the pods of Rollouts that do not say so themselves.
    pub config: ConfigPolicy,
    /// Who makes revert commits.
    pub author: Author,
}

/// Reads the manifests of a commit. Kinds that neither we nor the commit know are asked of the cluster.
///
/// # Errors
/// Git is away, the path is not there, or manifests have mistakes.
pub(crate) async fn read(
    context: &Context,
    source: &Source,
    commit: &CommitId,
) -> Result<Manifests, DeliverError> {
    let found = read_all(context, source, commit, &mut Arc::default()).await?;
    found.map_err(|bad| SyncError::Manifests(bad.problems).into())
}

/// The same, with what can be read of a commit that has mistakes. What is `kept` of files is not read again; afterwards
/// that is what this commit came to.
///
/// # Errors
/// Git is away, or the path is not there.
pub(crate) async fn read_all(
    context: &Context,
    source: &Source,
    commit: &CommitId,
    kept: &mut Arc<ReadFiles>,
) -> Result<Result<Manifests, Unreadable>, DeliverError> {
    let files = files(source, commit, kept).await?;
    let mut now = ReadFiles::default();
    let mut known: BTreeMap<(String, String), Served> = BTreeMap::new(); // by API version and kind
    loop {
        let missed: RefCell<BTreeSet<(String, String)>> = RefCell::default();
        let found = split::read(
            &files,
            &source.namespace,
            &|api_version, kind| {
                if let Some(kind) = kinds::find(api_version, kind) {
                    return Served::As(kind);
                }
                let key = (api_version.to_owned(), kind.to_owned());
                known.get(&key).cloned().unwrap_or_else(|| {
                    missed.borrow_mut().insert(key);
                    Served::Nowhere
                })
            },
            &mut now,
        );
        let missed = missed.into_inner();
        if missed.is_empty() {
            *kept = Arc::new(now);
            return Ok(versioned(source, found));
        }
        for (api_version, kind) in missed {
            let served = served(context, &api_version, &kind).await?;
            known.insert((api_version, kind), served);
        }
    }
}

/// The same with the configuration of versioned Rollouts under the names by which it is applied.
fn versioned(source: &Source, found: Result<Manifests, Unreadable>) -> Result<Manifests, Unreadable> {
    let (mut manifests, mut problems) = match found {
        Ok(manifests) => (manifests, Vec::new()),
        Err(bad) => (bad.rest, bad.problems),
    };
    problems.extend(versioned::apply(&mut manifests, source.config));
    if problems.is_empty() { Ok(manifests) } else { Err(Unreadable { problems, rest: manifests }) }
}

/// How the cluster serves a kind that the table of kinds does not have.
async fn served(context: &Context, api_version: &str, kind: &str) -> Result<Served, ClusterError> {
    match context.cluster.kind(api_version, kind).await {
        Ok(served) => return Ok(Served::As(served)),
        Err(ClusterError::NoKind(_)) => {}
        Err(error) => return Err(error),
    }
    let other = match kinds::moved(api_version, kind) {
        None => context.cluster.served_version(api_version, kind).await?,
        moved => moved,
    };
    Ok(other.map_or(Served::Nowhere, Served::Elsewhere))
}

async fn files(
    source: &Source,
    commit: &CommitId,
    kept: &Arc<ReadFiles>,
) -> Result<Vec<ManifestFile>, DeliverError> {
    let known = Arc::clone(kept);
    let known: Known = Arc::new(move |path, blob| known.get(path, blob).is_some());
    let files = source.git.files(commit, &source.path, is_read, known).await?;
    let file = |f: crate::world::git::File| ManifestFile {
        read: kept.get(&f.path, &f.blob).cloned(),
        path: f.path,
        blob: f.blob,
        size: f.size,
        form: match f.kind {
            FileKind::Regular => Form::File,
            FileKind::Symlink => Form::Link,
            FileKind::FolderLink => Form::FolderLink,
            FileKind::Submodule => Form::Submodule,
        },
        content: f.content,
    };
    Ok(files.into_iter().map(file).collect())
}
