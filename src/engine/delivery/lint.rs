//! Decides what is wrong with manifests that are in no commit: what they say themselves, what an empty cluster says of
//! them, and the Rollout controller's own validation. It never asks the cluster that they are meant for.

use crate::api::inventory::Inventory;
use crate::api::key::Key;
use crate::api::kinds::{self, Kind};
use crate::api::write::Write;
use crate::engine::context::Context;
use crate::engine::delivery::SyncError;
use crate::engine::delivery::rollouts::{self, Elsewhere};
use crate::engine::delivery::trial;
use crate::logic::manifest::kept::ReadFiles;
use crate::logic::manifest::problem::told;
use crate::logic::manifest::served::{Served, kinds_of_definition};
use crate::logic::manifest::skipped::Skipped;
use crate::logic::manifest::{Manifest, ManifestFile, Manifests, Problem, split};
use crate::logic::plan::{Change, PlanContext, change, order};
use crate::world::cluster::{ClusterError, Mode};
use serde_json::json;
use std::collections::BTreeSet;

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Linted {
    /// How many objects were looked at.
    pub(crate) objects: usize,
    /// Those of kinds that only the cluster they are meant for knows: only their form could be looked at.
    pub(crate) unknown: Vec<Key>,
    /// What is no manifest.
    pub(crate) skipped: Vec<Skipped>,
    /// What is wrong.
    pub(crate) problems: Vec<Problem>,
}

/// Looks at `files`; `context` is that of an empty cluster that serves our kinds and belongs to nobody else. What the
/// files refer to and do not hold may be elsewhere. Objects without a namespace get `namespace`.
///
/// # Errors
/// The empty cluster fails.
pub(crate) async fn lint(
    context: &Context,
    files: &[ManifestFile],
    namespace: &str,
) -> Result<Linted, SyncError> {
    let (manifests, mut problems) = match split::read(files, namespace, &served, &mut ReadFiles::default()) {
        Ok(manifests) => (manifests, Vec::new()),
        Err(bad) => (bad.rest, bad.problems),
    };
    let (mut known, unknown): (Vec<&Manifest>, Vec<&Manifest>) =
        manifests.objects.values().partition(|m| is_known(&manifests, m));
    order::sort(&mut known);
    make_namespaces(context, &known).await?;
    let common = PlanContext::default();
    let changes: Vec<Change> =
        known.iter().map(|manifest| change::of_manifest(manifest, None, None, &common)).collect();
    let mut found = Vec::new();
    let changes =
        trial::trial(context, &manifests, &changes, &Inventory::default(), &common, &mut found).await?;
    let gone = BTreeSet::new();
    found.extend(rollouts::problems(context, &manifests, &changes, &gone, Elsewhere::Unknown).await?);
    for problem in &mut found {
        problem.help.clear(); // it says what becomes of a commit, and there is none
    }
    problems.extend(found);
    Ok(Linted {
        objects: manifests.objects.len(),
        unknown: unknown.into_iter().map(|m| m.key.clone()).collect(),
        skipped: manifests.skipped.clone(),
        problems: told(problems),
    })
}

/// How a kind is served where nobody can be asked: one that we do not know, as it says itself.
fn served(api_version: &str, kind: &str) -> Served {
    if let Some(kind) = kinds::find(api_version, kind) {
        return Served::As(kind);
    }
    if let Some(version) = kinds::moved(api_version, kind) {
        return Served::Elsewhere(version);
    }
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let plural = format!("{}s", kind.to_lowercase());
    Served::As(Kind {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: kind.to_owned(),
        singular: kind.to_lowercase(),
        plural,
        short: Vec::new(),
        categories: Vec::new(),
        namespaced: true,
    })
}

/// Whether the kind of a manifest is one of Kubernetes, one of ours, or defined beside it.
fn is_known(manifests: &Manifests, manifest: &Manifest) -> bool {
    let is_it =
        |kind: Kind| (kind.group, kind.kind) == (manifest.key.group.clone(), manifest.key.kind.clone());
    let mut defined = manifests.objects.values().flat_map(|m| kinds_of_definition(&m.value));
    kinds::find(&manifest.target.api_version, &manifest.key.kind).is_some() || defined.any(is_it)
}

/// Makes the namespaces that objects are in: they are there where the files are meant for.
async fn make_namespaces(context: &Context, manifests: &[&Manifest]) -> Result<(), ClusterError> {
    let wanted: BTreeSet<&str> = manifests.iter().map(|m| m.key.namespace.as_str()).collect();
    for name in wanted.into_iter().filter(|name| !name.is_empty()) {
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        match context.cluster.perform(&Write::Create { object }, Mode::Plain).await {
            // A name that no namespace may have is told of the objects in it.
            Err(ClusterError::Refused { .. }) | Ok(_) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
