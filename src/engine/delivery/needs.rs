//! Decides what there is to do about each Rollout before a commit is applied, and which fences still stand.
//! Whether Git goes back is `logic::revert`; nothing is written here.

use crate::api::inventory::Fence;
use crate::api::key::Key;
use crate::api::podhash::same::template_key;
use crate::engine::context::Context;
use crate::engine::delivery::error::{DeliverError, Hold};
use crate::engine::delivery::source::Source;
use crate::logic::delivery::facts::Facts;
use crate::logic::delivery::ledger::Ledger;
use crate::logic::manifest::Manifests;
use crate::logic::manifest::object::workload_of;
use crate::logic::revert::due::{self, Fenced, Need, Stay, Templates};
use crate::logic::revert::{PendingRevert, RevertReason, Safety, select, template};
use crate::world::git::{Commit, GitError};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// How long a commit that is about to be applied has to cure a Rollout that cannot be acted on.
const TO_BE_VALID: SignedDuration = SignedDuration::from_secs(30);

/// What there is to do before a commit is applied.
#[derive(Debug, Default)]
pub(crate) struct Needs {
    /// What goes back now.
    pub(crate) due: Vec<PendingRevert>,
    /// What stays as it is until a person acts.
    pub(crate) stays: Vec<(Key, Hold)>,
    /// Rollouts that are not safe yet.
    pub(crate) waiting: Vec<Key>,
    /// What a revert waits for that is to be made.
    pub(crate) owed: BTreeMap<Key, String>,
    /// When one of those is waited for no longer.
    pub(crate) wake: Option<Timestamp>,
    /// Rollouts whose mark of an undo has had its effect.
    pub(crate) ended_undos: Vec<Key>,
    /// The fences that stand.
    pub(crate) fences: Vec<Fence>,
}

/// What `manifests`, those of `head`, need.
///
/// # Errors
/// Git is away.
pub(crate) async fn of(
    context: &Context,
    source: &Source,
    head: &Commit,
    manifests: &Manifests,
    facts: &Facts,
    ledger: &Ledger,
) -> Result<Needs, DeliverError> {
    let mut needs = Needs::default();
    let now = context.clock.now();
    let mut spoken_for: BTreeSet<Key> = BTreeSet::new();
    for (rollout, pending) in
        facts.rollouts.iter().filter_map(|(key, facts)| Some((key, facts.pending.as_ref()?)))
    {
        let templates = Templates {
            wanted: manifests.pod_template(rollout),
            applied: ledger.template(rollout),
            before: ledger.template_before(rollout),
            live: Some(&pending.template),
        };
        let Some(need) = due::of_pending(pending, templates, &source.rollback_on, now) else { continue };
        if let (RevertReason::Invalid | RevertReason::NoLongerValid, Safety::From(time)) =
            (pending.reason, pending.safety)
        {
            let is_applied = ledger.inventory.commit == head.id; // else this commit may be the cure
            let time = if is_applied { time } else { now + TO_BE_VALID };
            if time > now {
                needs.wake = needs.wake.into_iter().chain([time]).min();
                continue;
            }
        }
        if need != Need::EndUndo {
            spoken_for.insert(rollout.clone());
        }
        match (need, pending.reason) {
            (
                Need::Stay(Stay::Reason(reason)),
                RevertReason::Stuck | RevertReason::Invalid | RevertReason::NoLongerValid,
            ) if source.rollback => {
                let at = manifests.problem(rollout, "spec", String::new(), "").to_string();
                needs.stays.push((rollout.clone(), hold(pending, reason, at)));
            }
            (need, _) => needs.add(rollout, need, source),
        }
    }
    for mut fence in ledger.inventory.fences.iter().cloned() {
        let rollout = &fence.rollout;
        let wanted = manifests.pod_template(rollout).map(template_key);
        if fence.revert.is_none()
            && wanted.as_deref() != Some(&fence.template)
            && is_pushed(source, head, &fence).await?
        {
            fence.revert = Some(fence.made.clone()); // we ended before we knew
            fence.kept = wanted.clone().unwrap_or_default();
        }
        let live = facts.rollouts.get(rollout).map(|facts| facts.template_key.as_str());
        let is_asked = wanted.as_deref() == Some(&fence.template);
        let is_obeyed = is_asked && is_revert_reverted(source, head, &fence).await?;
        match due::of_fence(&fence, wanted.as_deref(), live, is_obeyed) {
            Fenced::Over => continue,
            Fenced::Stands => {}
            Fenced::Asked(_) if spoken_for.contains(rollout) => {}
            Fenced::Asked(need) => needs.add(rollout, need, source),
        }
        needs.fences.push(fence);
    }
    Ok(needs)
}

