//! One operation's dealings with the other side: its time, its limits, what was received, and why it fails.
//! It never speaks to the other side itself.

use super::offer::Offer;
use super::report::Report;
use crate::world::cause::Cause;
use crate::world::git::error::GitError;
use crate::world::git::text::{plain, tame};
use crate::world::git::upstream::Upstream;
use crate::world::http::{HttpClient, Url};
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
    pub client: OnceLock<HttpClient>,
    runtime: Handle,
    hangup: watch::Receiver<()>,
    started: Instant,
    learnt: Mutex<Learnt>,
}

/// What a call has learnt so far.
#[derive(Default)]
struct Learnt {
    fault: Option<GitError>,
    transferred: u64,
    offer: Offer,
    report: Report,
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
        let (client, learnt) = (OnceLock::new(), Mutex::default());
        Self { upstream, client, runtime, hangup, started: Instant::now(), learnt }
    }

    /// A lock poisoned by a panic still holds sound values: each is written in one go.
    fn learnt(&self) -> MutexGuard<'_, Learnt> {
        self.learnt.lock().unwrap_or_else(PoisonError::into_inner)
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
        let (idle, left) = (limits.idle + more, limits.whole.saturating_sub(self.started.elapsed()));
        let named = if left < idle { limits.whole } else { idle };
        let mut hangup = self.hangup.clone();
        let answer = self.runtime.block_on(async {
            tokio::select! {
                biased;
                _ = hangup.changed() => Err(GitError::Interrupted { repo: self.upstream.name.clone() }),
                done = tokio::time::timeout(left.min(idle), doing) => {
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

    /// Remembers why the call fails; the first reason counts. libgit2 only learns that it failed.
    pub(super) fn fail(&self, fault: GitError) -> io::Error {
        self.learnt().fault.get_or_insert(fault);
        io::Error::other("the transport failed")
    }

    /// Whether a reason to fail is known already.
    pub(super) fn has_failed(&self) -> bool {
        self.learnt().fault.is_some()
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
        let mut learnt = self.learnt();
        *learnt = Learnt { transferred: learnt.transferred, ..Learnt::default() };
    }

    /// The reason why the conversation failed, if our own transports know it; it is forgotten.
    pub(super) fn fault(&self) -> Option<GitError> {
        self.learnt().fault.take()
    }

    /// Counts bytes in either direction against the limit.
    pub(super) fn count(&self, bytes: usize) -> io::Result<()> {
        let limit = self.upstream.limits.transfer_bytes;
        let mut learnt = self.learnt();
        learnt.transferred = learnt.transferred.saturating_add(bytes as u64);
        if learnt.transferred <= limit {
            return Ok(());
        }
        drop(learnt);
        let (what, limit) = ("what the server sends".to_owned(), format!("{limit} bytes"));
        Err(self.fail(GitError::TooLarge { repo: self.upstream.name.clone(), what, limit }))
    }

    /// Looks through bytes of the other side for the branches it offers in its opening words, and after them for what
    /// it reports of a push.
    pub(super) fn overhear(&self, service: Service, bytes: &[u8]) {
        let mut learnt = self.learnt();
        match service {
            Service::ReceivePack | Service::ReceivePackLs if learnt.offer.is_done() => {
                learnt.report.feed(bytes)
            }
            _ => learnt.offer.feed(bytes),
        }
    }

    /// Whether the other side has reported that it did not take what was pushed.
    pub(in crate::world::git) fn refuses_objects(&self) -> bool {
        self.learnt().report.refuses_objects()
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
        self.learnt().offer.clone()
    }

    /// Where the repository really is, once a redirect has said so.
    pub(super) fn base(&self) -> Option<Url> {
        self.learnt().base.clone()
    }

    /// Remembers where a redirect led.
    pub(super) fn moved_to(&self, base: Url) {
        self.learnt().base = Some(base);
    }

    /// Keeps what the other side says to its user, such as a hook's reasons.
    pub(in crate::world::git) fn keep_message(&self, words: &[u8]) {
        const MOST: usize = 8192;
        let said = &mut self.learnt().said;
        let room = MOST.saturating_sub(said.len());
        said.extend_from_slice(words.get(..room.min(words.len())).unwrap_or_default());
    }

    /// What the other side said so far, made safe to show; it is forgotten.
    pub(in crate::world::git) fn said(&self) -> String {
        let said = std::mem::take(&mut self.learnt().said);
        self.upstream.credentials.scrubbed(&plain(&said, 1000))
    }
}

/// `30 s`, or `0.2 s` for the limits of tests.
fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs_f64())
}
