//! Decides the order of things when a repository is reconciled: fetch, let failed revisions go back, bring the rest to
//! the cluster, note what was done. What goes back is `logic::revert`, what is changed `logic::plan`; it never decides
//! either.

use crate::api::event::Event;
use crate::api::inventory::Fence;
use crate::api::key::Key;
use crate::api::kinds::Kind;
use crate::api::names;
use crate::api::notice::Notice;
use crate::api::write::{Patch, Target, Write};
use crate::engine::context::Context;
use crate::engine::delivery::contract::{DeliveryReport, More};
use crate::engine::delivery::error::{DeliverError, Hold, SyncError};
use crate::engine::delivery::link::what_matters;
use crate::engine::delivery::needs::{self, Needs};
use crate::engine::delivery::recover::recover;
use crate::engine::delivery::revert::{self, Outcome, There};
use crate::engine::delivery::source::{self, Source};
use crate::engine::delivery::state::{Settled, State};
use crate::engine::delivery::{apply, heal, held, trial};
use crate::logic::delivery::facts::Facts;
use crate::logic::delivery::ledger::Ledger;
use crate::logic::manifest::kept::ReadFiles;
use crate::logic::manifest::{Manifest, Manifests, Problem, skipped, versioned};
use crate::logic::plan::{Action, Change, DriftPolicy, Plan};
use crate::world::cluster::{ClusterError, Mode};
use crate::world::git::Commit;
use jiff::SignedDuration;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::watch;
use tokio::time::Instant;

/// After how long it is looked again whether pods still need what waits to be pruned.
const PRUNE_AGAIN: SignedDuration = SignedDuration::from_secs(30);

/// Reconciles a repository once.
///
/// # Guarantees
/// Nothing is applied of a commit that could not be applied whole, as far as a trial tells. Nothing goes back in Git
/// before the cluster is back at the stable revision (unless that cannot become whole), and nothing is ever forced. A
/// Rollout that waits or is held keeps nothing else from being applied. People are notified of a problem once.
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
    facts: &mut watch::Receiver<Facts>,
) -> DeliveryReport {
    let mut more = More::default();
    state.about = None;
    let result = pass(context, source, state, facts, &mut more).await;
    let result = match result {
        Err(error) if more.wake.is_none() => Err(state.ends(error, context.clock.now())),
        other => other,
    };
    match &result {
        Ok(_) => (state.problem, state.stuck) = (None, None),
        Err(DeliverError::Waits(_)) => state.problem = None, // it is in good hands
        Err(error) => {
            let text = error.to_string();
            if state.problem.as_ref() != Some(&text) {
                let (repository, code) = (source.git.name(), error.code());
                context.notify(Notice::Problem { repository, code, text: text.clone() });
                state.problem = Some(text);
            }
        }
    }
    more.push_waits = state.unpushed.is_some();
    more.is_held = !state.held.is_empty();
    DeliveryReport { result, more }
}

/// Answers the commit the cluster holds now.
async fn pass(
    context: &Context,
    source: &Source,
    state: &mut State,
    told: &mut watch::Receiver<Facts>,
    more: &mut More,
) -> Result<String, DeliverError> {
    if !state.drift.due.is_empty() {
        let known = told.borrow().clone();
        heal::heal(context, source, state, &known, &mut more.rollouts).await?;
    }
    let head = fetch(context, source, state, told).await?;
    let since = Instant::now();
    let facts = told.borrow_and_update().clone(); // no older than the head
    let waits =
        facts.rollouts.iter().filter_map(|(k, f)| Some((k.clone(), what_matters(f.pending.as_ref()?))));
    let kept = |state: &State| {
        let all = facts.rollouts.iter().filter(|_| state.waits_for_revisions);
        all.map(|(rollout, facts)| (rollout.clone(), facts.revisions.clone())).collect()
    };
    let mut about = Settled { head: head.id.clone(), pending: waits.collect(), revisions: kept(state) };
    state.owed.retain(|rollout, _| facts.rollouts.get(rollout).is_some_and(|f| f.pending.is_some()));
    let inventory = state.inventory.load(&context.cluster).await?;
    let waits = state.gate.keeps(&about.head, &inventory.commit);
    if state.settled.as_ref() == Some(&about) && waits.is_none() {
        return Ok(inventory.commit.clone());
    }
    if let Some(error) = state.stuck_at(&about, context.clock.now()) {
        return Err(DeliverError::Stuck(Arc::clone(error)));
    }
    (state.settled, state.about) = (None, Some(about.clone()));
    let ledger = Ledger::of(inventory, state.inventory.attempt());
    let (mut manifests, mut problems) = read(context, source, &ledger, &head, &mut state.read).await?;
    let ledger = match state.inventory.is_missing() {
        true => recover(context, source, ledger, &manifests).await?,
        false => ledger,
    };
    tell_skipped(context, source, state, &manifests);
    let mut needs = needs::of(context, source, &head, &manifests, &facts, &ledger).await?;
    state.owed.clone_from(&needs.owed);
    end_undos(context, &needs.ended_undos).await?;
    let (mut target, mut is_ours) = (head, false);
    if !needs.due.is_empty() {
        let there = There { head: &target, manifests: &manifests };
        let outcome = revert::carry_out(context, source, state, &ledger, there, &mut needs, told).await?;
        state.owed.retain(|rollout, _| needs.waiting.contains(rollout));
        match outcome {
            Outcome::Nothing => {}
            Outcome::Outdated => {
                more.wake = Some(context.clock.now());
                return Ok(ledger.inventory.commit.clone());
            }
            Outcome::Gone(gone) => {
                (target, is_ours) = (gone.commit, true);
                (manifests, problems) = read(context, source, &ledger, &target, &mut state.read).await?;
                needs.note_pushed(&gone.pushed_for, &target.id, &manifests);
            }
        }
    } else if needs.fences.iter().all(|f| f.revert.is_some()) {
        state.unpushed = None; // nobody asks for it any more
    }
    more.wake = needs.wake;
    tell_held(context, source, state, &facts, &needs);
    held::annotate(context, &facts, &state.held).await?;
    if !problems.is_empty() {
        return Err(SyncError::Manifests(problems).into());
    }
    if let Some(waits) = state.gate.keeps(&target.id, &ledger.inventory.commit).filter(|_| !is_ours) {
        return Err(waits.into());
    }
    let held = needs.held_objects(&manifests, &facts);
    let work = Work {
        commit: &target,
        since,
        manifests: &manifests,
        facts: &facts,
        held: &held,
        fences: needs.fences,
    };
    sync(context, source, state, &ledger, work, more).await?;
    if state.unpushed.is_some() {
        return Ok(target.id.into());
    }
    if about.head != target.id {
        more.wake = Some(context.clock.now()); // what our own commit makes of it is seen to at once
    } else if more.wake.is_none() {
        about.revisions = kept(state);
        state.settled = Some(about);
    }
    Ok(target.id.into())
}

