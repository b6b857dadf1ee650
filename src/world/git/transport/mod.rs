//! How the bytes of a conversation get to another repository and back.
//! Nothing here knows what a commit is.
//!
//! - [`wire`]: libgit2's hook, which leads every conversation to one of the transports
//! - [`http`]: smart HTTP
//! - [`retry_after`]: how long a server asks to be left alone
//! - [`pipe`]: another program's pipes: `ssh`, or `git` on this machine
//! - [`call`]: one operation's dealings with the other side
//! - [`offer`]: what the other side offers in its first words
//! - [`report`]: what it reports of a push

pub(super) mod call;
mod http;
mod offer;
mod pipe;
mod report;
mod retry_after;
pub(super) mod wire;
