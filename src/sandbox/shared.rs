//! Decides how everyone reaches the one server: its state behind a lock, its faults, the count of its writes.
//! It never decides what is done with them.

use super::fault::{Fault, Faults, Hook, Moment, WatchFault};
use super::served::Served;
use super::state::State;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    faults: Mutex<Faults>,
    writes: Mutex<u64>,
}

/// The server behind its lock.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    inner: Arc<Inner>,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // a panic while locked can only come from a fault hook; the state itself is changed in whole steps
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// The server that `state` is all of, without faults.
    #[must_use]
    pub(crate) fn new(state: State) -> Self {
        let inner =
            Inner { state: Mutex::new(state), faults: Mutex::new(Faults::default()), writes: Mutex::new(0) };
        Self { inner: Arc::new(inner) }
    }

    /// Does something with the state while nobody else does.
    pub(crate) fn locked<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        f(&mut held(&self.inner.state))
    }

    /// Puts a fault hook in place, or takes it away.
    pub(crate) fn set_faults(&self, hook: Option<Hook>) {
        held(&self.inner.faults).set(hook);
    }

    /// Whether there is a fault hook.
    #[must_use]
    pub(crate) fn is_troubled(&self) -> bool {
        held(&self.inner.faults).is_set()
    }

    /// What the fault hook has in mind for a moment.
    #[must_use]
    pub(crate) fn ask(&self, moment: Moment<'_>) -> Fault {
        let faults = held(&self.inner.faults).clone();
        faults.ask(moment)
    }

    /// What a fault hook has in mind for a watch.
    #[must_use]
    pub(crate) fn watch_fault(&self, served: &Served, agent: &str) -> WatchFault {
        if !self.is_troubled() {
            return WatchFault::None;
        }
        self.ask(Moment::Watch { resource: &served.kind.resource(), agent }).into()
    }

    /// The writes that were carried out so far.
    #[must_use]
    pub(crate) fn writes(&self) -> u64 {
        *held(&self.inner.writes)
    }

    /// Counts a write that was carried out.
    pub(crate) fn count_write(&self) {
        *held(&self.inner.writes) += 1;
    }
}
