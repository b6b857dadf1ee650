//! The kinds that the index follows, one file each, listed once in [`OWN`]; what a Rollout merely refers to is
//! [`REFERRED`]. Nothing here decides what is done about a change.
//!
//! - [`followed`]: what a kind says for itself
//! - [`rollout`], [`replica_set`], [`service`], [`analysis_run`], [`analysis_template`], [`job`]: kinds of our own
//! - [`referred`]: everything that a Rollout merely refers to, followed on demand

pub mod analysis_run;
pub mod analysis_template;
pub mod followed;
pub mod job;
pub mod referred;
pub mod replica_set;
pub mod rollout;
pub mod service;

pub use followed::{Change, Followed, Need};
pub use referred::REFERRED;

/// Kinds that are always followed.
pub static OWN: [&Followed; 7] = [
    &rollout::FOLLOWED,
    &replica_set::FOLLOWED,
    &service::FOLLOWED,
    &analysis_run::FOLLOWED,
    &analysis_template::NAMESPACED,
    &analysis_template::CLUSTER,
    &job::FOLLOWED,
];

/// The kind of our own that objects of `kind` belong to.
#[must_use]
pub fn own(kind: &str) -> Option<&'static Followed> {
    OWN.iter().find(|f| f.kind == kind).copied()
}