/// The head of the branch, which people are told of when it is another. What is owed meanwhile is noted when Git is away.
async fn fetch(
    context: &Context,
    source: &Source,
    state: &mut State,
    told: &watch::Receiver<Facts>,
) -> Result<Commit, DeliverError> {
    let fetched = source.git.fetch().await;
    if fetched.is_err() {
        state.owed = needs::owed_meanwhile(source, &told.borrow());
    }
    let head = fetched?;
    state.inventory.belongs_to(source.owner.as_ref());
    if state.head.as_deref() != Some(head.id.as_str()) {
        context.notify(Notice::Head {
            repository: source.git.name(),
            commit: head.id.to_string(),
            subject: head.subject(),
        });
        state.head = Some(head.id.to_string());
    }
    Ok(head)
}

/// Notifies people of what was passed over, once.
fn tell_skipped(context: &Context, source: &Source, state: &mut State, manifests: &Manifests) {
    if state.skipped != manifests.skipped {
        state.skipped.clone_from(&manifests.skipped);
        if let Some(text) = skipped::line(&manifests.skipped) {
            context.notify(Notice::Skipped { repository: source.git.name(), text });
        }
    }
}

/// The manifests of a commit, and what is wrong with it.
async fn read(
    context: &Context,
    source: &Source,
    ledger: &Ledger,
    commit: &Commit,
    kept: &mut Arc<ReadFiles>,
) -> Result<(Manifests, Vec<Problem>), DeliverError> {
    Ok(match source::read_all(context, source, &commit.id, kept).await? {
        Ok(manifests) => (manifests, Vec::new()),
        Err(mut bad) => {
            versioned::assume(&mut bad.rest, &ledger.inventory.base);
            (bad.rest, bad.problems)
        }
    })
}

/// Takes the mark of an undo off Rollouts that Git no longer asks to be undone.
async fn end_undos(context: &Context, rollouts: &[Key]) -> Result<(), ClusterError> {
    for rollout in rollouts {
        let body = json!({"metadata": {"annotations": {names::UNDO: null}}});
        let (target, patch) = (target_of(rollout), Patch::Merge(body));
        let patch = Write::Patch { target, subresource: "", patch, expect: None };
        context.cluster.perform(&patch, Mode::Plain).await?;
    }
    Ok(())
}

fn target_of(rollout: &Key) -> Target {
    Target::new(names::ARGO, "Rollout", &rollout.namespace, &rollout.name)
}

/// Tells people of each Rollout that is held, once.
fn tell_held(context: &Context, source: &Source, state: &mut State, facts: &Facts, needs: &Needs) {
    let mut held = BTreeMap::new();
    for (rollout, hold) in &needs.stays {
        let text = hold.to_string();
        if state.held.get(rollout) != Some(&text) {
            let pending = facts.rollouts.get(rollout).and_then(|f| f.pending.as_ref());
            let uid = pending.map(|p| p.uid.as_str()).unwrap_or_default();
            let event = Event::warning("RevertHeld", text.clone());
            context.events_about(&target_of(rollout), uid, vec![event]);
            let (repository, code) = (source.git.name(), hold.code());
            context.notify(Notice::Problem { repository, code, text: text.clone() });
        }
        held.insert(rollout.clone(), text);
    }
    state.held = held;
}

