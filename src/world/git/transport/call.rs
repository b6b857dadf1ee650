//! One operation's dealings with the other side: its time, its limits, what was heard, and why it fails.
//! It never speaks to the other side itself.

use super::offer::Offer;
use crate::world::cause::Cause;
use crate::world::git::error::GitError;
use crate::world::git::text::{plain, tame};
use crate::world::git::upstream::Upstream;
use crate::world::http::{Client, Url};
use git2::transport::Service;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::Instant;

/// One operation's dealings with the other side.
pub(in crate::world::git) struct Call {
    /// The other side.
    pub upstream: Arc<Upstream>,
    /// The HTTP client, made at first use and kept for this call.
    pub client: OnceLock<Client>,
    runtime: Handle,
    hangup: watch::Receiver<()>,
    started: Instant,
    notes: Mutex<Notes>,
}

/// What a call has learnt so far.
#[derive(Default)]
struct Notes {
    fault: Option<GitError>,
    transferred: u64,
    offer: Offer,
    base: Option<Url>,
    said: Vec<u8>,
}

impl Call {
    /// A call that ends when `hangup`'s sender is dropped.
    pub(in crate::world::git) fn new(
        upstream: Arc<Upstream>,
        runtime: Handle,
        hangup: watch::Receiver<()>,
    ) -> Self {
        let (client, notes) = (OnceLock::new(), Mutex::default());
        Self { upstream, client, runtime, hangup, started: Instant::now(), notes }
    }

    /// A lock poisoned by a panic still holds sound notes: each is written in one go.
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for `doing` on this blocking thread, as long as the limits allow and somebody waits for us.
    pub(in crate::world::git) fn wait<T>(
        &self,
        doing: impl Future<Output = Result<T, GitError>>,
    ) -> io::Result<T> {
        self.wait_longer(Duration::ZERO, doing)
    }

    /// Waits for what may take `more` time than the other side may be silent.
    pub(super) fn wait_longer<T>(
        &self,
        more: Duration,
        doing: impl Future<Output = Result<T, GitError>>,
    ) -> io::Result<T> {
        let limits = &self.upstream.limits;
        let (patience, left) = (limits.idle + more, limits.whole.saturating_sub(self.started.elapsed()));
        let named = if left < patience { limits.whole } else { patience };
        let mut hangup = self.hangup.clone();
        let answer = self.runtime.block_on(async {
            tokio::select! {
                biased;
                _ = hangup.changed() => Err(GitError::Interrupted { repo: self.upstream.name.clone() }),
                done = tokio::time::timeout(left.min(patience), doing) => {
                    done.unwrap_or_else(|_| Err(self.unreachable(format!("no answer within {}", seconds(named)))))
                }
            }
        });
        answer.map_err(|fault| self.fail(fault))
    }

    /// A task beside the call, for what must be read at the same time.
    pub(super) fn beside<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> tokio::task::JoinHandle<T> {
        self.runtime.spawn(task)
    }

    /// Remembers why the call fails; the first reason counts. libgit2 only hears that it failed.
    pub(super) fn fail(&self, fault: GitError) -> io::Error {
        self.notes().fault.get_or_insert(fault);
        io::Error::other("the transport failed")
    }

    /// Whether a reason to fail is known already.
    pub(super) fn has_failed(&self) -> bool {
        self.notes().fault.is_some()
    }

    /// The fault of a server or network that does not do its part.
    pub(super) fn unreachable(&self, why: String) -> GitError {
        self.unreachable_for(why, None)
    }

    /// The same, with what lies beneath.
    pub(super) fn unreachable_for(&self, why: String, source: Option<Cause>) -> GitError {
        let why = self.upstream.credentials.scrubbed(&why);
        GitError::Unreachable { repo: self.upstream.name.clone(), why, source }
    }

    /// Begins another conversation of the same operation: what the last one left is forgotten, its bytes count.
    pub(super) fn begin(&self) {
        let mut notes = self.notes();
        *notes = Notes { transferred: notes.transferred, ..Notes::default() };
    }

    /// The reason why the conversation failed, if our own transports know it; it is forgotten.
    pub(super) fn fault(&self) -> Option<GitError> {
        self.notes().fault.take()
    }

    /// Counts bytes in either direction against the limit.
    pub(super) fn count(&self, bytes: usize) -> io::Result<()> {
        let limit = self.upstream.limits.transfer_bytes;
        let mut notes = self.notes();
        notes.transferred = notes.transferred.saturating_add(bytes as u64);
        if notes.transferred <= limit {
            return Ok(());
        }
        drop(notes);
        let (what, limit) = ("what the server sends".to_owned(), format!("{limit} bytes"));
        Err(self.fail(GitError::TooLarge { repo: self.upstream.name.clone(), what, limit }))
    }

    /// Looks through bytes of the other side's opening words for the branches it offers.
    pub(super) fn overhear(&self, bytes: &[u8]) {
        self.notes().offer.feed(bytes);
    }

    /// Makes what is read during a push, which is all text, fit for git2: it panics over reasons that are not
    /// UTF-8.
    pub(super) fn tame(&self, service: Service, bytes: &mut [u8]) {
        if matches!(service, Service::ReceivePackLs | Service::ReceivePack) {
            tame(bytes);
        }
    }

    /// The branches offered in the last conversation.
    pub(in crate::world::git) fn offer(&self) -> Offer {
        self.notes().offer.clone()
    }

    /// Where the repository really is, once a redirect has told.
    pub(super) fn base(&self) -> Option<Url> {
        self.notes().base.clone()
    }

    /// Remembers where a redirect led.
    pub(super) fn moved_to(&self, base: Url) {
        self.notes().base = Some(base);
    }

    /// Keeps what the other side says to its user, such as a hook's reasons.
    pub(in crate::world::git) fn hear(&self, words: &[u8]) {
        const MOST: usize = 8192;
        let said = &mut self.notes().said;
        let room = MOST.saturating_sub(said.len());
        said.extend_from_slice(words.get(..room.min(words.len())).unwrap_or_default());
    }

    /// What the other side said so far, made safe to show; it is forgotten.
    pub(in crate::world::git) fn said(&self) -> String {
        let said = std::mem::take(&mut self.notes().said);
        self.upstream.credentials.scrubbed(&plain(&said, 1000))
    }
}

/// `30 s`, or `0.2 s` for a test's patience.
fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs_f64())
}
