//! libgit2's hook: every conversation with another repository goes through here to our own transports.
//! It never interprets objects; it only leads conversations, and says why one failed.

use super::call::Call;
use super::{http, pipe};
use crate::world::git::address::Address;
use crate::world::git::error::GitError;
use crate::world::git::text::plain;
use crate::world::git::trouble::Trouble;
use git2::ErrorClass;
use git2::transport::{Service, SmartSubtransport, SmartSubtransportStream, Transport};
use std::cell::RefCell;
use std::sync::{Arc, Once};

/// The address libgit2 is given; where the conversation really leads stands in the [`Call`].
pub(in crate::world::git) const URL: &str = "switchback://upstream/";

/// Runs `job` with libgit2's conversations led through `call`.
pub(in crate::world::git) fn connected<T>(
    call: &Arc<Call>,
    job: impl FnOnce() -> Result<T, git2::Error>,
) -> Result<T, Trouble> {
    register();
    call.begin();
    CALL.with(|current| *current.borrow_mut() = Some(call.clone()));
    let result = job();
    CALL.with(|current| *current.borrow_mut() = None);
    result.map_err(|error| explained(call, &error))
}

/// Why a conversation failed: our own transports' reason if there is one, else libgit2's.
fn explained(call: &Call, error: &git2::Error) -> Trouble {
    let offer = call.offer();
    let repo = call.upstream.name.clone();
    let message = call.upstream.credentials.scrubbed(&plain(error.message().as_bytes(), 400));
    if let Some(fault) = call.fault() {
        return fault.into();
    }
    if let Some(why) = offer.refusal {
        return GitError::NotFound { repo, why }.into();
    }
    if offer.sha256 {
        let why = "it keeps SHA-256 objects, which are not spoken yet; use a SHA-1 repository".to_owned();
        return GitError::Failed { repo, why, source: None }.into();
    }
    match error.class() {
        ErrorClass::Net if offer.nonsense.is_some() || message == "invalid response" => {
            let said = offer.nonsense.map_or(String::new(), |text| format!(", “{text}”"));
            GitError::NotGit { repo, why: format!("its first words make no sense{said}") }.into()
        }
        ErrorClass::Net | ErrorClass::Http | ErrorClass::Ssh | ErrorClass::Callback => {
            call.unreachable(message).into()
        }
        _ => Trouble::Damaged(message),
    }
}

thread_local! {
    /// The call this thread is busy with. libgit2 makes a transport on the thread that asks for it, and an
    /// operation stays on one thread.
    static CALL: RefCell<Option<Arc<Call>>> = const { RefCell::new(None) };
}

/// Registers our transport with libgit2, once.
#[allow(unsafe_code)] // `register` must not run while another transport is made or registered
fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: this is the only registration in the program, and every transport is made through
        // `connected`, which waits here first. Registering can fail only for want of memory or because
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
