//! Decides how one repository is looked at: fetch, let failed revisions go back, bring the rest to the cluster.
//! What goes back is `logic::revert`, what is changed `logic::plan`; this only carries.

use crate::api::commit::short;
use crate::api::ids::CommitId;
use crate::api::inventory::Inventory;
use crate::api::key::Key;
use crate::api::names;
use crate::api::write::{Patch, Target, Write};
use crate::engine::back::{self, Back};
use crate::engine::context::{Context, Told};
use crate::engine::ledger::Ledger;
use crate::engine::rows::key_of_template;
use crate::engine::sync::{self, SyncError};
use crate::logic::manifest::{Manifest, Manifests, Source as FileSource, split};
use crate::logic::plan::{Action, Change, Context as PlanContext, Plan, change};
use crate::logic::revert::{Owed, Reason};
use crate::world::cluster::{ClusterError, Mode};
use crate::world::git::{Author, Commit, FileKind, Git, GitError};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use thiserror::Error;

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
    /// Who makes revert commits.
    pub author: Author,
}

/// What is remembered of a repository between looks.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// What was applied last.
    pub ledger: Ledger,
    /// The head seen last.
    pub head: Option<String>,
    /// Whether the cluster was compared whole since we started.
    pub verified: bool,
    /// A revert commit that could not be pushed: made on this head, for these commits.
    pub local: Option<(String, Vec<String>, String)>,
    /// The problem told last, so that it is told once.
    pub problem: Option<String>,
    /// Rollouts just applied, as they are now, for whoever must not take older news of them for true.
    pub rollouts: Vec<Value>,
}

/// What the cluster knows of the Rollouts of a repository.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// What goes back.
    pub owed: Vec<Owed>,
    /// Templates of all its Rollouts that are in the cluster, as keys.
    pub templates: BTreeMap<Key, String>,
}

/// Why a repository was not brought to the cluster.
#[derive(Debug, Error)]
pub enum DeliverError {
    /// Git.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The manifests or the cluster.
    #[error(transparent)]
    Sync(#[from] SyncError),
    /// Nothing is done until a person acts.
    #[error("{0}")]
    Held(String),
}

impl From<ClusterError> for DeliverError {
    fn from(error: ClusterError) -> Self {
        Self::Sync(SyncError::Cluster(error))
    }
}

impl DeliverError {
    /// Whether trying again soon may help.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Sync(SyncError::Cluster(e)) => !e.is_invalid(),
            Self::Sync(SyncError::Partly { .. }) | Self::Git(_) => true,
            Self::Sync(SyncError::Manifests(_)) | Self::Held(_) => false,
        }
    }
}

/// Looks at a repository once. Answers the commit the cluster holds now.
///
/// # Errors
/// Git or the cluster is away, or the commit cannot be applied; the cluster then stays at the last good one.
pub async fn look(
    context: &Context,
    source: &Source,
    state: &mut State,
    facts: &Facts,
) -> Result<String, DeliverError> {
    let head = source.git.fetch().await?;
    if state.head.as_deref() != Some(head.id.as_str()) {
        context.tell(Told::Head {
            repository: source.git.name(),
            commit: head.id.to_string(),
            subject: head.subject(),
        });
        state.head = Some(head.id.to_string());
    }
    let inventory = state.ledger.load(&context.cluster).await?.clone();
    let quiet = facts.owed.is_empty() && inventory.fences.is_empty();
    if quiet && state.verified && inventory.commit == head.id {
        return Ok(head.id.into());
    }
    let mut manifests = read(context, source, &head.id).await?;
    finish_undos(context, facts, &manifests).await?;
    let mut target = head.clone();
    let owed = still_owed(facts, &inventory, &manifests);
    if source.rollback && !owed.is_empty() {
        if owed.iter().any(|o| !o.is_safe) {
            return Ok(inventory.commit); // the cluster first; its news wake us
        }
        match back::go(context, source, state, &head, owed).await? {
            Back::Nothing => {}
            Back::At(commit) => {
                target = commit;
                manifests = read(context, source, &target.id).await?;
            }
        }
    }
    sync(context, source, state, &target, &manifests).await?;
    Ok(target.id.into())
}

