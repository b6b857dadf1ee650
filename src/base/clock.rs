//! Decides what time it is, for everything that writes a time down or compares with one.
//! It never sleeps and never schedules; waiting is tokio's business.

use jiff::{SignedDuration, Timestamp};

/// The source of wall-clock time.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The machine's clock.
    Real,
    /// A fixed start plus the time that tokio's (possibly paused) clock has moved since.
    Paced {
        /// The wall-clock time at `origin`.
        epoch: Timestamp,
        /// The moment of tokio's clock that `epoch` stands for.
        origin: tokio::time::Instant,
    },
}

impl Clock {
    /// A clock that starts at `epoch` now and follows tokio's time from here on.
    ///
    /// Under `start_paused(true)` it therefore moves only when the test moves it.
    #[must_use]
    pub fn paced(epoch: Timestamp) -> Self {
        Self::Paced { epoch, origin: tokio::time::Instant::now() }
    }

    /// The present time.
    #[must_use]
    #[allow(clippy::disallowed_methods)] // the one place that owns the wall clock
    pub fn now(&self) -> Timestamp {
        match self {
            Self::Real => Timestamp::now(),
            Self::Paced { epoch, origin } => {
                let gone = SignedDuration::try_from(origin.elapsed()).unwrap_or(SignedDuration::MAX);
                epoch.checked_add(gone).unwrap_or(Timestamp::MAX)
            }
        }
    }
}
