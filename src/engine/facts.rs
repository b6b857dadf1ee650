//! Decides what a repository is told about its Rollouts: what they owe it, and how they stand.
//! It never decides what follows.

use crate::api::key::Key;
use crate::api::names;
use crate::api::phase::RolloutPhase;
use crate::api::podhash::same::template_key;
use crate::engine::delivery::Facts;
use crate::engine::index::{Index, Name};
use crate::engine::meter::Figures;
use crate::engine::view;
use crate::logic::revert::pending;
use crate::logic::rollout::phase;

/// What the Rollouts of the delivery `source` owe, and which templates they have.
#[must_use]
pub fn of(index: &Index, source: &str) -> Facts {
    let mut facts = Facts::default();
    for name in index.delivered_by(source) {
        let Some(view) = view::of(index, &name, false) else { continue };
        let key = Key::rollout(&name.0, &name.1);
        facts.templates.insert(key, template_key(&view.template));
        facts.owed.extend(pending::of(&view));
    }
    facts
}

/// A text that changes whenever what a Rollout owes changes; empty when it owes nothing.
#[must_use]
pub fn signature(index: &Index, name: &Name) -> String {
    let Some(row) = index.rollouts.get(name) else { return "gone".to_owned() };
    let undo = row.meta.annotation(names::UNDO);
    let aborted = row.body.windows(12).any(|w| w == b"\"abort\":true");
    if undo.is_none() && !aborted {
        return String::new();
    }
    let owed = view::of(index, name, false).and_then(|v| pending::of(&v));
    owed.map_or_else(String::new, |o| format!("{}{:?}{}{undo:?}", o.revision, o.reason, o.is_safe))
}

/// The phase of a Rollout as clients see it; none when it is gone.
#[must_use]
pub fn phase(index: &Index, name: &Name) -> Option<RolloutPhase> {
    index.rollout(name).map(|r| phase::observed(&r).0)
}

/// Whether a degraded Rollout stays so: nothing is owed, or nothing goes back in Git.
#[must_use]
pub fn is_final(index: &Index, name: &Name, rollback: bool) -> bool {
    !rollback || signature(index, name).is_empty()
}

/// What a Rollout shows to Prometheus; none when it is gone.
#[must_use]
pub fn figures(index: &Index, name: &Name) -> Option<Figures> {
    let rollout = index.rollout(name)?;
    let status = &rollout.status;
    Some(Figures {
        strategy: if rollout.spec.strategy.blue_green.is_some() { "blueGreen" } else { "canary" },
        phase: phase::observed(&rollout).0.to_string(),
        pods: [rollout.spec.replicas(), status.updated_replicas, status.available_replicas, status.replicas],
    })
}