/// What must go back and is still asked for by the manifests at the head.
fn still_owed(facts: &Facts, inventory: &Inventory, manifests: &Manifests) -> Vec<Owed> {
    let same = |a: &Value, b: &Value| key_of_template(a) == key_of_template(b);
    let mut owed: Vec<Owed> = facts
        .owed
        .iter()
        .filter(|o| o.is_asked_for_by(manifests.pod_template(&o.rollout), &same))
        .cloned()
        .collect();
    for fence in &inventory.fences {
        let covered = owed.iter().any(|o| o.rollout == fence.rollout);
        let Some(wanted) = manifests.pod_template(&fence.rollout).filter(|_| !covered) else { continue };
        let in_cluster = facts.templates.get(&fence.rollout);
        if key_of_template(wanted) == fence.template && in_cluster != Some(&fence.template) {
            owed.push(Owed {
                rollout: fence.rollout.clone(),
                revision: fence.revision,
                reason: Reason::Analysis,
                reached: String::new(),
                verdict: fence.verdict.clone(),
                run: None,
                good: None,
                template: Value::Null,
                is_safe: true,
            });
        }
    }
    owed
}

/// Takes the mark of an undo off Rollouts that Git agrees with.
async fn finish_undos(context: &Context, facts: &Facts, manifests: &Manifests) -> Result<(), ClusterError> {
    let same = |a: &Value, b: &Value| key_of_template(a) == key_of_template(b);
    for owed in facts.owed.iter().filter(|o| o.reason == Reason::Undo) {
        let wanted = manifests.pod_template(&owed.rollout);
        if wanted.is_some() && !owed.is_asked_for_by(wanted, &same) {
            let target = Target::new(names::ARGO, "Rollout", &owed.rollout.namespace, &owed.rollout.name);
            let body = json!({"metadata": {"annotations": {names::UNDO: null}}});
            let patch = Write::Patch { target, subresource: "", patch: Patch::Merge(body), expect: None };
            context.cluster.perform(&patch, Mode::Plain).await?;
        }
    }
    Ok(())
}

/// Brings the manifests of `commit` to the cluster and writes down what was done.
async fn sync(
    context: &Context,
    source: &Source,
    state: &mut State,
    commit: &Commit,
    manifests: &Manifests,
) -> Result<(), DeliverError> {
    let inventory = state.ledger.load(&context.cluster).await?.clone();
    if inventory.commit == commit.id && state.verified {
        return release(context, source, state, inventory).await;
    }
    if manifests.objects.is_empty() {
        return Err(DeliverError::Held(nothing_there(source, &inventory)));
    }
    let common = plan_context(source, commit, manifests);
    let mut plan =
        sync::plan(context, manifests, &chosen(state, &inventory, manifests), &inventory, &common).await?;
    let home =
        sync::apply(context, manifests, &home_of_inventory(&mut plan, source), &inventory, &common).await?;
    if plan.changes.iter().any(|c| matches!(c.action, Action::Create(_))) {
        let mut ahead = inventory.clone();
        ahead.objects.extend(versions(manifests));
        state.ledger.save(&context.cluster, ahead).await?; // ours before they exist, so that none is lost
    }
    let applied = sync::apply(context, manifests, &plan, &inventory, &common).await?;
    let counts = (home.counts.0 + applied.counts.0, applied.counts.1, applied.counts.2);
    state.rollouts = applied.rollouts;
    let mut after = state.ledger.load(&context.cluster).await?.clone();
    after.commit = commit.id.to_string();
    after.objects = versions(manifests);
    after.base = manifests.objects.iter().map(|(k, m)| (k.clone(), m.value.clone())).collect();
    state.verified = true;
    if counts != (0, 0, 0) || inventory.commit != commit.id {
        context.tell(Told::Synced { commit: commit.id.to_string(), counts });
    }
    release(context, source, state, after).await
}

/// Takes out of `plan` what has to be there before the inventory can be written: the namespace it is kept in.
fn home_of_inventory(plan: &mut Plan, source: &Source) -> Plan {
    let home = Key::core("Namespace", "", &source.namespace);
    let is_home = |c: &Change| c.key == home && matches!(c.action, Action::Create(_));
    let (first, rest) = std::mem::take(&mut plan.changes).into_iter().partition(is_home);
    plan.changes = rest;
    Plan { changes: first }
}

