//! How Switchback speaks Git: fetch one branch, read files and history, revert, commit, push.
//! It decides how to get and give objects safely; it never decides which commit should be applied or undone.
//!
//! - [`contract`]: the trait [`Git`] and the nouns it speaks
//! - [`error`], [`trouble`]: what can go wrong, in words; why work in a mirror stopped
//! - [`address`], [`fault`]: where a repository is, and what can be wrong with that
//! - [`secret`], [`limits`], [`text`]: credentials that never show; what an operation may cost; foreign words made safe
//! - [`upstream`]: one branch, and how to reach it
//! - [`mirror`], [`store`], [`repair`]: the real Git; one bare mirror on disk; a damaged one made anew
//! - [`fetch`], [`history`]: the branch, and more depth; along first parents
//! - [`read`], [`changes`], [`object`]: files; what commits changed; commit objects, byte by byte
//! - [`revert`], [`commit`], [`push`]: undoing in memory; writing a commit; fast-forward or not at all
//! - [`local`], [`local_push`], [`watch`]: repositories on this machine, and when a branch of one moves
//! - [`transport`]: the bytes on their way
//!
//! libgit2 speaks the protocol and keeps the objects; it never opens a socket, starts a process or touches a
//! work tree on its own. Nothing of libgit2 shows in the trait: the simulation implements it in memory.

mod address;
mod changes;
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

pub use contract::{
    Author, Commit, File, FileKind, Files, Git, Interest, Known, PathChange, Pushed, Reverted, Undo, UndoHow,
    nothing_known,
};
pub use error::GitError;
pub use fault::AddressFault;
pub use limits::Limits;
pub use mirror::Mirror;
pub(crate) use secret::Held;
pub use secret::{Credentials, Secret};
pub use upstream::Options;
pub use watch::{BranchWatch, watch_local};
