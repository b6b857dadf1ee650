//! Decides when a watch tells what it has to tell, when it says that there is nothing new, and when it ends.
//! It never blocks the server: it reads the history at its own pace.

use super::fault::WatchFault;
use super::shared::Shared;
use super::watch::Plan;
use bytes::Bytes;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{self, Instant};

const BOOKMARK_EVERY: Duration = Duration::from_secs(60);

/// A watch being read.
pub(crate) struct Stream {
    shared: Shared,
    plan: Plan,
    changes: watch::Receiver<u64>,
    deadline: Instant,
    next_bookmark: Option<Instant>,
    agent: String,
}

impl Stream {
    /// Begins to read `plan`; `changes` must have been taken while the plan was made.
    #[must_use]
    pub(crate) fn new(shared: Shared, plan: Plan, changes: watch::Receiver<u64>, agent: String) -> Self {
        let now = Instant::now();
        let deadline = now + plan.lasts;
        let next_bookmark = plan.bookmarks.then(|| bookmark_after(now, deadline)).flatten();
        Self { shared, plan, changes, deadline, next_bookmark, agent }
    }

    /// The next lines; `None` at the end of the watch.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        loop {
            self.changes.borrow_and_update();
            match self.shared.watch_fault(&self.plan.selection.served, &self.agent) {
                WatchFault::None => {}
                WatchFault::Drop => return None,
                WatchFault::Lag(time) => time::sleep(time).await,
            }
            let lines = self.shared.locked(|state| self.plan.step(state))?;
            if !lines.is_empty() {
                return Some(Bytes::from(lines));
            }
            let bookmark = self.next_bookmark.unwrap_or(self.deadline);
            tokio::select! {
                biased;
                changed = self.changes.changed() => changed.ok()?,
                () = time::sleep_until(bookmark.min(self.deadline)) => {
                    let now = Instant::now();
                    if now >= self.deadline {
                        return None;
                    }
                    self.next_bookmark = bookmark_after(now, self.deadline);
                    return Some(self.regular_bookmark());
                }
            }
        }
    }

    /// A bookmark at the newest revision.
    fn regular_bookmark(&mut self) -> Bytes {
        let plan = &mut self.plan;
        Bytes::from(self.shared.locked(|state| plan.catch_up(state)))
    }
}

/// Bookmarks come every minute, and once more two seconds before the end.
fn bookmark_after(now: Instant, deadline: Instant) -> Option<Instant> {
    let last = deadline.checked_sub(Duration::from_secs(2))?;
    let next = (now + BOOKMARK_EVERY).min(last);
    (next > now).then_some(next)
}
