//! How Switchback speaks Git: fetch one branch, read files and history, revert, commit, push.
//! It decides how to get and give objects safely; it never decides which commit should be applied or undone.
//!
//! ```text
//! contract   the trait `Git` and the nouns it speaks     error    what can go wrong, in words
//! address    where a repository is                       secret   credentials that never show
//! mirror     the real Git: one lane per repository       store    one bare mirror on disk, repaired when damaged
//! fetch      the branch, and more depth                  push     fast-forward or not at all
//! wire       libgit2's hook into our transports          http, pipe   the transports
//! local      repositories on this machine                watch    when a local branch moves
//! object     commit objects, byte by byte                read, history, revert   asking the mirror
//! text       foreign words, made safe to show
//! ```
//!
//! libgit2 speaks the protocol and keeps the objects; it never opens a socket, starts a process or touches a
//! work tree on its own. Nothing of libgit2 shows in the trait: the simulation implements it in memory.

mod address;
mod contract;
mod error;
mod fetch;
mod history;
mod http;
mod local;
mod mirror;
mod object;
mod pipe;
mod push;
mod read;
mod revert;
mod secret;
mod store;
mod text;
mod watch;
mod wire;

pub use contract::{Author, Change, Commit, File, FileKind, Git, Pushed, Reverted};
pub use error::GitError;
pub use mirror::{Limits, Mirror, Options};
pub use secret::{Credentials, Held, Secret};
pub use watch::{BranchWatch, watch_local};
