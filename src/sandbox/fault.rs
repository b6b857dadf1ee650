//! Decides what may go wrong with a request or a watch when someone asks for trouble.
//! It never goes wrong by itself: without a hook every request is answered as it should be.

use super::refuse::Refusal;
use super::route::Ask;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A request about objects, as a fault hook sees it.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The `User-Agent` of the client.
    pub agent: String,
    /// The verb.
    pub ask: Ask,
    /// `plural.group`.
    pub resource: String,
    /// Namespace, or empty.
    pub namespace: String,
    /// Name, or empty.
    pub name: String,
    /// Subresource, or empty.
    pub sub: String,
    /// Whether a write is only tried: `dryRun=All`.
    pub dry_run: bool,
    /// How many writes have been taken before this one, over all clients.
    pub writes_before: u64,
}

/// The moment at which a hook is asked.
#[derive(Clone, Debug)]
pub enum Moment<'a> {
    /// A request has arrived.
    Before(&'a Attempt),
    /// A write has been done, with this HTTP status; its answer has not been sent.
    After(&'a Attempt, u16),
    /// A watch of `resource` by `agent` is about to read on.
    Watch {
        /// `plural.group`.
        resource: &'a str,
        /// The client.
        agent: &'a str,
    },
}

/// What shall happen.
#[derive(Clone, Debug, Default)]
pub enum Fault {
    /// Nothing unusual.
    #[default]
    None,
    /// The answer is this refusal (before: nothing is written; after: the write stays).
    Refuse(Refusal),
    /// The connection breaks (before: nothing is written; after: the write stays and its answer is lost).
    /// A watch ends.
    Break,
    /// Everything goes on after so much time (a watch lags).
    Delay(Duration),
}

/// Asked at every moment; runs inside the request, so it must not call the sandbox.
pub(crate) type Hook = Arc<dyn Fn(Moment<'_>) -> Fault + Send + Sync>;

/// What a fault means for a watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WatchFault {
    /// Nothing.
    None,
    /// It ends.
    Drop,
    /// It waits.
    Lag(Duration),
}

impl From<Fault> for WatchFault {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::None => Self::None,
            Fault::Refuse(_) | Fault::Break => Self::Drop,
            Fault::Delay(time) => Self::Lag(time),
        }
    }
}

/// The hook in place, if any.
#[derive(Clone, Default)]
pub(crate) struct Faults {
    hook: Option<Hook>,
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults").field("hook", &self.hook.is_some()).finish()
    }
}

impl Faults {
    /// Puts a hook in place, or takes it away.
    pub(crate) fn set(&mut self, hook: Option<Hook>) {
        self.hook = hook;
    }

    /// Asks the hook.
    #[must_use]
    pub(crate) fn ask(&self, moment: Moment<'_>) -> Fault {
        self.hook.as_ref().map_or(Fault::None, |hook| hook(moment))
    }

    /// Whether there is a hook at all.
    #[must_use]
    pub(crate) fn is_set(&self) -> bool {
        self.hook.is_some()
    }
}