/// What is said of a Rollout that is in trouble, but not aborted; `at` is where it stands in Git.
fn hold(pending: &PendingRevert, reason: RevertReason, at: String) -> Hold {
    let rollout = pending.rollout.clone();
    match reason {
        RevertReason::Invalid | RevertReason::NoLongerValid => {
            Hold::InvalidSpec { rollout, at, why: pending.verdict.clone() }
        }
        _ => Hold::Stuck { rollout, at, why: pending.verdict.clone() },
    }
}

/// What is owed to Git of which nobody knows what it asks for now, because it is away.
#[must_use]
pub(crate) fn owed_meanwhile(source: &Source, facts: &Facts) -> BTreeMap<Key, String> {
    let pending = facts.rollouts.values().filter_map(|facts| facts.pending.as_ref());
    let owed =
        pending.filter(|p| source.rollback && source.rollback_on.allows(p.reason, p.policy.as_deref()));
    let why = || format!("{} cannot be asked", source.git.name());
    owed.map(|pending| (pending.rollout.clone(), why())).collect()
}

impl Needs {
    fn add(&mut self, rollout: &Key, need: Need, source: &Source) {
        match need {
            Need::EndUndo => self.ended_undos.push(rollout.clone()),
            _ if !source.rollback => self.waiting.push(rollout.clone()), // people have said so, nobody is told
            Need::Revert(pending) => {
                self.owed.insert(rollout.clone(), format!("it is to be pushed to {}", source.branch));
                self.due.push(*pending);
            }
            Need::Wait(until) => {
                let why = "it waits until the stable revision has all pods and the failed one none";
                self.owed.insert(rollout.clone(), why.to_owned());
                self.waiting.push(rollout.clone());
                self.wake = self.wake.into_iter().chain(until).min();
            }
            Need::Stay(Stay::Reason(reason)) => {
                let rollout = rollout.clone();
                self.stays.push((rollout.clone(), Hold::NotForThisReason { rollout, reason }));
            }
            Need::Stay(Stay::FailedBefore { revert }) => {
                let rollout = rollout.clone();
                self.stays.push((rollout.clone(), Hold::FailedBefore { rollout, revert }));
            }
        }
    }

    /// Notes in the fences of `rollouts` that `revert` was pushed, after which Git asks for what `there` says.
    pub(crate) fn note_pushed(&mut self, rollouts: &[Key], revert: &str, there: &Manifests) {
        let mut kept = template_keys(there, rollouts);
        for fence in self.fences.iter_mut().filter(|f| rollouts.contains(&f.rollout)) {
            fence.revert = Some(revert.to_owned());
            fence.kept = kept.remove(&fence.rollout).unwrap_or_default();
        }
    }

    /// The objects that are left as they are: what waits or stays, where the cluster has something else than Git asks for.
    #[must_use]
    pub(crate) fn held_objects(&self, manifests: &Manifests, facts: &Facts) -> BTreeSet<Key> {
        let rollouts = self.waiting.iter().chain(self.stays.iter().map(|(rollout, _)| rollout));
        let mut held = BTreeSet::new();
        for rollout in rollouts {
            let live = facts.rollouts.get(rollout).map(|facts| &facts.template);
            let wanted = manifests.pod_template(rollout);
            if live.zip(wanted).is_none_or(|(live, wanted)| template::holds(live, wanted)) {
                continue;
            }
            held.extend(manifests.get(rollout).and_then(|m| workload_of(rollout, &m.value)));
            held.insert(rollout.clone());
        }
        held
    }
}

/// The keys of the pod templates that `manifests` ask for, of those of `rollouts` that they have.
#[must_use]
pub(crate) fn template_keys<'k>(
    manifests: &Manifests,
    rollouts: impl IntoIterator<Item = &'k Key>,
) -> BTreeMap<Key, String> {
    let key = |rollout: &Key| Some((rollout.clone(), template_key(manifests.pod_template(rollout)?)));
    rollouts.into_iter().filter_map(key).collect()
}

/// Whether the revert commit that was made for `fence` is on the branch.
async fn is_pushed(source: &Source, head: &Commit, fence: &Fence) -> Result<bool, DeliverError> {
    let since = since(source, head, &fence.made).await?;
    Ok(since.is_some())
}

/// Whether somebody has reverted the revert that `fence` stands for.
async fn is_revert_reverted(source: &Source, head: &Commit, fence: &Fence) -> Result<bool, DeliverError> {
    let Some(revert) = &fence.revert else { return Ok(false) };
    let since = since(source, head, revert).await?;
    Ok(since.iter().flatten().any(|c| select::reverted_by(&c.message).contains(revert)))
}

/// The commits after `commit`; none when it is not on the branch.
async fn since(source: &Source, head: &Commit, commit: &str) -> Result<Option<Vec<Commit>>, DeliverError> {
    if commit.is_empty() {
        return Ok(None);
    }
    match source.git.history(&head.id, &commit.into(), usize::MAX).await {
        Ok(since) => Ok(Some(since)),
        Err(GitError::Rewritten { .. } | GitError::UnknownCommit { .. } | GitError::CutOff { .. }) => {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}
