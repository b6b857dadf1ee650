//! Decides when what somebody else has changed of a delivery is brought back, told, or left alone because two programs
//! fight over it. What counts as changed is `logic::plan::drift`; nothing is asked of Git.

use crate::api::event::Event;
use crate::api::inventory::Inventory;
use crate::api::key::Key;
use crate::api::kinds::Kind;
use crate::api::notice::Notice;
use crate::engine::context::Context;
use crate::engine::delivery::contract::Facts;
use crate::engine::delivery::error::{DeliverError, SyncError};
use crate::engine::delivery::source::Source;
use crate::engine::delivery::state::State;
use crate::engine::delivery::{apply, autoscalers, live};
use crate::logic::manifest::object::workload_of;
use crate::logic::manifest::{Manifest, Manifests};
use crate::logic::plan::{Action, Change, DriftPolicy, Plan, PlanContext, drift, order};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Times that one object is brought back within [`FIGHT`]; then somebody else means it.
const MOST_HEALS: u32 = 3;
/// An object that stayed as it is for so long is not fought over.
const FIGHT: SignedDuration = SignedDuration::from_mins(10);

/// What is remembered of objects that somebody else has changed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Drift {
    /// What all changes of the commit applied last have in common; none before the cluster was compared whole.
    pub(crate) common: Option<PlanContext>,
    /// How the kinds of the objects are served, by API version and kind.
    pub(crate) kinds: BTreeMap<(String, String), Kind>,
    /// Objects that were left as they are when that commit was applied.
    pub(crate) left_alone: BTreeSet<Key>,
    /// Objects to be looked at.
    pub(crate) due: BTreeSet<Key>,
    /// What people were told of each object that is not brought back.
    told: BTreeMap<Key, String>,
    /// How often each was brought back in a row, and when last.
    heals: BTreeMap<Key, (u32, Timestamp)>,
}

impl Drift {
    /// A commit was applied: what was fought over is tried again, and told again.
    pub(crate) fn applied(&mut self, common: PlanContext, manifests: &Manifests, held: &BTreeSet<Key>) {
        let kind = |m: &Manifest| ((m.target.api_version.clone(), m.key.kind.clone()), m.kind.clone());
        if self.common.as_ref().is_none_or(|before| before.commit != common.commit) {
            self.told.clear();
            self.heals.clear();
        }
        self.kinds = manifests.objects.values().map(kind).collect();
        self.left_alone.clone_from(held);
        self.common = Some(PlanContext { uncertain: BTreeSet::new(), ..common });
    }

    /// What was applied of `key`, as if Git said it again.
    fn applied_as(&self, inventory: &Inventory, key: &Key) -> Option<Manifest> {
        let (base, version) = (inventory.base.get(key)?, inventory.objects.get(key)?);
        let kind = self.kinds.get(&(version.clone(), key.kind.clone()))?;
        Some(drift::again(key, version, kind, base))
    }

    /// Takes in what was seen of an object (none: it is gone). Answers whether it is to be looked at.
    pub(crate) fn see(
        &mut self,
        inventory: &Inventory,
        key: &Key,
        object: Option<&Value>,
        policy: DriftPolicy,
    ) -> bool {
        let Some(common) = self.common.as_ref().filter(|_| !self.left_alone.contains(key)) else {
            return false;
        };
        let Some(manifest) = self.applied_as(inventory, key) else { return false };
        let is_ignored = policy.of(object, &manifest.value) == DriftPolicy::Ignore;
        if is_ignored || drift::of(&manifest, object, common).is_none() {
            self.told.remove(key);
            return false;
        }
        self.due.insert(key.clone())
    }

    /// Counts that `key` is brought back once more; false once that was too often.
    fn may_heal(&mut self, key: &Key, now: Timestamp) -> bool {
        let (count, last) = self.heals.entry(key.clone()).or_insert((0, now));
        if now.duration_since(*last) > FIGHT {
            *count = 0;
        }
        *last = now;
        *count += 1;
        *count <= MOST_HEALS
    }

    /// Whether people were not told of this yet.
    fn is_news(&mut self, key: &Key, text: &str) -> bool {
        let is_news = self.told.get(key).is_none_or(|told| told != text);
        if is_news {
            self.told.insert(key.clone(), text.to_owned());
        }
        is_news
    }
}

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
    let mut ordered: Vec<&Manifest> = manifests.objects.values().collect();
    order::sort(&mut ordered);
    let mut plan = Plan::default();
    for manifest in ordered {
        let live = live.get(&manifest.key);
        let Some(change) = drift::of(manifest, live, &common) else { continue };
        match source.drift.of(live, &manifest.value) {
            DriftPolicy::Heal if drift.may_heal(&change.key, context.clock.now()) => {
                plan.changes.push(change)
            }
            DriftPolicy::Heal => tell_fight(context, source, drift, &change),
            DriftPolicy::Report => tell(context, drift, &change),
            DriftPolicy::Ignore => {}
        }
    }
    drift.due.clear();
    let healed = apply::apply(context, &manifests, &plan, inventory, &common, rollouts).await;
    match healed {
        Ok(_) => tell_healed(context, &plan),
        Err(error) => {
            let error = DeliverError::Sync(error);
            if error.may_pass()
                || matches!(&error, DeliverError::Sync(SyncError::Cluster(e)) if !e.is_invalid())
            {
                drift.due = plan.changes.into_iter().map(|c| c.key).collect();
                return Err(error);
            }
            let text = format!("what others have changed cannot be brought back: {error}");
            let first = plan.changes.first().map(|c| c.key.clone()).unwrap_or_default();
            if drift.is_news(&first, &text) {
                let (repository, code) = (source.git.name(), error.code());
                context.notify(Notice::Problem { repository, code, text });
            }
        }
    }
    Ok(())
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