/// What is to be brought to the cluster.
struct Work<'a> {
    commit: &'a Commit,
    manifests: &'a Manifests,
    facts: &'a Facts,
    /// When the commit was there.
    since: Instant,
    /// Objects that are left as they are.
    held: &'a BTreeSet<Key>,
    /// The fences that stand.
    fences: Vec<Fence>,
}

/// Brings the manifests of a commit to the cluster and writes down what was done.
async fn sync(
    context: &Context,
    source: &Source,
    state: &mut State,
    ledger: &Ledger,
    work: Work<'_>,
    more: &mut More,
) -> Result<(), DeliverError> {
    let Work { commit, manifests, held, .. } = work;
    let inventory = &ledger.inventory;
    if manifests.objects.is_empty() {
        let applied = inventory.objects.len();
        return Err(Hold::NothingThere { path: source.path.clone(), applied }.into());
    }
    let common = trial::context_of(source, commit, manifests, ledger);
    let chosen = chosen(source, state, ledger, manifests, held);
    let mut plan = trial::plan(context, manifests, &chosen, inventory, &common).await?;
    context.metrics.planned(work.since.elapsed());
    let good = ledger.good(&commit.id, manifests, work.facts);
    let home = home_of_inventory(&mut plan, source);
    let home = apply::apply(context, manifests, &home, inventory, &common, &mut more.rollouts).await?;
    let attempt = ledger.attempt(&commit.id, manifests, &plan, &good).map(Arc::new);
    let adopted = attempt.as_ref().map_or(&inventory.adopted, |attempt| &attempt.adopted).clone();
    let mut ledger = ledger.clone();
    ledger.cut_short = attempt.or(ledger.cut_short);
    if let Some(attempt) = ledger.cut_short.clone() {
        state.inventory.begin(&context.cluster, attempt).await?;
    }
    let applied =
        apply::apply(context, manifests, &plan, &ledger.inventory, &common, &mut more.rollouts).await?;
    let counts = (home.0 + applied.0, applied.1, applied.2);
    state.drift.applied(common, manifests, held, kinds_of(context, &plan).await?);
    state.verified = true;
    if counts != (0, 0, 0) || inventory.commit != commit.id {
        context.notify(Notice::Synced { commit: commit.id.to_string(), counts });
    }
    let mut after = ledger.after(&commit.id, manifests, held, good);
    for (key, version) in plan.stays_ours() {
        after.base.extend(inventory.base.get(&key).map(|applied| (key.clone(), applied.clone())));
        after.objects.insert(key, version);
    }
    after.adopted = adopted.into_iter().filter(|key| after.objects.contains_key(key)).collect();
    after.fences = work.fences;
    state.inventory.save(&context.cluster, after).await?;
    state.waits_for_revisions = plan.waits_for_revisions();
    if plan.waits_for_pods() {
        let again = context.clock.now() + PRUNE_AGAIN;
        more.wake = Some(more.wake.map_or(again, |wake| wake.min(again)));
    }
    match plan.too_many() {
        Some((count, of)) => Err(Hold::PrunesTooMany { count, of }.into()),
        None => Ok(()),
    }
}

/// How the kinds are served of what stays ours though Git no longer says it.
async fn kinds_of(context: &Context, plan: &Plan) -> Result<BTreeMap<(String, String), Kind>, ClusterError> {
    let mut kinds = BTreeMap::new();
    for (key, version) in plan.stays_ours() {
        match context.cluster.kind(&version, &key.kind).await {
            Ok(kind) => drop(kinds.insert((version, key.kind), kind)),
            Err(ClusterError::NoKind(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(kinds)
}

/// Takes out of `plan` what has to be there before the inventory can be written: the namespace it is kept in.
fn home_of_inventory(plan: &mut Plan, source: &Source) -> Plan {
    let home = Key::core("Namespace", "", &source.home);
    let is_home = |c: &Change| c.key == home && matches!(c.action, Action::Create(_));
    let (first, rest) = std::mem::take(&mut plan.changes).into_iter().partition(is_home);
    plan.changes = rest;
    Plan { changes: first }
}

/// The manifests to compare with the cluster: all of them once, later those that changed in Git or of which it is not
/// certain how they were left; never those that are held, nor what others may change while Git has nothing new of it.
fn chosen<'m>(
    source: &Source,
    state: &State,
    ledger: &Ledger,
    manifests: &'m Manifests,
    held: &BTreeSet<Key>,
) -> Vec<&'m Manifest> {
    let is_new = |m: &&Manifest| {
        !state.verified && source.drift.of(None, &m.value) == DriftPolicy::Heal
            || !ledger.is_as_applied(m)
            || state.inventory.is_moved()
            || ledger.is_uncertain(&m.key)
    };
    manifests.objects.values().filter(|m| !held.contains(&m.key)).filter(is_new).collect()
}
