//! Decides when what somebody else has changed of a delivery is brought back, told, or left alone because two programs
//! fight over it. What counts as changed is `logic::plan::drift`; nothing is asked of Git.

use crate::api::event::Event;
use crate::api::inventory::Inventory;
use crate::api::key::Key;
use crate::api::notice::Notice;
use crate::engine::context::Context;
use crate::engine::delivery::drifted::Drift;
use crate::engine::delivery::error::{DeliverError, SyncError};
use crate::engine::delivery::source::Source;
use crate::engine::delivery::state::State;
use crate::engine::delivery::{apply, autoscalers, live};
use crate::logic::delivery::facts::Facts;
use crate::logic::manifest::object::workload_of;
use crate::logic::manifest::{Manifest, Manifests};
use crate::logic::plan::{Action, Change, DriftPolicy, Plan, PlanContext, drift};
use serde_json::Value;
use std::collections::BTreeSet;

/// Looks at the objects that are due, as they are now, and brings them back or tells of them. The Rollouts among them are
/// added to `rollouts` as they are then.
///
/// # Errors
/// The cluster is away; they stay due. Objects that it refuses are told, and due no more.
pub(crate) async fn heal(
    context: &Context,
    source: &Source,
    state: &mut State,
    facts: &Facts,
    rollouts: &mut Vec<Value>,
) -> Result<(), DeliverError> {
    let Some(inventory) = state.inventory.known() else { return Ok(()) };
    let drift = &mut state.drift;
    let Some(common) = drift.common.clone() else { return Ok(()) };
    let busy = busy(inventory, facts);
    let due = drift.due.iter().filter(|key| !drift.left_alone.contains(*key) && !busy.contains(*key));
    let found: Vec<(Key, Manifest)> =
        due.filter_map(|key| Some((key.clone(), drift.applied_as(inventory, key)?))).collect();
    let manifests = Manifests { objects: found.into_iter().collect(), ..Manifests::default() };
    let keys = manifests.objects.values().map(|m| (m.key.clone(), m.target.api_version.clone())).collect();
    let live = live::read(context, &keys).await?;
    let with_live = manifests.objects.values().map(|m| (m, live.get(&m.key)));
    let common = autoscalers::learn(context, &manifests, inventory, &common, with_live).await?;
    if let Some(known) = &mut drift.common {
        known.scaled.clone_from(&common.scaled);
    }
    let found = manifests.objects.values().map(|m| (m, live.get(&m.key)));
    let mut plan = plan(context, source, drift, found, &common);
    drift.due.clear();
    let mut healed = apply::apply(context, &manifests, &plan, inventory, &common, rollouts).await;
    if healed.as_ref().is_err_and(is_final) {
        let common = PlanContext { whole_lists: true, ..common };
        let live = live::read(context, &keys).await?;
        let again = plan.changes.iter().filter_map(|c| manifests.get(&c.key));
        let again = again.filter_map(|m| drift::of(m, live.get(&m.key), &common));
        let again = Plan { changes: again.collect() };
        healed = apply::apply(context, &manifests, &again, inventory, &common, rollouts).await;
    }
    match healed {
        Ok(_) => tell_healed(context, &plan),
        Err(error) if is_final(&error) => tell_refused(context, source, drift, &plan, &error),
        Err(error) => {
            drift.due = std::mem::take(&mut plan.changes).into_iter().map(|c| c.key).collect();
            return Err(error.into());
        }
    }
    Ok(())
}

/// What is brought back of what was `found`; the rest is told.
fn plan<'m>(
    context: &Context,
    source: &Source,
    drift: &mut Drift,
    found: impl Iterator<Item = (&'m Manifest, Option<&'m Value>)>,
    common: &PlanContext,
) -> Plan {
    let mut plan = Plan::default();
    for (manifest, live) in found {
        let Some(change) = drift::of(manifest, live, common) else { continue };
        match source.drift.of(live, &manifest.value) {
            DriftPolicy::Heal if drift.may_heal(&change, context.clock.now()) => plan.changes.push(change),
            DriftPolicy::Heal => tell_fight(context, source, drift, &change),
            DriftPolicy::Report => tell(context, drift, &change),
            DriftPolicy::Ignore => {}
        }
    }
    plan
}

/// Whether trying again changes nothing.
fn is_final(error: &SyncError) -> bool {
    let may_be_mended = match error {
        SyncError::Cluster(error) => !error.is_invalid(),
        SyncError::Forbidden(_) => true,
        _ => error.may_pass(),
    };
    !may_be_mended
}

/// Rollouts that something goes back for, with their workloads: somebody acts on them.
fn busy(inventory: &Inventory, facts: &Facts) -> BTreeSet<Key> {
    let pending = facts.rollouts.iter().filter(|(_, known)| known.pending.is_some()).map(|(key, _)| key);
    let workload = |key: &Key| inventory.base.get(key).and_then(|value| workload_of(key, value));
    pending.flat_map(|key| std::iter::once(key.clone()).chain(workload(key))).collect()
}

fn emit(context: &Context, change: &Change, event: Event) {
    let uid = change.before.as_ref().and_then(|o| o.pointer("/metadata/uid")).and_then(Value::as_str);
    context.events_about(&change.target, uid.unwrap_or_default(), vec![event]);
}

fn tell(context: &Context, drift: &mut Drift, change: &Change) {
    let text = format!("{}; Git says otherwise, and it is only reported", drift::told(change));
    if drift.is_news(&change.key, &text) {
        emit(context, change, Event::warning("Drifted", text));
    }
}

fn tell_refused(context: &Context, source: &Source, drift: &mut Drift, plan: &Plan, error: &SyncError) {
    let text = format!("what others have changed cannot be brought back: {error}");
    let first = plan.changes.first().map(|c| c.key.clone()).unwrap_or_default();
    if drift.is_news(&first, &text) {
        let (repository, code) = (source.git.name(), error.code());
        context.notify(Notice::Problem { repository, code, text });
    }
}

fn tell_healed(context: &Context, plan: &Plan) {
    for change in &plan.changes {
        let end = match change.action {
            Action::Create(_) => "it is made again as Git says",
            _ => "it is brought back to what Git says",
        };
        emit(context, change, Event::warning("DriftHealed", format!("{}; {end}", drift::told(change))));
    }
}

fn tell_fight(context: &Context, source: &Source, drift: &mut Drift, change: &Change) {
    let text = format!(
        "{}: {} again each time it was brought back to what Git says; it is left alone until the next commit. Take the \
         field out of Git, stop who changes it, or annotate the object {}: ignore",
        change.key,
        drift::told(change),
        crate::api::names::DRIFT
    );
    if drift.is_news(&change.key, &text) {
        emit(context, change, Event::warning("DriftFight", text.clone()));
        context.notify(Notice::Problem { repository: source.git.name(), code: "DriftFight", text });
    }
}
