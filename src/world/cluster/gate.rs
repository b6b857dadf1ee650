//! Decides whether writes may go out to a cluster: always, until a moment, or not at all. Whoever holds the Lease moves
//! that moment on. It never makes a write and never asks for the Lease.

use std::sync::{Arc, Mutex, PoisonError};
use tokio::time::Instant;

/// What every write to a cluster passes. Clones are the same gate.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gate(Arc<Mutex<Admits>>);

#[derive(Clone, Copy, Debug, Default)]
enum Admits {
    /// Nobody is elected.
    #[default]
    All,
    /// Writes that begin before this moment.
    Until(Instant),
}

impl Gate {
    /// Writes are made until `moment`; later ones are refused unless it is moved on.
    pub(crate) fn open_until(&self, moment: Instant) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Admits::Until(moment);
    }

    /// No write is made from now on.
    pub(crate) fn shut(&self) {
        self.open_until(Instant::now());
    }

    /// Whether a write may be made now.
    #[must_use]
    pub(crate) fn admits(&self) -> bool {
        match *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Admits::All => true,
            Admits::Until(moment) => Instant::now() < moment,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn a_gate_shuts_by_itself_unless_its_moment_is_moved_on() {
        let gate = Gate::default();
        assert!(gate.admits());
        gate.open_until(Instant::now() + Duration::from_secs(10));
        tokio::time::advance(Duration::from_secs(9)).await;
        assert!(gate.clone().admits());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!gate.admits());
        gate.open_until(Instant::now() + Duration::from_secs(1));
        assert!(gate.admits());
        gate.shut();
        assert!(!gate.admits());
    }
}
