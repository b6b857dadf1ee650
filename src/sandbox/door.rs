//! Decides how the rest of the program holds the server: making one, talking to it, watching it, troubling it.
//! It never contains the rules of the API.

use super::fault::Hook;
use super::seed;
use super::shared::Shared;
use super::state::{Asked, Change, State};
use crate::base::clock::Clock;
use serde_json::Value;
use std::collections::BTreeMap;
use tokio::sync::mpsc;

/// How a server is made.
#[derive(Clone, Debug)]
pub struct Options {
    /// The time it lives in.
    pub clock: Clock,
    /// Decides uids, generated names and everything else left to chance.
    pub seed: u64,
    /// How many changes of each resource are kept for watches to resume from.
    pub history: usize,
}

impl Options {
    /// A server in `clock`'s time with chance from `seed`, keeping 10 000 changes of each resource.
    #[must_use]
    pub fn new(clock: Clock, seed: u64) -> Self {
        Self { clock, seed, history: 10_000 }
    }
}

/// An embedded Kubernetes API server. Clones are handles to the same server.
#[derive(Clone, Debug)]
pub struct Sandbox {
    shared: Shared,
}

impl Sandbox {
    /// A server with the namespaces every cluster has, and nothing else.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let mut state = State::new(options.clock, options.seed, options.history);
        seed::fill(&mut state);
        Self { shared: Shared::new(state) }
    }

    /// Another server with all that this one holds now, in a time and with chance of its own; nobody watches it or
    /// troubles it yet, and it remembers no requests. What is large and always the same need be made only once.
    #[must_use]
    pub fn forked(&self, options: Options) -> Self {
        let state = self.shared.locked(|state| state.forked(options.clock, options.seed, options.history));
        Self { shared: Shared::new(state) }
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// The newest revision.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.shared.locked(|state| state.revision)
    }

    /// Every change from now on, in order and without a gap. The receiver must be read: what is not read is kept.
    #[must_use]
    pub fn subscribe(&self) -> mpsc::UnboundedReceiver<Change> {
        self.shared.locked(State::subscribe)
    }

    /// The objects of a kind, in one namespace or (with an empty one) in all, in order of namespace and name.
    ///
    /// `kind` is `apiVersion` and `kind` of a manifest; a kind that is not served has no objects.
    #[must_use]
    pub fn snapshot(&self, api_version: &str, kind: &str, namespace: &str) -> Vec<Value> {
        self.shared.locked(|state| state.snapshot(api_version, kind, namespace))
    }

    /// How often each user agent has asked what of which resource.
    #[must_use]
    pub fn requests(&self) -> BTreeMap<Asked, u64> {
        self.shared.locked(|state| state.asked.clone())
    }

    /// Forgets the changes up to `revision`: watches and lists of older revisions get 410.
    pub fn compact(&self, revision: u64) {
        self.shared.locked(|state| state.compact(revision));
    }

    /// Puts a fault hook in place, or takes it away.
    pub fn fault_hook(&self, hook: Option<Hook>) {
        self.shared.set_faults(hook);
    }
}
