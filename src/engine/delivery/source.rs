//! Decides what a repository is that is brought to the cluster, and which manifests it holds at a commit.
//! It never applies one.

use crate::api::ids::CommitId;
use crate::api::kinds::{self, Kind};
use crate::engine::context::Context;
use crate::engine::delivery::error::{DeliverError, SyncError};
use crate::logic::manifest::split::Unreadable;
use crate::logic::manifest::{ManifestFile, Manifests, split};
use crate::logic::revert::RollbackOn;
use crate::world::cluster::ClusterError;
use crate::world::git::{Author, FileKind, Git};
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
    /// Namespace for objects that name none, and of the inventory.
    pub namespace: String,
    /// Name of the inventory.
    pub name: String,
    /// Whether failed revisions go back in Git.
    pub rollback: bool,
    /// For which reasons they do.
    pub rollback_on: RollbackOn,
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
    let found = read_all(context, source, commit).await?;
    found.map_err(|bad| SyncError::Manifests(bad.problems).into())
}

/// The same, with what can be read of a commit that has mistakes.
///
/// # Errors
/// Git is away, or the path is not there.
pub(crate) async fn read_all(
    context: &Context,
    source: &Source,
    commit: &CommitId,
) -> Result<Result<Manifests, Unreadable>, DeliverError> {
    let files = files(source, commit).await?;
    let mut known: BTreeMap<(String, String), Kind> = BTreeMap::new(); // by API version and kind
    loop {
        let missed: RefCell<BTreeSet<(String, String)>> = RefCell::default();
        let found = split::read(&files, &source.namespace, &|api_version, kind| {
            let key = (api_version.to_owned(), kind.to_owned());
            let kind = kinds::find(api_version, kind).or_else(|| known.get(&key).cloned());
            if kind.is_none() {
                missed.borrow_mut().insert(key);
            }
            kind
        });
        let mut learned = false;
        for (api_version, kind) in missed.into_inner() {
            match context.cluster.kind(&api_version, &kind).await {
                Ok(served) => {
                    known.insert((api_version, kind), served);
                    learned = true;
                }
                Err(ClusterError::NoKind(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if !learned {
            return Ok(found);
        }
    }
}

async fn files(source: &Source, commit: &CommitId) -> Result<Vec<ManifestFile>, DeliverError> {
    let files = source.git.files(commit, &source.path).await?;
    let wanted = files.into_iter().filter(|f| f.kind != FileKind::Submodule && split::is_manifest(&f.path));
    let file = |f: crate::world::git::File| ManifestFile {
        path: f.path,
        size: f.size,
        symlink: f.kind == FileKind::Symlink,
        content: f.content.map(|c| c.to_vec()),
    };
    Ok(wanted.map(file).collect())
}
