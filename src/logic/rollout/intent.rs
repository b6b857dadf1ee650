//! Decides how one pass of a decision says what it wants about pausing and aborting.
//! It never decides whether to pause or to abort; the strategies and the analyses do.

use crate::api::phase::PauseReason;
use crate::logic::rollout::abort::AbortCause;

/// What one pass wants about pausing and aborting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Intent {
    begin: Vec<PauseReason>,
    end: Vec<PauseReason>,
    clears: bool,
    lifts: bool,
    abort: Option<AbortCause>,
}

impl Intent {
    /// Begins a pause.
    pub(crate) fn begin_pause(&mut self, reason: PauseReason) {
        self.begin.push(reason);
    }

    /// The pauses to begin.
    #[must_use]
    pub(crate) fn pauses_to_begin(&self) -> &[PauseReason] {
        &self.begin
    }

    /// Whether a pause is to begin.
    #[must_use]
    pub(crate) fn begins_a_pause(&self) -> bool {
        !self.begin.is_empty()
    }

    /// Ends a pause.
    pub(crate) fn end_pause(&mut self, reason: PauseReason) {
        self.end.push(reason);
    }

    /// Whether the pause for `reason` is to end.
    #[must_use]
    pub(crate) fn ends_pause(&self, reason: &PauseReason) -> bool {
        self.end.contains(reason)
    }

    /// Ends all pauses and takes an abort back.
    pub(crate) fn clear(&mut self) {
        self.clears = true;
    }

    /// Whether all pauses end and an abort is taken back.
    #[must_use]
    pub(crate) fn clears(&self) -> bool {
        self.clears
    }

    /// Takes an abort back that was there before.
    pub(crate) fn lift_abort(&mut self) {
        self.lifts = true;
    }

    /// Whether an abort that was there before is taken back.
    #[must_use]
    pub(crate) fn lifts_abort(&self) -> bool {
        self.lifts || self.clears
    }

    /// Aborts, because of `cause`.
    pub(crate) fn abort(&mut self, cause: AbortCause) {
        self.abort = Some(cause);
    }

    /// Why to abort, if that is wanted.
    #[must_use]
    pub(crate) fn abort_cause(&self) -> Option<&AbortCause> {
        self.abort.as_ref()
    }
}
