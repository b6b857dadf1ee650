//! How Switchback speaks Git: fetch one branch, read files and history, revert, commit, push.
//! It decides how to get and give objects safely; it never decides which commit should be applied or undone.
//!
//! Words and limits: [`contract`] the trait [`Git`] and the nouns it speaks; [`error`] what can go wrong, in words;
//! [`fault`] what can be wrong with an address; [`address`] where a repository is; [`secret`] credentials that
//! never show; [`limits`] what one operation may cost; [`upstream`] one branch and how to reach it; [`text`] foreign
//! words, made safe to show.
//!
//! The mirror: [`mirror`] the real Git, one lane per repository; [`repair`] a damaged mirror made anew; [`store`] one
//! bare mirror on disk; [`trouble`] why work in it stopped; [`object`] commit objects, byte by byte; [`local`]
//! repositories on this machine.
//!
//! Asking and giving: [`fetch`] the branch, and more depth; [`read`] files and changes; [`history`] along first
//! parents; [`revert`] undoing in memory; [`commit`] writing a commit; [`push`] fast-forward or not at all;
//! [`local_push`] the same on this machine; [`transport`] the bytes on their way; [`watch`] when a local branch moves.
//!
//! libgit2 speaks the protocol and keeps the objects; it never opens a socket, starts a process or touches a
//! work tree on its own. Nothing of libgit2 shows in the trait: the simulation implements it in memory.

mod address;
mod commit;
mod contract;
mod error;
mod fault;
mod fetch;
mod history;
mod limits;
mod local;
mod local_push;
mod mirror;
mod object;
mod push;
mod read;
mod repair;
mod revert;
mod secret;
mod store;
mod text;
mod transport;
mod trouble;
mod upstream;
mod watch;

pub use contract::{Author, Commit, File, FileKind, Git, PathChange, Pushed, Reverted};
pub use error::GitError;
pub use fault::AddressFault;
pub use limits::Limits;
pub use mirror::Mirror;
pub(crate) use secret::Held;
pub use secret::{Credentials, Secret};
pub use upstream::Options;
pub use watch::{BranchWatch, watch_local};
