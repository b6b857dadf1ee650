//! The kinds that the index follows, one file each, listed once in [`OWN`]; what a Rollout merely refers to is
//! [`REFERRED`](referred::REFERRED). Nothing here decides what is done about a change.
//!
//! - [`followed`]: what a kind says for itself
//! - [`rollout`], [`replica_set`], [`service`], [`analysis_run`], [`analysis_template`], [`job`]: kinds of our own
//! - [`pod`], [`job_pod`], [`lease`]: pods of revisions and of Jobs, Leases of deliveries; followed on demand
//! - [`referred`]: everything that a Rollout merely refers to, followed on demand

pub(crate) mod analysis_run;
pub(crate) mod analysis_template;
pub(crate) mod followed;
pub(crate) mod job;
pub(crate) mod job_pod;
pub(crate) mod lease;
pub(crate) mod pod;
pub(crate) mod referred;
pub(crate) mod replica_set;
pub(crate) mod rollout;
pub(crate) mod service;

pub(crate) use followed::{Change, Followed, Presence};

/// Kinds that are always followed.
pub(crate) static OWN: [&Followed; 7] = [
    &rollout::FOLLOWED,
    &replica_set::FOLLOWED,
    &service::FOLLOWED,
    &analysis_run::FOLLOWED,
    &analysis_template::NAMESPACED,
    &analysis_template::CLUSTER,
    &job::FOLLOWED,
];

/// The kind that is followed under `name`.
#[must_use]
pub(crate) fn named(name: &str) -> Option<&'static Followed> {
    OWN.iter()
        .chain(&referred::REFERRED)
        .chain([&&pod::FOLLOWED, &&job_pod::FOLLOWED, &&lease::FOLLOWED])
        .find(|f| f.name == name)
        .copied()
}

/// The kind of our own that objects of `kind` belong to.
#[must_use]
pub(crate) fn own(kind: &str) -> Option<&'static Followed> {
    OWN.iter().find(|f| f.kind == kind).copied()
}
