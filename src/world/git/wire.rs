//! libgit2's hook: every conversation with another repository goes through here to our own transports.
//! It never interprets objects; it only sees which branches are offered, and remembers why a call failed.

use super::address::Address;
use super::error::GitError;
use super::mirror::Upstream;
use super::store::Trouble;
use super::text::{plain, tame};
use super::{http, pipe};
use git2::transport::{Service, SmartSubtransport, SmartSubtransportStream, Transport};
use git2::{ErrorClass, Oid};
use reqwest::Url;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, Once, OnceLock, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::Instant;

/// The address libgit2 is given; where the conversation really leads stands in the [`Call`].
pub(super) const URL: &str = "switchback://upstream/";

/// One operation's dealings with the other side.
pub(super) struct Call {
    /// The other side.
    pub upstream: Arc<Upstream>,
    /// The HTTP client, made at first use and kept for this call.
    pub client: OnceLock<reqwest::Client>,
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
    pub(super) fn new(upstream: Arc<Upstream>, runtime: Handle, hangup: watch::Receiver<()>) -> Self {
        let (client, notes) = (OnceLock::new(), Mutex::default());
        Self { upstream, client, runtime, hangup, started: Instant::now(), notes }
    }

    /// A lock poisoned by a panic still holds sound notes: each is written in one go.
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for `doing` on this blocking thread, as long as the limits allow and somebody waits for us.
    pub(super) fn wait<T>(&self, doing: impl Future<Output = Result<T, GitError>>) -> io::Result<T> {
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
        GitError::Unreachable {
            repo: self.upstream.name.clone(),
            why: self.upstream.credentials.scrubbed(&why),
        }
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
    pub(super) fn offer(&self) -> Offer {
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
    pub(super) fn hear(&self, words: &[u8]) {
        const MOST: usize = 8192;
        let said = &mut self.notes().said;
        let room = MOST.saturating_sub(said.len());
        said.extend_from_slice(words.get(..room.min(words.len())).unwrap_or_default());
    }

    /// What the other side said so far, made safe to show; it is forgotten.
    pub(super) fn said(&self) -> String {
        let said = std::mem::take(&mut self.notes().said);
        self.upstream.credentials.scrubbed(&plain(&said, 1000))
    }

    /// Runs `job` with libgit2's conversations led through this call.
    pub(super) fn connected<T>(
        self: &Arc<Self>,
        job: impl FnOnce() -> Result<T, git2::Error>,
    ) -> Result<T, Trouble> {
        register();
        {
            let mut notes = self.notes();
            *notes = Notes { transferred: notes.transferred, ..Notes::default() };
        }
        CALL.with(|current| *current.borrow_mut() = Some(self.clone()));
        let result = job();
        CALL.with(|current| *current.borrow_mut() = None);
        result.map_err(|error| self.explained(&error))
    }

    /// Why a conversation failed: our own transports' reason if there is one, else libgit2's.
    fn explained(&self, error: &git2::Error) -> Trouble {
        let (fault, offer) = {
            let mut notes = self.notes();
            (notes.fault.take(), notes.offer.clone())
        };
        let repo = self.upstream.name.clone();
        let message = self.upstream.credentials.scrubbed(&plain(error.message().as_bytes(), 400));
        if let Some(fault) = fault {
            return fault.into();
        }
        if let Some(why) = offer.refusal {
            return GitError::NotFound { repo, why }.into();
        }
        if offer.sha256 {
            let why = "it keeps SHA-256 objects, which are not spoken yet; use a SHA-1 repository".to_owned();
            return GitError::Failed { repo, why }.into();
        }
        match error.class() {
            ErrorClass::Net if offer.nonsense.is_some() || message == "invalid response" => {
                let said = offer.nonsense.map_or(String::new(), |text| format!(", “{text}”"));
                GitError::NotGit { repo, why: format!("its first words make no sense{said}") }.into()
            }
            ErrorClass::Net | ErrorClass::Http | ErrorClass::Ssh | ErrorClass::Callback => {
                self.unreachable(message).into()
            }
            _ => Trouble::Damaged(message),
        }
    }
}

/// `30 s`, or `0.2 s` for a test's patience.
fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs_f64())
}

/// What the other side offers in its first words: the lines `id name`, each behind its length.
#[derive(Clone, Default)]
pub(super) struct Offer {
    /// The branches, without `refs/heads/`.
    pub branches: BTreeMap<String, Oid>,
    /// Whether parts of the history can be asked for.
    pub shallow: bool,
    /// Why it does not want to talk to us at all.
    pub refusal: Option<String>,
    nonsense: Option<String>,
    sha256: bool,
    announced: bool,
    done: bool,
    pending: Vec<u8>,
}

