//! Decides what a cluster denies the engine, from when until when, and counts how often it was asked for it.
//! It never stands in the way of anybody else, or of the trouble of a plan.

use crate::rig::Sim;
use crate::trouble::is_ours;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use switchback::sandbox::{Attempt, Fault, Moment, Refusal};

/// What denies.
pub struct Webhook {
    is_on: Arc<AtomicBool>,
    tries: Arc<AtomicU64>,
}

impl Webhook {
    /// Denies the engine of `sim` every request that `is_meant`.
    pub fn denies(sim: &Sim, is_meant: impl Fn(&Attempt) -> bool + Send + Sync + 'static) -> Self {
        let (is_on, tries) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU64::new(0)));
        let (on, counted) = (is_on.clone(), tries.clone());
        let (seeing, meddling) = (sim.witness.clone(), sim.meddler.clone());
        sim.sandbox.fault_hook(Some(Arc::new(move |moment: Moment<'_>| {
            if let Moment::Before(attempt) = &moment
                && is_ours(&attempt.agent)
                && is_meant(attempt)
                && on.load(Ordering::SeqCst)
            {
                counted.fetch_add(1, Ordering::SeqCst);
                let message = "admission webhook denied the request: frozen".to_owned();
                return Fault::Refuse(Refusal { code: 403, reason: "Forbidden", message, details: None });
            }
            seeing.at(&moment);
            meddling.at(&moment)
        })));
        Self { is_on, tries }
    }

    /// Denies nothing any more.
    pub fn goes(&self) {
        self.is_on.store(false, Ordering::SeqCst);
    }

    /// How often it has denied something.
    pub fn tries(&self) -> u64 {
        self.tries.load(Ordering::SeqCst)
    }
}