/// Writes the inventory down; fences that no longer keep anything out are dropped.
async fn release(
    context: &Context,
    source: &Source,
    state: &mut State,
    mut inventory: Inventory,
) -> Result<(), DeliverError> {
    let unpushed = state.local.is_some() && source.rollback;
    if !unpushed {
        inventory.fences.clear();
    }
    state.ledger.save(&context.cluster, inventory).await?;
    Ok(())
}

fn versions(manifests: &Manifests) -> BTreeMap<Key, String> {
    manifests.objects.iter().map(|(k, m)| (k.clone(), m.target.api_version.clone())).collect()
}

/// What all changes of a commit have in common.
#[must_use]
pub fn plan_context(source: &Source, commit: &Commit, manifests: &Manifests) -> PlanContext {
    PlanContext {
        source: source.name.clone(),
        commit: commit.id.to_string(),
        subject: format!("{} ({})", commit.subject(), commit.author),
        scaled: change::scaled_by_rollouts(manifests),
    }
}

/// The manifests to compare with the cluster: all of them once, later those that changed in Git.
fn chosen<'m>(state: &State, inventory: &Inventory, manifests: &'m Manifests) -> Vec<&'m Manifest> {
    let all = manifests.objects.values();
    if !state.verified {
        return all.collect();
    }
    all.filter(|m| inventory.base.get(&m.key) != Some(&m.value)).collect()
}

fn nothing_there(source: &Source, inventory: &Inventory) -> String {
    let place = if source.path == "." { "the repository" } else { source.path.as_str() };
    let kept = match inventory.objects.len() {
        0 => "nothing was applied".to_owned(),
        n => format!("the {n} objects applied before are kept and nothing is pruned"),
    };
    format!("{place} holds no manifests; {kept}. Commit some *.yaml files, or correct --path")
}

/// Reads the manifests of a commit.
///
/// # Errors
/// Git is away, the path is not there, or manifests have mistakes.
pub async fn read(context: &Context, source: &Source, commit: &CommitId) -> Result<Manifests, DeliverError> {
    let files = source.git.files(commit, &source.path).await?;
    let files: Vec<FileSource> = files
        .into_iter()
        .filter(|f| f.kind != FileKind::Submodule && split::is_manifest(&f.path))
        .map(|f| FileSource {
            path: f.path,
            size: f.size,
            symlink: f.kind == FileKind::Symlink,
            content: f.content.map(|c| c.to_vec()),
        })
        .collect();
    let mut known: BTreeMap<(String, String), crate::api::kinds::Kind> = BTreeMap::new();
    loop {
        let missed: RefCell<BTreeSet<(String, String)>> = RefCell::default();
        let found = split::read(&files, &source.namespace, &|api_version, kind| {
            let key = (api_version.to_owned(), kind.to_owned());
            let kind = crate::api::kinds::find(api_version, kind).or_else(|| known.get(&key).cloned());
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
            return found.map_err(|problems| DeliverError::Sync(SyncError::Manifests(problems)));
        }
    }
}

/// Plans the head of a repository without changing anything, for people.
///
/// # Errors
/// As [`look`].
pub async fn preview(context: &Context, source: &Source) -> Result<(Commit, Manifests, Plan), DeliverError> {
    let head = source.git.fetch().await?;
    let mut ledger = Ledger::new(&source.name, &source.namespace);
    let inventory = ledger.load(&context.cluster).await?.clone();
    let manifests = read(context, source, &head.id).await?;
    if manifests.objects.is_empty() {
        return Err(DeliverError::Held(nothing_there(source, &inventory)));
    }
    let common = plan_context(source, &head, &manifests);
    let chosen: Vec<&Manifest> = manifests.objects.values().collect();
    let plan = sync::plan(context, &manifests, &chosen, &inventory, &common).await?;
    Ok((head, manifests, plan))
}

/// How a commit is named to people: its first digits and its subject.
#[must_use]
pub fn named(commit: &Commit) -> String {
    format!("{} \"{}\"", short(&commit.id), commit.subject())
}
