//! Decides the order of things when a repository is reconciled: fetch, let failed revisions go back, bring the rest to
//! the cluster, note what was done. What goes back is `logic::revert`, what is changed `logic::plan`; it never decides
//! either.

use crate::api::inventory::Inventory;
use crate::api::key::Key;
use crate::api::names;
use crate::api::notice::Notice;
use crate::api::write::{Patch, Target, Write};
use crate::engine::context::Context;
use crate::engine::delivery::contract::{DeliveryReport, Facts};
use crate::engine::delivery::error::{DeliverError, Hold};
use crate::engine::delivery::revert::{self, Reverting};
use crate::engine::delivery::source::{self, Source};
use crate::engine::delivery::state::State;
use crate::engine::delivery::{apply, trial};
use crate::logic::manifest::{Manifest, Manifests};
use crate::logic::plan::{Action, Change, Plan};
use crate::logic::revert::PendingRevert;
use crate::logic::revert::due::{self, TemplateKeys};
use crate::world::cluster::ClusterError;
use crate::world::cluster::Mode;
use crate::world::git::Commit;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Reconciles a repository once.
///
/// # Guarantees
/// Nothing is applied of a commit that could not be applied whole, as far as a trial tells. Nothing goes back in Git
/// before the cluster is back at the stable revision, and nothing is ever forced. People are notified of a problem once.
///
/// # Assumptions
/// Nobody else reconciles the same `source` meanwhile, and `facts` are no older than the last write reported.
///
/// # Caveats
/// When it ends early (Git or the cluster away, the process killed) some objects may have been written; the next
/// reconcile takes up from there.
pub(crate) async fn reconcile(
    context: &Context,
    source: &Source,
    state: &mut State,
    facts: &Facts,
) -> DeliveryReport {
    let mut rollouts = Vec::new();
    let result = pass(context, source, state, facts, &mut rollouts).await;
    match &result {
        Ok(_) => state.problem = None,
        Err(error) => {
            let text = error.to_string();
            if state.problem.as_ref() != Some(&text) {
                let (repository, code) = (source.git.name(), error.code());
                context.notify(Notice::Problem { repository, code, text: text.clone() });
                state.problem = Some(text);
            }
        }
    }
    DeliveryReport { result, rollouts, push_waits: state.unpushed.is_some() }
}

/// Answers the commit the cluster holds now; Rollouts that were written are added to `rollouts`.
async fn pass(
    context: &Context,
    source: &Source,
    state: &mut State,
    facts: &Facts,
    rollouts: &mut Vec<Value>,
) -> Result<String, DeliverError> {
    let head = source.git.fetch().await?;
    if state.head.as_deref() != Some(head.id.as_str()) {
        context.notify(Notice::Head {
            repository: source.git.name(),
            commit: head.id.to_string(),
            subject: head.subject(),
        });
        state.head = Some(head.id.to_string());
    }
    let inventory = state.inventory.load(&context.cluster).await?.clone();
    let quiet = facts.pending.is_empty() && inventory.fences.is_empty();
    if quiet && state.verified && inventory.commit == head.id {
        return Ok(head.id.into());
    }
    let mut manifests = source::read(context, source, &head.id).await?;
    let reverts: Vec<PendingRevert> = facts.pending.values().cloned().collect();
    let asked = facts.pending.keys().chain(inventory.fences.iter().map(|f| &f.rollout));
    let wanted = manifests.template_keys(asked);
    finish_undos(context, &reverts, &wanted).await?;
    let mut target = head.clone();
    let pending = due::still_pending(&reverts, &inventory.fences, &wanted, &facts.templates);
    if source.rollback && !pending.is_empty() {
        if pending.iter().any(|o| !o.is_safe) {
            return Ok(inventory.commit); // the cluster first; its news wake us
        }
        match revert::carry_out(context, source, state, &head, &manifests, pending).await? {
            Reverting::Nothing => {}
            Reverting::At(commit) => {
                target = commit;
                manifests = source::read(context, source, &target.id).await?;
            }
        }
    }
    sync(context, source, state, &target, &manifests, rollouts).await?;
    Ok(target.id.into())
}

/// Takes the mark of an undo off Rollouts that Git agrees with.
async fn finish_undos(
    context: &Context,
    reverts: &[PendingRevert],
    wanted: &TemplateKeys,
) -> Result<(), ClusterError> {
    for undo in due::followed_undos(reverts, wanted) {
        let target = Target::new(names::ARGO, "Rollout", &undo.rollout.namespace, &undo.rollout.name);
        let body = json!({"metadata": {"annotations": {names::UNDO: null}}});
        let patch = Write::Patch { target, subresource: "", patch: Patch::Merge(body), expect: None };
        context.cluster.perform(&patch, Mode::Plain).await?;
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
    rollouts: &mut Vec<Value>,
) -> Result<(), DeliverError> {
    let inventory = state.inventory.load(&context.cluster).await?.clone();
    if inventory.commit == commit.id && state.verified {
        return release(context, source, state, inventory).await;
    }
    if manifests.objects.is_empty() {
        let applied = inventory.objects.len();
        return Err(Hold::NothingThere { path: source.path.clone(), applied }.into());
    }
    let common = trial::context_of(source, commit, manifests);
    let mut plan =
        trial::plan(context, manifests, &chosen(state, &inventory, manifests), &inventory, &common).await?;
    let home =
        apply::apply(context, manifests, &home_of_inventory(&mut plan, source), &inventory, &common).await?;
    if plan.changes.iter().any(|c| matches!(c.action, Action::Create(_))) {
        let mut ahead = inventory.clone();
        ahead.objects.extend(versions(manifests));
        state.inventory.save(&context.cluster, ahead).await?; // ours before they exist, so that none is lost
    }
    let applied = apply::apply(context, manifests, &plan, &inventory, &common).await?;
    let counts = (home.counts.0 + applied.counts.0, applied.counts.1, applied.counts.2);
    *rollouts = applied.rollouts;
    let mut after = state.inventory.load(&context.cluster).await?.clone();
    after.commit = commit.id.to_string();
    after.objects = versions(manifests);
    after.objects.extend(plan.out_of_reach());
    after.base = manifests.objects.iter().map(|(k, m)| (k.clone(), m.value.clone())).collect();
    state.verified = true;
    if counts != (0, 0, 0) || inventory.commit != commit.id {
        context.notify(Notice::Synced { commit: commit.id.to_string(), counts });
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
    let unpushed = state.unpushed.is_some() && source.rollback;
    if !unpushed {
        inventory.fences.clear();
    }
    state.inventory.save(&context.cluster, inventory).await?;
    Ok(())
}

fn versions(manifests: &Manifests) -> BTreeMap<Key, String> {
    manifests.objects.iter().map(|(k, m)| (k.clone(), m.target.api_version.clone())).collect()
}

/// The manifests to compare with the cluster: all of them once, later those that changed in Git.
fn chosen<'m>(state: &State, inventory: &Inventory, manifests: &'m Manifests) -> Vec<&'m Manifest> {
    let all = manifests.objects.values();
    if !state.verified {
        return all.collect();
    }
    all.filter(|m| inventory.base.get(&m.key) != Some(&m.value)).collect()
}
