//! Decides what is remembered of one delivery among all, and whether what was in its way has changed.
//! It never decides when it is reconciled.

use crate::api::key::Key;
use crate::engine::context::Context;
use crate::engine::delivery::away::Away;
use crate::engine::delivery::drift::Seen;
use crate::engine::delivery::link::Fare;
use crate::engine::delivery::orders::Digested;
use crate::engine::delivery::source::Source;
use crate::engine::delivery::state::State;
use crate::logic::delivery::facts::Facts;
use crate::logic::delivery::order::Gate;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::watch;

/// One repository and what is remembered of it.
pub(super) struct Delivery {
    /// What is brought from where.
    pub(super) source: Source,
    /// What it has at hand: the cluster in the name of whom it acts.
    pub(super) context: Context,
    /// How often the repository is asked; never when something else tells.
    pub(super) interval: Option<Duration>,
    /// What its new commits wait for.
    pub(super) gate: Gate,
    /// Which of the things it was ordered to be it is.
    pub(super) edition: u64,
    /// Whether it became something else while it was being reconciled.
    pub(super) is_renewed: bool,
    /// Whether it ends as soon as it is not being reconciled.
    pub(super) ends: bool,
    /// None while it is being reconciled.
    pub(super) state: Option<State>,
    /// What controllers know of its Rollouts.
    pub(super) facts: watch::Receiver<Facts>,
    /// How its last reconcile ended.
    pub(super) fare: Fare,
    /// Present while its repository fails.
    pub(super) away: Option<Away>,
    /// The workloads it has applied, with the API version each was written in.
    pub(super) workloads: BTreeMap<Key, String>,
    /// What was seen of its objects while it was being reconciled; the last of each.
    pub(super) unseen: BTreeMap<Key, Seen>,
    /// The generation of each object that was in the way and then changed, as it was seen last.
    pub(super) generations: BTreeMap<Key, i64>,
    /// What was said of its inventory last.
    pub(super) digested: Option<Digested>,
}

impl Delivery {
    /// Whether what is in the way of a delivery has changed since it was tried last; status alone is no change.
    pub(super) fn is_mended(&mut self) -> bool {
        let Some(stuck) = self.state.as_ref().and_then(|state| state.stuck.as_ref()) else { return false };
        let mut is_mended = false;
        for key in &stuck.objects {
            let Some(seen) = self.unseen.remove(key) else { continue };
            let generation =
                seen.object().and_then(|object| object.pointer("/metadata/generation")?.as_i64());
            is_mended |= match generation {
                Some(now) => self.generations.insert(key.clone(), now) != Some(now),
                None => true,
            };
        }
        is_mended
    }

    /// One that was not reconciled yet.
    pub(super) fn new(
        source: Source,
        context: Context,
        interval: Option<Duration>,
        facts: watch::Receiver<Facts>,
    ) -> Self {
        let fare = Fare::Waits(format!("{} is not applied yet", source.git.name()));
        Self {
            state: Some(State::new(&source)),
            source,
            context,
            interval,
            gate: Gate::default(),
            edition: 0,
            is_renewed: false,
            ends: false,
            facts,
            fare,
            away: None,
            workloads: BTreeMap::new(),
            unseen: BTreeMap::new(),
            generations: BTreeMap::new(),
            digested: None,
        }
    }

    /// It is compared whole, at the latest after the reconcile under way.
    pub(super) fn renew(&mut self) {
        self.digested = None;
        match &mut self.state {
            Some(state) => state.renew(),
            None => self.is_renewed = true,
        }
    }
}