impl Offer {
    fn feed(&mut self, bytes: &[u8]) {
        if self.done {
            return;
        }
        self.pending.extend_from_slice(bytes);
        let pending = std::mem::take(&mut self.pending);
        let mut rest = pending.as_slice();
        while let Some((head, after)) = rest.split_at_checked(4).filter(|_| !self.done) {
            let length = std::str::from_utf8(head).ok().and_then(|hex| usize::from_str_radix(hex, 16).ok());
            match length {
                Some(0) => {
                    // Over HTTP the first pause only ends the announcement of the service.
                    self.done = !std::mem::take(&mut self.announced);
                    rest = after;
                }
                Some(length @ 4..) => {
                    let Some((line, after)) = after.split_at_checked(length - 4) else { break };
                    self.line(line);
                    rest = after;
                }
                _ => {
                    self.done = true;
                    self.nonsense = Some(plain(rest, 80)).filter(|text| !text.is_empty());
                }
            }
        }
        self.pending = rest.to_vec();
    }

    fn line(&mut self, line: &[u8]) {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        if line.starts_with(b"# service=") {
            self.announced = true;
            return;
        }
        if let Some(why) = line.strip_prefix(b"ERR ") {
            self.refusal = Some(plain(why, 400));
            return;
        }
        let (line, capabilities) = line.split_at(line.iter().position(|b| *b == 0).unwrap_or(line.len()));
        let capabilities = String::from_utf8_lossy(capabilities);
        let mut words = capabilities.trim_start_matches('\0').split(' ');
        self.shallow |= words.clone().any(|word| word == "shallow");
        self.sha256 |= words.any(|word| word == "object-format=sha256");
        let text = String::from_utf8_lossy(line);
        let Some((id, name)) = text.split_once(' ') else { return };
        if let (Ok(id), Some(branch)) = (Oid::from_str(id), name.strip_prefix("refs/heads/")) {
            self.branches.insert(branch.to_owned(), id);
        }
    }
}

thread_local! {
    /// The call this thread is busy with. libgit2 makes a transport on the thread that asks for it, and an
    /// operation stays on one thread.
    static CALL: RefCell<Option<Arc<Call>>> = const { RefCell::new(None) };
}

/// Tells libgit2 about our transport, once.
#[allow(unsafe_code)] // `register` must not run while another transport is made or registered
fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: this is the only registration in the program, and every transport is made through
        // `Call::connected`, which waits here first. Registering can fail only for want of memory or because
        // the scheme is taken; then no call finds a transport and says so.
        let _ = unsafe {
            git2::transport::register("switchback", |remote| {
                let call = CALL.with(|current| current.borrow().clone());
                let call = call.ok_or_else(|| git2::Error::from_str("no call is under way"))?;
                let one_answer_per_request = matches!(call.upstream.address, Address::Http { .. });
                Transport::smart(remote, one_answer_per_request, Line { call })
            })
        };
    });
}

/// libgit2's view of one conversation.
struct Line {
    call: Arc<Call>,
}

impl SmartSubtransport for Line {
    fn action(&self, _: &str, service: Service) -> Result<Box<dyn SmartSubtransportStream>, git2::Error> {
        match self.call.upstream.address {
            Address::Http { .. } => Ok(Box::new(http::Exchange::new(self.call.clone(), service))),
            Address::Ssh { .. } | Address::Local { .. } => pipe::Pipe::open(self.call.clone(), service)
                .map(|pipe| Box::new(pipe) as Box<dyn SmartSubtransportStream>)
                .map_err(|error| git2::Error::from_str(&error.to_string())),
        }
    }

    fn close(&self) -> Result<(), git2::Error> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ID: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

    fn packet(text: &str) -> String {
        format!("{:04x}{text}", text.len() + 4)
    }

    fn http_offer() -> String {
        let first = packet(&format!("{ID} HEAD\0multi_ack shallow agent=x\n"));
        let branches = packet(&format!("{ID} refs/heads/main\n")) + &packet(&format!("{ID} refs/tags/v1\n"));
        format!("{}0000{first}{branches}0000", packet("# service=git-upload-pack\n"))
    }

    #[test]
    fn branches_are_overheard() {
        let mut offer = Offer::default();
        offer.feed(http_offer().as_bytes());
        assert!(offer.done && offer.shallow && !offer.sha256);
        assert_eq!(offer.branches.keys().collect::<Vec<_>>(), ["main"]);
        let mut refusing = Offer::default();
        refusing.feed(packet("ERR not for you\n").as_bytes());
        assert_eq!(refusing.refusal.as_deref(), Some("not for you"));
        let mut newer = Offer::default();
        newer.feed(packet(&format!("{ID}{} HEAD\0object-format=sha256\n", "0".repeat(24))).as_bytes());
        assert!(newer.sha256);
    }

    proptest! {
        #[test]
        fn cuts_between_reads_do_not_matter(cuts in proptest::collection::vec(0usize..300, 0..9)) {
            let text = http_offer();
            let (mut offer, mut at) = (Offer::default(), 0);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.sort_unstable();
            for cut in cuts.into_iter().chain([text.len()]) {
                offer.feed(&text.as_bytes()[at..cut]);
                at = cut;
            }
            prop_assert!(offer.done && offer.shallow);
            prop_assert_eq!(offer.branches.len(), 1);
        }

        #[test]
        fn any_words_are_overheard_without_panic(bytes: Vec<u8>) {
            Offer::default().feed(&bytes);
        }
    }
}
